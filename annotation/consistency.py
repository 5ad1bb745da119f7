"""A stored report as rows, bars and bins that templates draw as they are."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.urls import reverse

from annotation.models import Campaign
from consonance.people.models import User

#: Values of a run's method and what people call them.
AGREEMENT_METHODS: Final = (("dawid_skene", "Dawid-Skene"), ("majority", "Majority vote"))

#: Krippendorff's own reading: tentative conclusions from .667 (Content Analysis, chapter 12).
ALPHA_TENTATIVE: Final = 0.667

#: Columns that people can be sorted by, and whether large comes first.
PEOPLE_SORTS: Final = {
    "ratings": ("Ratings", True),
    "trust": ("Trust", False),
    "sensitivity": ("Sensitivity", False),
    "specificity": ("Specificity", False),
    "agreement": ("Agrees with the rest", False),
    "unsure_share": ("Unsure", True),
    "median_response_ms": ("Median time", False),
}
_TRUST_BINS: Final = 20


def method_label(method: str) -> str:
    """Return what people call a method."""
    return dict(AGREEMENT_METHODS).get(method, method)


def alpha_row(alpha: dict[str, Any]) -> dict[str, Any]:
    """Return an agreement coefficient with what its bar needs: nothing below zero is drawn."""
    value = alpha["value"]
    return {
        **alpha,
        "bar": max(0.0, value) if value is not None else 0,
        "bar_low": max(0.0, alpha["low"]) if alpha["low"] is not None else None,
        "bar_high": max(0.0, alpha["high"]) if alpha["high"] is not None else None,
        "is_weak": value is not None and value < ALPHA_TENTATIVE,
    }


def class_rows(classes: list[dict[str, Any]], campaign: Campaign) -> list[dict[str, Any]]:
    """Return classes with their bars and the address of their questions."""
    listed = reverse("annotation:questions", args=[campaign.pk])
    return [
        {
            **row,
            "alpha": alpha_row(row["alpha"]),
            "unsure_percent": 100 * row["unsure"] / row["ratings"] if row["ratings"] else None,
            "segments": _segments(row["labels"]),
            "url": f"{listed}?class={row['name']}",
            "disputed_url": f"{listed}?class={row['name']}&state=disputed",
        }
        for row in classes
    ]


def _segments(labels: dict[str, int]) -> list[dict[str, Any]]:
    start = 0
    segments = []
    for name, series in (("present", 1), ("undecided", 3), ("absent", 2)):
        segments.append({"start": start, "value": labels[name], "series": series, "label": name})
        start += labels[name]
    return segments


def sorted_people(people: list[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    """Return people by a column of `PEOPLE_SORTS`, `-` before it for the other way round.

    Whoever has no value stands last. An unknown column is the first one.
    """
    name = sort.removeprefix("-")
    if name not in PEOPLE_SORTS:
        name, sort = "ratings", "ratings"
    descending = PEOPLE_SORTS[name][1] != sort.startswith("-")

    def value(row: dict[str, Any]) -> float | None:
        found: float | None = row[name]["value"] if name == "agreement" else row[name]
        return found

    known = [row for row in people if value(row) is not None]
    unknown = [row for row in people if value(row) is None]
    return sorted(known, key=lambda row: value(row) or 0.0, reverse=descending) + unknown


def people_rows(people: list[dict[str, Any]], accounts: dict[UUID, User]) -> list[dict[str, Any]]:
    """Return people as a page's table shows them, with their accounts where they still exist."""
    return [
        {
            **row,
            "account": accounts.get(UUID(row["person"])),
            "unsure_percent": 100 * row["unsure_share"],
            "median_s": None
            if row["median_response_ms"] is None
            else row["median_response_ms"] / 1000,
        }
        for row in people
    ]


def sort_links(sort: str) -> dict[str, dict[str, str]]:
    """Return, for each column, the address that sorts by it and how it is sorted now."""
    current = sort.removeprefix("-") if sort.removeprefix("-") in PEOPLE_SORTS else "ratings"
    turned = sort.startswith("-") and current == sort.removeprefix("-")
    links = {}
    for name, (_, large_first) in PEOPLE_SORTS.items():
        order = ""
        if name == current:
            order = "descending" if large_first != turned else "ascending"
        again = "-" if name == current and not turned else ""
        links[name] = {"url": f"?sort={again}{name}#people", "order": order}
    return links


def posterior_bins(counts: list[int]) -> dict[str, Any]:
    """Return the histogram of posteriors."""
    return _histogram(counts)


def trust_bins(people: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the histogram of people's trust."""
    counts = [0] * _TRUST_BINS
    for row in people:
        if row["trust"] is not None:
            counts[min(_TRUST_BINS - 1, int(row["trust"] * _TRUST_BINS))] += 1
    return _histogram(counts)


def _histogram(counts: list[int]) -> dict[str, Any]:
    width = 1 / len(counts)
    bins = [
        {"count": count, "label": f"{index * width:.2f}–{(index + 1) * width:.2f}"}
        for index, count in enumerate(counts)
    ]
    return {"bins": bins, "max": max(counts, default=0)}
