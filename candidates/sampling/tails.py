"""The tails of one class's scores, and the order in which a tail is used up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from consonance.errors import ParameterError

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Members:
    """One class's eligible excerpts.

    Parameters
    ----------
    everything, below, above
        Rows of all eligible excerpts, of the low tail, of the high tail.
    ordered
        Their scores, ascending.
    low, high
        Scores at the two quantiles; NaN when nothing is eligible.
    """

    everything: Rows
    below: Rows
    above: Rows
    ordered: NDArray[np.floating]
    low: float
    high: float

    def rows(self, tail: str) -> Rows:
        """Return the rows of a tail."""
        return {"low": self.below, "high": self.above, "any": self.everything}[tail]

    def quantile_of(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the share of eligible excerpts that score lower, equal ones counted half."""
        left = np.searchsorted(self.ordered, values, side="left")
        right = np.searchsorted(self.ordered, values, side="right")
        return ((left + right) / (2.0 * max(1, self.ordered.size))).astype(np.float32)


def members_of(
    column: NDArray[np.floating],
    eligible: NDArray[np.bool_] | None,
    *,
    low: float,
    high: float,
    chance: Callable[[Rows], NDArray[np.uint64]],
) -> Members:
    """Find the tails of one class.

    Parameters
    ----------
    column : np.ndarray [shape=(n,)]
        Scores.
    eligible : np.ndarray [shape=(n,), dtype=bool], optional
        Excerpts that count; by default all.
    low, high
        Quantiles.
    chance
        Gives each row the number that decides ties: the smallest belong to the tail.

    Raises
    ------
    ParameterError
        If an eligible score is NaN.
    """
    rows = np.arange(column.size) if eligible is None else np.flatnonzero(eligible)
    values = column[rows]
    if np.isnan(values).any():
        where = int(rows[np.isnan(values)][0])
        raise ParameterError(f"The score in row {where} is NaN. Score it or make it ineligible.")
    if not rows.size:
        return Members(rows, rows, rows, values, np.nan, np.nan)
    ordered = np.sort(values)
    # The small slack keeps 0.1 * 30 from being counted as more than 3.
    last_low = int(np.floor(low * (rows.size - 1) + 1e-9))
    first_high = int(np.ceil(high * (rows.size - 1) - 1e-9))
    at_low, at_high = ordered[last_low], ordered[first_high]
    below, above = rows[values < at_low], rows[values > at_high]
    if at_low < at_high:
        below = _filled(below, rows[values == at_low], last_low + 1, chance)
        above = _filled(above, rows[values == at_high], rows.size - first_high, chance)
    return Members(rows, below, above, ordered, float(at_low), float(at_high))


def _filled(
    inside: Rows, tied: Rows, size: int, chance: Callable[[Rows], NDArray[np.uint64]]
) -> Rows:
    room = size - inside.size
    if room < tied.size:
        tied = tied[np.argpartition(chance(tied), room)[:room]]
    return np.concatenate([inside, tied])


def prioritised(
    rows: Rows, priority: NDArray[np.uint64], track: NDArray[np.int64], cap: int
) -> tuple[Rows, int]:
    """Return rows by ascending priority, no more than `cap` per track, and how many tracks.

    Parameters
    ----------
    rows : np.ndarray [shape=(m,), dtype=int64]
        Excerpts of one tail.
    priority : np.ndarray [shape=(m,), dtype=uint64]
        All different.
    track : np.ndarray [shape=(n,), dtype=int64]
        Track of every excerpt of the archive.
    cap
        More than this many excerpts of one track could never be drawn.

    Returns
    -------
    rows : np.ndarray [shape=(k,), dtype=int64, k <= m]
    n_tracks : int
    """
    rows = rows[np.argsort(priority)]
    by_track = np.argsort(track[rows], kind="stable")
    owner = track[rows[by_track]]
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    place = np.arange(owner.size) - np.repeat(first, np.diff(first, append=owner.size))
    kept = np.sort(by_track[place < cap])
    return rows[kept], int(first.size)
