"""A fixed number of answers to every task, and what a policy saves against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.optimize

from annotation.consensus import Ratings
from annotation.stopping.pools import BoolArray, FloatArray, IntArray, Pools, consensus_labels
from annotation.stopping.replay import Replay, check_truths
from consonance.errors import ParameterError

BOOTSTRAP_SAMPLES: Final = 1_000
CONFIDENCE: Final = 0.95


@dataclass(frozen=True, kw_only=True)
class FixedCurve:
    """What comes of giving every task the same number of answers.

    Attributes
    ----------
    number : np.ndarray [shape=(n_points,), dtype=int64]
        Answers a task, 1, 2 and so on; tasks with fewer give all they have.
    seeds : tuple of int
        The random orders.
    used : np.ndarray [shape=(n_points, n_tasks), dtype=int64]
        Ratings taken; the same in every order.
    is_right : np.ndarray [shape=(n_orders, n_points, n_tasks), dtype=bool]
        Whether the label is the truth.
    scored : np.ndarray [shape=(n_tasks,), dtype=bool]
        What accuracy is about.
    """

    number: IntArray
    seeds: tuple[int, ...]
    used: IntArray
    is_right: BoolArray
    scored: BoolArray

    @property
    def ratings(self) -> FloatArray:
        """Mean ratings a scored task, at each point [shape=(n_points,)]."""
        return np.asarray(self.used[:, self.scored].mean(axis=1), dtype=np.float64)

    @property
    def accuracy(self) -> FloatArray:
        """Share of scored tasks whose label is right, at each point [shape=(n_points,)]."""
        return np.asarray(self.is_right[:, :, self.scored].mean(axis=(0, 2)), dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A number with the bounds between which 95 % of bootstrap samples of the tasks lie."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Saving:
    """A policy against a fixed number of answers, by the same consensus method.

    Attributes
    ----------
    ratings, accuracy
        What the policy took and reached.
    fixed_ratings
        What a fixed number takes to reach that accuracy: the smallest number that does, between two
        numbers in proportion. Where none does (`is_beyond`), the largest: then it is a lower bound.
    share
        The share of the fixed number's ratings that the policy does without; negative if it
        takes more.
    gain
        Accuracy above that of a fixed number at as many ratings.
    is_beyond
        Whether the policy reached more than any fixed number did.
    """

    ratings: float
    accuracy: float
    fixed_ratings: float
    share: Interval
    gain: Interval
    is_beyond: bool


def fixed_curve(
    ratings: Ratings,
    truth: npt.ArrayLike,
    *,
    max_ratings: int,
    seeds: Sequence[int],
    gold: npt.ArrayLike | None = None,
) -> FixedCurve:
    """Replay ratings in the orders of `replay`, with the first answers of every task alike.

    Parameters
    ----------
    ratings, truth, gold
        As for `replay`; gold is left out of the score, as there.
    max_ratings
        The largest number, at least 1.
    seeds
        One random order each.

    Raises
    ------
    ParameterError
        There are no ratings, or arrays do not fit.
    """
    known, _, scored = check_truths(ratings, truth, gold)
    if max_ratings < 1 or not len(seeds):
        raise ParameterError(
            f"max_ratings is {max_ratings} with {len(seeds)} seeds; at least 1 of each is needed"
        )
    number = np.arange(1, max_ratings + 1, dtype=np.int64)
    right = np.zeros((len(seeds), len(number), ratings.n_tasks), dtype=bool)
    used = np.zeros((len(number), ratings.n_tasks), dtype=np.int64)
    for row, seed in enumerate(seeds):
        pools = Pools.shuffled(ratings, seed=seed)
        for point, each in enumerate(number):
            right[row, point] = consensus_labels(pools, pools.received(int(each))) == known
            used[point] = np.minimum(pools.available, each)
    return FixedCurve(number=number, seeds=tuple(seeds), used=used, is_right=right, scored=scored)


def saving(
    replayed: Replay, curve: FixedCurve, *, samples: int = BOOTSTRAP_SAMPLES, seed: int = 0
) -> Saving:
    """Compare a replay with a fixed number of answers.

    The curve is made monotone first (isotonic regression), so that a lucky point does not count.
    Intervals come from resampling tasks, the same for both sides.

    Parameters
    ----------
    replayed, curve
        Of the same ratings, orders and gold.
    samples
        Bootstrap samples, at least 1.
    seed
        Of the bootstrap.

    Raises
    ------
    ParameterError
        They are not of the same tasks and orders.
    """
    if replayed.seeds != curve.seeds or not np.array_equal(replayed.scored, curve.scored):
        raise ParameterError("replay and curve are of different orders or score different tasks")
    if samples < 1:
        raise ParameterError(f"samples is {samples}; at least 1 is needed")
    scored = curve.scored
    # Sums of whole numbers are exact, so that equal accuracies compare as equal.
    orders = len(curve.seeds)
    per_task = np.concatenate(
        [
            replayed.used[:, scored].sum(axis=0)[None],
            replayed.is_right[:, scored].sum(axis=0)[None],
            orders * curve.used[:, scored],
            curve.is_right[:, :, scored].sum(axis=0),
        ]
    ).astype(np.float64)
    n_tasks = per_task.shape[1]
    even = np.full(n_tasks, 1 / n_tasks)
    times = np.random.default_rng(seed).multinomial(n_tasks, even, size=samples)
    means = times.astype(np.float64) @ per_task.T / (n_tasks * orders)
    sampled = [_compare(row) for row in means]
    found = per_task.sum(axis=1) / (n_tasks * orders)
    fixed, share, gain, is_beyond = _compare(found)
    return Saving(
        ratings=float(found[0]),
        accuracy=float(found[1]),
        fixed_ratings=fixed,
        share=_interval(share, [row[1] for row in sampled]),
        gain=_interval(gain, [row[2] for row in sampled]),
        is_beyond=is_beyond,
    )


def _compare(means: FloatArray) -> tuple[float, float, float, bool]:
    """Return the fixed number at equal accuracy, the saving, the gain at equal ratings, beyond."""
    used, accuracy = float(means[0]), round(float(means[1]), 12)
    numbers, reached = np.split(means[2:], 2)
    level = np.round(scipy.optimize.isotonic_regression(reached).x, 12)
    gain = accuracy - float(np.interp(used, numbers, level))
    is_beyond = bool(accuracy > level[-1])
    point = int(np.searchsorted(level, accuracy, side="left"))
    if is_beyond:
        fixed = float(numbers[-1])
    elif point == 0:
        fixed = float(numbers[0])
    else:
        step = (accuracy - level[point - 1]) / (level[point] - level[point - 1])
        fixed = float(numbers[point - 1] + step * (numbers[point] - numbers[point - 1]))
    return fixed, 1 - used / fixed, gain, is_beyond


def _interval(value: float, samples: list[float]) -> Interval:
    low, high = np.quantile(samples, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(value=value, low=float(low), high=float(high))
