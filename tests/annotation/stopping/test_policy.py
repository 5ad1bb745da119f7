"""The rule: never too early, at the threshold, and the settled way out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.stopping.policy import MAX_WEIGHT, Policy
from consonance.errors import ParameterError

share = st.floats(0.5, 1.0)
DEFAULT = Policy()


def sigmoid(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


@given(answered=st.integers(0, 12), known=st.integers(0, 12), calibrated=share, plain=share)
def test_nothing_stops_before_the_minimum(
    answered: int, known: int, calibrated: float, plain: float
) -> None:
    if DEFAULT.is_sure(answered, min(known, answered), calibrated, plain):
        assert answered >= DEFAULT.min_ratings


def test_with_known_people_the_threshold_itself_counts() -> None:
    assert DEFAULT.is_sure(3, 3, 0.95, 0.95)
    assert not DEFAULT.is_sure(3, 3, 0.9499, 0.9499)


def test_with_strangers_the_minimum_is_enough_only_at_half_the_risk() -> None:
    assert DEFAULT.settled_posterior == pytest.approx(0.975)
    assert not DEFAULT.is_sure(3, 2, 0.97, 0.97)
    assert DEFAULT.is_sure(3, 0, 0.975, 0.975)


def test_one_answer_more_stands_for_what_is_not_known_of_people() -> None:
    assert not DEFAULT.is_sure(3, 0, 0.96, 0.96)
    assert DEFAULT.is_sure(4, 0, 0.96, 0.96)


def test_an_over_confident_crowd_stops_when_more_answers_would_hardly_turn_the_label() -> None:
    calibrated, plain = sigmoid(3.7 / 4), sigmoid(3.7)
    assert calibrated < 0.95 < plain
    assert DEFAULT.is_sure(3, 3, calibrated, plain)
    assert not DEFAULT.is_sure(3, 3, sigmoid(3.6 / 4), sigmoid(3.6))


@given(answered=st.integers(0, 8), known=st.integers(0, 8), calibrated=share, plain=share)
def test_more_confidence_never_keeps_a_question_open(
    answered: int, known: int, calibrated: float, plain: float
) -> None:
    known = min(known, answered)
    if DEFAULT.is_sure(answered, known, calibrated, plain):
        assert DEFAULT.is_sure(answered, known, calibrated, min(1.0, plain + 0.01))
        assert DEFAULT.is_sure(answered, known, min(1.0, calibrated + 0.01), plain)
        assert DEFAULT.is_sure(answered + 1, known + 1, calibrated, plain)


def test_arrays_are_judged_as_numbers_are() -> None:
    rng = np.random.default_rng(2)
    answered = rng.integers(0, 7, 200)
    known = np.minimum(rng.integers(0, 7, 200), answered)
    calibrated, plain = rng.uniform(0.85, 1, (2, 200))
    together = DEFAULT.is_sure(answered, known, calibrated, plain)
    one_by_one = [
        DEFAULT.is_sure(*case) for case in zip(answered, known, calibrated, plain, strict=True)
    ]
    assert together.tolist() == one_by_one


def test_a_martingale_above_the_settled_posterior_seldom_turns() -> None:
    """Ville's inequality, on answers that come from the model itself."""
    rng = np.random.default_rng(7)
    n, accuracy = 20_000, 0.8
    step = math.log(accuracy / (1 - accuracy))
    start = math.log(DEFAULT.settled_posterior / (1 - DEFAULT.settled_posterior))
    truth = rng.random(n) < DEFAULT.settled_posterior  # the start is calibrated
    right = rng.random((n, 60)) < accuracy
    path = start + np.cumsum(np.where(right == truth[:, None], step, -step), axis=1)
    assert (path < 0).any(axis=1).mean() <= 1 - DEFAULT.stop_posterior


def test_the_largest_weight_is_odds_of_fifty() -> None:
    assert pytest.approx(math.log(50)) == MAX_WEIGHT


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"min_ratings": 0}, "1 <= min_ratings"),
        ({"min_ratings": 6}, "min_ratings is 6 and max_ratings 5"),
        ({"stop_posterior": 0.5}, "stop_posterior is 0.5"),
        ({"stop_posterior": 1.01}, "at most 1"),
        ({"stop_posterior": float("nan")}, "stop_posterior is nan"),
        ({"min_support": -1}, "cannot be negative"),
        ({"max_weight": 0.0}, "above 0"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(fields: dict[str, float], says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        Policy(**fields)  # type: ignore[arg-type]
