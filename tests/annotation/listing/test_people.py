"""Which people an address asks for."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.agreement.flags import RULES
from annotation.listing.people import COLUMNS, FLAGS, KINDS, SHOWN, PersonChoice

CHOICES = st.builds(
    lambda **given: PersonChoice.of(PersonChoice(**given).query),
    words=st.text(alphabet="ab é&=?#%<", max_size=20).map(str.strip),
    shown=st.sampled_from([value for value, _ in SHOWN]),
    kind=st.sampled_from([value for value, _ in KINDS]),
    flag=st.sampled_from([value for value, _ in FLAGS]),
    class_name=st.text(alphabet="ab é&=?#%<", max_size=20).map(str.strip),
    least=st.integers(0, 2_147_483_647),
    sort=st.builds("{}{}".format, st.sampled_from(["", "-"]), st.sampled_from(sorted(COLUMNS))),
)


@given(CHOICES)
def test_an_address_leads_back_to_the_choice_it_was_made_from(choice):
    query = dict(parse_qsl(choice.link().removeprefix("?"), keep_blank_values=True))
    assert PersonChoice.of(query) == choice


@given(
    st.dictionaries(
        st.sampled_from(["q", "show", "kind", "flag", "class", "least", "sort"]), st.text()
    )
)
def test_whatever_an_address_says_it_is_understood_or_left_out(query):
    choice = PersonChoice.of(query)
    assert choice.sort.removeprefix("-") in choice.columns
    assert 0 <= choice.least <= 2_147_483_647
    assert "\x00" not in choice.words + choice.class_name


@pytest.mark.parametrize("name", COLUMNS)
def test_clicking_a_heading_twice_turns_the_order(name):
    once = PersonChoice().sorted_by("ratings" if name == "flags" else "flags").sorted_by(name)
    twice = once.sorted_by(name)
    assert {once.order_of(name), twice.order_of(name)} == {"ascending", "descending"}
    assert twice.sorted_by(name) == once
    assert once.order_of(name) == ("descending" if COLUMNS[name].large_first else "ascending")


def test_every_rule_that_raises_flags_can_be_asked_for_under_its_own_title():
    assert dict(FLAGS[1:]) == {rule.code: rule.title for rule in RULES.values()}


def test_of_one_class_people_are_not_sorted_by_what_is_known_of_all_classes_only():
    assert PersonChoice.of({"class": "banjo", "sort": "time"}).sort == PersonChoice().sort
    assert PersonChoice.of({"class": "banjo", "sort": "-trust"}).sort == "-trust"
    assert PersonChoice.of({"sort": "time"}).sort == "time"
