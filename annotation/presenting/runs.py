"""Runs in a list, and one of them in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse

from annotation.models import ConsensusRun, PersonReport
from annotation.presenting.calibration import calibration
from annotation.presenting.links import page_url, ratings_url
from annotation.presenting.numbers import DASH, method_label, percent_text, plural
from annotation.presenting.overview import headline, label_rows
from annotation.reporting.shape import ReportData

#: Parameters in words; the others are shown under their own names.
_PARAMETERS = {
    "method": "Method",
    "present_from": "Present from",
    "absent_to": "Absent to",
    "use_detector": "Asked for the detector beside",
    "uses_prior": "Computed with the detector beside",
    "class_support": "Skill in a class from so many ratings",
    "alpha_samples": "Bootstrap samples",
    "seed": "Seed",
    "code": "Code",
}


def run_rows(
    runs: Sequence[ConsensusRun], stored: Mapping[UUID, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return runs as the list shows them.

    Parameters
    ----------
    runs
        With `created_by`.
    stored
        Parts of each run's report by the run's id: counts and calibration; runs made before there
        were reports have none.
    """
    return [_row(run, stored.get(run.pk)) for run in runs]


def run_detail(run: ConsensusRun, data: ReportData | None, campaign_id: UUID) -> dict[str, Any]:
    """Return what a run's page shows; `data` is None where its report cannot be read."""
    tables = [
        {"label": f"{label} table", "value": table.sha256, "rows": table.rows}
        for label, table in (
            ("Ratings", run.ratings), ("Labels", run.labels), ("Skills", run.skills),
        )
    ]  # fmt: skip
    page: dict[str, Any] = {
        "method": method_label(run.method),
        "parameters": [
            {"label": parameter_label(name), "value": parameter_words(name, value)}
            for name, value in sorted(_flat(run.parameters), key=_parameter_order)
        ],
        "tables": tables,
        "report_url": page_url("consistency_campaign", campaign_id, run=run.number),
    }
    if data is not None:
        page |= {
            "stats": headline(data, campaign_id, run=run.number),
            "labels": label_rows(
                data["counts"]["labels"], reverse("annotation:questions", args=[campaign_id])
            ),
            "calibration": calibration(data["calibration"]),
            "gold_url": ratings_url(campaign_id, gold=1),
            "convergence": _convergence(data),
            "shortage": data["shortage"],
        }
    return page


def exclusion_rows(
    rows: Sequence[Mapping[str, Any]], people: Mapping[str, PersonReport], campaign_id: UUID
) -> list[dict[str, Any]]:
    """Return who was left out, with accounts where they still exist.

    Parameters
    ----------
    rows
        Parts of `ConsensusRun.exclusions`.
    people
        Rows of the run's report by pseudonym.
    """
    found = []
    for row in rows:
        report = people.get(row["rater"])
        person = report.person if report is not None else None
        found.append(
            {
                "rater": row["rater"],
                "name": person.get_username() if person is not None else "",
                "url": page_url("consistency_person", campaign_id, person.pk) if person else "",
                "reason": row.get("reason", ""),
                "rule": row.get("rule", ""),
                "ratings": row.get("ratings"),
                "ratings_url": ratings_url(campaign_id, person=person.pk) if person else "",
            }
        )
    return found


def parameter_label(name: str) -> str:
    """Return what people call a parameter."""
    return _PARAMETERS.get(name, name.replace("_", " ").replace(".", ": ").capitalize())


def parameter_words(name: str, value: Any) -> str:
    """Return a parameter's value in words; None where a run does not have it."""
    if value is None:
        return "not there"
    if name == "method":
        return method_label(str(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _row(run: ConsensusRun, stored: Mapping[str, Any] | None) -> dict[str, Any]:
    left_out = len(run.exclusions)
    row: dict[str, Any] = {
        "run": run,
        "url": page_url("consistency_run", run.campaign_id, run.number),
        "method": method_label(run.method),
        "left_out": left_out,
        "ratings": None,
    }
    if stored is None or not stored.get("counts"):
        return row
    labels = stored["counts"]["labels"]
    section = stored.get("calibration") or {}
    judged = section.get("after") or section.get("before") or {}
    return row | {
        "ratings": stored["counts"]["ratings"],
        "raters": stored["counts"]["raters"],
        "labels": labels,
        "decided": labels["present"] + labels["absent"],
        "total": sum(labels.values()),
        "ece": percent_text(judged["ece"], digits=1) if judged.get("ece") is not None else DASH,
        "gold": section.get("gold", 0),
    }


def _convergence(data: ReportData) -> list[dict[str, Any]]:
    end = "settled" if data["converged"] else "stopped before it settled"
    found = [
        {"label": "Judging people", "value": f"{end}, {plural(data['iterations'], 'iteration')}"}
    ]
    if data["log_likelihood"] is not None:
        found.append({"label": "Log-likelihood", "value": f"{data['log_likelihood']:,.1f}"})
    if data["methods_agree"] is not None:
        agree = percent_text(data["methods_agree"])
        found.append({"label": "Both methods agree", "value": f"on {agree} of labels"})
    found.append({"label": "Took", "value": f"{data['basis']['seconds']:.1f} s"})
    return found


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _parameter_order(item: tuple[str, Any]) -> tuple[int, str]:
    order = list(_PARAMETERS)
    return (order.index(item[0]) if item[0] in order else len(order), item[0])
