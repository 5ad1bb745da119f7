"""Pairs of similar vectors: exact while that is cheap, approximate with measured recall above.

Similarity is the inner product; hand in unit vectors for cosine. Flat search compares all pairs;
inverted lists (IVF) look only into the cells nearest to a query. HNSW is not offered: in
faiss-cpu 1.15.1 its inner-product `range_search` aborts the process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import faiss
import numpy as np
import numpy.typing as npt

from consonance.errors import ParameterError, StateError
from consonance.neighbours import indexes
from consonance.neighbours.indexes import EXACT_BELOW, MARGIN, Vectors

Pairs = npt.NDArray[np.int64]

MAX_PAIRS: Final = 20_000_000  # 480 MB of results; more means that the threshold says nothing

_BLOCK: Final = 4_096  # queries handed to FAISS at once: bounds the size of one answer


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
    index = StandingIndex(
        vectors, k=k, threshold=threshold, threads=threads, exact_below=exact_below, seed=seed
    )
    return index.search(max_pairs=max_pairs)


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
    index = StandingIndex(
        vectors, sample=queries, k=k, threshold=threshold, threads=threads,
        exact_below=exact_below, seed=seed,
    )  # fmt: skip
    return index.search(queries, max_pairs=max_pairs)


class StandingIndex:
    """Vectors in which similar ones are looked for again and again: made and tuned once.

    Parameters
    ----------
    vectors : array_like of float32 [shape=(n, d)]
        Where it is looked; their number decides between exact and approximate.
    sample : array_like of float32 [shape=(q, d)], optional
        Queries such as will be asked, by which an approximate index is tuned; the vectors
        themselves by default, of which each then finds others than itself.
    k, threshold, threads, exact_below, seed
        As in `search`.

    Attributes
    ----------
    exact : bool
        Whether all pairs are compared.
    recall : float
        Share of the exact answer that was found on the sample; 1.0 when exact.
    lists, probes : int
        Cells of the index and how many of them a query looks into; 0 when exact.

    Raises
    ------
    ParameterError
        As `search`.
    """

    def __init__(
        self,
        vectors: npt.ArrayLike,
        *,
        sample: npt.ArrayLike | None = None,
        k: int | None = None,
        threshold: float | None = None,
        threads: int = 1,
        exact_below: int = EXACT_BELOW,
        seed: int = 0,
    ) -> None:
        if (k is None) == (threshold is None):
            raise ParameterError("Give either k or a threshold, and not both.")
        if k is not None and k < 1:
            raise ParameterError(f"k is {k}: use 1 or more.")
        if threshold is not None and not np.isfinite(threshold):
            raise ParameterError(f"The threshold is {threshold}: use a number.")
        if threads < 1:
            raise ParameterError(f"threads is {threads}: use 1 or more.")
        self._vectors = _checked(vectors, "vectors")
        self._k, self._threshold, self._threads = k, threshold, threads
        self._index: faiss.Index | None = None
        self.exact, self.recall, self.lists, self.probes = True, 1.0, 0, 0
        asked = self._vectors if sample is None else self._asked(sample)
        if not len(self._vectors) or not len(asked):
            return
        with indexes.threads(threads):
            if len(self._vectors) < max(exact_below, 1):
                self._index = indexes.flat(self._vectors)
                return
            index = indexes.inverted(self._vectors, seed)
            self.exact = False
            self.recall = indexes.tune(
                index, self._vectors, asked, k, threshold, sample is None, seed
            )
            self.lists, self.probes = int(index.nlist), int(index.nprobe)
            self._index = index

    def search(
        self, queries: npt.ArrayLike | None = None, *, max_pairs: int = MAX_PAIRS
    ) -> Neighbours:
        """Return pairs (query, vector); without queries, pairs i < j of the vectors themselves.

        Raises
        ------
        ParameterError
            If the queries have another dimension, or a value that is not finite.
        StateError
            If more than `max_pairs` pairs reach the threshold.
        """
        within = queries is None
        asked = self._vectors if queries is None else self._asked(queries)
        pairs, similarity = np.zeros((0, 2), dtype=np.int64), np.zeros(0)
        if self._index is not None and len(asked):
            with indexes.threads(self._threads):
                found = _answers(
                    self._index, asked, self._k, self._threshold, within, len(self._vectors),
                    max_pairs,
                )  # fmt: skip
            pairs, similarity = _finish(found, self._vectors, asked, self._threshold, within=within)
        return Neighbours(
            pairs=pairs,
            similarity=similarity,
            exact=self.exact,
            recall=self.recall,
            lists=self.lists,
            probes=self.probes,
        )

    def _asked(self, queries: npt.ArrayLike) -> Vectors:
        asked = _checked(queries, "queries")
        if asked.shape[1] != self._vectors.shape[1]:
            raise ParameterError(
                f"Queries have {asked.shape[1]} dimensions and vectors "
                f"{self._vectors.shape[1]}: use the same."
            )
        return asked


def _checked(vectors: npt.ArrayLike, name: str) -> Vectors:
    array = np.ascontiguousarray(vectors, dtype=np.float32)
    if array.ndim != 2 or array.shape[1] == 0:
        raise ParameterError(f"{name} must have the shape (n, d), not {array.shape}.")
    if not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
        raise ParameterError(f"Row {row} of {name} is not finite: leave it out.")
    return array


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
    floor = None if threshold is None else threshold - MARGIN
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK]
        asked, found = indexes.ask(index, block, k if k is None else k + within, floor)
        asked = asked + start
        if within:
            asked, found = indexes.without_self(asked, found, asked == found, k)
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
