"""Stored reports for tests of whoever reads them: full ones, thin ones, empty ones. Not a test.

data = report_data(classes=("banjo", "bass"))
report = live_report(campaign, data)
"""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from annotation.models import Campaign, ConsensusRun, ConsistencyReport
from annotation.reporting.shape import (
    REPORT_VERSION,
    CalibrationSection,
    CampaignSection,
    ClassRow,
    Day,
    Decisions,
    DetectorSection,
    Estimate,
    Quota,
    Reliability,
    ReportData,
)

CLASSES = (
    "accordion", "banjo", "bass", "cello", "clarinet", "cymbals", "drums", "flute", "guitar",
    "mallet_percussion", "mandolin", "organ", "piano", "saxophone", "synthesizer", "trombone",
    "trumpet", "ukulele", "violin", "voice",
)  # fmt: skip
CUTOFF = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
FIRST_DAY = date(2026, 9, 22)


def estimate(
    value: float | None, spread: float = 0.03, *, number: int = 400, note: str = "",
    least: float = 0.0,
) -> Estimate:  # fmt: skip
    """Return a number with an interval around it, within `least` to 1."""
    if value is None:
        return {
            "value": None, "low": None, "high": None, "number": number,
            "note": note or "not enough data: 2 ratings, 3 needed",
        }  # fmt: skip
    return {
        "value": value, "low": max(least, value - spread), "high": min(1.0, value + spread),
        "number": number, "note": note or f"{number} clips",
    }  # fmt: skip


def unknown(note: str = "not enough data: 2 ratings, 3 needed") -> Estimate:
    """Return a number that could not be computed."""
    return estimate(None, number=0, note=note)


def reliability(rng: random.Random, *, bend: float) -> Reliability:
    """Return ten bins; `bend` is how far the middle lies below the diagonal. One bin is empty."""
    bins: list[Any] = []
    for place in range(10):
        low, high = place / 10, (place + 1) / 10
        number = 0 if place == 4 else rng.randint(8, 40) + (200 if place in (0, 9) else 0)
        predicted = low + 0.05
        observed = min(1.0, max(0.0, predicted - bend * 4 * predicted * (1 - predicted)))
        half = 0.9 / max(1, number) ** 0.5
        bins.append(
            {
                "low": low,
                "high": high,
                "number": number,
                "predicted": predicted if number else None,
                "observed": observed if number else None,
                "observed_low": max(0.0, observed - half) if number else None,
                "observed_high": min(1.0, observed + half) if number else None,
            }
        )
    return {"ece": 0.011 + abs(bend) / 3, "brier": 0.061, "nll": 0.214, "bins": bins}


def calibration(rng: random.Random) -> CalibrationSection:
    """Return calibration on 830 gold labels, two of which contradict each other."""
    return {
        "gold": 830, "gold_contradicting": 2, "temperature": 1.34,
        "before": reliability(rng, bend=0.12), "after": reliability(rng, bend=0.01), "note": "",
    }  # fmt: skip


def no_calibration() -> CalibrationSection:
    """Return what stands there without gold."""
    return {
        "gold": 0, "gold_contradicting": 0, "temperature": None, "before": None, "after": None,
        "note": "no gold yet",
    }  # fmt: skip


def detector(rng: random.Random) -> DetectorSection:
    """Return a detector that is right more often the surer it is."""
    bins: list[Any] = []
    for place in range(10):
        low, high = place / 10, (place + 1) / 10
        share = 0.04 + 0.9 * (low + 0.05) ** 1.6
        precision = estimate(share, 0.06, number=rng.randint(12, 200))
        if place == 5:
            precision = unknown("no decided label")
        bins.append({"name": f"{low:.1f}–{high:.1f}", "low": low, "high": high,
                     "precision": precision})  # fmt: skip
    tails: list[Any] = [
        {"name": "high", "low": 0.9, "high": 1.0, "precision": estimate(0.87, 0.03, number=310)},
        {"name": "low", "low": 0.0, "high": 0.1, "precision": estimate(0.06, 0.02, number=290)},
    ]
    return {"auc": estimate(0.91, 0.02, number=600), "bins": bins, "tails": tails, "note": ""}


def quota(rng: random.Random, place: int) -> Quota:
    """Return a quota that is met, near, far, short of questions or without any pace."""
    wanted = {"positives_wanted": 500, "labels_wanted": 1500}
    kind = place % 5
    if kind == 0:
        return {**wanted, "positives": 538, "labels": 1655, "days": 0.0, "days_low": 0.0,
                "days_high": 0.0, "questions_short": 0, "note": ""}  # fmt: skip
    if kind == 4:
        return {**wanted, "positives": 12, "labels": 40, "days": None, "days_low": None,
                "days_high": None, "questions_short": 0,
                "note": "nobody has answered here for 14 days"}  # fmt: skip
    days = 4.0 + 9 * kind + rng.random()
    return {**wanted, "positives": rng.randint(100, 480), "labels": rng.randint(400, 1490),
            "days": days, "days_low": days * 0.75, "days_high": days * 1.4,
            "questions_short": 320 if kind == 3 else 0, "note": ""}  # fmt: skip


def class_row(rng: random.Random, name: str, place: int) -> ClassRow:
    """Return one class; the larger its place, the harder it is."""
    ratings = rng.randint(9_000, 14_000)
    unsure = int(ratings * (0.03 + 0.004 * place))
    yes = int(ratings * rng.uniform(0.25, 0.5))
    rated = ratings // 5
    labels: Decisions = {
        "present": int(rated * 0.3), "undecided": int(rated * 0.08),
        "absent": rated - int(rated * 0.3) - int(rated * 0.08),
    }  # fmt: skip
    alpha = 0.9 - 0.025 * place
    posteriors = [int(rated * share) for share in (0.4, 0.1, *([0.01] * 16), 0.08, 0.26)]
    return {
        "name": name, "display_name": name.replace("_", " "),
        "questions": rated + 40, "open": 40, "decided": rated - labels["undecided"],
        "disputed": labels["undecided"], "rated": rated, "ratings": ratings,
        "yes": yes, "no": ratings - yes - unsure, "unsure": unsure, "labels": labels,
        "alpha": estimate(alpha, 0.02 + 0.002 * place, number=rated),
        "fleiss": estimate(alpha - 0.02, 0.03, number=rated // 3)
        if place % 4 else unknown("questions have different numbers of answers"),
        "ac1": estimate(min(0.97, alpha + 0.06), 0.02, number=rated),
        "agreement": estimate(min(0.99, 0.5 + alpha / 2), 0.01, number=rated),
        "unsure_rate": estimate(unsure / ratings, 0.005, number=ratings),
        "disputed_rate": estimate(labels["undecided"] / rated, 0.012, number=rated),
        "gold_accuracy": estimate(0.93 - 0.01 * place, 0.04, number=80)
        if place % 6 else unknown("no gold of this class"),
        "confusion": [[0.86 - 0.01 * place, 0.1, 0.04 + 0.01 * place], [0.07, 0.88, 0.05]],
        "quota": quota(rng, place), "detector": detector(rng), "posteriors": posteriors,
    }  # fmt: skip


def thin_class(name: str) -> ClassRow:
    """Return a class that nobody has answered."""
    return {
        "name": name, "display_name": name, "questions": 12, "open": 12, "decided": 0,
        "disputed": 0, "rated": 0, "ratings": 0, "yes": 0, "no": 0, "unsure": 0,
        "labels": {"present": 0, "absent": 0, "undecided": 0},
        "alpha": unknown(), "fleiss": unknown(), "ac1": unknown(), "agreement": unknown(),
        "unsure_rate": unknown(), "disputed_rate": unknown(), "gold_accuracy": unknown(),
        "confusion": None,
        "quota": {"positives": 0, "positives_wanted": 500, "labels": 0, "labels_wanted": 1500,
                  "days": None, "days_low": None, "days_high": None, "questions_short": 0,
                  "note": "nobody has answered yet"},
        "detector": {"auc": unknown(), "bins": [], "tails": [],
                     "note": "no detector scores these clips"},
        "posteriors": [0] * 20,
    }  # fmt: skip


def days(rng: random.Random, number: int) -> list[Day]:
    """Return so many days, quieter at weekends; the fifth has no answer and is left out."""
    made: list[Day] = []
    for place in range(number):
        day = FIRST_DAY + timedelta(days=place)
        if place == 4:
            continue
        ratings = rng.randint(2_400, 5_200) // (3 if day.weekday() > 4 else 1)
        made.append({"day": day.isoformat(), "ratings": ratings, "people": ratings // 60})
    return made


def campaign_section(rng: random.Random, number: int) -> CampaignSection:
    """Return pace, cost and savings of a paid campaign."""
    return {
        "days": days(rng, number), "seconds_per_rating": 6.4, "seconds_per_label": 38.2,
        "hours": 408.9, "cost": 5111.25, "cost_per_label": 0.133, "currency": "EUR",
        "ratings_per_label": 5.98, "fixed_ratings": 190_000, "used_ratings": 118_400,
        "saved_ratings": 71_600, "saved_share": 0.3768, "audit_saved_share": 0.36,
        "audit_agreement": estimate(0.982, 0.006, number=2_050, note="2,050 questions in full"),
        "coverage": [[0, 1_400], [1, 2_210], [2, 4_020], [3, 19_800], [4, 7_300], [5, 6_770]],
        "note": "",
    }  # fmt: skip


def thin_campaign() -> CampaignSection:
    """Return a campaign of which nothing can be told."""
    return {
        "days": [], "seconds_per_rating": None, "seconds_per_label": None, "hours": 0.0,
        "cost": None, "cost_per_label": None, "currency": "EUR", "ratings_per_label": None,
        "fixed_ratings": 0, "used_ratings": 0, "saved_ratings": 0, "saved_share": None,
        "audit_saved_share": None, "audit_agreement": unknown("no audited question yet"),
        "coverage": [], "note": "no question has stopped yet",
    }  # fmt: skip


def clips(rng: random.Random, number: int) -> list[Any]:
    """Return disputed questions; their ids are made up."""
    return [
        {
            "question": f"00000000-0000-4000-8000-{place:012d}",
            "clip": f"00000000-0000-4000-9000-{place:012d}",
            "sample_key": f"{place + 1:06d}_3840", "class_name": CLASSES[place % 20],
            "display_name": CLASSES[place % 20].replace("_", " "), "yes": 3, "no": 2,
            "unsure": place % 3, "posterior": 0.5 + rng.uniform(-0.1, 0.1),
            "entropy": 1 - place / 1_000, "state": ("disputed", "open")[place % 2],
        }
        for place in range(number)
    ]  # fmt: skip


def report_data(
    *, classes: Sequence[str] = CLASSES, number_of_days: int = 60, seed: int = 0, **changes: Any
) -> ReportData:
    """Return a full report; `changes` replace what stands at its top level."""
    rng = random.Random(seed)
    rows = [class_row(rng, name, place) for place, name in enumerate(classes)]
    labels: Any = {
        name: sum(row["labels"][name] for row in rows)  # type: ignore[literal-required]
        for name in ("present", "absent", "undecided")
    }
    ratings = sum(row["ratings"] for row in rows)
    made: ReportData = {
        "version": REPORT_VERSION,
        "basis": {
            "method": "dawid_skene", "present_from": 0.8, "absent_to": 0.2,
            "cutoff": CUTOFF.isoformat(), "code": "0.2.0", "ratings_table": "", "seconds": 4.2,
        },
        "counts": {
            "ratings": ratings, "ratings_simulated": 0, "raters": 2_450, "raters_simulated": 0,
            "excluded_raters": 0, "excluded_ratings": 0,
            "questions": sum(row["questions"] for row in rows), "labels": labels,
        },
        "shortage": "", "iterations": 14, "converged": True, "log_likelihood": -81_234.5,
        "methods_agree": 0.963,
        "alpha": estimate(0.71, 0.01, number=sum(row["rated"] for row in rows)),
        "posteriors": [
            sum(values) for values in zip(*(row["posteriors"] for row in rows), strict=True)
        ] or [0] * 20,
        "trusts": [0, 0, 0, 0, 0, 0, 0, 0, 4, 46, 190, 60, 40, 90, 210, 400, 610, 480, 240, 80],
        "calibration": calibration(rng), "classes": rows,
        "campaign": campaign_section(rng, number_of_days), "pairs": [], "clusters": [],
        "clips": clips(rng, 40),
        "flag_rules": {"gold_accuracy_below": 0.6, "too_fast_share_above": 0.2},
    }  # fmt: skip
    return {**made, **changes}  # type: ignore[typeddict-item]


def thin_data(*, classes: Sequence[str] = ("banjo",), **changes: Any) -> ReportData:
    """Return a report over two ratings: nothing in it could be computed."""
    made = report_data(classes=())
    thin: dict[str, Any] = {
        "counts": {
            "ratings": 2, "ratings_simulated": 0, "raters": 1, "raters_simulated": 0,
            "excluded_raters": 0, "excluded_ratings": 0, "questions": 12,
            "labels": {"present": 0, "absent": 0, "undecided": 2},
        },
        "shortage": "not enough data: 2 ratings, 3 needed", "iterations": 0, "converged": False,
        "log_likelihood": None, "methods_agree": None, "alpha": unknown(), "trusts": [0] * 20,
        "calibration": no_calibration(), "classes": [thin_class(name) for name in classes],
        "campaign": thin_campaign(), "clips": [], "flag_rules": {},
    }  # fmt: skip
    return copy.deepcopy({**made, **thin, **changes})  # type: ignore[return-value]


def live_report(
    campaign: Campaign, data: ReportData | None = None, *, run: ConsensusRun | None = None,
    cutoff: datetime = CUTOFF,
) -> ConsistencyReport:  # fmt: skip
    """Store a report: the live one, or that of a run."""
    data = report_data() if data is None else data
    return ConsistencyReport.objects.create(
        campaign=campaign, run=run, cutoff=cutoff, ratings=data["counts"]["ratings"], data=data
    )
