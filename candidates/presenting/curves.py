"""Learning curves as `components/chart.html` draws them; nothing is computed there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_DIGITS: Final = 4
_MOST_TICKS: Final = 6
_ROOM: Final = 0.04  # above and below the curves


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One training's reports, and how it is drawn.

    Attributes
    ----------
    label
        What the table calls it.
    series
        1 or 2: colour and dashes.
    reports
        One per pass: epoch, and figures by name, None where one is not defined.
    """

    label: str
    series: int
    reports: Sequence[Mapping[str, Any]]


def chart(
    curves: Sequence[Curve],
    *,
    what: str,
    title: str,
    y_label: str,
    legend: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the chart of one figure over the passes.

    Parameters
    ----------
    curves
        What is drawn; those without the figure are left out.
    what
        Name of the figure in the reports.
    title, y_label
        What is shown, and the axis.
    legend
        As in `components/legend.html`.
    """
    found = [
        (
            curve,
            [(report["epoch"], report[what]) for report in curve.reports if _known(report, what)],
        )
        for curve in curves
    ]
    found = [(curve, points) for curve, points in found if points]
    values = [value for _, points in found for _, value in points]
    if not values:
        return {"title": title, "is_empty": True}
    last = max(epoch for _, points in found for epoch, _ in points)
    low, high = _room(min(values), max(values))
    return {
        "title": title,
        "description": f"{y_label} after each pass of {len(found)} trainings, "
        f"from {min(values):.3f} to {max(values):.3f}.",
        "x_label": "Passes over the data",
        "y_label": y_label,
        "shape": "wide",
        "x_ticks": [{"at": _x(epoch, last), "label": epoch} for epoch in _epochs(last)],
        "y_ticks": [
            {"at": _y(value, low, high), "label": f"{value:.4g}"} for value in _values(low, high)
        ],
        "lines": [
            {"series": curve.series, "path": _path(points, last, low, high)}
            for curve, points in found
        ],
        "points": [
            {
                "x": _x(epoch, last),
                "y": _y(value, low, high),
                "low": "",
                "high": "",
                "hint": f"{curve.label}, pass {epoch}: {value:.3f}",
                "series": curve.series,
            }
            for curve, points in found
            for epoch, value in (points if len(points) == 1 else points[-1:])
        ],
        "legend": list(legend),
        "columns": [
            {"label": "Training", "num": False},
            {"label": "Pass", "num": True},
            {"label": y_label, "num": True},
        ],
        "rows": [
            [
                {"text": curve.label, "num": False},
                {"text": epoch, "num": True},
                {"text": f"{value:.{_DIGITS}f}", "num": True},
            ]
            for curve, points in found
            for epoch, value in points
        ],
        "is_empty": False,
    }


def _known(report: Mapping[str, Any], what: str) -> bool:
    value = report.get(what)
    return isinstance(value, int | float) and math.isfinite(value)


def _room(low: float, high: float) -> tuple[float, float]:
    margin = (high - low) * _ROOM or 0.01
    return low - margin, high + margin


def _epochs(last: int) -> list[int]:
    step = max(1, -(-last // _MOST_TICKS))
    return [1, *(epoch for epoch in range(step, last + 1, step) if epoch > 1)]


def _values(low: float, high: float) -> list[float]:
    """Return round values between two ends, about four steps apart."""
    rough = (high - low) / 4
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(
        factor * magnitude
        for factor in (1.0, 2.0, 2.5, 5.0, 10.0)
        if factor * magnitude >= rough * (1 - 1e-9)
    )
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(step * place, 10) for place in range(first, last + 1)]


def _x(epoch: int, last: int) -> str:
    return _percent((epoch - 1) / max(1, last - 1))


def _y(value: float, low: float, high: float) -> str:
    return _percent(1 - (value - low) / (high - low))


def _path(points: Sequence[tuple[int, float]], last: int, low: float, high: float) -> str:
    return "M" + " L".join(f"{_x(epoch, last)} {_y(value, low, high)}" for epoch, value in points)


def _percent(share: float) -> str:
    return f"{100 * share:.3f}".rstrip("0").rstrip(".")
