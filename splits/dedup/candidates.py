"""Which pairs are worth aligning: nearest neighbours of nine-second windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from consonance.neighbours import StandingIndex
from splits.dedup.align import Windows, base_starts
from splits.dedup.prints import EMBEDDING_DIM, Vectors

_CHUNK_WINDOWS: Final = 50_000  # queries at a time: 26 MB
_SAMPLE_RECORDINGS: Final = 1_000  # whose windows an approximate index is tuned by
#: Reference windows in one index: 1 GB with its lists. More are searched part by part.
PART_WINDOWS: Final = 1_000_000


def candidate_pairs(
    windows: Windows,
    recording: npt.NDArray[np.int64],
    *,
    threshold: float,
    threads: int,
    seed: int,
    tell: Callable[[int, int], object] | None = None,
) -> tuple[npt.NDArray[np.int64], float, bool]:
    """Return pairs of recordings that have two windows at least this similar.

    Reference windows stand side by side, one every nine seconds; what is looked for are the
    windows of every other recording, a quarter second apart. So any offset between two copies is
    met to an eighth of a second: between clips of ten seconds, up to a second either way.

    Parameters
    ----------
    windows : Windows
        Of recordings in canonical order.
    recording : np.ndarray [shape=(n,)]
        Pairs of one recording are left out.
    threshold : float
        Cosine of two windows; minus infinity for all pairs of recordings.
    threads, seed : int
        Of FAISS.
    tell : callable, optional
        Called with (recordings done, recordings).

    Returns
    -------
    pairs : np.ndarray [shape=(m, 2), dtype=int64]
        i < j, sorted.
    recall : float
        Of the search, measured by `consonance.neighbours`; the smallest over its parts.
    exact : bool
        Whether all windows were compared.
    """
    n = len(windows.prints)
    if threshold == -np.inf:
        every = np.column_stack(np.triu_indices(n, k=1)).astype(np.int64)
        return every[recording[every[:, 0]] != recording[every[:, 1]]], 1.0, True
    found = [np.zeros((0, 2), dtype=np.int64)]
    recall, exact = 1.0, True
    parts = list(_parts(windows))
    sample = _sample(windows, seed)
    for number, (first, last) in enumerate(parts):
        owner, vectors = _references(windows, first, last)
        index = StandingIndex(
            vectors, sample=sample, threshold=threshold, threads=threads, seed=seed
        )
        recall, exact = min(recall, index.recall), exact and index.exact
        for done, asker, queries in _chunks(windows):
            answer = index.search(queries)
            one, two = asker[answer.pairs[:, 0]], owner[answer.pairs[:, 1]]
            different = recording[one] != recording[two]
            pairs = np.column_stack([np.minimum(one, two), np.maximum(one, two)])[different]
            found.append(np.unique(pairs, axis=0))
            if tell is not None:
                tell(number * n + done, len(parts) * n)
    return np.unique(np.concatenate(found), axis=0), recall, exact


def _parts(windows: Windows) -> Iterator[tuple[int, int]]:
    """Yield ranges of recordings whose reference windows fit into one index."""
    first = held = 0
    for place, one in enumerate(windows.prints):
        size = len(base_starts(one.n_segments))
        if held + size > PART_WINDOWS and held:
            yield first, place
            first, held = place, 0
        held += size
    yield first, len(windows.prints)


def _references(windows: Windows, first: int, last: int) -> tuple[npt.NDArray[np.int64], Vectors]:
    """Return the reference windows of some recordings, and whose each is."""
    owners, held = [np.zeros(0, dtype=np.int64)], [np.zeros((0, EMBEDDING_DIM), np.float32)]
    for place in range(first, last):
        every = windows.of(place)
        held.append(every[base_starts(len(every))])
        owners.append(np.full(len(held[-1]), place, dtype=np.int64))
    return np.concatenate(owners), np.concatenate(held)


def _sample(windows: Windows, seed: int) -> Vectors:
    """Return a window of each of some recordings: queries such as will be asked."""
    rng = np.random.default_rng([seed, 2])
    chosen = rng.permutation(len(windows.prints))[:_SAMPLE_RECORDINGS]
    held = [np.zeros((0, EMBEDDING_DIM), np.float32)]
    for place in np.sort(chosen).tolist():
        every = windows.of(place)
        held.append(every[rng.integers(len(every), size=1)])
    return np.concatenate(held)


def _chunks(windows: Windows) -> Iterator[tuple[int, npt.NDArray[np.int64], Vectors]]:
    """Yield (recordings done, owner of each window, windows) in bounded pieces."""
    held: list[Vectors] = []
    owners: list[npt.NDArray[np.int64]] = []
    size = 0
    for index in range(len(windows.prints)):
        held.append(windows.of(index))
        owners.append(np.full(len(held[-1]), index, dtype=np.int64))
        size += len(held[-1])
        if size >= _CHUNK_WINDOWS or index == len(windows.prints) - 1:
            yield index + 1, np.concatenate(owners), np.concatenate(held)
            held, owners, size = [], [], 0
