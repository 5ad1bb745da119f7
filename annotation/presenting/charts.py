"""Charts as positions in percent: templates draw them as they are and compute nothing.

A plot is an SVG without a view box, so its text keeps its size on a phone; whatever lies along an
axis is given in percent of the plot's width or height, y from the top. Every chart carries the
table behind it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

#: More ticks than this do not fit beside each other on a phone.
MOST_TICKS: Final = 6
_ROOM_ABOVE = 1.04  # the tallest bar ends a little below the frame


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A place on an axis and what is written there."""

    at: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bar in percent of the plot; `series` 1 to 4 chooses colour and texture."""

    x: str
    y: str
    width: str
    height: str
    hint: str
    series: int = 1
    muted: bool = False


@dataclass(frozen=True, kw_only=True)
class Point:
    """A point with its interval; the ends are empty where there is none."""

    x: str
    y: str
    low: str
    high: str
    hint: str
    series: int = 1


@dataclass(frozen=True, kw_only=True)
class Line:
    """A path through a plot of 100 × 100."""

    path: str
    series: int = 1


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of the table behind a chart; numbers stand right, with a link to what they count."""

    text: str
    url: str = ""
    num: bool = True


@dataclass(frozen=True, kw_only=True)
class Chart:
    """What `components/chart.html` draws.

    Attributes
    ----------
    title
        What is shown.
    description
        The same in a sentence for whoever cannot see it.
    x_label, y_label
        What the axes are, with their units.
    shape
        "wide", "low", or "square".
    rule
        Whether the diagonal is drawn.
    strip
        Small bars below the plot over the same axis, e.g. how many labels a bin holds.
    link
        {url, label} of the rows it counts, where its bars have none of their own.
    """

    title: str
    description: str
    x_label: str
    y_label: str
    x_ticks: Sequence[Tick] = ()
    y_ticks: Sequence[Tick] = ()
    bars: Sequence[Bar] = ()
    points: Sequence[Point] = ()
    lines: Sequence[Line] = ()
    strip: Sequence[Bar] = ()
    strip_label: str = ""
    rule: bool = False
    shape: str = "wide"
    legend: Sequence[dict[str, object]] = ()
    note: str = ""
    link: dict[str, str] | None = None
    columns: Sequence[dict[str, object]] = ()
    rows: Sequence[Sequence[Cell]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw but axes."""
        return not self.points and all(bar.height == "0" for bar in self.bars)


def percent(share: float) -> str:
    """Return a share as an SVG length in percent, clipped to a little beyond the plot."""
    return f"{100 * min(1.5, max(-0.5, share)):.3f}".rstrip("0").rstrip(".")


def nice_ticks(largest: float, *, most: int = 4) -> list[float]:
    """Return round values from 0 to the first at or above `largest`, at most `most` steps apart."""
    if largest <= 0:
        return [0.0, 1.0]
    rough = largest / most
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(
        factor * magnitude for factor in (1, 2, 2.5, 5, 10) if factor * magnitude >= rough
    )  # fmt: skip
    return [step * place for place in range(math.ceil(largest / step - 1e-9) + 1)]


def count_ticks(largest: int) -> tuple[float, list[Tick]]:
    """Return the top of an axis of counts, and its ticks, which are whole numbers."""
    values = [value for value in nice_ticks(largest) if value == int(value)]
    if len(values) < 2:
        values = [0.0, float(max(1, largest))]
    top = values[-1]
    return top, [Tick(at=percent(1 - value / top), label=f"{value:,.0f}") for value in values]


def share_ticks() -> list[Tick]:
    """Return the ticks of an axis from 0 to 1, written from left to right."""
    return [Tick(at=percent(place / 4), label=f"{place / 4:g}") for place in range(5)]


def thinned(labels: Sequence[str], *, most: int = MOST_TICKS) -> list[tuple[int, str]]:
    """Return at most `most` labels, evenly spaced, with their places."""
    step = max(1, math.ceil(len(labels) / most))
    return [(place, labels[place]) for place in range(0, len(labels), step)]


def column_chart(
    *, title: str, description: str, values: Sequence[int], labels: Sequence[str],
    hints: Sequence[str], rows: Iterable[Sequence[Cell]], columns: Sequence[dict[str, object]],
    x_label: str, y_label: str, gap: float = 0.16, muted: Iterable[int] = (), shape: str = "wide",
    note: str = "", link: dict[str, str] | None = None,
) -> Chart:  # fmt: skip
    """Return counts side by side, one column each.

    Parameters
    ----------
    values
        What is counted; at least one.
    labels
        Below the columns; thinned where there are many.
    hints
        What a column says when it is pointed at.
    rows, columns
        The table behind.
    gap
        Share of a column's place that stays empty.
    muted
        Places of columns that are drawn quieter.
    link
        {url, label} of the rows that are counted.
    """
    top, y_ticks = count_ticks(max(values, default=0))
    place_width = 1 / max(1, len(values))
    quiet = set(muted)
    bars = [
        Bar(
            x=percent((place + gap / 2) * place_width),
            width=percent((1 - gap) * place_width),
            y=percent(1 - value / top), height=percent(value / top),
            hint=hints[place], muted=place in quiet,
        )
        for place, value in enumerate(values)
    ]  # fmt: skip
    x_ticks = [
        Tick(at=percent((place + 0.5) * place_width), label=label)
        for place, label in thinned(labels, most=MOST_TICKS if len(labels) > 8 else 8)
    ]
    return Chart(
        title=title, description=description, x_label=x_label, y_label=y_label, x_ticks=x_ticks,
        y_ticks=y_ticks, bars=bars, shape=shape, note=note, link=link,
        columns=columns, rows=list(rows),
    )  # fmt: skip


def histogram(
    counts: Sequence[int], *, title: str, what: str, x_label: str, note: str = "",
    rule_at: float | None = None, link: dict[str, str] | None = None,
) -> Chart:  # fmt: skip
    """Return counts over equal bins from 0 to 1.

    Parameters
    ----------
    counts
        One a bin; at least one bin.
    what
        What is counted: "labels".
    rule_at
        A value that is marked by a line.
    link
        {url, label} of the rows it counts.
    """
    top, y_ticks = count_ticks(max(counts, default=0))
    width = 1 / max(1, len(counts))
    spans = [f"{place * width:.2f}–{(place + 1) * width:.2f}" for place in range(len(counts))]
    bars = [
        Bar(
            x=percent((place + 0.05) * width), width=percent(0.9 * width),
            y=percent(1 - count / top), height=percent(count / top),
            hint=f"{spans[place]}: {count:,} {what}",
        )
        for place, count in enumerate(counts)
    ]  # fmt: skip
    total = sum(counts)
    lines = []
    if rule_at is not None:
        lines.append(Line(path=f"M{100 * rule_at:g} 0V100", series=0))
    return Chart(
        title=title,
        description=f"Histogram of {total:,} {what} by {x_label}, from 0 to 1.",
        x_label=x_label, y_label=what, x_ticks=share_ticks(), y_ticks=y_ticks, bars=bars,
        lines=lines, note=note, link=link,
        columns=[{"label": x_label.capitalize(), "num": False},
                 {"label": what.capitalize(), "num": True}],
        rows=[(Cell(text=span, num=False), Cell(text=f"{count:,}"))
              for span, count in zip(spans, counts, strict=True)],
    )  # fmt: skip
