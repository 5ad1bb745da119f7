"""The report as sections of plain tables: what documents print and pages draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from splits.composition.sampling import SLICES

_UNSAID: Final = "–"


@dataclass(frozen=True)
class Cell:
    """A number as text, with its share of its column's whole in [0, 1] if it has one."""

    text: str
    share: float | None = None


@dataclass(frozen=True)
class Row:
    """A value and its numbers; `is_unknown` marks what the archive does not say."""

    label: str
    cells: tuple[Cell, ...]
    is_unknown: bool = False


@dataclass(frozen=True)
class Section:
    """A table with a heading.

    Attributes
    ----------
    name, title, note : str
        For addresses, for people, and what to know.
    head : str
        Of the first column.
    columns : tuple of str
        Of the others.
    rows : tuple of Row
        None: `empty` says why.
    told : tuple of str
        Sentences below.
    """

    name: str
    title: str
    note: str
    head: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    told: tuple[str, ...] = ()
    empty: str = "Nothing is known."
    is_wide: bool = field(default=False)


def sections_of(report: dict[str, Any]) -> list[Section]:
    """Return every section of a report, in the order in which it is read."""
    return [
        *(_dimension(entry, report["levels"]) for entry in report["dimensions"]),
        _strata(report["tails"]),
        _unreached(report["unreached"]),
        _map(report["unreached"].get("map", {})),
        *_raters(report["raters"]),
    ]


def percent(share: float) -> str:
    """Return a share as words: never 0 % of something, never 100 % of less than all."""
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    return f"{100 * share:.1f} %" if 0 < share < 1 else f"{100 * share:.0f} %"


def _counted(count: int, whole: int) -> Cell:
    if not whole:
        return Cell(_UNSAID)
    return Cell(f"{count:,} ({percent(count / whole)})", count / whole)


def _dimension(entry: dict[str, Any], levels: Sequence[dict[str, Any]]) -> Section:
    wholes = [level["n"] for level in levels]
    rows = [
        Row(value["value"], tuple(map(_counted, value["counts"], wholes)))
        for value in entry["values"]
    ]
    rest = entry["rest"]
    if rest["values"]:
        label = f"{rest['values']:,} others"
        rows.append(Row(label, tuple(map(_counted, rest["counts"], wholes))))
    if any(entry["unknown"]):
        cells = tuple(map(_counted, entry["unknown"], wholes))
        rows.append(Row("unknown", cells, is_unknown=True))
    told = []
    if entry["name"] in {"artist", "genre"}:
        told.append(
            "Different ones: "
            + ", ".join(
                f"{number:,} in {level['label'].lower()}"
                for number, level in zip(entry["distinct"], levels, strict=True)
            )
            + "."
        )
    never = entry["never_drawn"]
    if never is not None and never["values"]:
        named = ", ".join(f"{row['value']} ({row['count']:,})" for row in never["listed"][:10])
        told.append(
            f"No candidate was drawn from {never['values']:,} of the archive's, with "
            f"{never['recordings']:,} recordings: {named}{'' if never['values'] <= 10 else ' …'}."
        )
    elif never is not None:
        told.append("Every one of the archive's has a candidate.")
    columns = tuple(f"{level['label']} ({level['n']:,} {level['unit']})" for level in levels)
    return Section(
        entry["name"], entry["title"], entry["note"], entry["title"], columns, tuple(rows),
        tuple(told),
    )  # fmt: skip


def _strata(tails: dict[str, Any]) -> Section:
    note = (
        "A question is a clip and a class. Strata are parts of the archive by a class's likelihood."
    )
    empty = "Its clips were not drawn by rounds of this archive."
    if not tails:
        return Section("tails", "Sampled tails", note, "Stratum", (), (), empty=empty)
    rows = [
        Row(entry["value"], tuple(map(_counted, entry["counts"], tails["totals"])))
        for entry in tails["strata"]
    ]
    columns = tuple(
        f"{name.capitalize()} ({total:,} questions)"
        for name, total in zip(tails["levels"], tails["totals"], strict=True)
    )
    missing = [
        f"{row['class'].replace('_', ' ')} ({', '.join(lost)})"
        for row in tails["classes"]
        if (
            lost := [
                s["value"] for s, n in zip(tails["strata"], row["counts"], strict=True) if not n
            ]
        )
    ]
    told = "Every class has candidates of every stratum."
    if missing:
        told = f"No candidate was drawn from these strata: {'; '.join(missing)}."
    return Section("tails", "Sampled tails", note, "Stratum", columns, tuple(rows), (told,))


def _unreached(unreached: dict[str, Any]) -> Section:
    rows = []
    for row in unreached.get("classes", []):
        name = row["class"].replace("_", " ")
        if row["never"] is None:
            rows.append(Row(name, (Cell("0"), Cell(_UNSAID), Cell(_UNSAID)), is_unknown=True))
            continue
        low, high = row["widest"]
        cells = (
            Cell(f"{row['candidates']:,}"),
            Cell(percent(row["never"]), row["never"]),
            Cell(f"{percent(low)} to {percent(high)}"),
        )
        rows.append(Row(name, cells))
    return Section(
        "unreached",
        "What the tails never reached",
        "All excerpts of the archive in the order of the detector's likelihood, in twentieths: how "
        "many hold no candidate. Nothing is known of how a class sounds there.",
        "Class",
        ("Candidates", "Archive without one", "Widest range of ranks without one"),
        tuple(rows),
        empty="Its clips were not drawn by rounds of this archive.",
    )


def _map(found: dict[str, Any]) -> Section:
    note = "The archive's embeddings laid on a plane, in squares."
    title = "What no candidate sounds like"
    if not found:
        empty = "The archive's newest scores have no map. Make it on the page of a round."
        return Section("map", title, note, "Genre", (), (), empty=empty)
    rows = tuple(
        Row(row["value"], (Cell(f"{row['missed']:,}"), _counted(row["missed"], row["excerpts"])))
        for row in found["genres"]
    )
    told = (
        f"{percent(found['share'])} of the archive lies in squares without a candidate "
        f"({found['missed_squares']:,} of {found['squares']:,}); had as many been drawn evenly "
        f"from all of it, about {percent(found['expected'])} would."
    )
    columns = ("Excerpts there", "Share of the genre's")
    empty = "The archive names no genres of what lies there."
    return Section("map", title, note, "Genre", columns, rows, (told,), empty)


def _raters(raters: dict[str, Any]) -> list[Section]:
    if not raters:
        return []
    columns = tuple(
        f"{name.capitalize()} ({total:,} ratings by {people:,})"
        for name, total, people in zip(
            raters["levels"], raters["totals"], raters["raters"], strict=True
        )
    )
    sections = []
    for group in raters["groups"]:
        rows = [
            Row(
                f"{entry['value']} ({entry['raters']:,} raters)",
                tuple(map(_counted, entry["counts"], raters["totals"])),
            )
            for entry in group["values"]
        ]
        if any(group["unknown"]):
            cells = tuple(map(_counted, group["unknown"], raters["totals"]))
            rows.append(Row("unknown", cells, is_unknown=True))
        note = "Groups of fewer than five people are joined with the next."
        name = f"raters-{group['name']}"
        title = f"Raters: {group['title'].lower()}"
        sections.append(Section(name, title, note, "Group", columns, tuple(rows)))
    return sections


def slices_label(place: int) -> str:
    """Return a twentieth of the archive in words, by rank from least to most likely."""
    return f"{100 * place // SLICES} to {100 * (place + 1) // SLICES} %"
