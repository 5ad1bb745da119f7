from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consonance.errors import ParameterError
from splits.stratify import merge_groups

rows = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=30)


def test_artists_whose_clips_are_duplicates_become_one_group():
    artist = ["a", "b", "c", "a", "d"]
    duplicate = [0, 1, 1, 2, 3]
    assert merge_groups(artist, duplicate).tolist() == [0, 1, 1, 0, 2]


def test_one_kind_of_key_is_only_numbered():
    assert merge_groups(["b", "a", "b"]).tolist() == [1, 0, 1]


def test_chains_through_a_third_key_are_followed():
    assert len(set(merge_groups([0, 1, 2, 3], [0, 0, 1, 2], [5, 6, 6, 7]))) == 2


@given(rows)
def test_rows_that_share_a_key_share_a_group_and_groups_are_no_larger(pairs):
    first, second = np.array(pairs).T
    merged = merge_groups(first, second)
    for keys in (first, second):
        for key in np.unique(keys):
            assert len(set(merged[keys == key])) == 1
    # Nothing is merged without a reason: between groups no key is shared.
    for group in np.unique(merged):
        inside = merged == group
        assert not set(first[inside]) & set(first[~inside])
        assert not set(second[inside]) & set(second[~inside])


@given(rows, st.randoms(use_true_random=False))
def test_the_numbers_do_not_depend_on_the_order_of_the_rows(pairs, random):
    order = list(range(len(pairs)))
    random.shuffle(order)
    first, second = np.array(pairs).T
    assert (merge_groups(first, second)[order] == merge_groups(first[order], second[order])).all()


def test_nothing_to_merge():
    assert merge_groups(np.zeros(0, dtype=int), np.zeros(0, dtype=int)).tolist() == []
    with pytest.raises(ParameterError, match="one array"):
        merge_groups()
    with pytest.raises(ParameterError, match="shapes"):
        merge_groups([1, 2], [1])
