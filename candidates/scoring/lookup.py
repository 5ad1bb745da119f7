"""Excerpts by what a detector says of them: what a curator hears of a bin of a histogram."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from candidates.sampling.chance import hashes
from candidates.scoring.excerpts import among, excerpt_id, excerpt_of
from candidates.scoring.shards import from_logit, stream
from consonance.errors import ParameterError

Integers = NDArray[np.int64]
MOST_HEARD = 50


@dataclass(frozen=True, kw_only=True)
class Place:
    """An excerpt and what a detector says of one class there.

    Attributes
    ----------
    track_no, start_ms
        Where it is.
    likelihood
        In [0, 1].
    """

    track_no: int
    start_ms: int
    likelihood: float


@dataclass(frozen=True, kw_only=True)
class Handful:
    """Some excerpts of many.

    Attributes
    ----------
    among
        How many there are.
    places
        Those that chance took, highest likelihood first.
    """

    among: int
    places: list[Place]


def excerpts_between(
    folder: Path,
    name: str,
    low: float,
    high: float,
    *,
    n: int,
    seed: int,
    tracks: Integers | None = None,
) -> Handful:
    """Return random excerpts whose logit of a class lies in an interval.

    Each excerpt has a number of chance from its own identity and the seed; those with the smallest
    are returned. So neither the order of shards nor their size changes what is heard, and one
    pass over two numbers and one class of each excerpt is enough.

    Parameters
    ----------
    folder
        A score set's shards.
    name
        The class.
    low, high
        Logits, the first included and the second not; infinite where there is no bound.
    n
        How many at most, 1 to `MOST_HEARD`.
    seed
        Of the choice.
    tracks
        Numbers of the tracks that count; by default all.

    Raises
    ------
    StateError
        If there is no shard, or one of an older layout.
    ParameterError
        If the class was not scored, the interval is empty or `n` is out of range.
    """
    if not low < high:
        raise ParameterError(f"From {low:g} to {high:g} there are no logits.")
    if not 1 <= n <= MOST_HEARD:
        raise ParameterError(f"Hear 1 to {MOST_HEARD} excerpts at a time, not {n}.")
    known = None if tracks is None else np.sort(tracks)
    _, batches = stream(folder, columns=[name])
    total = 0
    ids, logits = np.empty(0, np.int64), np.empty(0, np.float32)
    for batch in batches():
        logit = batch.logits[0].astype(np.float32)
        inside = (logit >= low) & (logit < high)
        if known is not None:
            inside &= among(batch.track_no, known)
        here = np.flatnonzero(inside)
        total += here.size
        if not here.size:
            continue
        ids = np.concatenate([ids, excerpt_id(batch.track_no[here], batch.start_ms[here])])
        logits = np.concatenate([logits, logit[here]])
        if ids.size > n:
            chance = hashes(ids.view(np.uint64), seed=seed, key=name, purpose="listen")
            first = np.argpartition(chance, n - 1)[:n]
            ids, logits = ids[first], logits[first]
    order = np.lexsort((ids, -logits))
    numbers, starts = excerpt_of(ids[order])
    likelihoods = from_logit(logits[order].astype(np.float16))
    return Handful(
        among=total,
        places=[
            Place(track_no=number, start_ms=start, likelihood=likelihood)
            for number, start, likelihood in zip(
                numbers.tolist(), starts.tolist(), likelihoods.tolist(), strict=True
            )
        ],
    )
