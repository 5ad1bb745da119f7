"""Which tails clips were drawn from, and what no draw ever reached."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

#: Equal parts of the archive by a class's likelihood: 5 % of its excerpts each.
SLICES: Final = 20


@dataclass(frozen=True)
class Drawn:
    """A clip and class that rounds drew.

    Attributes
    ----------
    clip_id, class_name, tail : str
        What, and from which stratum.
    quantile : float
        Rank of its likelihood among all excerpts of the archive, in [0, 1].
    """

    clip_id: str
    class_name: str
    tail: str
    quantile: float


def tails_of(drawn: Sequence[Drawn], partition_of: Mapping[str, str]) -> dict[str, Any]:
    """Return how many questions came from each stratum, drawn and released, by class.

    Parameters
    ----------
    drawn : sequence of Drawn
        Every candidate.
    partition_of : mapping of str to str
        Clip to partition, of those released.
    """
    levels = ["candidates", *sorted(set(partition_of.values()))]
    found: dict[str, Counter[str]] = {level: Counter() for level in levels}
    by_class: dict[str, Counter[str]] = defaultdict(Counter)
    for one in drawn:
        found["candidates"][one.tail] += 1
        by_class[one.class_name][one.tail] += 1
        if one.clip_id in partition_of:
            found[partition_of[one.clip_id]][one.tail] += 1
    strata = sorted(found["candidates"], key=lambda name: (-found["candidates"][name], name))
    return {
        "unit": "questions",
        "levels": levels,
        "totals": [sum(found[level].values()) for level in levels],
        "strata": [
            {"value": name, "counts": [found[level][name] for level in levels]} for name in strata
        ],
        "classes": [
            {"class": name, "counts": [by_class[name][tail] for tail in strata]}
            for name in sorted(by_class)
        ],
    }


def slices_of(drawn: Iterable[Drawn], classes: Sequence[str]) -> list[dict[str, Any]]:
    """Return a row a class: candidates in each twentieth of the archive, by its likelihoods.

    Returns
    -------
    list of dict
        `class`, `candidates`, `counts` [20] from least to most likely, `never` (share of the
        archive's excerpts in twentieths without a candidate; None without candidates), and
        `widest`, the widest range of ranks in which none was drawn.
    """
    by_class: dict[str, list[float]] = {name: [] for name in classes}
    for one in drawn:
        if one.class_name in by_class:
            by_class[one.class_name].append(min(1.0, max(0.0, one.quantile)))
    rows = []
    for name in classes:
        ranks = sorted(by_class[name])
        sizes = Counter(min(int(rank * SLICES), SLICES - 1) for rank in ranks)
        counts = [sizes[place] for place in range(SLICES)]
        ends = [0.0, *ranks, 1.0]
        low, high = max(pairwise(ends), key=lambda gap: gap[1] - gap[0])
        rows.append(
            {
                "class": name,
                "candidates": len(ranks),
                "counts": counts,
                "never": counts.count(0) / SLICES if ranks else None,
                "widest": [round(low, 4), round(high, 4)] if ranks else None,
            }
        )
    return rows


@dataclass(frozen=True)
class Region:
    """A square of the map of what the archive sounds like.

    Attributes
    ----------
    excerpts, candidates : int
        Of the map's sample, and drawn.
    genres : Counter
        Genre to excerpts of the sample.
    """

    excerpts: int
    candidates: int
    genres: Counter[str]


def regions_of(regions: Sequence[Region], *, listed: int = 10) -> dict[str, Any]:
    """Return how much of the map no candidate lies in, and which genres are there.

    A square may hold no candidate by chance; `expected` says how much of the archive would be
    missed if as many candidates had been drawn evenly from all of it.
    """
    excerpts = sum(region.excerpts for region in regions)
    if not excerpts:
        return {}
    drawn = sum(region.candidates for region in regions)
    missed = [region for region in regions if not region.candidates]
    chance = sum(
        region.excerpts / excerpts * (1 - region.excerpts / excerpts) ** drawn for region in regions
    )
    everywhere: Counter[str] = Counter()
    there: Counter[str] = Counter()
    for region in regions:
        everywhere.update(region.genres)
    for region in missed:
        there.update(region.genres)
    rows = sorted(there.items(), key=lambda row: (-row[1], row[0]))[:listed]
    lost = sum(region.excerpts for region in missed)
    return {
        "squares": len(regions),
        "missed_squares": len(missed),
        "excerpts": excerpts,
        "missed": lost,
        "share": lost / excerpts,
        "expected": chance,
        "genres": [
            {"value": name, "missed": number, "excerpts": everywhere[name]} for name, number in rows
        ],
    }
