"""People of stored reports, as the producer writes them: careful, spamming, new. Not a test.

report = live_report(campaign, report_data(pairs=..., clusters=...))
person_report(report, ana)                        # a careful person
person_report(report, ben, detail=spammer())      # one with flags
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from annotation.models import ConsistencyReport, PersonReport
from annotation.people.pseudonyms import Pseudonyms
from annotation.reporting.shape import ClusterRow, FlagRow, PairRow, PersonClass, PersonDetail
from tests.annotation.reporting_data import estimate, unknown

#: P(no, yes, unsure | absent), P(… | present).
CAREFUL = [[0.93, 0.05, 0.02], [0.08, 0.89, 0.03]]
COIN = [[0.48, 0.51, 0.01], [0.49, 0.5, 0.01]]
START = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)


def person_class(name: str, *, ratings: int = 120, trust: float | None = 0.9) -> PersonClass:
    """Return one class of a careful person."""
    return {
        "name": name,
        "display_name": name.replace("_", " "),
        "ratings": ratings,
        "trust": trust,
        "gold": estimate(0.9, 0.08, number=20) if ratings > 20 else unknown("no gold answered"),
        "agreement": estimate(0.91, 0.05, number=ratings),
        "confusion": CAREFUL,
    }


def careful(**changes: Any) -> PersonDetail:
    """Return somebody who listens."""
    windows: list[Any] = [
        {
            "start": (START + timedelta(days=3 * place)).isoformat(),
            "end": (START + timedelta(days=3 * place + 2)).isoformat(),
            "agreement": estimate(0.9 + 0.01 * (place % 3), 0.07, number=25),
        }
        for place in range(8)
    ]
    made: PersonDetail = {
        "gold": estimate(0.94, 0.04, number=80, note="75 of 80 answers to gold"),
        "agreement": estimate(0.91, 0.02, number=560, note="560 answers where others speak"),
        "repeats": estimate(0.96, 0.04, number=24, note="24 clips asked again"),
        "repeat_kappa": 0.91,
        "confusion": CAREFUL,
        "classes": [person_class("banjo"), person_class("voice", ratings=300, trust=0.95),
                    person_class("mallet_percussion", ratings=12, trust=0.82)],
        "days": [
            {"day": (START + timedelta(days=place)).date().isoformat(), "ratings": 20 + place % 9,
             "people": 1}
            for place in range(24) if place % 7 != 5
        ],
        "drift": {"windows": windows, "drifted": False, "at": None, "direction": "", "note": ""},
        "habits": {
            "response_quartiles_ms": [3_100, 4_600, 7_250], "heard_share": 0.71,
            "too_fast": estimate(0.01, 0.01, number=600, note="6 of 600 answers"),
            "longest_run": 7, "run_p": 0.62,
        },
        "flags": [], "cluster": None, "is_excluded": False,
    }  # fmt: skip
    return copy.deepcopy({**made, **changes})  # type: ignore[return-value]


def flag(code: str = "too_fast", **changes: Any) -> FlagRow:
    """Return a broken rule."""
    made: FlagRow = {
        "code": code,
        "title": "Answers before hearing",
        "text": "38 % of 600 answers came faster than the clip can be heard; at most 20 % may.",
        "severity": "serious",
        "value": 0.38,
        "threshold": 0.2,
    }
    return {**made, **changes}  # type: ignore[typeddict-item]


def spammer(**changes: Any) -> PersonDetail:
    """Return somebody who clicks without listening, and got worse while at it."""
    detail = careful(
        gold=estimate(0.52, 0.11, number=80), agreement=estimate(0.55, 0.04, number=560),
        repeats=estimate(0.5, 0.2, number=24), repeat_kappa=0.02, confusion=COIN,
        flags=[
            flag(),
            flag("spammer", title="Says nothing", severity="serious", value=0.02, threshold=0.1,
                 text="The answers tell present from absent no better than a coin (0.02)."),
            flag("unsure", title="Often unsure", severity="note", value=0.21, threshold=0.2,
                 text="21 % of the answers are unsure."),
        ],
        cluster=1,
    )  # fmt: skip
    for place, window in enumerate(detail["drift"]["windows"]):
        window["agreement"] = estimate(0.9 if place < 4 else 0.52, 0.1, number=25)
    detail["drift"] |= {  # type: ignore[typeddict-item]
        "drifted": True, "at": detail["drift"]["windows"][4]["start"], "direction": "worse",
    }  # fmt: skip
    detail["habits"] = {
        "response_quartiles_ms": [310, 420, 690], "heard_share": 0.04,
        "too_fast": estimate(0.38, 0.04, number=600), "longest_run": 41, "run_p": 0.0002,
    }  # fmt: skip
    return copy.deepcopy({**detail, **changes})  # type: ignore[return-value]


def newcomer(**changes: Any) -> PersonDetail:
    """Return somebody with two answers, of whom nothing can be told."""
    detail = careful(
        gold=unknown("no gold answered"), agreement=unknown(), repeats=unknown("nothing repeated"),
        repeat_kappa=None, classes=[person_class("banjo", ratings=2, trust=None)],
        days=[{"day": START.date().isoformat(), "ratings": 2, "people": 1}],
        drift={"windows": [], "drifted": False, "at": None, "direction": "",
               "note": "not enough data: 2 answers, 50 needed"},
        habits={"response_quartiles_ms": None, "heard_share": None,
                "too_fast": unknown("no time was measured"), "longest_run": 2, "run_p": None},
    )  # fmt: skip
    for row in detail["classes"]:
        row["gold"] = row["agreement"] = unknown()
    return copy.deepcopy({**detail, **changes})  # type: ignore[return-value]


def person_report(
    report: ConsistencyReport, person: Any, *, detail: PersonDetail | None = None, **columns: Any
) -> PersonReport:
    """Store one person's part of a report; the columns say what the detail says."""
    data = careful() if detail is None else detail
    confusion = data["confusion"]
    sensitivity, specificity = confusion[1][1], confusion[0][0]
    quartiles = data["habits"]["response_quartiles_ms"]
    known = data["agreement"]["value"] is not None
    made: dict[str, Any] = {
        "rater": Pseudonyms(report.campaign.collection_id).of(person.pk) if person else "rgone",
        "is_simulated": bool(person and person.is_simulated),
        "ratings": sum(day["ratings"] for day in data["days"]),
        "trust": (sensitivity + specificity) / 2 if known else None,
        "sensitivity": sensitivity if known else None,
        "specificity": specificity if known else None,
        "gold_accuracy": data["gold"]["value"],
        "agreement": data["agreement"]["value"],
        "spammer_score": (sensitivity + specificity - 1) ** 2 if known else None,
        "unsure_share": 0.02,
        "median_response_ms": quartiles[1] if quartiles else None,
        "flag_count": len(data["flags"]),
    }
    return PersonReport.objects.create(
        report=report, person=person, data=data, **{**made, **columns}
    )


def pair(first: PersonReport, second: PersonReport, **changes: Any) -> PairRow:
    """Return two people who answer alike."""
    made: PairRow = {
        "first": first.rater, "second": second.rater, "shared": 120, "equal": 118,
        "expected": 96.4, "z": 6.31, "p": 0.000004, "cluster": 1,
    }  # fmt: skip
    return {**made, **changes}  # type: ignore[typeddict-item]


def cluster(*members: PersonReport, number: int = 1) -> ClusterRow:
    """Return people who answer as one."""
    return {
        "cluster": number, "raters": [row.rater for row in members], "shared": 360, "equal": 352,
        "expected": 291.0,
    }  # fmt: skip


def add_pairs(
    report: ConsistencyReport, pairs: list[PairRow], clusters: list[ClusterRow]
) -> ConsistencyReport:
    """Put pairs and clusters into a stored report."""
    report.data = {**report.data, "pairs": pairs, "clusters": clusters}
    report.save()
    return report
