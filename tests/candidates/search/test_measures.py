"""Figures with intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from candidates.search import measures
from consonance.errors import ParameterError


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 60))
def test_average_precision_is_scikit_learns_under_any_weights_and_with_equal_scores(
    seed: int, n: int
) -> None:
    chance = np.random.default_rng(seed)
    labels = chance.integers(-1, 2, n).astype(np.int8)
    scores = np.round(chance.random(n), 1).astype(np.float32)
    groups = [str(row // 2) for row in range(n)]
    weights = measures.group_weights(groups, resamples=4, seed=seed)
    found = measures.average_precision(labels, scores, weights)
    known = labels >= 0
    for value, weight in zip(found, weights, strict=True):
        if not (weight[known] * (labels[known] == 1)).sum():
            assert np.isnan(value)
            continue
        oracle = average_precision_score(
            labels[known] == 1, scores[known], sample_weight=weight[known]
        )
        assert value == pytest.approx(oracle, abs=1e-9)


def test_a_resample_draws_whole_groups() -> None:
    groups = ["a", "b", "a", "c", "b"]
    weights = measures.group_weights(groups, resamples=50, seed=1)
    assert (weights[0] == 1).all()
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 1] == weights[:, 4]).all()
    # As many groups are drawn as there are, with replacement.
    assert (weights[1:, 0] + weights[1:, 1] + weights[1:, 3] == 3).all()
    assert (weights == measures.group_weights(groups, resamples=50, seed=1)).all()


def test_a_mean_needs_a_class() -> None:
    labels, scores = np.zeros((3, 2), np.int8), np.zeros((3, 2), np.float32)
    with pytest.raises(ParameterError, match="No class is counted"):
        measures.mean_ap(labels, scores, np.ones((1, 3), np.float32), np.zeros(2, bool))


def test_a_class_without_positives_in_a_resample_is_left_out_of_its_mean() -> None:
    labels = np.array([[1, 1], [0, 0]], np.int8)
    scores = np.array([[0.9, 0.9], [0.1, 0.1]], np.float32)
    weights = np.array([[1, 1], [0, 2]], np.float32)
    found = measures.mean_ap(labels, scores, weights, np.ones(2, bool))
    assert found.tolist() == [1.0, 0.0]


def test_a_configuration_differs_from_itself_by_nothing() -> None:
    by_seed = [np.linspace(0.2, 0.8, 101), np.linspace(0.3, 0.9, 101)]
    one = measures.reached(by_seed, seed=1, number=4)
    assert one.value == pytest.approx(0.25)
    assert one.by_seed == pytest.approx((0.2, 0.3))
    apart = measures.difference(one, measures.reached(by_seed, seed=1, number=4))
    assert (apart.value, apart.low, apart.high) == (0, 0, 0)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """Two scorers of equal worth: the interval of their difference covers zero."""
    covered = 0
    for seed in range(60):
        chance = np.random.default_rng(seed)
        groups = [str(row // 2) for row in range(120)]
        labels = chance.integers(0, 2, (120, 1)).astype(np.int8)
        weights = measures.group_weights(groups, resamples=200, seed=seed)
        one, other = (
            measures.reached(
                [measures.mean_ap(
                    labels, (labels + chance.normal(size=labels.shape)).astype(np.float32),
                    weights, np.ones(1, bool),
                )],
                seed=seed, number=number,
            )
            for number in (1, 2)
        )  # fmt: skip
        apart = measures.difference(one, other)
        covered += apart.low <= 0 <= apart.high
    assert 51 <= covered <= 60
