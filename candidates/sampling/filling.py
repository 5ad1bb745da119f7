"""How many candidates each cell gets, and how many are expected of each recording.

A cell is a class and a region of its scores. All cells are solved at once, as a flow from cells
through recordings, album parts and artists. What is optimised, in this order:

1. The numbers of the cells. As many are filled as the caps let through, and of all ways to do so
   the one is taken that shares a shortage most evenly: the smallest filled share of a cell is as
   large as it can be, then the next smallest, and so on. (What cells can get together is a
   polymatroid, so the most even filling is also the largest.)
2. The expected number of each recording: as near to equal chances of a cell's excerpts as the caps
   allow, nearest by the Kullback-Leibler divergence, found by scaling rows and groups in turn
   (block coordinate ascent of the dual; I. Csiszár, Annals of Probability 3, 1975). The last
   2^-20 is settled by the flow, so that sums are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import maximum_flow

from candidates.sampling.caps import Tree

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Expected numbers are multiples of 2^-BITS.
BITS: Final = 20
_UNIT: Final = 1 << BITS
_CLOSE: Final = 1e-7  # a tenth of a unit: nearer than this, scaling changes nothing
_ROUNDS: Final = 300
#: Scaling goes no further: what cannot be had makes factors grow without end.
_FURTHEST: Final = 1e12
_LARGEST: Final = 2**31 - 1  # that SciPy's flow can count to


@dataclass(frozen=True)
class Entries:
    """Excerpts of one recording in one cell, taken together.

    Ordered by artist, part, recording and cell, so that each group lies side by side.

    Parameters
    ----------
    cell, recording, size : np.ndarray [shape=(n,), dtype=int64]
        Which cell and recording, and how many excerpts.
    tree
        The caps.
    n_cells
        How many cells there are.
    """

    cell: Integers
    recording: Integers
    size: Integers
    tree: Tree
    n_cells: int

    @cached_property
    def part(self) -> Integers:
        """Album part of each entry."""
        return np.asarray(self.tree.part_of[self.recording])

    @cached_property
    def artist(self) -> Integers:
        """Artist of each entry."""
        return np.asarray(self.tree.artist_of[self.part])

    @cached_property
    def groups(self) -> list[tuple[Integers, Integers]]:
        """Number of each entry's recording, part and artist, counted from 0, and their caps."""
        found = []
        for code, cap in (
            (self.recording, self.tree.recording_cap),
            (self.part, self.tree.part_cap),
            (self.artist, self.tree.artist_cap),
        ):
            begins = np.append(True, code[1:] != code[:-1])[: code.size]
            number = np.cumsum(begins) - 1
            caps = cap[code[begins]] if isinstance(cap, np.ndarray) else np.full(begins.sum(), cap)
            found.append((number, np.asarray(caps, np.int64)))
        return found

    @property
    def most(self) -> Integers:
        """The most that one entry could give."""
        return np.minimum(self.size, self.groups[0][1][self.groups[0][0]])


def expected(entries: Entries, wanted: Integers, keys: Sequence[str]) -> tuple[Integers, Integers]:
    """Return how many each cell gets, and the expected number of each entry.

    Parameters
    ----------
    entries
        Where candidates may come from.
    wanted : np.ndarray [shape=(n_cells,), dtype=int64]
        How many each cell wants.
    keys
        Lasting names of the cells: what cannot be divided further goes to the first by name.

    Returns
    -------
    filled : np.ndarray [shape=(n_cells,), dtype=int64]
        At most `wanted`.
    units : np.ndarray [shape=(n,), dtype=int64]
        Expected number times 2^BITS; each cell's sum is exactly what it gets, and no cap is broken.
    """
    if not entries.cell.size or not wanted.any():
        return np.zeros_like(wanted), np.zeros(entries.cell.size, np.int64)
    possible = np.minimum(
        wanted,
        np.bincount(entries.cell, weights=entries.most, minlength=wanted.size).astype(np.int64),
    )
    even, close = _even(entries, possible)
    network = None
    if not close:
        network = _Network.over(entries)
        filled = _filled(network, possible, keys)
        if (filled != possible).any():
            possible = filled
            even, _ = _even(entries, possible)
    units = np.floor(even * _UNIT).astype(np.int64)
    units = _within(entries, units)
    missing = possible * _UNIT - _sums(entries.cell, units, wanted.size)
    units, missing = _spread(entries, units, missing)
    if missing.any():
        network = network or _Network.over(entries)
        units = network.completed(units, missing)
    return possible, units


def _even(entries: Entries, filled: Integers) -> tuple[Floats, bool]:
    """Return expected numbers that obey the caps, and whether the cells' sums are right, too."""
    size, cell = entries.size.astype(np.float64), entries.cell
    # Each entry is a group of its own, too: none can give more than it has.
    levels = [
        (np.arange(size.size), entries.most.astype(np.float64)),
        *((number, np.maximum(caps, 0.5)) for number, caps in entries.groups),
    ]
    factors = [np.ones(caps.size) for _, caps in levels]
    close = False
    for _ in range(_ROUNDS):
        x = size.copy()
        for (number, _), factor in zip(levels, factors, strict=True):
            x *= factor[number]
        scale = _ratio(filled, _sums(cell, x, filled.size))
        x *= np.where(filled > 0, np.minimum(scale, _FURTHEST), 0.0)[cell]
        worst = 0.0
        for level, (number, caps) in enumerate(levels):
            used = _ratio(_sums(number, x, caps.size), caps)
            worst = max(worst, float(used.max(initial=0.0)))
            new = np.clip(_ratio(factors[level], used), 1 / _FURTHEST, 1.0)
            x *= _ratio(new, factors[level])[number]
            factors[level] = new
        if worst <= 1 + _CLOSE:
            close = True
            break
        if scale.max(initial=0.0) >= _FURTHEST:
            break  # not to be had
    for number, caps in levels:
        x *= np.minimum(1.0, _ratio(caps, _sums(number, x, caps.size)))[number]
    x *= np.minimum(1.0, _ratio(filled, _sums(cell, x, filled.size)))[cell]
    return x, close


def _ratio(one: NDArray[Any], other: NDArray[Any]) -> Floats:
    """Return one / other, and 1 where both would be divided by nothing."""
    ratio: Floats = np.divide(one, other, out=np.ones(other.size), where=other > 0)
    return ratio


def _within(entries: Entries, units: Integers) -> Integers:
    """Take back what rounding errors put above a cap: a few units of some entries."""
    for number, caps in entries.groups:
        over = _sums(number, units, caps.size) - caps * _UNIT
        for group in np.flatnonzero(over > 0):
            members = np.flatnonzero(number == group)
            ends = np.cumsum(units[members])
            taken = np.clip(over[group] - (ends - units[members]), 0, units[members])
            units[members] -= taken
    return units


def _spread(entries: Entries, units: Integers, missing: Integers) -> tuple[Integers, Integers]:
    """Give the missing units to entries whose groups have room for all of them at once."""
    for _ in range(8):
        if not missing.any():
            break
        room = np.where(missing[entries.cell] > 0, entries.most * _UNIT - units, 0)
        for number, caps in entries.groups:
            free = caps * _UNIT - _sums(number, units, caps.size)
            takers = _sums(number, (room > 0).astype(np.int64), caps.size)
            room = np.minimum(room, (free // np.maximum(takers, 1))[number])
        order = np.argsort(entries.cell, kind="stable")
        # An even part for each entry first, so that no single one is favoured.
        n_entries = _sums(entries.cell, (room > 0).astype(np.int64), missing.size)
        part = -(-missing // np.maximum(n_entries, 1))
        room = np.minimum(room, part[entries.cell])[order]
        ends = np.cumsum(room)
        cells = entries.cell[order]
        first = np.flatnonzero(np.append(True, cells[1:] != cells[:-1]))
        before = np.zeros(missing.size, np.int64)
        before[cells[first]] = ends[first] - room[first]
        given = np.clip(missing[cells] - (ends - room - before[cells]), 0, room)
        if not given.any():
            break
        units[order] += given
        missing = missing - _sums(cells, given, missing.size)
    return units, missing


def _filled(network: _Network, wanted: Integers, keys: Sequence[str]) -> Integers:
    """Return the most even of the largest fillings."""
    if network.flow(wanted) == wanted.sum():
        return wanted
    filled = np.zeros_like(wanted)
    growing = wanted > 0
    by_name = sorted(range(wanted.size), key=lambda c: keys[c])
    while growing.any():
        low, high = 0.0, 1.0
        base = filled
        for _ in range(int(np.ceil(np.log2(wanted.max() + 1))) + 2):
            middle = (low + high) / 2
            tried = np.where(growing, np.maximum(base, _part(wanted, middle)), base)
            if network.flow(tried) == tried.sum():
                low, filled = middle, tried
            else:
                high = middle
        # One more for those that come next: who cannot have it never can.
        share = np.where(growing, (filled + 1) / np.maximum(wanted, 1), np.inf)
        for cell in by_name:
            if not growing[cell] or share[cell] > share.min() + 1e-12:
                continue
            more = filled.copy()
            more[cell] += 1
            if filled[cell] < wanted[cell] and network.flow(more) == more.sum():
                filled = more
            else:
                growing[cell] = False
        growing &= filled < wanted
    return filled


def _part(wanted: Integers, share: float) -> Integers:
    whole: Integers = np.floor(wanted * share + 1e-9).astype(np.int64)
    return whole


@dataclass
class _Network:
    """Source → cells → recordings → parts → artists → sink."""

    entries: Entries
    tail: Integers
    head: Integers
    capacity: Integers
    n_nodes: int

    @classmethod
    def over(cls, entries: Entries) -> _Network:
        (record, record_cap), (part, part_cap), (artist, artist_cap) = entries.groups
        at_record = 2 + entries.n_cells
        at_part = at_record + record_cap.size
        at_artist = at_part + part_cap.size
        cells = 2 + np.arange(entries.n_cells)
        first_record = np.flatnonzero(np.diff(record, prepend=-1))
        first_part = np.flatnonzero(np.diff(part, prepend=-1))
        tail = [
            np.zeros(entries.n_cells, np.int64),
            2 + entries.cell,
            at_record + np.arange(record_cap.size),
            at_part + np.arange(part_cap.size),
            at_artist + np.arange(artist_cap.size),
        ]
        head = [
            cells,
            at_record + record,
            at_part + part[first_record],
            at_artist + artist[first_part],
            np.ones(artist_cap.size, np.int64),
        ]
        capacity = [
            np.zeros(entries.n_cells, np.int64), entries.most, record_cap, part_cap, artist_cap,
        ]  # fmt: skip
        return cls(
            entries=entries,
            tail=np.concatenate(tail),
            head=np.concatenate(head),
            capacity=np.concatenate(capacity),
            n_nodes=at_artist + artist_cap.size,
        )

    def flow(self, wanted: Integers) -> int:
        """Return how much of what the cells want comes through."""
        capacity = self.capacity.copy()
        capacity[: wanted.size] = wanted
        return int(maximum_flow(self._graph(self.tail, self.head, capacity), 0, 1).flow_value)

    def completed(self, units: Integers, missing: Integers) -> Integers:
        """Send missing units through what is left of the capacities, moving others if need be."""
        n_cells, n = missing.size, units.size
        used = np.concatenate(
            [np.zeros(n_cells, np.int64), units]
            + [_sums(number, units, caps.size) for number, caps in self.entries.groups]
        )
        left = missing.copy()
        while left.any():
            step = np.minimum(left, _LARGEST // (2 * n_cells))
            room = np.minimum(self.capacity * _UNIT - used, _LARGEST // 2)
            room[:n_cells] = step
            back = np.minimum(used, _LARGEST // 2)
            graph = self._graph(
                np.append(self.tail, self.head), np.append(self.head, self.tail),
                np.append(room, back),
            )  # fmt: skip
            found = maximum_flow(graph, 0, 1)
            if not found.flow_value:
                break
            sent = np.asarray(found.flow[self.tail, self.head]).reshape(-1).astype(np.int64)
            left -= sent[:n_cells]
            used += sent
        return used[n_cells : n_cells + n]

    def _graph(self, tail: Integers, head: Integers, capacity: Integers) -> csr_array:
        shape = (self.n_nodes, self.n_nodes)
        return coo_array((capacity.astype(np.int32), (tail, head)), shape=shape).tocsr()


def _sums(group: Integers, values: NDArray[Any], n: int) -> NDArray[Any]:
    """Return the sums of groups; whole numbers stay exact below 2^53."""
    total = np.bincount(group, weights=values, minlength=n)
    return total.astype(np.int64) if values.dtype.kind == "i" else total
