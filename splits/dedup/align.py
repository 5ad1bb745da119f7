"""Whether two recordings are the same sound: aligned in time, bit by bit."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from splits.dedup.prints import (
    BLOCK_FRAMES,
    FRAMES_PER_SECOND,
    N_BITS,
    SEGMENT_BLOCKS,
    Fingerprint,
    Vectors,
)

BASE_STEP: Final = SEGMENT_BLOCKS  # blocks between reference windows: 9 s, side by side
N_LAGS: Final = 3  # alignments looked at closely
LAG_REACH: Final = BLOCK_FRAMES  # frames to either side of one: 0.25 s
MIN_ACTIVE: Final = 3 * FRAMES_PER_SECOND  # frames with sound in both: 3 s
PEAK_FRAMES: Final = 8 * FRAMES_PER_SECOND  # what a partial duplicate must share: 8 s

_KEPT_BYTES: Final = 128_000_000  # of windows


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """How two recordings agree where they agree best.

    Attributes
    ----------
    agreement : float
        Share of equal bits over the whole overlap; about 0.5 for strangers, nan if they overlap
        too little or are silent.
    peak : float
        The same over the best eight seconds.
    similarity : float
        Largest cosine of two nine-second windows.
    lag_s : float
        Seconds by which the second recording's content comes earlier than the first's.
    overlap : float
        Overlap as a share of the shorter recording.
    """

    agreement: float
    peak: float
    similarity: float
    lag_s: float
    overlap: float


NO_ALIGNMENT: Final = Alignment(
    agreement=float("nan"), peak=float("nan"), similarity=0.0, lag_s=0.0, overlap=0.0
)


def base_starts(n_segments: int) -> npt.NDArray[np.int64]:
    """Return the first blocks of the reference windows of a recording."""
    return np.arange(0, n_segments, BASE_STEP)


class Windows:
    """The nine-second windows of many recordings, made when asked for and kept while they fit.

    Parameters
    ----------
    prints : sequence of Fingerprint
        In canonical order.
    """

    def __init__(self, prints: Sequence[Fingerprint]) -> None:
        self.prints = prints
        self._kept: OrderedDict[int, Vectors] = OrderedDict()
        self._bytes = 0

    def of(self, index: int) -> Vectors:
        """Return all windows of a recording [shape=(n_segments, 128)]."""
        if index in self._kept:
            self._kept.move_to_end(index)
            return self._kept[index]
        vectors = self._kept[index] = self.prints[index].segments()
        self._bytes += vectors.nbytes
        while self._bytes > _KEPT_BYTES and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return vectors

    def align(self, one: int, two: int) -> Alignment:
        """Compare two of the recordings (see `align`)."""
        return align(self.prints[one], self.prints[two], (self.of(one), self.of(two)))


def align(
    first: Fingerprint, second: Fingerprint, segments: tuple[Vectors, Vectors] | None = None
) -> Alignment:
    """Compare two recordings at the alignments their windows suggest.

    Parameters
    ----------
    first, second : Fingerprint
        In either order: only the sign of the lag changes.
    segments : tuple of np.ndarray, optional
        All windows of both, where they are at hand.

    Returns
    -------
    Alignment
        Windows of one, a quarter second apart, are compared with reference windows of the other
        and the other way round; the three best lags are refined to 1/64 s on the bits.
    """
    if not first.n_segments or not second.n_segments:
        return NO_ALIGNMENT
    lags, similarities = _lags(*(segments or (first.segments(), second.segments())))
    best: tuple[float, int] = (-1.0, 0)
    for lag in lags:
        for fine in range(lag * BLOCK_FRAMES - LAG_REACH, lag * BLOCK_FRAMES + LAG_REACH + 1):
            agreement = _agreement(first, second, fine)
            if agreement > best[0]:
                best = (agreement, fine)
    if best[0] < 0:
        return NO_ALIGNMENT
    agreement, fine = best
    n_overlap = _overlap(first, second, fine)[2]
    return Alignment(
        agreement=agreement,
        peak=max(agreement, _peak(first, second, fine)),
        similarity=float(similarities[0]),
        lag_s=fine / FRAMES_PER_SECOND,
        overlap=n_overlap / min(len(first.words), len(second.words)),
    )


def _lags(one: Vectors, two: Vectors) -> tuple[list[int], npt.NDArray[np.float32]]:
    """Return the best few distinct lags in blocks (first minus second), best first."""
    base_one, base_two = base_starts(len(one)), base_starts(len(two))
    forth, back = one @ two[base_two].T, one[base_one] @ two.T
    lag = np.concatenate(
        [
            (np.arange(len(one))[:, None] - base_two[None, :]).ravel(),
            (base_one[:, None] - np.arange(len(two))[None, :]).ravel(),
        ]
    )
    similarity = np.concatenate([forth.ravel(), back.ravel()])
    # Equal similarities are ordered by lag, so that the result does not depend on the order.
    order = np.lexsort((np.abs(lag), -similarity))
    chosen: list[int] = []
    kept: list[np.float32] = []
    for index in order[: 50 * N_LAGS]:
        if all(abs(int(lag[index]) - other) > 1 for other in chosen):
            chosen.append(int(lag[index]))
            kept.append(similarity[index])
            if len(chosen) == N_LAGS:
                break
    return chosen, np.array(kept, dtype=np.float32)


def _overlap(first: Fingerprint, second: Fingerprint, lag: int) -> tuple[int, int, int]:
    """Return where the overlap starts in both, and how many frames it has."""
    start_one, start_two = max(lag, 0), max(-lag, 0)
    length = min(len(first.words) - start_one, len(second.words) - start_two)
    return start_one, start_two, max(length, 0)


def _agreement(first: Fingerprint, second: Fingerprint, lag: int) -> float:
    """Return the share of equal bits at a lag, or -1 where too little is heard in both."""
    one, two, length = _overlap(first, second, lag)
    if length < MIN_ACTIVE:
        return -1.0
    active = first.active[one : one + length] & second.active[two : two + length]
    n_active = int(np.count_nonzero(active))
    if n_active < MIN_ACTIVE:
        return -1.0
    differing = np.bitwise_count(first.words[one : one + length] ^ second.words[two : two + length])
    return 1.0 - float(differing[active].sum(dtype=np.int64)) / (N_BITS * n_active)


def _peak(first: Fingerprint, second: Fingerprint, lag: int) -> float:
    """Return the largest share of equal bits over eight seconds of the overlap."""
    one, two, length = _overlap(first, second, lag)
    if length < PEAK_FRAMES:
        return -1.0
    active = first.active[one : one + length] & second.active[two : two + length]
    differing = np.bitwise_count(first.words[one : one + length] ^ second.words[two : two + length])
    n_active = _moving_sum(active.astype(np.int64))
    n_differing = _moving_sum(np.where(active, differing, 0).astype(np.int64))
    enough = n_active >= MIN_ACTIVE
    if not enough.any():
        return -1.0
    return float(np.max(1.0 - n_differing[enough] / (N_BITS * n_active[enough])))


def _moving_sum(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    total = np.concatenate([[0], np.cumsum(values)])
    result: npt.NDArray[np.int64] = total[PEAK_FRAMES:] - total[:-PEAK_FRAMES]
    return result
