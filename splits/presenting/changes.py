"""What differs from the version before, in sentences and rows."""

from __future__ import annotations

from typing import Any, Final

from splits.models import Release

_SHOWN: Final = 20
_COUNTS: Final = (
    ("clips", "added", "Clips added"), ("clips", "removed", "Clips removed"),
    ("clips", "withdrawn", "Clips withdrawn"), ("labels", "added", "Labels added"),
    ("labels", "removed", "Labels removed"), ("labels", "changed", "Labels changed"),
    ("partitions", "moved", "Clips moved to another partition"),
)  # fmt: skip


def changes_of(release: Release) -> dict[str, Any] | None:
    """Return what the page tells of a release's changes; None for a first version."""
    told = release.changes or {}
    if not told:
        return None
    counts = [
        {"label": label, "value": int(told.get(what, {}).get(how, 0))}
        for what, how, label in _COUNTS
    ]
    classes = told.get("classes", {})
    return {
        "previous": told.get("previous", ""),
        "bump": told.get("bump", ""),
        "why": told.get("why", ""),
        "counts": [row for row in counts if row["value"]],
        "classes_added": [name.replace("_", " ") for name in classes.get("added", [])],
        "classes_removed": [name.replace("_", " ") for name in classes.get("removed", [])],
        "reasons": sorted(
            told.get("why_counts", {}).items(), key=lambda entry: (-entry[1], entry[0])
        ),
        "by_class": [
            {"name": name.replace("_", " "), **{key: row.get(key, 0) for key in _OF_CLASS}}
            for name, row in sorted(told.get("by_class", {}).items())
        ],
        "examples": [_example(row) for row in told.get("examples", [])[:_SHOWN]],
    }


_OF_CLASS: Final = ("added", "removed", "changed")


def _example(row: dict[str, Any]) -> dict[str, str]:
    what = row.get("class", "").replace("_", " ") or row.get("what", "")
    before, after = row.get("from") or "–", row.get("to") or "–"
    return {
        "key": row.get("sample_key", ""),
        "what": what,
        "change": f"{before} → {after}",
        "why": row.get("why", ""),
    }
