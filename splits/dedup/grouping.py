"""Groups of duplicates: connected components, guarded against chains of doubtful edges."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

Pairs = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def components(n: int, pairs: Pairs) -> npt.NDArray[np.int64]:
    """Return the component of each of n nodes, numbered by first member.

    Parameters
    ----------
    n : int
        Number of nodes.
    pairs : np.ndarray [shape=(m, 2), dtype=int64]
        Edges.
    """
    graph = sparse.coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    return numbered_by_first_member(label)


def numbered_by_first_member(label: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return labels renamed to 0, 1, 2 ... in the order in which they first appear."""
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    result: npt.NDArray[np.int64] = rank[inverse]
    return result


def guard_against_chains(
    n: int, pairs: Pairs, strength: npt.NDArray[np.float64], verified: Mask, max_group: int
) -> Mask:
    """Return which edges stay when doubtful ones may not make a group too large.

    Single linkage chains: with enough doubtful edges everything hangs together, and a group that
    may not be divided would swallow a partition.

    Parameters
    ----------
    n : int
        Number of nodes.
    pairs : np.ndarray [shape=(m, 2), dtype=int64]
        Edges.
    strength : np.ndarray [shape=(m,)]
        By which doubtful edges are taken, strongest first.
    verified : np.ndarray [shape=(m,), dtype=bool]
        These always stay.
    max_group : int
        Largest group that a doubtful edge may make.
    """
    stays = np.ones(len(pairs), dtype=np.bool_)
    if not len(pairs) or np.bincount(components(n, pairs)).max() <= max_group:
        return stays
    root = components(n, pairs[verified]).tolist()
    size = np.bincount(root, minlength=n).tolist()
    parent = list(range(n))

    def find(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    doubtful = np.flatnonzero(~verified)
    # Ties are broken by the pair, so that the order of the edges does not matter.
    keys = (pairs[doubtful, 1], pairs[doubtful, 0], -strength[doubtful])
    for edge in doubtful[np.lexsort(keys)].tolist():
        one, two = (find(root[int(node)]) for node in pairs[edge])
        if one == two:
            continue
        if size[one] + size[two] > max_group:
            stays[edge] = False
            continue
        parent[two] = one
        size[one] += size[two]
    return stays


def weakest_edges(
    group: npt.NDArray[np.int64], pairs: Pairs, strength: npt.NDArray[np.float64]
) -> dict[int, int]:
    """Return, for each group with an edge, the index of its weakest one."""
    weakest: dict[int, int] = {}
    for edge in np.argsort(strength, kind="stable").tolist():
        one, two = pairs[edge]
        if group[one] == group[two]:
            weakest.setdefault(int(group[one]), edge)
    return weakest


def surplus(n: int, pairs: Pairs, verified: Mask) -> Mask:
    """Return which nodes may be dropped, because a kept one is verified to be the same.

    Nodes are taken in order; a node is dropped if a verified edge leads *directly* to one that was
    kept. A chain of edges is not enough: its ends need not be the same.
    """
    neighbours: dict[int, list[int]] = {}
    for one, two in pairs[verified].tolist():
        neighbours.setdefault(max(one, two), []).append(min(one, two))
    dropped = np.zeros(n, dtype=np.bool_)
    for node in sorted(neighbours):
        dropped[node] = any(not dropped[other] for other in neighbours[node])
    return dropped
