"""Values with intervals below each other: what `components/forest.html` draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from annotation.presenting.charts import Tick, percent
from annotation.presenting.numbers import count_text, shown
from annotation.reporting.shape import Estimate

#: Krippendorff's own reading: tentative conclusions from .667 (Content Analysis, chapter 12).
ALPHA_TENTATIVE: Final = 0.667


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a row is about."""

    label: str
    estimate: Estimate
    url: str = ""
    number_url: str = ""
    is_total: bool = False


@dataclass(frozen=True, kw_only=True)
class ForestRow:
    """A row: places in percent of the axis, empty where there is no value."""

    label: str
    url: str
    x: str
    low: str
    high: str
    text: str
    interval: str
    number: str
    number_url: str
    note: str
    is_weak: bool
    is_total: bool


@dataclass(frozen=True, kw_only=True)
class Forest:
    """What the component draws; see its comment."""

    title: str
    description: str
    axis: str
    rows: Sequence[ForestRow]
    ticks: Sequence[Tick]
    mark: str = ""
    mark_label: str = ""
    number_label: str = ""
    note: str = ""


def forest(
    measured: Sequence[Measured], *, title: str, axis: str, description: str = "",
    mark: float | None = None, mark_label: str = "", number_label: str = "", note: str = "",
    as_percent: bool = False,
) -> Forest:  # fmt: skip
    """Return values with intervals on one axis.

    The axis goes from 0 to 1 and further down, to a round number, where a value or an interval is
    negative.

    Parameters
    ----------
    measured
        The rows, in order.
    mark
        A value that is marked by a line; rows below it are drawn hollow.
    as_percent
        Whether shares are written in percent.
    """
    lowest = min(
        (
            number
            for row in measured
            for number in (row.estimate["value"], row.estimate["low"])
            if number is not None
        ),
        default=0.0,
    )
    start = min(0.0, math.floor(lowest * 4 - 1e-9) / 4) if lowest < 0 else 0.0
    start = max(-1.0, start)
    span = 1.0 - start

    def at(value: float | None) -> str:
        return "" if value is None else percent(min(1.0, max(0.0, (value - start) / span)))

    rows = []
    for row in measured:
        words = shown(row.estimate, as_percent=as_percent)
        has_interval = row.estimate["low"] is not None and row.estimate["high"] is not None
        rows.append(
            ForestRow(
                label=row.label,
                url=row.url,
                x=at(words.value),
                low=at(row.estimate["low"]) if has_interval else "",
                high=at(row.estimate["high"]) if has_interval else "",
                text=words.text,
                interval=words.interval,
                number=count_text(words.number),
                number_url=row.number_url,
                note=words.note or "not enough data",
                is_weak=mark is not None and words.value is not None and words.value < mark,
                is_total=row.is_total,
            )
        )
    steps = 4 if start == 0 else round(span * 4)
    step = 1 if steps <= 5 else 2
    values = [1.0 - place * span / steps for place in range(0, steps + 1, step)][::-1]
    return Forest(
        title=title,
        description=description or f"{axis} with 95 % intervals.",
        axis=axis,
        rows=rows,
        ticks=[
            Tick(
                at=percent((value - start) / span),
                label=f"{100 * value:.0f} %" if as_percent else f"{value:g}",
            )
            for value in values
        ],
        mark="" if mark is None else percent((mark - start) / span),
        mark_label=mark_label,
        number_label=number_label,
        note=note,
    )
