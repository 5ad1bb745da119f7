"""A score set's excerpts as a source to draw from, read shard by shard."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from candidates.sampling import LogitBatch, LogitSource
from candidates.scoring.held import HELD, Held
from candidates.scoring.shards import scored_classes, stream

Integers = NDArray[np.int64]

#: No recording lasts longer, in ms (27 hours): track and start make one number.
_IDS_PER_TRACK: Final = 100_000_000


def excerpt_id(track_no: Integers, start_ms: Integers) -> Integers:
    """Return one number for each excerpt of a collection; starts of a track lie side by side."""
    return track_no * _IDS_PER_TRACK + start_ms


def excerpt_of(ids: Integers) -> tuple[Integers, Integers]:
    """Return track number and start in ms, from `excerpt_id`."""
    return ids // _IDS_PER_TRACK, ids % _IDS_PER_TRACK


def source_of(
    folder: Path,
    classes: Sequence[str] | None = None,
    *,
    tracks: Integers | None = None,
    taken: Integers | None = None,
    window_ms: int = 1,
    silent: Collection[str] = (),
    hold: int = HELD,
) -> LogitSource:
    """Return what `candidates.sampling.draw_from` draws from.

    Parameters
    ----------
    folder
        A score set's shards.
    classes
        Names of the classes to draw for, in this order; by default all.
    tracks
        Numbers of the tracks that count; by default all.
    taken
        `excerpt_id` of excerpts that may not be drawn, nor any that overlaps with one.
    window_ms
        Length of an excerpt: excerpts of one track that begin nearer to each other overlap.
    silent
        Classes that the detector knows nothing about: a logit of 0 stands for each of theirs,
        whether the shards have a column or not.
    hold
        Bytes of scores that may stay in memory from the first reading to the second; a larger set
        is read twice.

    Raises
    ------
    StateError
        If there is no shard, or one of an older layout.
    ParameterError
        If a class was not scored.
    """
    names = scored_classes(folder) if classes is None else tuple(classes)
    heard = [name for name in names if name not in silent]
    # Places are read with the scores of one class at least.
    batches = Held(stream(folder, columns=heard or scored_classes(folder)[:1])[1], hold)
    ready = None if tracks is None else np.sort(tracks)
    asked = None if taken is None or not taken.size else np.unique(taken)

    def read() -> Iterator[LogitBatch]:
        for batch in batches():
            ids = excerpt_id(batch.track_no, batch.start_ms)
            known = dict(zip(heard, batch.logits, strict=False))
            unknown = np.zeros(ids.size, np.float16)
            yield LogitBatch(
                ids=ids.view(np.uint64),
                recording=batch.track_no,
                logits=[known.get(name, unknown) for name in names],
                counted=None if ready is None else among(batch.track_no, ready),
                free=None if asked is None else ~_overlap(ids, asked, window_ms),
            )

    return LogitSource(read, len(names))


def among(values: Integers, known: Integers) -> NDArray[np.bool_]:
    """Return which values stand in a sorted array."""
    if not known.size:
        return np.zeros(values.size, bool)
    place = np.minimum(np.searchsorted(known, values), known.size - 1)
    return np.asarray(known[place] == values)


def _overlap(ids: Integers, asked: Integers, window_ms: int) -> NDArray[np.bool_]:
    # Tracks lie 27 hours apart, so that excerpts of two tracks are never near each other.
    after = np.searchsorted(asked, ids)
    next_one = asked[np.minimum(after, asked.size - 1)]
    last_one = asked[np.maximum(after - 1, 0)]
    is_near: NDArray[np.bool_] = np.abs(next_one - ids) < window_ms
    is_near |= np.abs(ids - last_one) < window_ms
    return is_near
