"""Which pairs are worth aligning: nearest neighbours of nine-second windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from consonance.neighbours import EXACT_BELOW, search_between
from splits.dedup.align import Windows, base_starts
from splits.dedup.prints import EMBEDDING_DIM, Vectors

# Queries at a time: few while answers are many and an index costs nothing to make, more (512 MB)
# where it has to be trained.
_CHUNK_WINDOWS: Final = 50_000
_CHUNK_WINDOWS_LARGE: Final = 1_000_000


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
    bases = [windows.of(index)[base_starts(windows.prints[index].n_segments)] for index in range(n)]
    owner = np.repeat(np.arange(n), [len(base) for base in bases])
    vectors = np.concatenate([np.zeros((0, EMBEDDING_DIM), dtype=np.float32), *bases])
    found = [np.zeros((0, 2), dtype=np.int64)]
    recall, exact = 1.0, True
    size = _CHUNK_WINDOWS if len(vectors) < EXACT_BELOW else _CHUNK_WINDOWS_LARGE
    for last, asker, queries in _chunks(windows, size):
        answer = search_between(queries, vectors, threshold=threshold, threads=threads, seed=seed)
        recall, exact = min(recall, answer.recall), exact and answer.exact
        one, two = asker[answer.pairs[:, 0]], owner[answer.pairs[:, 1]]
        different = recording[one] != recording[two]
        pairs = np.column_stack([np.minimum(one, two), np.maximum(one, two)])[different]
        found.append(np.unique(pairs, axis=0))
        if tell is not None:
            tell(last, n)
    return np.unique(np.concatenate(found), axis=0), recall, exact


def _chunks(windows: Windows, chunk: int) -> Iterator[tuple[int, npt.NDArray[np.int64], Vectors]]:
    """Yield (recordings done, owner of each window, windows) in bounded pieces."""
    held: list[Vectors] = []
    owners: list[npt.NDArray[np.int64]] = []
    size = 0
    for index in range(len(windows.prints)):
        held.append(windows.of(index))
        owners.append(np.full(len(held[-1]), index, dtype=np.int64))
        size += len(held[-1])
        if size >= chunk or index == len(windows.prints) - 1:
            yield index + 1, np.concatenate(owners), np.concatenate(held)
            held, owners, size = [], [], 0
