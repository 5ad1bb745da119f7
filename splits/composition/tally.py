"""Counts by genre, artist, decade, language, licence and loudness, side by side for each level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from splits.composition.facts import Facts, loudness_bands

FORMAT: Final = "consonance-composition/1"
#: Values listed of each dimension; what is rarer is counted together.
LISTED: Final = 30


@dataclass(frozen=True)
class Dimension:
    """One way to divide clips: its name, heading, and what to know about it."""

    name: str
    title: str
    note: str = ""
    is_ordered: bool = False


DIMENSIONS: Final = (
    Dimension("genre", "Genre", "A recording may have several, so shares can add up to more."),
    Dimension("artist", "Artist"),
    Dimension("decade", "Decade", "Of the recording, or else of its publication.", is_ordered=True),
    Dimension("language", "Language", "As the archive gives it; none is guessed."),
    Dimension("licence", "Licence"),
    Dimension(
        "loudness",
        "Loudness",
        "LUFS by EBU R 128, as cut. Only clips are measured, so the archive's is unknown.",
        is_ordered=True,
    ),
)


@dataclass
class Level:
    """What is compared: the archive, its candidates, the release, one partition.

    Attributes
    ----------
    name, label : str
        For machines and for people.
    unit : str
        What is counted: recordings or clips.
    """

    name: str
    label: str
    unit: str
    n: int = 0
    counts: dict[str, Counter[str]] = field(
        default_factory=lambda: {dimension.name: Counter() for dimension in DIMENSIONS}
    )
    artists: dict[str, str] = field(default_factory=dict)

    def add(self, facts: Facts) -> None:
        """Count one recording or clip."""
        self.n += 1
        # An empty value is "unknown", a row like others.
        for genre in set(facts.genres) or {""}:
            self.counts["genre"][genre] += 1
        self.counts["artist"][facts.artist_key] += 1
        if facts.artist_key:
            self.artists[facts.artist_key] = facts.artist or facts.artist_key
        for name in ("decade", "language", "licence", "loudness"):
            self.counts[name][getattr(facts, name)] += 1

    def extend(self, many: Iterable[Facts]) -> Level:
        """Count many; returns itself."""
        for facts in many:
            self.add(facts)
        return self


def compose(
    levels: Sequence[Level],
    *,
    tails: dict[str, Any] | None = None,
    raters: dict[str, Any] | None = None,
    unreached: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the report as JSON values.

    Parameters
    ----------
    levels : sequence of Level
        From the archive down to the partitions; `archive` and `candidates` are known by name.
    tails, raters, unreached : dict, optional
        What `splits.composition.sampling` and `splits.composition.people` give.

    Returns
    -------
    dict
        `levels`, and `dimensions` with a row a value: `counts` in the order of levels. `rest`
        sums what is not listed, `unknown` what the archive does not say, `distinct` are numbers
        of different values, and `never_drawn` lists values of the archive without a candidate.
    """
    return {
        "format": FORMAT,
        "levels": [
            {"name": level.name, "label": level.label, "unit": level.unit, "n": level.n}
            for level in levels
        ],
        "dimensions": [_dimension(dimension, levels) for dimension in DIMENSIONS],
        "tails": tails or {},
        "raters": raters or {},
        "unreached": unreached or {},
    }


def _dimension(dimension: Dimension, levels: Sequence[Level]) -> dict[str, Any]:
    name = dimension.name
    counts = [level.counts[name] for level in levels]
    values = sorted({value for each in counts for value in each if value})
    ranks = {
        value: [-each[value] for each in reversed(counts)]  # by the release before the archive
        for value in values
    }
    by_size = sorted(values, key=lambda value: (sum(ranks[value]), value))
    listed = by_size[:LISTED]
    if dimension.is_ordered:
        order = {band: place for place, band in enumerate(loudness_bands())}
        listed.sort(key=lambda value: (order.get(value, 0), value))
    rest = by_size[LISTED:]
    names = {key: label for level in levels for key, label in level.artists.items()}
    written: dict[str, str] = names if name == "artist" else {}
    return {
        "name": name,
        "title": dimension.title,
        "note": dimension.note,
        "values": [
            {"value": written.get(value, value), "counts": [each[value] for each in counts]}
            for value in listed
        ],
        "rest": {
            "values": len(rest),
            "counts": [sum(each[value] for value in rest) for each in counts],
        },
        "unknown": [each[""] for each in counts],
        "distinct": [sum(1 for value in each if value) for each in counts],
        "largest": [
            max((number for value, number in each.items() if value), default=0) for each in counts
        ],
        "never_drawn": _never_drawn(name, levels, names),
    }


def _never_drawn(
    name: str, levels: Sequence[Level], names: dict[str, str]
) -> dict[str, Any] | None:
    """Return what the archive has and no candidate is of; None where that cannot be said."""
    by_name = {level.name: level for level in levels}
    archive, drawn = by_name.get("archive"), by_name.get("candidates")
    if archive is None or drawn is None or not drawn.n or name == "loudness":
        return None
    missed = Counter(
        {
            value: number
            for value, number in archive.counts[name].items()
            if value and not drawn.counts[name][value]
        }
    )
    listed = sorted(missed.items(), key=lambda row: (-row[1], row[0]))[:LISTED]
    return {
        "values": len(missed),
        "recordings": sum(missed.values()),
        "listed": [{"value": names.get(value, value), "count": count} for value, count in listed],
    }
