"""Clips stay where they were published, unless something ties them to others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consonance.errors import ParameterError
from splits.stratify import keep_partitions, split

SHARES = {"train": 0.6, "validation": 0.15, "test": 0.25}


def test_a_group_stays_and_its_new_clips_join_it():
    kept = keep_partitions(["a", "a", "b", "c"], ["test", "", "train", ""], SHARES)
    assert kept.previous.tolist() == ["test", "test", "train", ""]
    assert not kept.forced.any()


def test_a_group_made_of_two_goes_where_most_of_it_was():
    kept = keep_partitions([1, 1, 1, 2], ["train", "test", "test", "train"], SHARES)
    assert kept.previous.tolist() == ["test", "test", "test", "train"]
    assert kept.forced.tolist() == [True, False, False, False]


def test_of_equal_halves_the_larger_share_wins_so_that_no_test_clip_was_trained_on():
    kept = keep_partitions([1, 1], ["test", "train"], SHARES)
    assert kept.previous.tolist() == ["train", "train"]
    assert kept.forced.tolist() == [True, False]


def test_a_partition_that_is_gone_holds_nobody():
    kept = keep_partitions([1, 2], ["dev", "train"], SHARES)
    assert kept.previous.tolist() == ["", "train"]
    assert kept.lost.tolist() == [True, False]


def test_lengths_that_differ_are_refused():
    with pytest.raises(ParameterError, match="one group and one earlier partition"):
        keep_partitions([1, 2], ["train"], SHARES)


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_only_tied_clips_ever_move(data):
    n = data.draw(st.integers(6, 40))
    groups = np.array(data.draw(st.lists(st.integers(0, 12), min_size=n, max_size=n)))
    groups[:3] = (20, 21, 22)
    labels = np.array(data.draw(st.lists(st.integers(-1, 1), min_size=n, max_size=n)))[:, None]
    labels[0] = 1
    was = np.array(
        data.draw(st.lists(st.sampled_from(["", *SHARES]), min_size=n, max_size=n)), dtype=str
    )
    kept = keep_partitions(groups, was, SHARES)
    now = split(labels, groups, SHARES, seed=0, previous=kept.previous, attempts=2)
    for row in np.flatnonzero((was != "") & (was != now)):
        assert kept.forced[row]
        assert len(set(was[(groups == groups[row]) & (was != "")])) > 1
