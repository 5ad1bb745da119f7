"""One person of a report: what their answers say about them, and where each number comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from annotation.models import Measure, PersonReport
from annotation.presenting.charts import Cell, Chart, Line, Point, Tick, percent, thinned
from annotation.presenting.flags import shown_flags
from annotation.presenting.links import page_url, ratings_url
from annotation.presenting.numbers import DASH, percent_text, plural, shown
from annotation.presenting.pace import days_chart
from annotation.presenting.people import seconds
from annotation.reporting.shape import Drift, Estimate, PersonClass, PersonDetail, Window

_TRUTHS: Final = ("absent", "present")
_ANSWERS: Final = ("no", "yes", "unsure")
_RIGHT: Final = {"absent": "no", "present": "yes"}
#: Depths of colour of `components/matrix.html`.
_LEVELS: Final = 5
#: A run of equal answers so improbable is not chance: one in a thousand.
RARE_RUN: Final = 0.001


def person_page(
    row: PersonReport,
    campaign_id: UUID,
    *,
    held: Mapping[str, Measure],
    run: int | None = None,
) -> dict[str, Any]:
    """Return what a person's page shows of a report.

    Parameters
    ----------
    row
        The person's part; the account must still exist, for links to its ratings.
    campaign_id
        For links.
    held
        Measures in force, by kind.
    run
        Number of the run that is looked at; None for the latest report.
    """
    detail: PersonDetail = row.data
    links = _Links(campaign_id, row.person_id, run)
    return {
        "stats": _stats(row, detail, links),
        "flags": shown_flags(detail["flags"], held=tuple(held)),
        "confusion": _confusion(detail["confusion"], links),
        "classes": [_class_row(one, links) for one in _by_number(detail["classes"])],
        "days": _days(detail, links),
        "drift": drift_chart(detail["drift"], detail["agreement"], links.day),
        "drift_told": drift_sentence(detail["drift"]),
        "habits": _habits(detail, links),
        "informative": _informative(row),
    }


class _Links:
    """Addresses of one person's ratings."""

    def __init__(self, campaign_id: UUID, person_id: UUID | None, run: int | None) -> None:
        self._campaign, self._person, self._run = campaign_id, person_id, run

    def ratings(self, **filters: Any) -> str:
        """Return where the ratings behind a number are listed."""
        return ratings_url(self._campaign, person=self._person, **filters)

    def of_class(self, name: str) -> str:
        """Return a class's page."""
        return page_url("consistency_class", self._campaign, name, run=self._run)

    def day(self, window: Window) -> str:
        """Return the ratings of a window, where it lies within one day; else nothing."""
        start, end = _moment(window["start"]), _moment(window["end"])
        return self.ratings(day=f"{start:%Y-%m-%d}") if start.date() == end.date() else ""


def _stats(row: PersonReport, detail: PersonDetail, links: _Links) -> list[dict[str, Any]]:
    gold, agreement = shown(detail["gold"]), shown(detail["agreement"])
    repeats = shown(detail["repeats"])
    kappa = detail["repeat_kappa"]
    days = len(detail["days"])
    trust_note = "nothing to compare with yet"
    if row.sensitivity is not None and row.specificity is not None:
        trust_note = f"yes if present {row.sensitivity:.2f}, no if absent {row.specificity:.2f}"
    return [
        {
            "label": "Ratings",
            "value": f"{row.ratings:,}",
            "note": f"on {plural(days, 'day')}" if days else "",
            "url": links.ratings(),
        },
        {
            "label": "Trust",
            "value": DASH if row.trust is None else f"{row.trust:.2f}",
            "note": trust_note,
            "url": "#confusion",
        },
        {
            "label": "Right on gold",
            "value": gold.text,
            "note": _rest(detail["gold"]),
            "url": links.ratings(gold=1),
        },
        {
            "label": "Agrees with the rest",
            "value": agreement.text,
            "note": _rest(detail["agreement"]),
            "url": links.ratings(),
        },
        {
            "label": "Agrees with themselves",
            "value": repeats.text,
            "note": _rest(detail["repeats"])
            + (f"; kappa {kappa:.2f}" if kappa is not None else ""),
            "url": links.ratings(repeat=1),
        },
        {
            "label": "Informative",
            "value": DASH if row.spammer_score is None else f"{row.spammer_score:.2f}",
            "note": "1 tells present from absent, 0 says nothing",
            "url": "#confusion",
        },
    ]


def _rest(estimate: Estimate) -> str:
    """Return interval and basis of a number, or why there is none."""
    words = shown(estimate)
    if words.value is None:
        return words.note
    basis = f"{words.number:,} compared" if words.number else ""
    return " · ".join(part for part in (words.interval, basis) if part)


def _confusion(confusion: Sequence[Sequence[float]], links: _Links) -> dict[str, Any] | None:
    if not confusion:
        return None
    rows = [
        {
            "label": truth,
            "cells": [
                {
                    "text": percent_text(share),
                    "level": min(_LEVELS, round(_LEVELS * share)),
                    "url": links.ratings(answer=answer),
                    "hint": f"Says {answer} to {percent_text(share)} of what is {truth}",
                    "same": _RIGHT[truth] == answer,
                }
                for answer, share in zip(_ANSWERS, of_truth, strict=True)
            ],
        }
        for truth, of_truth in zip(_TRUTHS, confusion, strict=True)
    ]
    return {"columns": [f"says {answer}" for answer in _ANSWERS], "rows": rows}


def _by_number(classes: Sequence[PersonClass]) -> list[PersonClass]:
    return sorted(classes, key=lambda one: (-one["ratings"], one["name"]))


def _class_row(one: PersonClass, links: _Links) -> dict[str, Any]:
    name, confusion = one["name"], one["confusion"]
    return {
        "name": one["display_name"],
        "url": links.of_class(name),
        "ratings": f"{one['ratings']:,}",
        "ratings_url": links.ratings(class_name=name),
        "trust": one["trust"],
        "yes_if_present": percent_text(confusion[1][1]) if confusion else DASH,
        "no_if_absent": percent_text(confusion[0][0]) if confusion else DASH,
        "gold": shown(one["gold"]),
        "gold_url": links.ratings(class_name=name, gold=1),
        "agreement": shown(one["agreement"]),
    }


def _days(detail: PersonDetail, links: _Links) -> Chart | None:
    chart = days_chart(detail["days"], None)
    if chart is None:
        return None
    # How many people answered on a day would always be one, and each day leads to this person's.
    rows = [
        [
            Cell(text=_long(date.fromisoformat(day["day"])), num=False),
            Cell(text=f"{day['ratings']:,}", url=links.ratings(day=day["day"])),
        ]
        for day in reversed(detail["days"])
    ]
    columns: list[dict[str, object]] = [
        {"label": "Day (UTC)", "num": False},
        {"label": "Ratings", "num": True},
    ]
    return replace(chart, columns=columns, rows=rows)


def drift_chart(drift: Drift, overall: Estimate, day_url: Callable[[Window], str]) -> Chart | None:
    """Return agreement with the rest window by window; None without a window.

    Parameters
    ----------
    drift
        As stored.
    overall
        Agreement over all answers: the dashed line that windows are held against.
    day_url
        Gives a window's address, empty where it has none.
    """
    windows = [window for window in drift["windows"] if window["agreement"]["value"] is not None]
    if not windows:
        return None
    width = 1 / len(windows)
    changed = _moment(drift["at"]) if drift["drifted"] and drift["at"] else None
    points = []
    for place, window in enumerate(windows):
        words = shown(window["agreement"], as_percent=True)
        low, high = window["agreement"]["low"], window["agreement"]["high"]
        has_ends = low is not None and high is not None
        is_after = changed is not None and _moment(window["start"]) >= changed
        points.append(
            Point(
                x=percent((place + 0.5) * width),
                y=percent(1 - (words.value or 0.0)),
                low=percent(1 - low) if has_ends and low is not None else "",
                high=percent(1 - high) if has_ends and high is not None else "",
                hint=f"{_span(window)}: {words.text} ({words.interval}) of {words.number:,}",
                series=2 if is_after else 1,
            )
        )
    lines = []
    if overall["value"] is not None:
        lines.append(Line(path=f"M0 {100 * (1 - overall['value']):g}H100", series=0))
    legend: list[dict[str, object]] = []
    if changed is not None:
        legend = [{"label": "before the change", "series": 1}, {"label": "after it", "series": 2}]
    labels = [_short(_moment(window["start"]).date()) for window in windows]
    return Chart(
        title="Agreement with the rest over time",
        description=f"Agreement in {plural(len(windows), 'window')} of answers, in time order.",
        x_label="first answer of the window",
        y_label="definite answers that agree",
        x_ticks=[
            Tick(at=percent((place + 0.5) * width), label=label)
            for place, label in thinned(labels)
        ],
        y_ticks=[
            Tick(at=percent(1 - place / 4), label=f"{25 * place} %") for place in range(5)
        ],
        points=points,
        lines=lines,
        legend=legend,
        note="Bars are Wilson’s 95 % intervals."
        + (" The dashed line is the agreement over all answers." if lines else ""),
        columns=[{"label": "Window", "num": False}, {"label": "Answers", "num": True},
                 {"label": "Agree", "num": True}, {"label": "95 % interval", "num": True}],
        rows=[_window_cells(window, day_url(window)) for window in windows],
    )  # fmt: skip


def _window_cells(window: Window, url: str) -> list[Cell]:
    words = shown(window["agreement"], as_percent=True)
    return [
        Cell(text=_span(window), num=False),
        Cell(text=f"{words.number:,}", url=url),
        Cell(text=words.text),
        Cell(text=words.interval or DASH),
    ]


def drift_sentence(drift: Drift) -> str:
    """Return in words whether agreement changed over time."""
    if drift["drifted"]:
        moved = {"worse": "fell", "better": "rose"}.get(drift["direction"], "changed")
        when = f" around {_long(_moment(drift['at']).date())}" if drift["at"] else ""
        return f"Agreement {moved}{when}, more than chance explains."
    if drift["note"]:
        return f"{drift['note'][:1].upper()}{drift['note'][1:]}."
    return "No change over time that chance would not explain."


def _habits(detail: PersonDetail, links: _Links) -> list[dict[str, Any]]:
    habits = detail["habits"]
    fast = shown(habits["too_fast"], as_percent=True)
    rows = [
        {
            "label": "Time to answer",
            "value": _times(habits["response_quartiles_ms"]),
            "note": "from the first sound",
            "url": links.ratings(),
        },
        {
            "label": "Heard before answering",
            "value": percent_text(habits["heard_share"]),
            "note": "of the clip, median"
            if habits["heard_share"] is not None
            else "no time was measured",
            "url": links.ratings(),
        },
        {
            "label": "Faster than hearing allows",
            "value": fast.text,
            "note": _told(fast.interval, fast.note) if fast.value is not None else fast.note,
            "url": links.ratings(fast=1),
        },
        {
            "label": "Longest run of equal answers",
            "value": f"{habits['longest_run']:,}",
            "note": _run_note(habits["run_p"]),
            "url": links.ratings(),
        },
    ]
    return rows


def _times(quartiles: Sequence[int] | None) -> str:
    if quartiles is None:
        return DASH
    low, median, high = (seconds(value) for value in quartiles)
    return f"{median} (middle half {low} to {high})"


def _told(interval: str, note: str) -> str:
    return "; ".join(part for part in (interval, note) if part)


def _run_note(chance: float | None) -> str:
    if chance is None:
        return "too few answers to say how likely"
    if chance < RARE_RUN:
        return "at their own answer rates less likely than one in a thousand"
    return f"at their own answer rates so long a run has a chance of {percent_text(chance)}"


def _informative(row: PersonReport) -> str:
    score = row.spammer_score
    if score is None:
        return "Nobody can tell yet how much these answers say: there are too few to compare."
    if score < 0.1:
        told = "hardly anything: the answer would be about the same whatever is in the clip"
    elif score < 0.4:
        told = "a little: right more often than a coin, but far from reliable"
    elif score < 0.7:
        told = "much"
    else:
        told = "nearly all there is to know"
    return (
        f"An answer of theirs says {told}. The score of {score:.2f} compares what they say of"
        " what is present with what they say of what is absent: 1 where the two never meet, 0"
        " where they are the same, however often yes is said."
    )


def _span(window: Window) -> str:
    start, end = _moment(window["start"]).date(), _moment(window["end"]).date()
    return _long(start) if start == end else f"{_short(start)} to {_long(end)}"


def _short(day: date) -> str:
    return f"{day.day} {day:%b}"


def _long(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
