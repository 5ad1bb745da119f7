"""FAISS indexes: flat while that is cheap, inverted lists above, tuned until pairs are found.

HNSW is not offered: in faiss-cpu 1.15.1 its inner-product `range_search` aborts the process.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import faiss
import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]

#: Below this many vectors all pairs of 128 dimensions take under a minute of one core.
EXACT_BELOW: Final = 50_000
RECALL_WANTED: Final = 0.99
# FAISS sums in float32 and in an order that depends on the block, so a pair at the threshold may
# fall to either side. It is asked for slightly more, and the pairs are scored again in float64.
MARGIN: Final = 1e-4

_SAMPLE: Final = 1_000  # queries on which recall is measured
_BLOCK: Final = 32_768  # vectors compared at once where all are: 131 MB of a thousand queries
_TRAIN_PER_LIST: Final = 40  # vectors a cell to train on; FAISS warns below 39


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Set FAISS's global thread count for a while."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def flat(vectors: Vectors) -> faiss.Index:
    """Return an index that compares everything."""
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return index


def inverted(vectors: Vectors, seed: int) -> faiss.IndexIVFFlat:
    """Return inverted lists with 4 sqrt(n) cells, trained on a seeded sample."""
    n, d = vectors.shape
    lists = int(max(1, min(4 * np.sqrt(n), n // _TRAIN_PER_LIST)))
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(d), d, lists, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed = seed & 0x7FFFFFFF
    chosen = np.random.default_rng(seed).permutation(n)[: lists * _TRAIN_PER_LIST]
    index.train(vectors[np.sort(chosen)])
    index.add(vectors)
    return index


def tune(
    index: faiss.IndexIVFFlat,
    vectors: Vectors,
    queries: Vectors,
    k: int | None,
    threshold: float | None,
    within: bool,
    seed: int,
) -> float:
    """Double the probes until a sample is answered well enough; return its recall.

    With a threshold, real pairs may be too rare to measure by, so copies are planted: sampled
    vectors turned in a random direction until they are just as similar as the threshold. They are
    the hardest pairs there are. The smaller recall counts, of what is there or of the planted.
    """
    rng = np.random.default_rng([seed, 1])
    chosen = np.sort(rng.permutation(len(queries))[:_SAMPLE])
    sample = queries[chosen]
    planted, origin = sample[:0], chosen[:0]
    if threshold is not None:
        origin = np.sort(rng.permutation(len(vectors))[:_SAMPLE])
        planted, kept = _copies(vectors[origin], threshold, rng)
        origin = origin[kept]
    want = _truth(vectors, sample, k, threshold, chosen if within else None)
    probes = 4
    while True:
        index.nprobe = min(probes, index.nlist)
        have = _keys(index, sample, k, threshold, chosen if within else None, len(vectors))
        recall = _share(len(np.intersect1d(want, have, assume_unique=True)), len(want))
        if len(planted):
            floor = None if threshold is None else threshold - MARGIN
            returned = _keys(index, planted, None, floor, None, len(vectors))
            hits = np.isin(np.arange(len(planted)) * len(vectors) + origin, returned).sum()
            recall = min(recall, _share(int(hits), len(planted)))
        if recall >= RECALL_WANTED or index.nprobe == index.nlist:
            return recall
        probes *= 2


def _share(hits: int, total: int) -> float:
    return 1.0 if total == 0 else hits / total


def _truth(
    vectors: Vectors,
    queries: Vectors,
    k: int | None,
    threshold: float | None,
    own: npt.NDArray[np.int64] | None,
) -> npt.NDArray[np.int64]:
    """Return the exact answers as `_keys` does, without another copy of the vectors."""
    if threshold is None:
        k = int(k or 1)
        wanted = min(k + (own is not None), len(vectors))
        _, found = faiss.knn(queries, vectors, wanted, metric=faiss.METRIC_INNER_PRODUCT)
        asked = np.repeat(np.arange(len(queries)), wanted)
        return _unique(asked, found.ravel().astype(np.int64), k, own, len(vectors))
    parts = []
    for first in range(0, len(vectors), _BLOCK):
        asked, found = np.nonzero(queries @ vectors[first : first + _BLOCK].T >= threshold)
        parts.append(_unique(asked, found + first, None, own, len(vectors)))
    return np.unique(np.concatenate(parts))


def _unique(
    asked: npt.NDArray[np.int64],
    found: npt.NDArray[np.int64],
    k: int | None,
    own: npt.NDArray[np.int64] | None,
    n: int,
) -> npt.NDArray[np.int64]:
    if own is not None:
        asked, found = without_self(asked, found, own[asked] == found, k)
    return np.unique(asked * n + found)


def _copies(
    vectors: Vectors, threshold: float, rng: np.random.Generator
) -> tuple[Vectors, npt.NDArray[np.bool_]]:
    """Return copies at the threshold, and for which vectors one exists."""
    norm = np.linalg.norm(vectors, axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = threshold / (norm**2)
    kept = ((norm > 0) & (np.abs(cosine) < 1)).ravel()
    unit, cosine = vectors[kept] / norm[kept], cosine[kept]
    turn = rng.standard_normal(unit.shape)
    turn -= (turn * unit).sum(axis=1, keepdims=True) * unit
    turn /= np.maximum(np.linalg.norm(turn, axis=1, keepdims=True), 1e-12)
    copies = norm[kept] * (cosine * unit + np.sqrt(1 - cosine**2) * turn)
    return np.ascontiguousarray(copies, dtype=np.float32), kept


def _keys(
    index: faiss.Index,
    queries: Vectors,
    k: int | None,
    threshold: float | None,
    own: npt.NDArray[np.int64] | None,
    n: int,
) -> npt.NDArray[np.int64]:
    """Return answers as unique numbers: query * n + vector, without a vector's answer to itself."""
    asked, found = ask(index, queries, k if k is None else k + (own is not None), threshold)
    return _unique(asked, found, k, own, n)


def ask(
    index: faiss.Index, queries: Vectors, k: int | None, threshold: float | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return queries and the vectors found for each, as two columns."""
    if k is not None:
        _, found = index.search(queries, min(k, index.ntotal))
        asked = np.repeat(np.arange(len(queries)), found.shape[1])
        found = found.ravel()
        return asked[found >= 0], found[found >= 0].astype(np.int64)
    limits, _, found = index.range_search(queries, float(threshold or 0.0))
    ends = limits.astype(np.int64)
    sizes = ends[1:] - ends[:-1]
    return np.repeat(np.arange(len(queries)), sizes), found.astype(np.int64)


def without_self(
    asked: npt.NDArray[np.int64],
    found: npt.NDArray[np.int64],
    same: npt.NDArray[np.bool_],
    k: int | None,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Drop a vector's answer to itself; of k + 1 answers without it, drop the last."""
    if k is not None and len(asked):
        last = np.flatnonzero(np.append(asked[1:] != asked[:-1], True))
        first = np.append(0, last[:-1] + 1)
        found_itself = np.add.reduceat(same.astype(np.int64), first) > 0
        surplus = (last - first + 1 > k) & ~found_itself
        same = same.copy()
        same[last[surplus]] = True
    return asked[~same], found[~same]
