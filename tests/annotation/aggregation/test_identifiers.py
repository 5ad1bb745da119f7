from __future__ import annotations

import uuid

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.aggregation import identifiers

UUIDS = st.lists(st.uuids(), max_size=20)
NAMES = st.lists(st.binary(min_size=8, max_size=8).map(lambda raw: f"r{raw.hex()}"), max_size=20)


@given(UUIDS)
def test_ids_come_back_as_they_went_in(ids):
    assert identifiers.to_text(identifiers.from_uuids(ids)).to_pylist() == [str(pk) for pk in ids]


@given(UUIDS)
def test_ids_are_read_with_dashes_and_without(ids):
    with_dashes = identifiers.from_text([str(pk) for pk in ids])
    assert with_dashes.equals(identifiers.from_text([pk.hex for pk in ids]))
    assert with_dashes.equals(identifiers.from_uuids(ids))


@given(UUIDS)
def test_ids_sort_as_their_text_does(ids):
    column = identifiers.from_uuids(ids)
    order = np.lexsort(identifiers.sort_keys(column))
    assert [ids[place] for place in order] == sorted(ids, key=str)


@given(NAMES)
def test_pseudonyms_come_back_as_they_went_in(names):
    assert identifiers.rater_text(identifiers.from_raters(names)).to_pylist() == names


def test_a_slice_of_a_column_is_that_slice():
    ids = [uuid.UUID(int=number) for number in range(5)]
    part = identifiers.from_uuids(ids).slice(1, 3)
    assert identifiers.to_text(part).to_pylist() == [str(pk) for pk in ids[1:4]]


def test_what_is_no_id_is_refused():
    with pytest.raises(ValueError, match="hexadecimal"):
        identifiers.from_text(["not an id"])
