from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from splits.dedup.grouping import components, guard_against_chains, surplus, weakest_edges


@st.composite
def graphs(draw: st.DrawFn):
    n = draw(st.integers(1, 20))
    pairs = draw(
        st.sets(
            st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] < p[1]),
            max_size=30,
        )
    )
    listed = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    verified = np.array(
        draw(st.lists(st.booleans(), min_size=len(listed), max_size=len(listed))), dtype=bool
    )
    strength = np.array(
        draw(
            st.lists(
                st.sampled_from([0.0, 1.0, 2.5, 7.0]), min_size=len(listed), max_size=len(listed)
            )
        )
    )
    return n, listed, verified, strength


def none() -> np.ndarray:
    return np.zeros((0, 2), dtype=np.int64)


def test_components_are_numbered_by_their_first_member():
    pairs = np.array([[3, 4], [1, 5], [4, 5]])
    assert components(6, pairs).tolist() == [0, 1, 2, 1, 1, 1]
    assert components(3, none()).tolist() == [0, 1, 2]


@given(graphs())
def test_every_edge_lies_within_one_component(graph):
    n, pairs, _, _ = graph
    group = components(n, pairs)
    assert (group[pairs[:, 0]] == group[pairs[:, 1]]).all()
    assert group[0] == 0


@given(graphs(), st.integers(2, 6))
def test_doubtful_edges_never_make_a_group_larger_than_allowed(graph, max_group):
    n, pairs, verified, strength = graph
    stays = guard_against_chains(n, pairs, strength, verified, max_group)
    assert stays[verified].all()
    sizes = np.bincount(components(n, pairs[stays]))
    by_verified = np.bincount(components(n, pairs[verified]))
    assert sizes.max() <= max(max_group, by_verified.max())


def test_a_chain_of_doubtful_edges_is_cut_at_its_weakest():
    pairs = np.array([[0, 1], [1, 2], [2, 3], [3, 4]])
    strength = np.array([5.0, 4.0, 1.0, 3.0])
    stays = guard_against_chains(5, pairs, strength, np.zeros(4, dtype=bool), 3)
    assert stays.tolist() == [True, True, False, True]


def test_verified_edges_are_never_cut():
    pairs = np.array([[0, 1], [1, 2], [2, 3]])
    stays = guard_against_chains(4, pairs, np.zeros(3), np.ones(3, dtype=bool), 2)
    assert stays.all()


@given(graphs())
def test_whatever_is_dropped_has_a_kept_twin_and_no_two_twins_are_kept(graph):
    n, pairs, verified, _ = graph
    dropped = surplus(n, pairs, verified)
    twins = {tuple(pair) for pair in pairs[verified].tolist()}
    for node in np.flatnonzero(dropped):
        assert any(
            (min(node, other), max(node, other)) in twins and not dropped[other]
            for other in range(n)
            if other != node
        )
    for one, two in twins:
        assert dropped[one] or dropped[two]


def test_the_end_of_a_chain_is_not_dropped_for_its_beginning():
    pairs = np.array([[0, 1], [1, 2]])
    assert surplus(3, pairs, np.ones(2, dtype=bool)).tolist() == [False, True, False]


def test_a_doubtful_edge_drops_nothing():
    assert not surplus(2, np.array([[0, 1]]), np.zeros(1, dtype=bool)).any()


def test_the_weakest_edge_of_each_group_is_told():
    pairs = np.array([[0, 1], [1, 2], [3, 4]])
    group = components(6, pairs)
    assert weakest_edges(group, pairs, np.array([3.0, 1.0, 2.0])) == {0: 1, 1: 2}
