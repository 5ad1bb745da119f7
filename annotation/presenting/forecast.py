"""A pilot's forecast in words."""

from __future__ import annotations

from typing import Any

from annotation.campaigns.forecast import Range, TooFew, forecast
from annotation.models import Campaign


def forecast_rows(pilot: Campaign, full: Campaign) -> dict[str, Any]:
    """Return a pilot's forecast as rows of a table, or why there is none.

    Parameters
    ----------
    pilot, full
        As `annotation.campaigns.forecast.forecast`.

    Returns
    -------
    dict
        `shortage`: a sentence, empty if there is a forecast; `rows`: each {label, value, interval,
        unit, note}; `based_on`: a sentence.
    """
    found = forecast(pilot, full)
    if isinstance(found, TooFew):
        return {"shortage": found.told, "rows": [], "based_on": ""}
    rows = [
        _row("Median time of an answer", found.seconds, "s", 1),
        _row("Answers a label", found.ratings_per_label, "", 2),
        _row("Unsure answers", _percent(found.unsure), "%", 1),
        _row("Disputed questions", _percent(found.disputed), "%", 1),
        _row("Answers in all", found.ratings, "", 0, "with gold and repeats"),
        _row("Hours of listening", found.hours, "h", 1, "with loading between clips"),
    ]
    if found.cost is not None:
        rows.append(_row("Cost", found.cost, full.pay_currency, 2))
    if found.days is not None:
        rows.append(_row("Days", found.days, "", 1, "at the pilot’s pace"))
    return {
        "shortage": "",
        "rows": rows,
        "based_on": f"From {found.answers:,} answers and {found.finished:,} of {found.questions:,}"
        f" questions finished, for {found.full_questions:,} questions. Intervals are 95 %.",
    }


def _percent(one: Range) -> Range:
    return Range(
        value=100 * one.value,
        low=None if one.low is None else 100 * one.low,
        high=None if one.high is None else 100 * one.high,
    )


def _row(label: str, one: Range, unit: str, digits: int, note: str = "") -> dict[str, str]:
    interval = "–"
    if one.low is not None and one.high is not None:
        interval = f"{one.low:,.{digits}f} to {one.high:,.{digits}f}"
    return {
        "label": label,
        "value": f"{one.value:,.{digits}f}",
        "interval": interval,
        "unit": unit,
        "note": note,
    }
