"""The composition report as pages show it: tables with bars, and the matrix of tails."""

from __future__ import annotations

import json
from math import ceil, sqrt
from typing import Any, Final

from splits.composition.sampling import SLICES
from splits.composition.sections import Section, percent, sections_of, slices_label
from splits.composition.tally import FORMAT
from splits.models import Release

#: A report of thirty values by ten levels is far below this.
_MOST_BYTES: Final = 8_000_000
_SHADES: Final = 5  # of the matrix, beside none
#: What the release's own page tells; the rest is one link away.
_SHORT: Final = ("genre", "artist", "decade", "language")
_SHORT_ROWS: Final = 5


def report_of(release: Release) -> dict[str, Any] | None:
    """Return a release's composition report; None where it has none that can be read."""
    path = release.folder / "composition.json"
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        report: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return report if isinstance(report, dict) and report.get("format") == FORMAT else None


def page_of(report: dict[str, Any]) -> dict[str, Any]:
    """Return what the full page shows."""
    return {
        "sections": [_section(section) for section in sections_of(report)],
        "slices": _slices(report["unreached"].get("classes", [])),
        "levels": report["levels"],
    }


def summary_of(report: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what the release's own page shows: frequent values, archive beside release."""
    if report is None:
        return None
    names = [level["name"] for level in report["levels"]]
    archive, release = names.index("archive"), names.index("release")
    wholes = [report["levels"][place]["n"] for place in (archive, release)]
    tables = []
    for entry in report["dimensions"]:
        if entry["name"] not in _SHORT:
            continue
        rows = [(row["value"], row["counts"], False) for row in entry["values"]]
        rows.sort(key=lambda row: -int(row[1][release]))
        rows = rows[:_SHORT_ROWS]
        if any(entry["unknown"]):
            rows.append(("unknown", entry["unknown"], True))
        tables.append(
            {
                "title": entry["title"],
                "rows": [_short(*row, (archive, release), wholes) for row in rows],
            }
        )
    return {"tables": tables, "told": _told(report)}


def _short(
    label: str, counts: list[int], is_unknown: bool, places: tuple[int, int], wholes: list[int]
) -> dict[str, Any]:
    shares = [
        counts[place] / whole if whole else 0.0 for place, whole in zip(places, wholes, strict=True)
    ]
    return {
        "label": label,
        "is_unknown": is_unknown,
        "archive": percent(shares[0]) if wholes[0] else "–",
        "release": percent(shares[1]) if wholes[1] else "–",
        "share": round(min(1.0, shares[1]), 4),
        "mark": round(min(1.0, shares[0]), 4) if wholes[0] else None,
    }


def _told(report: dict[str, Any]) -> str:
    found = report["unreached"].get("map") or {}
    if found:
        return (
            f"{percent(found['share'])} of the archive sounds like no candidate; by chance alone "
            f"about {percent(found['expected'])} would."
        )
    never = [
        row["never"] for row in report["unreached"].get("classes", []) if row["never"] is not None
    ]
    if not never:
        return "Its clips were not drawn by rounds of this archive."
    mean = sum(never) / len(never)
    return (
        f"By the detector's likelihoods {percent(mean)} of the archive holds no candidate, as a "
        "mean over classes."
    )


def _section(section: Section) -> dict[str, Any]:
    return {
        "name": section.name,
        "title": section.title,
        "note": section.note,
        "head": section.head,
        "columns": section.columns,
        "rows": [
            {
                "label": row.label,
                "is_unknown": row.is_unknown,
                "cells": [
                    {
                        "text": cell.text,
                        "share": None if cell.share is None else round(min(1.0, cell.share), 4),
                    }
                    for cell in row.cells
                ],
            }
            for row in section.rows
        ],
        "told": section.told,
        "empty": section.empty,
    }


def _slices(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the matrix of classes by twentieths of the archive."""
    if not rows:
        return None
    most = max((max(row["counts"]) for row in rows), default=0)
    names = [row["class"].replace("_", " ") for row in rows]
    return {
        "columns": [f"{100 * (place + 1) // SLICES}%" for place in range(SLICES)],
        "rows": [
            {
                "label": name,
                "cells": [
                    {
                        "text": f"{count:,}" if count else "·",
                        "level": ceil(_SHADES * sqrt(count / most)) if count else 0,
                        "hint": f"{name}, {slices_label(place)}: {count:,}",
                    }
                    for place, count in enumerate(row["counts"])
                ],
            }
            for name, row in zip(names, rows, strict=True)
        ],
    }
