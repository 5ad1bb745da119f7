"""How far two scorings of one collection differ, and what a curator would notice of it.

The same detector gives the same bits on the same kind of processor. On another kind, or at another
precision, logits differ a little; what counts is whether other candidates would be picked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from candidates.scoring.shards import stream
from consonance.errors import ParameterError

#: Largest difference of logits between devices that counts as the same scores.
TOLERANCE = 1e-3


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """What differs between two scorings.

    Attributes
    ----------
    excerpts
        How many were compared.
    largest
        Largest difference of two stored logits.
    beyond
        Share of the stored logits that differ by more than a 16-bit float's step and `TOLERANCE`.
    picks
        Excerpts in a tail of a class in the first scoring, all classes together.
    changed
        Those of them that are not in that tail in the second.
    """

    excerpts: int
    largest: float
    beyond: float
    picks: int
    changed: int

    @property
    def share_changed(self) -> float:
        """Share of the picks that changed, in [0, 1]."""
        return self.changed / self.picks if self.picks else 0.0


def compare(one: Path, other: Path, *, low: float = 0.1, high: float = 0.9) -> Agreement:
    """Compare two score sets of the same excerpts and classes, class by class.

    Parameters
    ----------
    one, other
        Folders of shards.
    low, high
        Quantiles; a class's picks are the excerpts below the first and above the second. Where
        equal logits straddle a line, those that begin earlier in the collection are taken.

    Raises
    ------
    StateError
        If there is no shard.
    ParameterError
        If they hold other excerpts or classes.
    """
    names, _ = stream(one)
    if stream(other)[0] != names:
        raise ParameterError("The two were scored for other classes.")
    excerpts, largest, beyond, picks, changed = 0, 0.0, 0, 0, 0
    for name in names:
        first, second = _class(one, name), _class(other, name)
        if not np.array_equal(first[0], second[0]):
            raise ParameterError("The two hold other excerpts: compare scores of the same ones.")
        a, b = first[1], second[1]
        excerpts = a.size
        if not excerpts:
            continue
        gap = np.abs(a.astype(np.float64) - b.astype(np.float64))
        step = np.maximum(np.spacing(np.abs(a)), np.spacing(np.abs(b))).astype(np.float64)
        largest = max(largest, float(gap.max()))
        beyond += int((gap > step + TOLERANCE).sum())
        for in_first, in_second in zip(_tails(a, low, high), _tails(b, low, high), strict=True):
            picks += int(in_first.sum())
            changed += int((in_first & ~in_second).sum())
    total = excerpts * len(names)
    return Agreement(
        excerpts=excerpts,
        largest=largest,
        beyond=beyond / total if total else 0.0,
        picks=picks,
        changed=changed,
    )


def _class(folder: Path, name: str) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
    """Return the places and logits of one class; one class at a time is in memory."""
    places = [np.empty((0, 2), np.int64)]
    logits = [np.empty(0, np.float16)]
    for batch in stream(folder, columns=[name])[1]():
        places.append(np.column_stack([batch.track_no, batch.start_ms]))
        logits.append(batch.logits[0])
    return np.concatenate(places), np.concatenate(logits)


def _tails(logits: NDArray[np.float16], low: float, high: float) -> Iterator[NDArray[np.bool_]]:
    order = np.argsort(logits, kind="stable")
    for chosen in (order[: round(low * logits.size)], order[round(high * logits.size) :]):
        inside = np.zeros(logits.size, bool)
        inside[chosen] = True
        yield inside
