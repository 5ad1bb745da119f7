from __future__ import annotations

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consonance.errors import ParameterError, StateError
from consonance.neighbours import search, search_between


def unit(n: int, d: int = 32, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((n, d))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def with_copies(n: int, copies: int, cosine: float, seed: int = 0, d: int = 32) -> np.ndarray:
    """Append copies of the first vectors, turned to the given cosine."""
    vectors = unit(n, d, seed)
    away = unit(copies, d, seed + 1).astype(np.float64)
    first = vectors[:copies].astype(np.float64)
    away -= (away * first).sum(axis=1, keepdims=True) * first
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    turned = cosine * first + np.sqrt(1 - cosine**2) * away
    return np.vstack([vectors, turned.astype(np.float32)])


def all_pairs(vectors: np.ndarray, threshold: float) -> set[tuple[int, int]]:
    similarity = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    first, second = np.nonzero(np.triu(similarity >= threshold, k=1))
    return set(zip(first.tolist(), second.tolist(), strict=True))


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 60), st.integers(2, 6), st.floats(-0.5, 0.95), st.integers(0, 9))
def test_exact_search_finds_every_pair_once_and_in_order(n, d, threshold, seed):
    vectors = unit(n, d, seed)
    found = search(vectors, threshold=threshold)
    assert found.exact
    assert found.recall == 1.0
    assert (found.pairs[:, 0] < found.pairs[:, 1]).all()
    assert len(np.unique(found.pairs, axis=0)) == len(found.pairs)
    assert {tuple(pair) for pair in found.pairs.tolist()} == all_pairs(vectors, threshold)


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 40), st.integers(1, 50), st.integers(0, 5))
def test_nearest_neighbours_are_those_of_a_full_sort(n, k, seed):
    vectors = unit(n, 8, seed)
    similarity = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    np.fill_diagonal(similarity, -np.inf)
    nearest = np.argsort(-similarity, axis=1)[:, : min(k, n - 1)]
    want = {tuple(sorted((i, int(j)))) for i in range(n) for j in nearest[i]}
    found = search(vectors, k=k)
    assert {tuple(pair) for pair in found.pairs.tolist()} == want


def test_many_identical_vectors_do_not_hide_each_other():
    vectors = np.repeat(unit(1, 8), 30, axis=0)
    found = search(vectors, k=3)
    linked = np.bincount(found.pairs.ravel(), minlength=30)
    assert (linked >= 3).all()
    assert len(search(vectors, threshold=0.99).pairs) == 30 * 29 // 2


def test_approximate_search_finds_planted_copies_and_measures_its_recall():
    vectors = with_copies(12_000, 200, 0.93)
    found = search(vectors, threshold=0.9, exact_below=1_000)
    assert not found.exact
    assert found.lists > 100
    assert found.recall >= 0.99
    exact = search(vectors, threshold=0.9)
    shared = set(map(tuple, found.pairs.tolist())) & set(map(tuple, exact.pairs.tolist()))
    assert len(shared) >= 0.98 * len(exact.pairs)
    assert len(exact.pairs) >= 200


def test_a_lower_threshold_needs_more_probes():
    vectors = unit(6_000, 32)
    high = search(vectors, threshold=0.97, exact_below=1_000)
    low = search(vectors, threshold=0.7, exact_below=1_000)
    assert low.probes > high.probes


def test_recall_of_nearest_neighbours_is_measured_too():
    vectors = unit(4_000, 16)
    found = search(vectors, k=5, exact_below=1_000)
    exact = search(vectors, k=5)
    shared = set(map(tuple, found.pairs.tolist())) & set(map(tuple, exact.pairs.tolist()))
    assert found.recall >= 0.99
    assert len(shared) / len(exact.pairs) == pytest.approx(found.recall, abs=0.02)


@pytest.mark.parametrize("exact_below", [50_000, 500])
def test_the_same_input_gives_the_same_answer(exact_below):
    vectors = with_copies(3_000, 50, 0.95)
    first = search(vectors, threshold=0.9, exact_below=exact_below, seed=4)
    second = search(vectors, threshold=0.9, exact_below=exact_below, seed=4)
    assert np.array_equal(first.pairs, second.pairs)
    assert np.array_equal(first.similarity, second.similarity)
    assert first.recall == second.recall


def test_similarities_are_scored_in_double_precision_and_hold_the_threshold():
    vectors = with_copies(500, 100, 0.9)
    found = search(vectors, threshold=0.9)
    left, right = vectors[found.pairs[:, 0]].astype(float), vectors[found.pairs[:, 1]].astype(float)
    assert np.allclose(found.similarity, (left * right).sum(axis=1), atol=1e-12)
    assert (found.similarity >= 0.9).all()


def test_queries_are_answered_with_vectors_of_the_other_set():
    vectors = unit(300, 16)
    queries = vectors[[7, 250, 7]]
    found = search_between(queries, vectors, threshold=0.999)
    assert found.pairs.tolist() == [[0, 7], [1, 250], [2, 7]]
    nearest = search_between(queries, vectors, k=1)
    assert nearest.pairs.tolist() == [[0, 7], [1, 250], [2, 7]]


def test_the_thread_count_of_faiss_is_put_back():
    before = faiss.omp_get_max_threads()
    search(unit(10), threshold=0.5, threads=1)
    assert faiss.omp_get_max_threads() == before


def test_nothing_among_nothing_is_nothing():
    found = search(np.zeros((0, 4)), threshold=0.5)
    assert found.pairs.shape == (0, 2)
    assert search(np.ones((1, 4)), k=3).pairs.shape == (0, 2)
    assert search_between(np.zeros((0, 4)), np.ones((3, 4)), k=1).pairs.shape == (0, 2)


def test_a_threshold_that_lets_everything_through_is_refused():
    with pytest.raises(StateError, match="raise the threshold"):
        search(np.ones((300, 4), np.float32), threshold=0.5, max_pairs=1_000)


@pytest.mark.parametrize(
    ("vectors", "options", "words"),
    [
        (np.ones((3, 2)), {}, "either k or a threshold"),
        (np.ones((3, 2)), {"k": 1, "threshold": 0.5}, "either k or a threshold"),
        (np.ones((3, 2)), {"k": 0}, "k is 0"),
        (np.ones((3, 2)), {"threshold": float("nan")}, "threshold is nan"),
        (np.ones((3, 2)), {"k": 1, "threads": 0}, "threads is 0"),
        (np.ones(3), {"k": 1}, "shape"),
        (np.ones((3, 0)), {"k": 1}, "shape"),
        (np.array([[1.0, 2.0], [np.inf, 0.0]]), {"k": 1}, "Row 1"),
    ],
)
def test_ill_formed_requests_are_refused(vectors, options, words):
    with pytest.raises(ParameterError, match=words):
        search(vectors, **options)


def test_other_dimensions_are_refused():
    with pytest.raises(ParameterError, match="dimensions"):
        search_between(np.ones((1, 3)), np.ones((2, 4)), k=1)
