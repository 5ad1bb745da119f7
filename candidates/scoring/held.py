"""What was read once and is read again soon: kept in memory in between, if it is small enough."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from candidates.scoring.shards import ScoreBatch

Integers = NDArray[np.int64]

#: Seven million excerpts of twenty classes fit. More are read twice: memory stays the same.
HELD: Final = 320 << 20


class Held:
    """A score set's batches, read twice and decoded once.

    The first reading keeps what it yields. The second yields that, and lets go of it on the way; a
    third reads again. What is larger than `most` is never kept, nor what was not read to its end.

    Parameters
    ----------
    read
        Gives the batches; called as often as they must be read.
    most
        Bytes that are kept.
    """

    def __init__(self, read: Callable[[], Iterable[ScoreBatch]], most: int = HELD) -> None:
        self._read = read
        self._most = most
        self._kept: deque[_Packed] | None = None

    def __call__(self) -> Iterator[ScoreBatch]:
        """Yield the batches, equal ones in the same order each time."""
        ready, self._kept = self._kept, None
        if ready is not None:
            while ready:
                yield ready.popleft().batch()
            return
        kept: deque[_Packed] | None = deque()
        room = self._most
        for batch in self._read():
            if kept is not None:
                packed = _Packed.of(batch)
                room -= packed.size
                kept.append(packed)
                if room < 0:
                    kept = None
            yield batch
        self._kept = kept


@dataclass(frozen=True)
class _Packed:
    """A batch with its tracks as runs, as excerpts of a track lie side by side."""

    track_no: Integers
    length: Integers
    start_ms: NDArray[np.integer]
    logits: list[NDArray[np.float16]]

    @classmethod
    def of(cls, batch: ScoreBatch) -> _Packed:
        track, start = batch.track_no, batch.start_ms
        first = np.flatnonzero(np.append(True, track[1:] != track[:-1])[: track.size])
        # A month fits into 32 bits.
        fits = start.size and start.min() >= 0 and start.max() < 2**32
        return cls(
            track_no=track[first],
            length=np.diff(first, append=track.size),
            start_ms=start.astype(np.uint32) if fits else start,
            logits=batch.logits,
        )

    @property
    def size(self) -> int:
        """Bytes."""
        arrays = (self.track_no, self.length, self.start_ms, *self.logits)
        return sum(array.nbytes for array in arrays)

    def batch(self) -> ScoreBatch:
        return ScoreBatch(
            track_no=np.repeat(self.track_no, self.length),
            start_ms=self.start_ms.astype(np.int64),
            logits=self.logits,
        )
