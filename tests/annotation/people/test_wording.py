"""What people write: cleaned the same way however it came, and never longer than it may be."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.people.wording import one_line, paragraphs
from consonance.errors import ParameterError

WRITTEN = st.text(max_size=300)


def kept(clean, text):
    try:
        return clean(text, longest=200, what="text")
    except ParameterError:
        return None


@given(WRITTEN)
@pytest.mark.parametrize("clean", [one_line, paragraphs])
def test_cleaning_twice_is_cleaning_once_and_what_is_kept_fits(clean, text):
    found = kept(clean, text)
    if found is not None:
        assert 1 <= len(found) <= 200
        assert found == found.strip()
        assert kept(clean, found) == found
        controls = {sign for sign in found if unicodedata.category(sign) == "Cc"}
        assert controls <= (set() if clean is one_line else {"\n", "\t"})


@given(WRITTEN)
def test_no_letter_is_lost(text):
    found = kept(one_line, text)
    if found is not None:
        letters = [sign for sign in text if sign.isalpha()]
        assert [sign for sign in found if sign.isalpha()] == letters


@given(st.text(alphabet="ab \n", max_size=60))
def test_line_ends_of_every_kind_are_one_kind(text):
    wanted = kept(paragraphs, text)
    assert kept(paragraphs, text.replace("\n", "\r\n")) == wanted
    assert kept(paragraphs, text.replace("\n", "\r")) == wanted
    assert wanted is None or "\n\n\n" not in wanted


def test_the_refusal_names_the_text_and_its_length():
    with pytest.raises(ParameterError, match="The reason has 1,001 characters, at most 1,000 fit"):
        one_line("x" * 1_001, longest=1_000, what="reason")
