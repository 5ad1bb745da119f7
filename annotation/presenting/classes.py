"""Classes side by side, and one of them in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from annotation.presenting.charts import histogram
from annotation.presenting.intervals import ALPHA_TENTATIVE, Forest, Measured, forest
from annotation.presenting.links import page_url, ratings_url
from annotation.presenting.numbers import percent_text, share_rows, shown
from annotation.presenting.overview import label_rows
from annotation.presenting.quotas import forecast
from annotation.presenting.sorting import Column
from annotation.reporting.shape import ClassRow, DetectorBin, Estimate, ReportData

TENTATIVE_NOTE: Final = (
    "The dashed line is 0.667, below which Krippendorff draws no conclusions; hollow dots lie"
    " below it. Lines are 95 % bootstrap intervals."
)


def _value(name: str) -> Any:
    return lambda row: row[name]["value"]


#: What the table of classes can be sorted by.
CLASS_COLUMNS: Final = {
    "class": Column(label="Class", value=lambda row: row["display_name"].casefold()),
    "ratings": Column(label="Ratings", value=lambda row: row["ratings"], large_first=True),
    "alpha": Column(label="Alpha", value=_value("alpha")),
    "fleiss": Column(label="Fleiss’ κ", value=_value("fleiss")),
    "ac1": Column(label="AC1", value=_value("ac1")),
    "agreement": Column(label="Raw", value=_value("agreement")),
    "unsure": Column(label="Unsure", value=_value("unsure_rate"), large_first=True),
    "disputed": Column(label="Disputed", value=_value("disputed_rate"), large_first=True),
    "gold": Column(label="On gold", value=_value("gold_accuracy")),
    "positives": Column(label="Positives", value=lambda row: row["quota"]["positives"]),
    "labels": Column(label="Labels", value=lambda row: row["quota"]["labels"]),
    "forecast": Column(label="Quotas met", value=lambda row: row["quota"]["days"],
                       large_first=True),
}  # fmt: skip


def matching(rows: Sequence[ClassRow], words: str) -> list[ClassRow]:
    """Return classes whose name has these words in it, whatever their case."""
    wanted = words.casefold()
    return [
        row for row in rows if wanted in row["display_name"].casefold() or wanted in row["name"]
    ]


def class_rows(
    rows: Sequence[ClassRow], campaign_id: UUID, *, run: int | None = None
) -> list[dict[str, Any]]:
    """Return classes as the table shows them, each number with what it came from."""
    return [
        {
            "name": row["name"],
            "display_name": row["display_name"],
            "url": page_url("consistency_class", campaign_id, row["name"], run=run),
            "ratings": row["ratings"],
            "ratings_url": ratings_url(campaign_id, class_name=row["name"]),
            "alpha": shown(row["alpha"]),
            "fleiss": shown(row["fleiss"]),
            "ac1": shown(row["ac1"]),
            "agreement": shown(row["agreement"], as_percent=True),
            "unsure": shown(row["unsure_rate"], as_percent=True),
            "unsure_url": ratings_url(campaign_id, class_name=row["name"], answer="unsure"),
            "disputed": shown(row["disputed_rate"], as_percent=True),
            "disputed_url": questions_url(campaign_id, row["name"], state="disputed"),
            "gold": shown(row["gold_accuracy"], as_percent=True),
            "gold_url": ratings_url(campaign_id, class_name=row["name"], gold=1),
            "forecast": forecast(row["quota"]),
        }
        for row in rows
    ]


def alpha_plot(data: ReportData, rows: Sequence[ClassRow], campaign_id: UUID, *,
               run: int | None = None) -> Forest:  # fmt: skip
    """Return alpha of each of these classes with its interval, all classes together last."""
    measured = [
        Measured(
            label=row["display_name"],
            estimate=row["alpha"],
            url=page_url("consistency_class", campaign_id, row["name"], run=run),
            number_url=ratings_url(campaign_id, class_name=row["name"]),
        )
        for row in rows
    ]
    measured.append(Measured(label="all classes", estimate=data["alpha"], is_total=True))
    return forest(
        measured,
        title="Agreement by class",
        axis="alpha",
        description="Krippendorff’s alpha of each class with its 95 % bootstrap interval.",
        mark=ALPHA_TENTATIVE,
        mark_label=TENTATIVE_NOTE,
        number_label="questions",
    )


def class_detail(
    row: ClassRow, campaign_id: UUID, *, run: int | None = None
) -> dict[str, Any]:  # fmt: skip
    """Return what one class's page shows."""
    name, quota = row["name"], forecast(row["quota"])
    return {
        "row": row,
        "stats": _stats(row, campaign_id),
        "agreement": _agreement(row, campaign_id),
        "answers": _answers(row, campaign_id),
        "labels": label_rows(row["labels"], questions_url(campaign_id, name)),
        "posteriors": histogram(
            row["posteriors"],
            title="Posterior of “present”",
            what="labels",
            x_label="posterior",
            note="Labels pile up at both ends where people agree.",
        ),
        "confusion": confusion_rows(row.get("confusion"), campaign_id, name),
        "detector": detector(row, campaign_id),
        "confusion_columns": ("yes", "no", "unsure"),
        "forecast": quota,
        "positives_text": f"{quota.positives:,} of {quota.positives_wanted:,}",
        "labels_text": f"{quota.labels:,} of {quota.labels_wanted:,}",
        "links": {
            "ratings": ratings_url(campaign_id, class_name=name),
            "questions": questions_url(campaign_id, name),
            "people": page_url("consistency_people", campaign_id, run=run, **{"class": name}),
            "clips": page_url("consistency_clips", campaign_id, run=run, **{"class": name}),
        },
    }


def confusion_rows(
    confusion: Sequence[Sequence[float]] | None, campaign_id: UUID, name: str
) -> list[dict[str, Any]]:
    """Return what people say of present and absent, for `components/matrix.html`."""
    if not confusion:
        return []
    rows = []
    for truth, label in ((1, "present"), (0, "absent")):
        no, yes, unsure = confusion[truth]
        cells = [
            {
                "text": percent_text(share),
                "level": min(5, int(share * 6)),
                "same": is_right,
                "hint": f"Where it is {label}, people say {answer} {percent_text(share)} of the"
                " time.",
                "url": ratings_url(campaign_id, class_name=name, answer=answer),
            }
            for answer, share, is_right in (
                ("yes", yes, truth == 1), ("no", no, truth == 0), ("unsure", unsure, False),
            )
        ]  # fmt: skip
        rows.append({"label": label, "cells": cells})
    return rows


def detector(row: ClassRow, campaign_id: UUID) -> dict[str, Any]:
    """Return the detector judged by the crowd: by score and by sampled tail."""
    section = row["detector"]
    has_bins = any(part["precision"]["value"] is not None for part in section["bins"])
    has_tails = any(part["precision"]["value"] is not None for part in section["tails"])
    return {
        "auc": shown(section["auc"], as_percent=True),
        "note": section["note"],
        "bins": _precision(section["bins"], "Present by detector score",
                           "Clips whose label is decided, by what the detector gave them.")
        if has_bins else None,
        "tails": _precision(section["tails"], "Present by sampled tail",
                            "Clips whose label is decided, by the tail a round drew them from.")
        if has_tails else None,
    }  # fmt: skip


def questions_url(campaign_id: UUID, name: str, **filters: str) -> str:
    """Return where a class's questions are listed."""
    query = urlencode({"class": name, **filters})
    return f"{reverse('annotation:questions', args=[campaign_id])}?{query}"


def _precision(bins: Sequence[DetectorBin], title: str, description: str) -> Forest:
    return forest(
        [Measured(label=part["name"], estimate=part["precision"]) for part in bins],
        title=title,
        axis="present",
        description=f"{description} Share that the crowd found present, with 95 % intervals.",
        number_label="decided",
        note=description,
        as_percent=True,
    )


def _agreement(row: ClassRow, campaign_id: UUID) -> Forest:
    gold = ratings_url(campaign_id, class_name=row["name"], gold=1)
    given = ratings_url(campaign_id, class_name=row["name"])
    kinds: tuple[tuple[str, Estimate, str], ...] = (
        ("Krippendorff’s alpha", row["alpha"], given),
        ("Fleiss’ kappa", row["fleiss"], given),
        ("Gwet’s AC1", row["ac1"], given),
        ("Raw agreement", row["agreement"], given),
        ("Right on gold", row["gold_accuracy"], gold),
    )
    return forest(
        [
            Measured(label=label, estimate=estimate, number_url=url)
            for label, estimate, url in kinds
        ],
        title="Agreement",
        axis="value",
        description="Coefficients of agreement and accuracy on gold, with 95 % intervals.",
        number_label="based on",
        note="Alpha, kappa and AC1 are agreement beyond chance: 1 is perfect, 0 what chance gives."
        " They part where one answer is rare.",
    )  # fmt: skip


def _stats(row: ClassRow, campaign_id: UUID) -> list[dict[str, Any]]:
    name = row["name"]
    stats = [
        {
            "label": "Ratings",
            "value": f"{row['ratings']:,}",
            "note": f"on {row['rated']:,} of {row['questions']:,} questions",
            "url": ratings_url(campaign_id, class_name=name),
        }
    ]
    unsure = ratings_url(campaign_id, class_name=name, answer="unsure")
    disputed = questions_url(campaign_id, name, state="disputed")
    gold = ratings_url(campaign_id, class_name=name, gold=1)
    for label, estimate, url, as_percent in (
        ("Alpha", row["alpha"], "#agreement", False),
        ("Unsure", row["unsure_rate"], unsure, True),
        ("Disputed", row["disputed_rate"], disputed, True),
        ("Right on gold", row["gold_accuracy"], gold, True),
    ):
        words = shown(estimate, as_percent=as_percent)
        stats.append(
            {"label": label, "value": words.text, "note": words.interval or words.note, "url": url}
        )
    return stats


def _answers(row: ClassRow, campaign_id: UUID) -> list[dict[str, Any]]:
    return share_rows(
        [
            {
                "label": answer,
                "number": number,
                "series": series,
                "url": ratings_url(campaign_id, class_name=row["name"], answer=answer),
            }
            for answer, number, series in (
                ("yes", row["yes"], 1), ("no", row["no"], 2), ("unsure", row["unsure"], 3),
            )
        ]
    )  # fmt: skip
