"""scikit-multilearn's splitter as an alternative to ours."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consonance.errors import ParameterError
from splits.recipes import ENGINES as NAMES
from splits.stratify import ENGINES, divide, quality, split

SHARES = {"train": 0.6, "validation": 0.15, "test": 0.25}
needs_library = pytest.mark.skipif(
    importlib.util.find_spec("skmultilearn") is None, reason="scikit-multilearn is not installed"
)


def archive(n_groups: int = 150, seed: int = 0):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), rng.integers(1, 6, n_groups))
    labels = rng.integers(-1, 2, (len(groups), 4)).astype(np.int8)
    return labels, groups


def test_recipes_know_the_same_engines():
    assert set(NAMES) == set(ENGINES)


def test_ours_is_the_default():
    labels, groups = archive()
    assert np.array_equal(
        divide(labels, groups, SHARES, seed=2), split(labels, groups, SHARES, seed=2)
    )


def test_an_engine_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(ParameterError, match=r"'magic'.*consonance, skmultilearn"):
        divide([[1], [0]], [0, 1], SHARES, seed=0, engine="magic")


@needs_library
class TestIterativeStratification:
    def divide(self, labels, groups, seed=0, **options):
        return divide(labels, groups, SHARES, seed=seed, engine="skmultilearn", **options)

    @settings(deadline=None, max_examples=15)
    @given(st.integers(0, 1000))
    def test_no_group_is_divided_and_every_partition_has_clips(self, seed):
        labels, groups = archive(60, seed)
        placed = self.divide(labels, groups, seed)
        assert set(placed) == set(SHARES)
        assert quality(labels, groups, placed, SHARES).leaked_groups == ()

    def test_equal_seeds_give_equal_splits_and_the_global_generator_is_left_as_it_was(self):
        labels, groups = archive()
        np.random.seed(5)  # noqa: NPY002
        expected = np.random.random(3)  # noqa: NPY002
        np.random.seed(5)  # noqa: NPY002
        first = self.divide(labels, groups, seed=1)
        assert np.array_equal(np.random.random(3), expected)  # noqa: NPY002
        assert np.array_equal(self.divide(labels, groups, seed=1), first)

    def test_unknown_is_neither_present_nor_absent(self):
        labels, groups = archive()
        more = np.hstack([labels, np.full((len(labels), 2), -1, np.int8)])
        known = self.divide(labels, groups)
        # A column that nobody knows has neither positives nor negatives, so it changes nothing.
        assert np.array_equal(self.divide(more, groups), known)

    def test_groups_that_have_a_partition_keep_it(self):
        labels, groups = archive()
        was = np.where(groups < 100, self.divide(labels, groups), "")
        placed = self.divide(labels, groups, seed=7, previous=was)
        assert np.array_equal(placed[groups < 100], was[groups < 100])

    def test_groups_of_a_size_are_shared_out_as_asked(self):
        labels, _ = archive(400)
        groups = np.arange(len(labels))
        found = quality(labels, groups, self.divide(labels, groups), SHARES)
        assert np.abs(found.size_error).max() < 0.02
        assert found.max_positive_share_error < 0.08

    def test_too_few_groups_are_refused_with_a_reason(self):
        with pytest.raises(ParameterError, match="partitions need as many groups"):
            self.divide([[1], [0]], [0, 1])
