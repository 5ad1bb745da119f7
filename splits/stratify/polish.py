"""The last of a split: what nested divisions leave of rare classes in few artists' hands.

Where an artist holds a large part of a class, halving the archive twice cannot share that class
out: the first cut has decided too much. Here all partitions are looked at together. Groups move,
alone or two at a time, while the weighted squares of the share errors fall; then a class that is
far off is disturbed (some groups that hold it leave the partition that has too much of it, and stay
away until the rest has settled) and the search goes on from there, as iterated local search does
(Lourenço, Martin & Stützle 2003). The best is what has the smallest errors, large ones counting
most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

Vector = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

#: A share that is less than this off, rounding apart, is off by nothing that anybody notices.
ENOUGH: Final = 0.001
#: Errors are compared by the sum of this power: nearly by the largest, but no other is forgotten.
_POWER: Final = 4
_STARTS: Final = 5  # at random, beside the division that is there
_STEPS: Final = 70_000  # moves at most,
_A_GROUP: Final = 40  # and so many for each group,
_WORK: Final = 2_000_000_000  # and fewer where each is a product of many counts
_OF_A_START: Final = 9  # a part of them shows what a start is worth
_PATIENCE: Final = 300  # disturbances that lead nowhere
_AT_HAND: Final = 3_000  # groups whose likeness to each other is kept: 72 MB
_DISTURBED: Final = 3  # groups moved at most
_POOL: Final = 100  # groups considered for two moves at once
_NOTHING: Final = -1e-12  # a gain that is rounding noise


@dataclass
class _Hand:
    """A division under way.

    Attributes
    ----------
    places
        Where each group is.
    residual : [shape=(n_partitions, n_columns)]
        How far each partition is off.
    pull : [shape=(n_groups, n_partitions)]
        Weighted product of each group's counts with what a partition has too much.
    """

    places: Places
    residual: npt.NDArray[np.float64]
    pull: npt.NDArray[np.float64]

    def copy(self) -> _Hand:
        return _Hand(self.places.copy(), self.residual.copy(), self.pull.copy())


class _Table:
    """Counts, targets and what is known of them."""

    def __init__(
        self,
        counts: sparse.csr_array,
        shares: Vector,
        weights: Vector,
        free: npt.NDArray[np.bool_],
    ) -> None:
        self.counts = counts
        self.weights = weights
        self.own = counts.multiply(counts) @ weights
        self.weighted = counts.multiply(weights[None, :]).tocsr()
        self.alike: npt.NDArray[np.float64] | None = None
        n_groups = counts.shape[0]
        if n_groups <= _AT_HAND:
            self.alike = (self.weighted @ counts.T).toarray()
        total = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
        self.target = shares[:, None] * total
        self.total = np.maximum(total, 1.0)
        self.free = free
        each = n_groups if self.alike is not None else counts.nnz
        self.steps = self.most = min(_STEPS, _A_GROUP * n_groups, int(_WORK // max(each, 1)))
        self.patience = min(_PATIENCE, n_groups)

    def begin(self, places: Places) -> _Hand:
        member = sparse.csr_array(
            (np.ones(len(places)), (places, np.arange(len(places)))),
            shape=(len(self.target), len(places)),
        )
        residual = (member @ self.counts).toarray() - self.target
        return _Hand(places.copy(), residual, self.counts @ (self.weights * residual).T)

    def errors(self, hand: _Hand) -> npt.NDArray[np.float64]:
        """Return by how much of a class each partition is off, beyond what rounding does."""
        return np.maximum(np.abs(hand.residual) - 0.5, 0.0) / self.total

    def badness(self, hand: _Hand) -> float:
        """Return what is to be small: errors, and large ones above all."""
        return float((self.errors(hand) ** _POWER).sum())

    def likeness(self, group: int) -> Vector:
        """Return the weighted product of a group's counts with every group's."""
        if self.alike is not None:
            kept: Vector = self.alike[group]
            return kept
        return np.asarray(self.counts @ self.weighted[[group]].toarray().ravel())

    def move(self, hand: _Hand, group: int, partition: int) -> None:
        begin, end = self.counts.indptr[group], self.counts.indptr[group + 1]
        columns, counts = self.counts.indices[begin:end], self.counts.data[begin:end]
        alike, here = self.likeness(group), hand.places[group]
        hand.residual[here, columns] -= counts
        hand.residual[partition, columns] += counts
        hand.pull[:, here] -= alike
        hand.pull[:, partition] += alike
        hand.places[group] = partition

    def settle(self, hand: _Hand, held: npt.NDArray[np.int64], *, by_two: bool) -> None:
        """Move groups while that lowers the squares; `held` ones stay."""
        n_groups, n_parts = len(hand.places), len(self.target)
        rows = np.arange(n_groups)
        while self.steps > 0:
            self.steps -= 1
            pull = hand.pull
            cost = 2.0 * (pull - pull[rows, hand.places][:, None] + self.own[:, None])
            cost[rows, hand.places] = np.inf
            cost[~self.free] = np.inf
            cost[held] = np.inf
            group, partition = divmod(int(cost.argmin()), n_parts)
            if cost[group, partition] < _NOTHING:
                self.move(hand, group, partition)
                continue
            moves = self._two(hand, cost) if by_two else []
            if not moves:
                return
            for group, partition in moves:
                self.move(hand, group, partition)

    def _two(self, hand: _Hand, cost: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
        """Return the two moves that together lower the squares most, or nothing."""
        cheapest = cost.min(axis=1)
        pool = np.argsort(cheapest, kind="stable")[:_POOL]
        pool = pool[np.isfinite(cheapest[pool])]
        if len(pool) < 2:
            return []
        if self.alike is not None:
            alike = 2.0 * self.alike[np.ix_(pool, pool)]
        else:
            alike = 2.0 * (self.weighted[pool] @ self.counts[pool].T).toarray()
        here = hand.places[pool]
        parts = np.arange(len(self.target))
        leaves = (here[:, None] == here[None, :]).astype(np.float64)  # the same partition
        enters = (here[None, :] == parts[:, None]).astype(np.float64)  # [partition, group]
        best, moves = _NOTHING, []
        for one in parts:
            for other in parts:
                meets = enters[other][:, None] + enters[one][None, :]
                shared = leaves + float(one == other) - meets
                joint = cost[pool, one][:, None] + cost[pool, other][None, :] + alike * shared
                np.fill_diagonal(joint, np.inf)
                first, second = divmod(int(joint.argmin()), len(pool))
                if joint[first, second] < best:
                    best = float(joint[first, second])
                    moves = [(int(pool[first]), int(one)), (int(pool[second]), int(other))]
        return moves


def polish(
    counts: sparse.csr_array,
    shares: Vector,
    weights: Vector,
    fixed: npt.NDArray[np.int64],
    places: Places,
    *,
    rng: np.random.Generator,
) -> Places:
    """Share out better what a division left uneven.

    Parameters
    ----------
    counts : scipy.sparse.csr_array [shape=(n_groups, n_columns)]
        Non-negative whole numbers: what is to be shared out, and nothing else.
    shares : np.ndarray [shape=(n_partitions,)]
        Wanted share of each column.
    weights : np.ndarray [shape=(n_columns,)]
        Of the squared errors.
    fixed : np.ndarray [shape=(n_groups,), dtype=int64]
        The partition that a group must keep, or -1.
    places : np.ndarray [shape=(n_groups,), dtype=int64]
        The division to begin with.
    rng : np.random.Generator
        Chooses what is disturbed.

    Returns
    -------
    np.ndarray [shape=(n_groups,), dtype=int64]
        As good as `places`, or better: the sum over columns and partitions of the fourth power of
        what a share is off, rounding apart, is not larger. `places` where no share is `ENOUGH` off.
    """
    table = _Table(counts, shares, weights, fixed < 0)
    best = table.begin(places)
    if table.errors(best).max() <= ENOUGH:
        return places
    # A division has put the large groups where they stay. By chance they may lie better: a few
    # starts show soon which, and the best of them goes on.
    for attempt in range(_STARTS + 1):
        start = places
        if attempt < _STARTS:
            start = np.where(fixed < 0, rng.choice(len(shares), len(places), p=shares), fixed)
        table.steps = table.most // _OF_A_START
        found = _search(table, table.begin(start), rng)
        if table.badness(found) < table.badness(best):
            best = found
    table.steps = table.most
    return _search(table, best, rng).places


def _search(table: _Table, begun: _Hand, rng: np.random.Generator) -> _Hand:
    """Return the best of what follows from a division by settling and disturbing."""
    nobody = np.empty(0, dtype=np.int64)
    best = begun.copy()
    table.settle(best, nobody, by_two=True)
    least, waited = table.badness(best), 0
    while table.steps > 0 and waited < table.patience and table.errors(best).max() > ENOUGH:
        hand = best.copy()
        disturbed = _disturb(table, hand, rng)
        waited += 1
        if not len(disturbed):
            continue
        table.settle(hand, disturbed, by_two=False)
        table.settle(hand, nobody, by_two=True)
        found = table.badness(hand)
        if found < least:
            # Begun anew: sums that are added to for long drift.
            best, least, waited = table.begin(hand.places), found, 0
    return best


def _disturb(table: _Table, hand: _Hand, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Move some groups that hold a class, chosen by its error, out of where it is too common."""
    off = (np.abs(hand.residual) / table.total).max(axis=0) ** 2
    column = int(rng.choice(len(off), p=off / off.sum()))
    crowded = int(hand.residual[:, column].argmax())
    holds = table.counts[:, [column]].toarray().ravel() > 0
    able = np.flatnonzero(holds & table.free & (hand.places == crowded))
    if not len(able):
        return able
    number = min(len(able), int(rng.integers(1, _DISTURBED + 1)))
    chosen = rng.choice(able, number, replace=False)
    n_parts = len(table.target)
    for group in chosen:
        away = (crowded + int(rng.integers(1, n_parts))) % n_parts
        table.move(hand, int(group), away)
    return chosen
