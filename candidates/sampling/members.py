"""Which excerpts belong to each cell, and a random choice of them when they are many.

A cell is a class and a region of its quantiles. Equal scores at a bound are ordered by a hash, so
that a region holds exactly as many excerpts as its quantiles say. Of a cell with many more
excerpts than it wants, a fixed number is kept by simple random sampling; what is drawn from those
is a two-phase design, and the two probabilities multiply (C.-E. Särndal, B. Swensson, J. Wretman,
Model Assisted Survey Sampling, 1992, chapter 9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from candidates.sampling.chance import WHOLE, Hashes, hashes
from candidates.sampling.source import Batch, Ordered, Rows, Source
from candidates.sampling.strata import Region, Stratum, regions
from consonance.errors import StateError

#: A window that holds a wanted order statistic of hashes but for one draw in 10^9.
_SIGMAS: Final = 6.5
#: Up to so many excerpts of all cells together none is left out.
_FEW: Final = 1 << 18
#: Above that a cell keeps at least so many, however little is wanted of it.
_LEAST: Final = 1024


@dataclass
class _Cut:
    """Between two regions: values below and above it, and where equal ones are divided."""

    place: int
    value: float | int
    room: int  # equal ones that lie below
    tied: int
    window: tuple[int, int] = (0, 0)
    before: int = 0
    seen: list[Hashes] = field(default_factory=list)
    bound: int = 0

    def __post_init__(self) -> None:
        middle = self.room / self.tied
        spread = _SIGMAS * np.sqrt(middle * (1 - middle) / self.tied) + 20 / self.tied
        low, high = max(0.0, middle - spread), min(1.0, middle + spread)
        self.window = (int(low * WHOLE), min(int(high * WHOLE), 2**64 - 1))

    def see(self, chance: Hashes) -> None:
        low, high = self.window
        self.before += int((chance < np.uint64(low)).sum())
        self.seen.append(chance[(chance >= np.uint64(low)) & (chance <= np.uint64(high))])

    def settle(self) -> None:
        if not self.room:
            return  # all equal ones lie above
        seen = np.sort(np.concatenate([np.empty(0, np.uint64), *self.seen]))
        at = self.room - self.before
        if not 0 <= at < seen.size:
            raise StateError("The hashes of equal scores are not spread evenly: use another seed.")
        self.bound = int(seen[at])
        self.seen = []

    def above(self, values: NDArray[Any], chance: Hashes) -> NDArray[np.bool_]:
        is_above: NDArray[np.bool_] = values > self.value
        is_above |= (values == self.value) & (chance >= np.uint64(self.bound))
        return is_above


@dataclass
class Cell:
    """A class and a region of it.

    Attributes
    ----------
    class_index
        Which class.
    region
        Its places and strata.
    members
        How many of its excerpts may be drawn.
    kept
        How many of them remain after the random choice.
    rows, ids, recording, values : np.ndarray [shape=(kept,)]
        Number of the row, identity, recording and value of each, by ascending identity.
    """

    class_index: int
    region: Region
    members: int = 0
    kept: int = 0
    rows: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    ids: Hashes = field(default_factory=lambda: np.empty(0, np.uint64))
    recording: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    values: NDArray[Any] = field(default_factory=lambda: np.empty(0))


@dataclass
class _Class:
    """What is known of one class on the way."""

    index: int
    key: str
    ordered: Ordered
    cells: list[Cell]
    cuts: list[_Cut]
    dropped: frozenset[float | int]
    gates: list[int] = field(default_factory=list)
    ends: list[tuple[float | int, float | int]] = field(default_factory=list)
    found: list[list[tuple[NDArray[Any], ...]]] = field(default_factory=list)

    def cell_of(self, values: NDArray[Any], chance: Hashes) -> NDArray[np.int64]:
        """Return the cell of each value, -1 for none."""
        place = np.zeros(values.size, np.int64)
        for cut in self.cuts:
            place += cut.above(values, chance)
        table = np.full(len(self.cuts) + 1, -1, np.int64)
        cuts = {cut.place: number for number, cut in enumerate(self.cuts)}
        for number, cell in enumerate(self.cells):
            table[cuts.get(cell.region.first, -1) + 1] = number
        found = table[place]
        for value in self.dropped:
            found[values == value] = -1
        return found


def members(
    source: Source,
    designs: Sequence[Sequence[Stratum]],
    quota: NDArray[np.int64],
    *,
    keys: Sequence[str],
    seed: int,
    keep: int,
    uses: NDArray[np.bool_],
) -> tuple[list[Cell], Sequence[Ordered]]:
    """Find the excerpts of every cell.

    Parameters
    ----------
    source
        The excerpts.
    designs
        Each class's strata.
    quota : np.ndarray [shape=(n_classes, n_strata), dtype=int64]
        Candidates wanted.
    keys
        Lasting names of the classes.
    seed
        Of ties and of the random choice.
    keep
        Excerpts of a cell that remain for each candidate that is wanted of it, where there are
        many.
    uses : np.ndarray [shape=(n_classes, n_strata), dtype=bool]
        Which strata each class is drawn from.

    Returns
    -------
    cells
        By class, and by region from the lowest.
    ordered
        Each class's values in order.
    """
    ordered = source.ordered()
    classes = [_class(j, keys[j], values, designs[j], uses[j]) for j, values in enumerate(ordered)]
    sizes = [[cell.region.after - cell.region.first for cell in one.cells] for one in classes]
    kept = sizes
    if sum(map(sum, sizes)) > _FEW:
        kept = [
            [max(_LEAST, keep * owed) for owed in _owed(one, designs[one.index], quota[one.index])]
            for one in classes
        ]
    for one, most in zip(classes, kept, strict=True):
        one.found = [[] for _ in one.cells]
        one.gates = [
            _gate(cell.region, number) for cell, number in zip(one.cells, most, strict=True)
        ]
        one.ends = [
            (one.ordered.at(cell.region.first), one.ordered.at(cell.region.after - 1))
            for cell in one.cells
        ]
    excluded = np.zeros((len(classes), max((len(one.cells) for one in classes), default=0)), int)
    begin = 0
    late: list[tuple[_Class, NDArray[Any], Hashes]] = []
    for batch in source.batches():
        for one in classes:
            late += _look(one, batch, begin, seed)
        begin += batch.ids.size
    for one in classes:
        for cut in one.cuts:
            cut.settle()
    for one, values, ties in late:
        lost = one.cell_of(values, ties)
        excluded[one.index, : len(one.cells)] += np.bincount(
            lost[lost >= 0], minlength=len(one.cells)
        )
    for one, most in zip(classes, kept, strict=True):
        _finish(one, most, excluded[one.index], seed)
    return [cell for one in classes for cell in one.cells], ordered


def _class(
    index: int,
    key: str,
    ordered: Ordered,
    strata: Sequence[Stratum],
    uses: NDArray[np.bool_],
) -> _Class:
    cells = [Cell(index, region) for region in regions(strata, ordered.n, uses)]
    places = sorted({place for cell in cells for place in (cell.region.first, cell.region.after)})
    cuts = []
    for place in places:
        if 0 < place < ordered.n:
            value = ordered.at(place)
            below = ordered.below(value)
            cuts.append(_Cut(place, value, place - below, _tied(ordered, value, below)))
    own = [stratum for stratum, is_used in zip(strata, uses, strict=True) if is_used]
    return _Class(index, key, ordered, cells, cuts, _without_contrast(ordered, own))


def _tied(ordered: Ordered, value: float | int, below: int) -> int:
    low, high = below, ordered.n
    while low < high:
        middle = (low + high) // 2
        if ordered.at(middle) > value:
            high = middle
        else:
            low = middle + 1
    return low - below


def _without_contrast(ordered: Ordered, strata: Sequence[Stratum]) -> frozenset[float | int]:
    """Return scores that two strata with a gap between them would share."""
    found = set()
    if ordered.n:
        for one in strata:
            for other in strata:
                top, bottom = one.places(ordered.n)[1] - 1, other.places(ordered.n)[0]
                if one.high < other.low and ordered.at(max(top, 0)) == ordered.at(
                    min(bottom, ordered.n - 1)
                ):
                    found.add(ordered.at(max(top, 0)))
    return frozenset(found)


def _owed(one: _Class, strata: Sequence[Stratum], quota: NDArray[np.int64]) -> list[int]:
    """Return how many candidates each cell owes its strata, rounded up."""
    found = []
    for cell in one.cells:
        size = cell.region.after - cell.region.first
        part = 0.0
        for s in cell.region.strata:
            first, after = strata[s].places(one.ordered.n)
            part += quota[s] * size / (after - first)
        found.append(int(np.ceil(round(part, 9))))
    return found


def _gate(region: Region, most: int) -> int:
    """Return the hash above which none of the kept ones can be."""
    size = region.after - region.first
    if size <= most:
        return 2**64 - 1
    share = (most + _SIGMAS * np.sqrt(most) + 20) / size
    return 2**64 - 1 if share >= 1 else int(share * WHOLE)


def _look(
    one: _Class, batch: Batch, begin: int, seed: int
) -> list[tuple[_Class, NDArray[Any], Hashes]]:
    """Note what one batch holds of one class; return the excluded ones, to be placed later."""
    if not one.cells:
        return []
    counted = batch.counted(one.index)
    for cut in one.cuts:
        if cut.room:
            tied = batch.equal(one.index, cut.value)
            if counted is not None:
                tied &= counted
            cut.see(_ties(one, batch.ids[tied], seed))
    keep = hashes(batch.ids, seed=seed, key=one.key, purpose="keep")
    usable = keep <= np.uint64(max(one.gates))
    for mask in (counted, batch.free):
        if mask is not None:
            usable &= mask
    some = np.flatnonzero(usable)
    values, chance = batch.at(one.index, some), keep[some]
    for number, (gate, (bottom, top)) in enumerate(zip(one.gates, one.ends, strict=True)):
        near = np.flatnonzero((values >= bottom) & (values <= top) & (chance <= np.uint64(gate)))
        if near.size:
            rows = some[near]
            one.found[number].append(
                (rows + begin, batch.ids[rows], batch.recording[rows], values[near], chance[near])
            )
    if batch.free is None:
        return []
    lost = ~batch.free
    if counted is not None:
        lost &= counted
    rows = np.flatnonzero(lost)
    values = batch.at(one.index, rows)
    return [(one, values, _ties(one, batch.ids[rows], seed))] if rows.size else []


def _ties(one: _Class, ids: Hashes, seed: int) -> Hashes:
    return hashes(ids, seed=seed, key=one.key, purpose="tie")


def _finish(one: _Class, most: Sequence[int], excluded: NDArray[Any], seed: int) -> None:
    """Keep of each cell what is really in it, by the smallest hashes."""
    for number, cell in enumerate(one.cells):
        parts = one.found[number]
        inside = cell.region.after - cell.region.first
        inside -= sum(_inside(one, cell, value) for value in one.dropped)
        cell.members = inside - int(excluded[number])
        cell.kept = min(cell.members, most[number])
        if not parts or not cell.kept:
            cell.kept = 0
            continue
        rows, ids, recording, values, keep = map(np.concatenate, zip(*parts, strict=True))
        here = np.flatnonzero(one.cell_of(values, _ties(one, ids, seed)) == number)
        if here.size < cell.kept:
            raise StateError("Hashes are not spread evenly over the excerpts: use another seed.")
        if here.size > cell.kept:
            here = here[np.argpartition(keep[here], cell.kept - 1)[: cell.kept]]
        here = here[np.argsort(ids[here])]
        cell.rows, cell.ids, cell.recording = rows[here], ids[here], recording[here]
        cell.values = values[here]
    one.found = []


def _inside(one: _Class, cell: Cell, value: float | int) -> int:
    """Return how many excerpts with a dropped score a cell would have held."""
    below = one.ordered.below(value)
    after = below + _tied(one.ordered, value, below)
    return max(0, min(after, cell.region.after) - max(below, cell.region.first))
