"""Draw candidates for all classes at once.

OpenMIC-2018 asked about excerpts a detector found likely, for positives, and about excerpts it
found unlikely, for negatives (E. Humphrey, S. Durand, B. McFee, "OpenMIC-2018: an open dataset for
multiple instrument recognition", ISMIR 2018). It went class by class, rarest first, so that the
last classes found their recordings taken. Here one assignment is solved over all classes:

1. Each class's eligible excerpts are ordered by score, equal scores by a hash of the seed, the
   class and the excerpt's id. Strata are runs of places in this order; where strata overlap, they
   are cut into regions, and a region owes each of its strata its part. A class and a region are a
   cell.
2. In a large archive, `keep` excerpts of a cell are kept for each candidate wanted of it, at
   random.
3. `filling.expected` finds how many candidates each cell gets, and each recording's expectation.
4. `rounding.rounded` turns expectations into whole numbers, and within a recording and cell the
   excerpts are chosen at random.

Each candidate's inclusion probability is known exactly: it is the product of the probabilities of
steps 2 to 4 (and of an album's division, see `caps`), each given the outcome of those before.
Weighting by its inverse makes totals unbiased (D. Horvitz, D. Thompson, JASA 47, 1952).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from candidates.sampling.arguments import (
    Sources,
    check_caps,
    codes_of,
    ids_of,
    keys_of,
    mask_of,
    of_recording,
    wanted_of,
)
from candidates.sampling.caps import Caps, tree_of
from candidates.sampling.chance import hashes, uniform
from candidates.sampling.filling import BITS, Entries, expected
from candidates.sampling.members import Cell, members
from candidates.sampling.rounding import rounded
from candidates.sampling.source import ArraySource, LogitSource, Ordered, Source
from candidates.sampling.strata import Stratum, apportioned, designs_of, with_uniform
from consonance.errors import ParameterError

#: Excerpts of a cell that are kept for each candidate wanted of it. Fewer make a large archive
#: faster to draw from, but could make recordings run short.
KEEP: Final = 8
Integers = NDArray[np.int64]
#: Strata of every class, or each class's own: as many, of the same names.
Design = Sequence[Stratum] | Sequence[Sequence[Stratum]]


@dataclass(frozen=True)
class Draw:
    """Candidates, one row each, by class, then stratum, then the order in which they were drawn.

    Within a class and stratum the order is random: any first k rows are a fair draw of k.

    Parameters
    ----------
    excerpt : np.ndarray [shape=(n_candidates,), dtype=int64]
        Row of the scores, in the order in which they were handed in.
    id : np.ndarray [shape=(n_candidates,), dtype=int64]
        Lasting identity.
    class_index : np.ndarray [shape=(n_candidates,), dtype=int64]
        Column of the scores.
    stratum : np.ndarray [shape=(n_candidates,), dtype=int64]
        Position in `strata`.
    score : np.ndarray [shape=(n_candidates,), dtype=float32]
        As handed in.
    quantile : np.ndarray [shape=(n_candidates,), dtype=float32, in [0, 1]]
        Share of the class's eligible excerpts that score lower, equal ones counted half.
    inclusion : np.ndarray [shape=(n_candidates,), dtype=float64, in (0, 1]]
        Probability that the design asks this class about this excerpt, in whatever stratum.
    strata
        The strata.
    bounds : np.ndarray [shape=(n_classes, n_strata, 2), dtype=float32]
        Lowest and highest score of each; NaN where there is no excerpt.
    wanted : np.ndarray [shape=(n_classes, n_strata), dtype=int64]
        Candidates asked for.
    members : np.ndarray [shape=(n_classes, n_strata), dtype=int64]
        Excerpts that may be drawn.
    supply : np.ndarray [shape=(n_classes, n_strata), dtype=int64]
        Candidates that the caps would let through if nothing else were drawn, at most `wanted`:
        what is missing beyond that was taken by others.
    shortfall : np.ndarray [shape=(n_classes, n_strata), dtype=int64]
        Candidates asked for and not found.
    out_of_reach : np.ndarray [shape=(n_classes,), dtype=int64]
        Excerpts of the strata that had no chance, because caps leave them to other classes. No
        weighting speaks for them.
    """

    excerpt: Integers
    id: Integers
    class_index: Integers
    stratum: Integers
    score: NDArray[np.float32]
    quantile: NDArray[np.float32]
    inclusion: NDArray[np.float64]
    strata: tuple[Stratum, ...]
    bounds: NDArray[np.float32]
    wanted: Integers
    members: Integers
    supply: Integers
    shortfall: Integers
    out_of_reach: Integers

    @property
    def shortfall_per_class(self) -> Integers:
        """Candidates asked for and not found, all strata together."""
        return np.asarray(self.shortfall.sum(axis=1), dtype=np.int64)

    @property
    def stratum_name(self) -> list[str]:
        """Name of each candidate's stratum."""
        return [self.strata[s].name for s in self.stratum]


def draw(
    scores: ArrayLike,
    recording: ArrayLike,
    *,
    per_class: int | Sequence[int],
    strata: Design | None = None,
    caps: Caps | None = None,
    artist: ArrayLike | None = None,
    album: ArrayLike | None = None,
    eligible: ArrayLike | None = None,
    excluded: ArrayLike | None = None,
    ids: ArrayLike | None = None,
    class_keys: Sequence[str] | None = None,
    keep: int = KEEP,
    seed: int,
) -> Draw:
    """Draw candidates for every class from scores in memory.

    Parameters
    ----------
    scores : array_like [shape=(n, n_classes), dtype=float]
        Any measure that grows with the likelihood of the class.
    recording : array_like [shape=(n,), dtype=int64]
        Which recording each excerpt is from.
    per_class
        Candidates wanted of each class, all strata together: one number, or one a class.
    strata
        Parts of each class's scores and their shares; by default `tails()`: half the candidates
        from below the 10th percentile, half from above the 90th. When two strata with a gap
        between them would share a score (a detector that does not cover the class, say), excerpts
        with that score belong to neither. Each class may have its own, if all have as many and of
        the same names.
    caps
        Largest numbers of candidates, over all classes; by default one per recording.
    artist, album : array_like [shape=(n,), dtype=int64], optional
        Codes, negative where unknown. Needed for their caps.
    eligible : array_like [shape=(n,) or (n, n_classes), dtype=bool], optional
        Excerpts that the quantiles are of; by default all.
    excluded : array_like [shape=(n,), dtype=bool], optional
        Excerpts that count for the quantiles and may not be drawn, such as those asked before.
    ids : array_like [shape=(n,), dtype=int64], optional
        Lasting identity of each excerpt; by default its row number. With ids, a reordered table
        gives the same draw.
    class_keys
        Lasting names of the classes; by default their column numbers.
    keep
        Excerpts of a cell kept for each candidate wanted of it, in a large archive.
    seed
        Not negative. The same seed, scores, sources and ids give the same draw.

    Returns
    -------
    Draw

    Raises
    ------
    ParameterError
        If shapes do not fit, a number is out of range, ids repeat, an eligible score is NaN, or
        excerpts of one recording differ in artist or album.
    """
    table = np.asarray(scores)
    if table.ndim != 2 or not np.issubdtype(table.dtype, np.floating):
        raise ParameterError(
            f"scores must be floating-point numbers of shape (n, n_classes), not {table.dtype} "
            f"of shape {table.shape}."
        )
    n, n_classes = table.shape
    recordings = codes_of(recording, n, "recording")
    source = ArraySource(
        table,
        recordings,
        ids_of(ids, n),
        mask_of(eligible, (n, n_classes), "eligible"),
        None if excluded is None else ~np.asarray(mask_of(excluded, (n, 1), "excluded"))[:, 0],
    )
    known, first = np.unique(recordings, return_index=True)
    sources = Sources(
        recording=known,
        artist=of_recording(artist, recordings, known, first, "artist"),
        album=of_recording(album, recordings, known, first, "album"),
    )
    return draw_from(
        source, sources, per_class=per_class, strata=strata, caps=caps, class_keys=class_keys,
        keep=keep, seed=seed,
    )  # fmt: skip


def draw_from(
    source: Source | LogitSource,
    sources: Sources,
    *,
    per_class: int | Sequence[int],
    strata: Design | None = None,
    caps: Caps | None = None,
    class_keys: Sequence[str] | None = None,
    uniform: Sequence[bool] | None = None,
    keep: int = KEEP,
    seed: int,
) -> Draw:
    """Draw candidates for every class from any source of scores; parameters as in `draw`.

    Parameters
    ----------
    source
        The excerpts and their scores.
    sources
        Every recording that they are from.
    uniform
        Of each class whether it is drawn from all its excerpts alike, because its scores say
        nothing; by default none is.

    Raises
    ------
    ParameterError
        As `draw`, or if an excerpt's recording is not among `sources`.
    """
    n_classes = source.n_classes
    designs, uses = with_uniform(designs_of(strata, n_classes), uniform or [False] * n_classes)
    limits = Caps() if caps is None else caps
    check_caps(limits, sources)
    keys = keys_of(class_keys, n_classes)
    wanted = wanted_of(per_class, n_classes)
    if seed < 0:
        raise ParameterError(f"seed = {seed}: a seed is not negative.")
    if keep < 1:
        raise ParameterError(f"keep = {keep}: keep at least one excerpt for each candidate.")
    # A class that is drawn uniformly takes its whole number from the one stratum that it uses.
    shares = [
        np.where(own, [stratum.share for stratum in design], 0.0)
        for own, design in zip(uses, designs, strict=True)
    ]
    shares = [own if part.sum() == 0 else part for own, part in zip(uses, shares, strict=True)]
    quota = np.array([apportioned(w, part) for w, part in zip(wanted, shares, strict=True)])
    quota = quota.astype(np.int64).reshape(n_classes, uses.shape[1])
    cells, ordered = members(source, designs, quota, keys=keys, seed=seed, keep=keep, uses=uses)
    # By name: sums of fractions depend on their order, and the order of columns may not matter.
    cells.sort(key=lambda cell: (keys[cell.class_index], cell.region.first))
    return _Assignment(
        cells=cells, ordered=ordered, designs=designs, quota=quota, caps=limits, sources=sources,
        keys=keys, uses=uses, seed=seed,
    ).solve()  # fmt: skip


@dataclass
class _Assignment:
    cells: list[Cell]
    ordered: Sequence[Ordered]
    designs: tuple[tuple[Stratum, ...], ...]
    quota: Integers
    caps: Caps
    sources: Sources
    keys: tuple[str, ...]
    uses: NDArray[np.bool_]
    seed: int

    def __post_init__(self) -> None:
        self.tree = tree_of(
            self.sources.recording, self.sources.artist, self.sources.album, self.caps,
            most=max(1, int(self.quota.sum())), seed=self.seed,
        )  # fmt: skip
        self.members = np.zeros_like(self.quota)
        for cell in self.cells:
            self.members[cell.class_index, list(cell.region.strata)] += cell.members
        self.owed, self.chance = self._owed()

    @property
    def n_strata(self) -> int:
        """Strata of each class."""
        return int(self.quota.shape[1])

    def solve(self) -> Draw:
        """Return the draw."""
        cell, recording, row = self._pairs()
        open_ = self.tree.open[recording]
        order = np.flatnonzero(open_)
        part = self.tree.part_of[recording[order]]
        order = order[
            np.lexsort((row[order], cell[order], recording[order], part, self.tree.artist_of[part]))
        ]
        cell, recording, row = cell[order], recording[order], row[order]
        begins = np.append(True, (np.diff(cell) != 0) | (np.diff(recording) != 0))[: cell.size]
        first = np.flatnonzero(begins)
        entries = Entries(
            cell=cell[first],
            recording=recording[first],
            size=np.diff(first, append=cell.size),
            tree=self.tree,
            n_cells=len(self.cells),
        )
        names = [f"{self.keys[c.class_index]} {c.region.first:020d}" for c in self.cells]
        filled, units = expected(entries, self.owed, names)
        groups = [entries.recording, entries.part, entries.artist]
        given = rounded(units, entries.cell, groups, bits=BITS, seed=self.seed)
        return self._collected(entries, first, cell, row, units, given, filled)

    def _pairs(self) -> tuple[Integers, Integers, Integers]:
        """Return cell, recording and row within its cell of every excerpt kept."""
        sizes = [cell.ids.size for cell in self.cells]
        number = np.repeat(np.arange(len(self.cells)), sizes)
        codes = np.concatenate([np.empty(0, np.int64), *(cell.recording for cell in self.cells)])
        recording = np.searchsorted(self.sources.recording, codes)
        wrong = recording >= self.sources.recording.size
        wrong[~wrong] = self.sources.recording[recording[~wrong]] != codes[~wrong]
        if wrong.any():
            raise ParameterError(f"Recording {int(codes[wrong][0])} is not among the sources.")
        row = np.concatenate([np.empty(0, np.int64), *(np.arange(size) for size in sizes)])
        return number, recording, row

    def _parts(self) -> NDArray[np.float64]:
        """Return what each cell owes to each stratum, as a fraction [shape=(n_cells, n_strata)]."""
        owed = np.zeros((len(self.cells), self.n_strata))
        for number, cell in enumerate(self.cells):
            for s in cell.region.strata:
                total = self.members[cell.class_index, s]
                if total:
                    owed[number, s] = self.quota[cell.class_index, s] * cell.members / total
        return owed

    def _owed(self) -> tuple[Integers, NDArray[np.float64]]:
        """Return whole numbers wanted of each cell, and the chance that it is not nothing.

        Where strata overlap, a cell owes a fraction; the fractions of a class are rounded together
        by one random number, up or down as often as keeps each one's expectation.
        """
        exact = np.round(self._parts().sum(axis=1), 9)
        owed = np.zeros(len(self.cells), np.int64)
        classes = np.array([cell.class_index for cell in self.cells], np.int64)
        for j, key in enumerate(self.keys):
            mine = np.flatnonzero(classes == j)
            start = uniform(seed=self.seed, key=key, purpose="owed")
            ends = np.floor(np.round(np.cumsum(exact[mine]), 9) + start).astype(np.int64)
            owed[mine] = np.diff(ends, prepend=0)
        return owed, np.minimum(exact, 1.0)

    def _collected(
        self,
        entries: Entries,
        first: Integers,
        cell: Integers,
        row: Integers,
        units: Integers,
        given: Integers,
        filled: Integers,
    ) -> Draw:
        entry = np.repeat(np.arange(first.size), entries.size)
        touched = given[entry] > 0
        taken: list[Integers] = []
        for number, one in enumerate(self.cells):
            mine = np.flatnonzero(touched & (cell == number))
            if not mine.size:
                continue
            key = f"{self.keys[one.class_index]} {one.region.first}"
            chance = hashes(one.ids[row[mine]], seed=self.seed, key=key, purpose="draw")
            mine = mine[np.lexsort((chance, entry[mine]))]
            begins = np.flatnonzero(np.diff(entry[mine], prepend=-1))
            place = np.arange(mine.size) - np.repeat(begins, np.diff(begins, append=mine.size))
            taken.append(mine[place < given[entry[mine]]])
        pairs = np.concatenate([np.empty(0, np.int64), *taken])
        probability = units[entry[pairs]] / (entries.size[entry[pairs]] * float(1 << BITS))
        probability = probability * self.tree.available[entries.recording[entry[pairs]]]
        return self._draw(cell[pairs], row[pairs], probability, entries, units)

    def _draw(
        self,
        cell: Integers,
        row: Integers,
        probability: NDArray[np.float64],
        entries: Entries,
        units: Integers,
    ) -> Draw:
        parts = self._parts()
        columns: dict[str, list[NDArray[Any]]] = {
            name: [] for name in ("excerpt", "id", "class", "stratum", "score", "quantile", "p")
        }
        found = np.zeros_like(self.quota)
        for number, one in enumerate(self.cells):
            mine = np.flatnonzero(cell == number)
            rows = row[mine]
            key = self.keys[one.class_index]
            chance = hashes(one.ids[rows], seed=self.seed, key=key, purpose="order")
            order = np.argsort(chance)
            mine, rows = mine[order], rows[order]
            labels = np.repeat(np.arange(self.n_strata), apportioned(mine.size, parts[number]))
            found[one.class_index] += np.bincount(labels, minlength=self.n_strata)
            share = one.kept / max(1, one.members) * self.chance[number]
            values = one.values[rows]
            ordered = self.ordered[one.class_index]
            columns["excerpt"].append(one.rows[rows])
            columns["id"].append(one.ids[rows].view(np.int64))
            columns["class"].append(np.full(mine.size, one.class_index))
            columns["stratum"].append(labels)
            columns["score"].append(ordered.score(values))
            columns["quantile"].append(ordered.quantile(values))
            columns["p"].append(probability[mine] * share)
        made = {
            name: np.concatenate([np.empty(0, kind), *columns[name]]).astype(kind)
            for name, kind in {
                "excerpt": np.int64, "id": np.int64, "class": np.int64, "stratum": np.int64,
                "score": np.float32, "quantile": np.float32, "p": np.float64,
            }.items()
        }  # fmt: skip
        order = self._order(made)
        made = {name: values[order] for name, values in made.items()}
        reach = np.zeros(len(self.keys), np.int64)
        lost = entries.cell[units == 0]
        gone = entries.size[units == 0]
        classes = np.array([one.class_index for one in self.cells], np.int64)
        live = self.owed[lost] > 0
        np.add.at(reach, classes[lost[live]], gone[live])
        return Draw(
            excerpt=made["excerpt"],
            id=made["id"],
            class_index=made["class"],
            stratum=made["stratum"],
            score=made["score"],
            quantile=made["quantile"],
            inclusion=made["p"],
            strata=self.designs[0] if self.designs else (),
            bounds=self._bounds(),
            wanted=self.quota,
            members=self.members,
            supply=self._supply(),
            shortfall=self.quota - found,
            out_of_reach=reach,
        )

    def _order(self, made: dict[str, NDArray[Any]]) -> Integers:
        chance = hashes(made["id"].view(np.uint64), seed=self.seed, key="", purpose="order")
        return np.lexsort((chance, made["stratum"], made["class"]))

    def _bounds(self) -> NDArray[np.float32]:
        bounds = np.full((*self.quota.shape, 2), np.nan, np.float32)
        for j, values in enumerate(self.ordered):
            for s, stratum in enumerate(self.designs[j]):
                first, after = stratum.places(values.n)
                if first < after and self.uses[j, s]:
                    ends = np.array([values.at(first), values.at(after - 1)])
                    bounds[j, s] = values.score(ends)
        return bounds

    def _supply(self) -> Integers:
        supply = np.zeros_like(self.quota)
        n = self.sources.recording.size
        for j in range(len(self.keys)):
            for s in range(self.n_strata):
                held = [
                    cell.recording
                    for cell in self.cells
                    if cell.class_index == j and s in cell.region.strata
                ]
                if held:
                    at = np.searchsorted(self.sources.recording, np.concatenate(held))
                    most = np.bincount(at, minlength=n)
                    supply[j, s] = min(self.quota[j, s], self.tree.capacity(most))
        return supply
