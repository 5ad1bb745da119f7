"""The spammer score."""

from __future__ import annotations

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.agreement import highest_spammer_scores, spammer_scores
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


@given(
    arrays.arrays(np.int64, st.tuples(st.integers(1, 4), st.just(2), st.integers(2, 3)),
                  elements=st.integers(0, 60))
)  # fmt: skip
@settings(max_examples=60)
def test_the_highest_score_is_never_below_the_score_itself(counts: np.ndarray) -> None:
    high = highest_spammer_scores(counts)
    assert ((high >= 0) & (high <= 1)).all()
    met = (counts[:, :, :2].sum(axis=2) > 0).all(axis=1)
    assert (high[~met] == 1).all()
    assert (high[met] >= spammer_scores(counts)[met] - 1e-9).all()


def test_newcombes_interval_of_his_own_example() -> None:
    """56 of 70 less 48 of 80: .0524 to .3339 by his method 10."""
    counts = np.array([[[32, 48, 0], [14, 56, 0]]])
    assert highest_spammer_scores(counts) == pytest.approx(0.3339**2, abs=1e-4)


def test_more_answers_leave_less_possible() -> None:
    always_yes = [np.array([[[0, n, 0], [0, n, 0]]]) for n in (5, 20, 80)]
    bounds = [float(highest_spammer_scores(one)[0]) for one in always_yes]
    assert bounds[0] > bounds[1] > bounds[2] > 0
    assert bounds[1] < 0.1


@pytest.mark.parametrize("shape", [(2,), (2, 3, 3), (2, 2, 1)])
def test_counts_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ParameterError, match="counts has shape"):
        highest_spammer_scores(np.ones(shape))
    with pytest.raises(ParameterError):
        highest_spammer_scores(np.full((1, 2, 2), -1))
