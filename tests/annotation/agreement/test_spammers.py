"""The spammer score."""

from __future__ import annotations

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.agreement import spammer_scores
from consonance.errors import ParameterError


def by_pairs(confusion: np.ndarray) -> float:
    """Return one person's score as Raykar and Yu write it."""
    n = len(confusion)
    pairs = [
        sum((confusion[c, k] - confusion[d, k]) ** 2 for k in range(n))
        for c in range(n)
        for d in range(c + 1, n)
    ]
    return sum(pairs) / (n * (n - 1))


def test_with_two_truths_it_is_the_square_of_sensitivity_and_specificity_less_one() -> None:
    rng = np.random.default_rng(0)
    sensitivity, specificity = rng.random(50), rng.random(50)
    confusion = np.stack(
        [
            np.stack([specificity, 1 - specificity], axis=1),
            np.stack([1 - sensitivity, sensitivity], axis=1),
        ],
        axis=1,
    )
    assert spammer_scores(confusion) == pytest.approx((sensitivity + specificity - 1) ** 2)


def test_perfect_people_score_one_and_people_who_do_not_listen_nought() -> None:
    perfect = np.eye(4)
    always_yes = np.tile([0.0, 1, 0, 0], (4, 1))
    coin = np.full((4, 4), 0.25)
    upside_down = np.roll(np.eye(4), 1, axis=1)
    scores = spammer_scores(np.stack([perfect, always_yes, coin, upside_down]))
    assert scores == pytest.approx([1, 0, 0, 1], abs=1e-12)


@given(
    rows=arrays.arrays(
        np.float64, st.tuples(st.integers(1, 4), st.just(3), st.just(3)),
        elements=st.floats(0.01, 1),
    )
)  # fmt: skip
@settings(max_examples=50)
def test_it_is_the_published_sum_over_pairs_of_truths(rows: np.ndarray) -> None:
    confusion = rows / rows.sum(axis=2, keepdims=True)
    expected = [by_pairs(one) for one in confusion]
    assert spammer_scores(confusion) == pytest.approx(expected, abs=1e-9)


def test_unsure_is_left_out_and_counts_do_as_well() -> None:
    shares = [[[0.6, 0.2, 0.2], [0.1, 0.8, 0.1]]]
    counts = [[[6, 2, 99], [10, 80, 0]]]
    assert spammer_scores(shares) == pytest.approx(spammer_scores(counts))


def test_somebody_of_whom_nothing_is_known_scores_nought_and_not_nan() -> None:
    assert spammer_scores(np.zeros((2, 2, 3))).tolist() == [0, 0]
    one_truth_only = [[[8, 2], [0, 0]]]
    assert spammer_scores(one_truth_only).tolist() == [0]


@pytest.mark.parametrize(
    ("confusion", "sentence"),
    [
        (np.eye(2), r"confusion has shape \(2, 2\)"),
        (np.ones((1, 3, 2)), r"confusion has shape \(1, 3, 2\)"),
        (np.ones((1, 1, 2)), r"confusion has shape \(1, 1, 2\)"),
        (-np.ones((1, 2, 2)), "confusion holds -1"),
        (np.full((1, 2, 2), np.nan), "not finite"),
    ],
)
def test_what_is_no_confusion_is_refused(confusion: np.ndarray, sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        spammer_scores(confusion)
