"""Pairs of similar vectors: exact while that is cheap, approximate with measured recall above.

Similarity is the inner product; hand in unit vectors for cosine. Flat search compares all pairs;
inverted lists (IVF) look only into the cells nearest to a query. HNSW is not offered: in
faiss-cpu 1.15.1 its inner-product `range_search` aborts the process.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import faiss
import numpy as np
import numpy.typing as npt

from consonance.errors import ParameterError, StateError

Vectors = npt.NDArray[np.float32]
Pairs = npt.NDArray[np.int64]

#: Below this many vectors all pairs of 128 dimensions take under a minute of one core.
EXACT_BELOW: Final = 50_000
RECALL_WANTED: Final = 0.99
MAX_PAIRS: Final = 20_000_000  # 480 MB of results; more means that the threshold says nothing

_BLOCK: Final = 4_096  # queries handed to FAISS at once: bounds the size of one answer
_SAMPLE: Final = 1_000  # queries on which recall is measured
_TRAIN_PER_LIST: Final = 40  # vectors a cell to train on; FAISS warns below 39
# FAISS sums in float32 and in an order that depends on the block, so a pair at the threshold may
# fall to either side. It is asked for slightly more, and the pairs are scored again in float64.
_MARGIN: Final = 1e-4


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Similar pairs.

    Attributes
    ----------
    pairs : np.ndarray [shape=(m, 2), dtype=int64]
        From `search`: rows i < j, sorted, no pair twice. From `search_between`: (query, vector).
    similarity : np.ndarray [shape=(m,), dtype=float64]
        Inner product of each pair.
    exact : bool
        Whether all pairs were compared.
    recall : float
        Share of the exact answer that was found, measured on a sample; 1.0 when exact.
    lists, probes : int
        Cells of the index and how many of them a query looks into; 0 when exact.
    """

    pairs: Pairs
    similarity: npt.NDArray[np.float64]
    exact: bool
    recall: float
    lists: int = 0
    probes: int = 0


def search(
    vectors: npt.ArrayLike,
    *,
    k: int | None = None,
    threshold: float | None = None,
    threads: int = 1,
    exact_below: int = EXACT_BELOW,
    seed: int = 0,
    max_pairs: int = MAX_PAIRS,
) -> Neighbours:
    """Find similar pairs within one set of vectors.

    Parameters
    ----------
    vectors : array_like of float32 [shape=(n, d)]
        Finite; unit length for cosine similarity.
    k : int, optional
        Each vector's k nearest others. Exactly one of `k` and `threshold` must be given.
    threshold : float, optional
        All pairs at least this similar.
    threads : int
        Threads FAISS may use; set for this call only.
    exact_below : int
        Number of vectors from which inverted lists are used.
    seed : int
        Of the cells' training and of the sample on which recall is measured.
    max_pairs : int
        With `threshold`: give up above this many pairs.

    Returns
    -------
    Neighbours
        Pairs i < j.

    Raises
    ------
    ParameterError
        If an argument is out of range or a value is not finite.
    StateError
        If more than `max_pairs` pairs reach the threshold.
    """
    array = _checked(vectors, "vectors")
    return _search(array, None, k, threshold, threads, exact_below, seed, max_pairs)


def search_between(
    queries: npt.ArrayLike,
    vectors: npt.ArrayLike,
    *,
    k: int | None = None,
    threshold: float | None = None,
    threads: int = 1,
    exact_below: int = EXACT_BELOW,
    seed: int = 0,
    max_pairs: int = MAX_PAIRS,
) -> Neighbours:
    """Find similar pairs of a query and a vector; parameters as in `search`.

    Parameters
    ----------
    queries : array_like of float32 [shape=(q, d)]
        What is looked for.
    vectors : array_like of float32 [shape=(n, d)]
        Where it is looked for; their number decides between exact and approximate.
    k, threshold, threads, exact_below, seed, max_pairs
        As in `search`.

    Returns
    -------
    Neighbours
        Pairs (query, vector), sorted.

    Raises
    ------
    ParameterError
        As in `search`, or if the dimensions differ.
    StateError
        As in `search`.
    """
    array, asked = _checked(vectors, "vectors"), _checked(queries, "queries")
    if array.shape[1] != asked.shape[1]:
        raise ParameterError(
            f"Queries have {asked.shape[1]} dimensions and vectors {array.shape[1]}: use the same."
        )
    return _search(array, asked, k, threshold, threads, exact_below, seed, max_pairs)


def _search(
    vectors: Vectors,
    queries: Vectors | None,
    k: int | None,
    threshold: float | None,
    threads: int,
    exact_below: int,
    seed: int,
    max_pairs: int,
) -> Neighbours:
    if (k is None) == (threshold is None):
        raise ParameterError("Give either k or a threshold, and not both.")
    if k is not None and k < 1:
        raise ParameterError(f"k is {k}: use 1 or more.")
    if threshold is not None and not np.isfinite(threshold):
        raise ParameterError(f"The threshold is {threshold}: use a number.")
    if threads < 1:
        raise ParameterError(f"threads is {threads}: use 1 or more.")
    asked = vectors if queries is None else queries
    if len(vectors) == 0 or len(asked) == 0:
        empty = np.zeros((0, 2), dtype=np.int64)
        return Neighbours(pairs=empty, similarity=np.zeros(0), exact=True, recall=1.0)
    with _threads(threads):
        lists = probes = 0
        recall = 1.0
        if len(vectors) < max(exact_below, 1):
            index = _flat(vectors)
        else:
            index = _inverted(vectors, seed)
            recall = _tune(index, vectors, asked, k, threshold, queries is None, seed)
            lists, probes = int(index.nlist), int(index.nprobe)
        found = _answers(index, asked, k, threshold, queries is None, len(vectors), max_pairs)
    pairs, similarity = _finish(found, vectors, asked, threshold, within=queries is None)
    return Neighbours(
        pairs=pairs,
        similarity=similarity,
        exact=lists == 0,
        recall=recall,
        lists=lists,
        probes=probes,
    )


def _checked(vectors: npt.ArrayLike, name: str) -> Vectors:
    array = np.ascontiguousarray(vectors, dtype=np.float32)
    if array.ndim != 2 or array.shape[1] == 0:
        raise ParameterError(f"{name} must have the shape (n, d), not {array.shape}.")
    if not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
        raise ParameterError(f"Row {row} of {name} is not finite: leave it out.")
    return array


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Set FAISS's global thread count for a while."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _flat(vectors: Vectors) -> faiss.Index:
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return index


def _inverted(vectors: Vectors, seed: int) -> faiss.IndexIVFFlat:
    """Return inverted lists with 4 sqrt(n) cells, trained on a seeded sample."""
    n, d = vectors.shape
    lists = int(max(1, min(4 * np.sqrt(n), n // _TRAIN_PER_LIST)))
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(d), d, lists, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed = seed & 0x7FFFFFFF
    chosen = np.random.default_rng(seed).permutation(n)[: lists * _TRAIN_PER_LIST]
    index.train(vectors[np.sort(chosen)])
    index.add(vectors)
    return index


def _tune(
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
    the hardest pairs there are.
    """
    rng = np.random.default_rng([seed, 1])
    chosen = np.sort(rng.permutation(len(queries))[:_SAMPLE])
    sample, flat = queries[chosen], _flat(vectors)
    planted, origin = sample[:0], chosen[:0]
    if threshold is not None:
        origin = np.sort(rng.permutation(len(vectors))[:_SAMPLE])
        planted, kept = _copies(vectors[origin], threshold, rng)
        origin = origin[kept]
    want = _keys(flat, sample, k, threshold, chosen if within else None, len(vectors))
    probes = 4
    while True:
        index.nprobe = min(probes, index.nlist)
        have = _keys(index, sample, k, threshold, chosen if within else None, len(vectors))
        hits, total = len(np.intersect1d(want, have, assume_unique=True)), len(want)
        if len(planted):
            floor = None if threshold is None else threshold - _MARGIN
            returned = _keys(index, planted, None, floor, None, len(vectors))
            hits += int(np.isin(np.arange(len(planted)) * len(vectors) + origin, returned).sum())
            total += len(planted)
        recall = 1.0 if total == 0 else hits / total
        if recall >= RECALL_WANTED or index.nprobe == index.nlist:
            return float(recall)
        probes *= 2


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
    asked, found = _ask(index, queries, k if k is None else k + (own is not None), threshold)
    if own is not None:
        asked, found = _without_self(asked, found, own[asked] == found, k)
    return np.unique(asked * n + found)


def _answers(
    index: faiss.Index,
    queries: Vectors,
    k: int | None,
    threshold: float | None,
    within: bool,
    n: int,
    max_pairs: int,
) -> Pairs:
    """Ask block by block; within one set each pair is kept once, as i < j."""
    blocks: list[npt.NDArray[np.int64]] = []
    n_pairs = 0
    floor = None if threshold is None else threshold - _MARGIN
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK]
        asked, found = _ask(index, block, k if k is None else k + within, floor)
        asked = asked + start
        if within:
            asked, found = _without_self(asked, found, asked == found, k)
            # IVF may see a pair from one side only: keep both, and drop doubles at the end.
            asked, found = np.minimum(asked, found), np.maximum(asked, found)
        blocks.append(np.unique(asked * n + found))  # one number a pair: much faster to sort
        n_pairs += len(blocks[-1])
        if threshold is not None and n_pairs > 2 * max_pairs:
            raise StateError(
                f"More than {max_pairs} pairs reach the similarity {threshold:g}: raise the "
                "threshold, or leave out clips that are alike on purpose (silence, test tones)."
            )
    return np.column_stack(np.divmod(np.unique(np.concatenate(blocks)), n))


def _ask(
    index: faiss.Index, queries: Vectors, k: int | None, threshold: float | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    if k is not None:
        _, found = index.search(queries, min(k, index.ntotal))
        asked = np.repeat(np.arange(len(queries)), found.shape[1])
        found = found.ravel()
        return asked[found >= 0], found[found >= 0].astype(np.int64)
    limits, _, found = index.range_search(queries, float(threshold or 0.0))
    ends = limits.astype(np.int64)
    sizes = ends[1:] - ends[:-1]
    return np.repeat(np.arange(len(queries)), sizes), found.astype(np.int64)


def _without_self(
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


def _finish(
    pairs: Pairs, vectors: Vectors, queries: Vectors, threshold: float | None, *, within: bool
) -> tuple[Pairs, npt.NDArray[np.float64]]:
    """Score pairs in float64 and hold them to the threshold."""
    similarity = np.empty(len(pairs))
    for start in range(0, len(pairs), 65_536):
        part = pairs[start : start + 65_536]
        left = (vectors if within else queries)[part[:, 0]].astype(np.float64)
        similarity[start : start + 65_536] = np.einsum(
            "ij,ij->i", left, vectors[part[:, 1]].astype(np.float64)
        )
    if threshold is not None:
        keep = similarity >= threshold
        pairs, similarity = pairs[keep], similarity[keep]
    return pairs, similarity
