"""How a campaign goes on: answers a day, coverage, what stopping early saved, what labels cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from annotation.presenting.charts import Cell, Chart, column_chart
from annotation.presenting.links import ratings_url
from annotation.presenting.numbers import (
    DASH,
    count_text,
    money_text,
    percent_text,
    plural,
    seconds_text,
    shown,
)
from annotation.reporting.shape import CampaignSection, Day

#: Longer campaigns are drawn by the week: narrower columns could not be told apart.
MOST_DAYS: Final = 120
_WEEK = 7


def days_chart(days: Sequence[Day], campaign_id: UUID | None) -> Chart | None:
    """Return answers a day; days without any are drawn, too. None without a single day.

    Parameters
    ----------
    days
        As stored: days without an answer may be left out.
    campaign_id
        For links to each day's ratings; None where there are none to link to.
    """
    known = {date.fromisoformat(day["day"]): day for day in days}
    if not known:
        return None
    first, last = min(known), max(known)
    every = [first + timedelta(days=place) for place in range((last - first).days + 1)]
    answers = [known[day]["ratings"] if day in known else 0 for day in every]
    rows = [_day_row(day, known.get(day), campaign_id) for day in reversed(every)]
    columns: list[dict[str, object]] = [
        {"label": "Day (UTC)", "num": False},
        {"label": "Ratings", "num": True},
        {"label": "People", "num": True},
    ]
    total = plural(sum(answers), "rating")
    said = f"{total} from {_long(first)} to {_long(last)}; at most {max(answers):,} on one day."
    if len(every) <= MOST_DAYS:
        return column_chart(
            title="Ratings a day",
            description=said,
            values=answers,
            labels=[_short(day) for day in every],
            hints=[
                f"{_long(day)}: {plural(answers[place], 'rating')}"
                for place, day in enumerate(every)
            ],
            rows=rows,
            columns=columns,
            x_label="day (UTC)",
            y_label="ratings",
            gap=0.16 if len(every) < 40 else 0.08,
        )
    starts = every[::_WEEK]
    weeks = [sum(answers[place : place + _WEEK]) for place in range(0, len(every), _WEEK)]
    return column_chart(
        title="Ratings a week",
        description=said,
        values=weeks,
        labels=[_short(day) for day in starts],
        hints=[
            f"week from {_long(day)}: {plural(weeks[place], 'rating')}"
            for place, day in enumerate(starts)
        ],
        rows=rows,
        columns=columns,
        x_label="week (UTC)",
        y_label="ratings",
        note="The table has every day.",
    )


def coverage_chart(
    coverage: Sequence[Sequence[int]], *, link: dict[str, str] | None = None
) -> Chart | None:
    """Return questions by how many definite answers they have; None without questions.

    Parameters
    ----------
    coverage
        Pairs of definite answers and questions, as stored.
    link
        {url, label} of the questions.
    """
    if not coverage:
        return None
    counts = {int(answers): int(questions) for answers, questions in coverage}
    every = range(max(counts) + 1)
    values = [counts.get(answers, 0) for answers in every]
    total = sum(values) or 1
    return column_chart(
        title="Coverage",
        description="Questions by how many definite answers they have; “unsure” is none.",
        values=values,
        labels=[str(answers) for answers in every],
        hints=[
            f"{plural(answers, 'definite answer')}: {plural(values[answers], 'question')}"
            for answers in every
        ],
        rows=[
            (
                Cell(text=str(answers)),
                Cell(text=f"{values[answers]:,}"),
                Cell(text=percent_text(values[answers] / total)),
            )
            for answers in every
        ],
        columns=[
            {"label": "Definite answers", "num": True},
            {"label": "Questions", "num": True},
            {"label": "Share", "num": True},
        ],
        x_label="definite answers",
        y_label="questions",
        muted=[0],
        link=link,
    )


def savings(section: CampaignSection) -> dict[str, Any]:
    """Return what stopping early saved: bars of used and fixed, and whether it was right.

    Returns
    -------
    dict
        rows for `components/share_bars.html` (empty before a question stopped), saved, share,
        audit (a `Shown`), audit_share, note.
    """
    fixed, used = section["fixed_ratings"], section["used_ratings"]
    rows = []
    if fixed:
        for label, number, series in (
            ("Fixed number", fixed, 4),
            ("Asked", used, 1),
            ("Saved", section["saved_ratings"], 2),
        ):
            rows.append(
                {
                    "label": label,
                    "value": f"{number:,}",
                    "share": f"{100 * max(0, number) / fixed:.3f}",
                    "percent": percent_text(number / fixed),
                    "series": series,
                }
            )
    return {
        "rows": rows,
        "saved": count_text(section["saved_ratings"]),
        "share": percent_text(section["saved_share"]),
        "audit_share": percent_text(section["audit_saved_share"]),
        "has_audit": section["audit_saved_share"] is not None
        or section["audit_agreement"]["value"] is not None,
        "audit": shown(section["audit_agreement"], as_percent=True),
        "note": section["note"],
    }


def effort(section: CampaignSection) -> list[dict[str, str]]:
    """Return time and cost as facts; without a rate of pay, cost says so."""
    facts = [
        {"label": "Time of all ratings", "value": f"{section['hours']:,.1f} h"},
        {
            "label": "Time to a rating, median",
            "value": seconds_text(section["seconds_per_rating"]),
        },
        {"label": "Time to a decided label", "value": seconds_text(section["seconds_per_label"])},
        {
            "label": "Ratings to a decided label",
            "value": DASH
            if section["ratings_per_label"] is None
            else f"{section['ratings_per_label']:.1f}",
        },
    ]
    if section["cost"] is None:
        facts.append({"label": "Cost", "value": "none: no rate of pay is set"})
    else:
        currency = section["currency"]
        facts += [
            {"label": "Cost", "value": money_text(section["cost"], currency)},
            {
                "label": "Cost of a decided label",
                "value": money_text(section["cost_per_label"], currency),
            },
        ]
    return facts


def _day_row(day: date, stored: Day | None, campaign_id: UUID | None) -> list[Cell]:
    url = ratings_url(campaign_id, day=day.isoformat()) if campaign_id and stored else ""
    return [
        Cell(text=_long(day), num=False),
        Cell(text=count_text(stored["ratings"] if stored else 0), url=url),
        Cell(text=count_text(stored["people"] if stored else 0)),
    ]


def _short(day: date) -> str:
    return f"{day.day} {day:%b}"


def _long(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
