"""How good a head is, with an interval, and whether one is better than another.

Intervals are percentiles of a bootstrap over groups (all excerpts of an artist together, because
they are alike) and over a configuration's seeds. Every configuration sees the same resamples of
groups, so differences are paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consonance.errors import ParameterError

Float = NDArray[np.float64]
Weights = NDArray[np.float32]

#: Of the interval's two ends.
TAILS: Final = (0.025, 0.975)
_AT_ONCE: Final = 4_000_000  # numbers of a block: 32 MB


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


def group_weights(groups: Sequence[str], *, resamples: int, seed: int) -> Weights:
    """Return how often each excerpt stands in each resample of the groups.

    Parameters
    ----------
    groups
        Of each excerpt.
    resamples
        How many.
    seed
        Of the draw.

    Returns
    -------
    np.ndarray [shape=(1 + resamples, n), dtype=float32]
        Whole numbers, so that their sums are exact. The first row is the excerpts as they are.
    """
    names, member = np.unique(np.array(groups, dtype=str), return_inverse=True)
    drawn = np.random.default_rng([seed, 0]).multinomial(
        len(names), np.full(len(names), 1 / len(names)), size=resamples
    )
    return np.concatenate([np.ones((1, len(member))), drawn[:, member]]).astype(np.float32)


def average_precision(
    labels: NDArray[np.int8], scores: NDArray[np.float32], weights: Weights
) -> Float:
    """Return a class's average precision under several weightings.

    Precision is taken after all excerpts of equal score; unknown ones count for nothing.

    Parameters
    ----------
    labels : np.ndarray [shape=(n,), dtype=int8, in {-1, 0, 1}]
    scores : np.ndarray [shape=(n,)]
    weights : np.ndarray [shape=(n_weightings, n)]

    Returns
    -------
    np.ndarray [shape=(n_weightings,), dtype=float64, in [0, 1]]
        NaN where nothing is present.
    """
    known = np.flatnonzero(labels >= 0)
    result = np.full(len(weights), np.nan)
    if not known.size:
        return result
    order = known[np.argsort(-scores[known].astype(np.float64), kind="stable")]
    last_of_equals = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    sums = weights[:, order].cumsum(axis=1)[:, last_of_equals].astype(np.float64)
    hits = (weights[:, order] * (labels[order] == 1).astype(np.float32)).cumsum(axis=1)
    hits = hits[:, last_of_equals].astype(np.float64)
    gained = np.diff(hits, axis=1, prepend=0.0)
    precision = np.divide(hits, sums, out=np.zeros_like(hits), where=sums > 0)
    np.divide((precision * gained).sum(axis=1), hits[:, -1], out=result, where=hits[:, -1] > 0)
    return result


def mean_ap(
    labels: NDArray[np.int8],
    scores: NDArray[np.float32],
    weights: Weights,
    counted: NDArray[np.bool_],
) -> Float:
    """Return the mean of `average_precision` over classes.

    Parameters
    ----------
    labels, scores : np.ndarray [shape=(n, n_classes)]
    weights : np.ndarray [shape=(n_weightings, n)]
    counted : np.ndarray [shape=(n_classes,), dtype=bool]
        Which classes enter. One that a resample has no positive of is left out of that mean.

    Returns
    -------
    np.ndarray [shape=(n_weightings,), dtype=float64]

    Raises
    ------
    ParameterError
        If no class is counted.
    """
    if not counted.any():
        raise ParameterError("No class is counted: there is nothing to take a mean of.")
    rows = max(1, _AT_ONCE // max(1, labels.shape[0]))
    parts = []
    for first in range(0, len(weights), rows):
        block = weights[first : first + rows]
        by_class = np.stack(
            [average_precision(labels[:, j], scores[:, j], block) for j in np.flatnonzero(counted)]
        )
        known = np.isfinite(by_class)
        sums = np.where(known, by_class, 0.0).sum(axis=0)
        parts.append(sums / np.maximum(known.sum(axis=0), 1))
    return np.concatenate(parts)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reached:
    """What a configuration reached: its figure on the excerpts as they are, and on resamples.

    Attributes
    ----------
    value
        Mean over its seeds.
    by_seed
        Of each seed.
    replicates : np.ndarray [shape=(resamples,)]
        Groups and seeds drawn anew.
    """

    value: float
    by_seed: tuple[float, ...]
    replicates: Float

    @property
    def estimate(self) -> Estimate:
        """The value with its interval."""
        return _estimate(self.value, self.replicates)


def reached(by_seed: Sequence[Float], *, seed: int, number: int) -> Reached:
    """Return what a configuration reached over its seeds.

    Parameters
    ----------
    by_seed
        `mean_ap` of each of its seeds, under the same weights, the first of them ones.
    seed, number
        Of the search, and of the configuration: its seeds are drawn by themselves.
    """
    table = np.stack(by_seed)
    n_seeds, resamples = table.shape[0], table.shape[1] - 1
    drawn = np.random.default_rng([seed, 1, number]).integers(n_seeds, size=(n_seeds, resamples))
    replicates = np.take_along_axis(table[:, 1:], drawn, axis=0).mean(axis=0)
    return Reached(
        value=float(table[:, 0].mean()),
        by_seed=tuple(float(value) for value in table[:, 0]),
        replicates=replicates,
    )


def difference(one: Reached, other: Reached) -> Estimate:
    """Return how much more the one reached than the other, on the same resamples of groups."""
    return _estimate(one.value - other.value, one.replicates - other.replicates)


def _estimate(value: float, replicates: Float) -> Estimate:
    low, high = np.quantile(replicates, TAILS)
    return Estimate(value=value, low=float(low), high=float(high))
