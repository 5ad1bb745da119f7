"""Savings by hand, and what happens at the curve's ends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from annotation.consensus import Ratings
from annotation.stopping.curve import FixedCurve, Saving, fixed_curve, saving
from annotation.stopping.policy import Policy
from annotation.stopping.replay import Replay
from consonance.errors import ParameterError

CrowdOf = Callable[..., tuple[Ratings, np.ndarray]]
N = 100


def rights(*shares: float) -> np.ndarray:
    """One order in which so many of a hundred tasks are right at each point."""
    return np.stack([np.arange(N) < round(share * N) for share in shares])[None]


def compared(*, used: int, accuracy: float, fixed: tuple[float, ...], **more: int) -> Saving:
    shape = (1, N)
    shown = Replay(
        policy=Policy(), seeds=(0,), scored=np.ones(N, bool), used=np.full(shape, used),
        is_right=rights(accuracy)[0], confidence=np.ones(shape), stopped_right=np.ones(shape, bool),
        is_decided=np.ones(shape, bool), reopened=np.zeros(1, np.int64), temperature=np.ones(1),
    )  # fmt: skip
    number = np.arange(1, len(fixed) + 1)
    curve = FixedCurve(
        number=number, seeds=(0,), used=np.repeat(number[:, None], N, axis=1),
        is_right=rights(*fixed), scored=np.ones(N, bool),
    )  # fmt: skip
    return saving(shown, curve, **{"samples": 200, **more})


def test_a_saving_is_read_off_the_curve_in_proportion() -> None:
    found = compared(used=2, accuracy=0.85, fixed=(0.6, 0.7, 0.8, 0.9))
    assert found.fixed_ratings == pytest.approx(3.5)
    assert found.share.value == pytest.approx(1 - 2 / 3.5)
    assert found.gain.value == pytest.approx(0.85 - 0.7)
    assert not found.is_beyond


def test_the_smallest_number_that_reaches_the_accuracy_is_taken() -> None:
    assert compared(used=2, accuracy=0.8, fixed=(0.6, 0.8, 0.8, 0.8)).fixed_ratings == 2
    assert compared(used=2, accuracy=0.8, fixed=(0.6, 0.8, 0.8, 0.8)).share.value == 0


def test_a_lucky_point_does_not_count() -> None:
    # .8 by luck at two answers is .75 when the fall after it is levelled out.
    found = compared(used=2, accuracy=0.8, fixed=(0.6, 0.8, 0.7, 0.9))
    assert found.fixed_ratings == pytest.approx(3 + 1 / 3)


def test_more_than_any_fixed_number_reaches_is_a_lower_bound() -> None:
    found = compared(used=3, accuracy=0.95, fixed=(0.6, 0.7, 0.8, 0.9))
    assert found.is_beyond
    assert found.share.value == pytest.approx(0.25)


def test_less_than_one_answer_gives_is_no_saving() -> None:
    found = compared(used=2, accuracy=0.5, fixed=(0.6, 0.7))
    assert found.share.value == -1
    assert found.gain.value == pytest.approx(-0.2)


def test_intervals_hold_the_number_and_narrow_with_nothing_to_doubt() -> None:
    found = compared(used=2, accuracy=0.85, fixed=(0.6, 0.7, 0.8, 0.9))
    assert found.share.low < found.share.value < found.share.high
    sure = compared(used=2, accuracy=1.0, fixed=(0.0, 0.0, 1.0))
    assert sure.share.low == sure.share.high == pytest.approx(1 / 3, abs=1e-12)


def test_the_bootstrap_is_the_same_for_the_same_seed() -> None:
    one = compared(used=2, accuracy=0.85, fixed=(0.6, 0.7, 0.8, 0.9), seed=3)
    assert one == compared(used=2, accuracy=0.85, fixed=(0.6, 0.7, 0.8, 0.9), seed=3)


def test_a_curve_counts_what_tasks_have(crowd_of: CrowdOf) -> None:
    ratings = Ratings.checked([0, 0, 0, 1], [0, 1, 2, 0], [1, 1, 1, 0], n_truths=2)
    curve = fixed_curve(ratings, [1, 0], max_ratings=3, seeds=[0, 1])
    assert curve.used.tolist() == [[1, 1], [2, 1], [3, 1]]
    assert curve.ratings == pytest.approx([1, 1.5, 2])
    assert curve.accuracy[-1] == 1.0
    assert curve.is_right.shape == (2, 3, 2)


def test_different_orders_are_not_compared(crowd_of: CrowdOf) -> None:
    with pytest.raises(ParameterError, match="samples is 0"):
        compared(used=2, accuracy=0.8, fixed=(0.6, 0.9), samples=0)
    ratings, truth = crowd_of([0.9] * 4, n_tasks=20, each=3)
    with pytest.raises(ParameterError, match="at least 1 of each"):
        fixed_curve(ratings, truth, max_ratings=0, seeds=[1])
    with pytest.raises(ParameterError, match="at least 1 of each"):
        fixed_curve(ratings, truth, max_ratings=2, seeds=[])
