"""A campaign's report at a glance: totals, warnings, labels, calibration, pace and forecast."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import reverse

from annotation.presenting.calibration import calibration
from annotation.presenting.charts import histogram
from annotation.presenting.links import page_url, ratings_url
from annotation.presenting.numbers import (
    DASH,
    method_label,
    percent_text,
    plural,
    share_rows,
    shown,
)
from annotation.presenting.pace import coverage_chart, days_chart, effort, savings
from annotation.presenting.quotas import forecast
from annotation.reporting.shape import Decisions, ReportData

#: A coin, or somebody who always says the same.
_COIN = 0.5


def overview(data: ReportData, campaign_id: UUID, *, run: int | None = None) -> dict[str, Any]:
    """Return what the first page of a report shows.

    Parameters
    ----------
    data
        The stored report.
    campaign_id
        For links to the ratings behind each number.
    run
        Number of the run that is looked at; None for the latest report.
    """
    questions = reverse("annotation:questions", args=[campaign_id])
    return {
        "stats": headline(data, campaign_id, run=run),
        "warnings": warnings(data, campaign_id, run=run),
        "days": days_chart(data["campaign"]["days"], campaign_id),
        "answers": _answers(data, campaign_id),
        "labels": label_rows(data["counts"]["labels"], questions),
        "posteriors": histogram(
            data["posteriors"],
            title="Posterior of “present”",
            what="labels",
            x_label="posterior",
            note="Labels pile up at both ends where people agree.",
            link={
                "url": page_url("consistency_clips", campaign_id, run=run),
                "label": "Those in the middle",
            },
        ),
        "trusts": histogram(
            data["trusts"],
            title="Trust of people",
            what="people",
            x_label="trust",
            rule_at=_COIN,
            note="How often a definite answer is right, averaged over present and absent. "
            "The dashed line at 0.5 is a coin, or somebody who always says the same.",
            link={
                "url": page_url("consistency_people", campaign_id, run=run, sort="trust"),
                "label": "People by trust",
            },
        ),
        "calibration": calibration(data["calibration"]),
        "gold_url": ratings_url(campaign_id, gold=1),
        "coverage": coverage_chart(
            data["campaign"]["coverage"],
            link={"url": f"{questions}?state=open", "label": "Open questions"},
        ),
        "savings": savings(data["campaign"]),
        "effort": effort(data["campaign"]),
        "quotas": _quotas(data, campaign_id, run),
        "facts": facts(data),
        "thresholds": f"Undecided lie between {data['basis']['absent_to']:g} and"
        f" {data['basis']['present_from']:g}.",
    }


def headline(data: ReportData, campaign_id: UUID, *, run: int | None) -> list[dict[str, Any]]:
    """Return the numbers that matter, each with the rows it came from."""
    counts, alpha = data["counts"], shown(data["alpha"])
    decided = counts["labels"]["present"] + counts["labels"]["absent"]
    labelled = decided + counts["labels"]["undecided"]
    after = data["calibration"]["after"] or data["calibration"]["before"]
    ece = after["ece"] if after is not None else None
    left_out = counts["excluded_raters"]
    return [
        {
            "label": "Ratings",
            "value": f"{counts['ratings']:,}",
            "note": f"on {plural(counts['questions'], 'question')}",
            "url": ratings_url(campaign_id),
        },
        {
            "label": "People",
            "value": f"{counts['raters']:,}",
            "note": f"{left_out:,} left out" if left_out else "everybody counts",
            "url": page_url("consistency_people", campaign_id, run=run),
        },
        {
            "label": "Labels decided",
            "value": f"{decided:,}",
            "note": f"{percent_text(decided / labelled)} of {labelled:,} with an answer"
            if labelled
            else "none yet",
            "url": f"{reverse('annotation:questions', args=[campaign_id])}?state=decided",
        },
        {
            "label": "Krippendorff’s alpha",
            "value": alpha.text,
            "note": f"95 % interval {alpha.interval}" if alpha.interval else alpha.note,
            "url": page_url("consistency_classes", campaign_id, run=run, sort="alpha"),
        },
        {
            "label": "Calibration error",
            "value": DASH if ece is None else percent_text(ece, digits=1),
            "note": f"on {data['calibration']['gold']:,} gold labels"
            if ece is not None
            else "needs gold",
            "url": "#calibration",
        },
    ]


def warnings(data: ReportData, campaign_id: UUID, *, run: int | None) -> list[dict[str, str]]:
    """Return what a reader must know before believing the numbers, gravest first."""
    counts, gold = data["counts"], data["calibration"]["gold_contradicting"]
    found = []
    if counts["ratings_simulated"]:
        who = plural(counts["raters_simulated"], "simulated person", "simulated people")
        found.append(
            {
                "kind": "warn",
                "title": "Simulated people",
                "text": f"{counts['ratings_simulated']:,} of {counts['ratings']:,} ratings were"
                f" given by {who}.",
            }
        )
    if data["shortage"]:
        found.append(
            {
                "kind": "warn",
                "title": "People could not be judged",
                "text": f"{_sentence(data['shortage'])} Everybody was taken for an average person.",
            }
        )
    elif not data["converged"]:
        found.append(
            {
                "kind": "warn",
                "title": "Judging people did not settle",
                "text": f"It was stopped after {plural(data['iterations'], 'iteration')};"
                " labels near the thresholds may still move.",
            }
        )
    if gold:
        found.append(
            {
                "kind": "warn",
                "title": "Contradicting gold",
                "text": f"On {plural(gold, 'clip')} two people gave opposite gold. It counts for"
                " nothing until one of them retires theirs.",
                "url": ratings_url(campaign_id, gold=1),
                "action": "Ratings on gold",
            }
        )
    if counts["excluded_raters"]:
        found.append(
            {
                "kind": "info",
                "title": "Left out of consensus",
                "text": f"{plural(counts['excluded_raters'], 'person', 'people')} with"
                f" {plural(counts['excluded_ratings'], 'rating')}. Nothing was deleted.",
                "url": page_url("consistency_people", campaign_id, run=run),
                "action": "People",
            }
        )
    return found


def facts(data: ReportData) -> list[dict[str, Any]]:
    """Return how the report was computed."""
    basis = data["basis"]
    end = "settled" if data["converged"] else "stopped"
    judged = f"{end} after {plural(data['iterations'], 'iteration')}"
    found: list[dict[str, Any]] = [
        {"label": "Method", "value": method_label(basis["method"])},
        {
            "label": "Thresholds",
            "value": f"present from {basis['present_from']:g}, absent to {basis['absent_to']:g}",
        },
        {"label": "Judging people", "value": judged},
        {
            "label": "Both methods agree",
            "value": f"on {percent_text(data['methods_agree'])} of labels"
            if data["methods_agree"] is not None
            else DASH,
        },
        {"label": "Code", "value": basis["code"], "code": True},
        {"label": "Took", "value": f"{basis['seconds']:.1f} s"},
    ]
    if basis["ratings_table"]:
        found.append({"label": "Ratings table", "value": basis["ratings_table"], "code": True})
    return found


def _answers(data: ReportData, campaign_id: UUID) -> list[dict[str, Any]]:
    totals = {name: sum(row[name] for row in data["classes"]) for name in ("yes", "no", "unsure")}
    return share_rows(
        [
            {
                "label": name,
                "number": totals[name],
                "series": series,
                "url": ratings_url(campaign_id, answer=name),
            }
            for name, series in (("yes", 1), ("no", 2), ("unsure", 3))
        ]
    )


def label_rows(labels: Decisions, url: str) -> list[dict[str, Any]]:
    """Return labels by decision for `components/share_bars.html`; `url` lists their questions."""
    return share_rows(
        [
            {"label": "present", "number": labels["present"], "series": 1, "url": url},
            {"label": "undecided", "number": labels["undecided"], "series": 3, "url": url},
            {"label": "absent", "number": labels["absent"], "series": 2, "url": url},
        ]
    )


def _quotas(data: ReportData, campaign_id: UUID, run: int | None) -> list[dict[str, Any]]:
    return [
        {
            "display_name": row["display_name"],
            "forecast": forecast(row["quota"]),
            "url": page_url("consistency_class", campaign_id, row["name"], run=run),
        }
        for row in data["classes"]
    ]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
