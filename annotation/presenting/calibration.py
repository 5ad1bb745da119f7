"""How far posteriors may be read as probabilities: the reliability diagram and its numbers."""

from __future__ import annotations

from typing import Any

from annotation.presenting.charts import Bar, Cell, Chart, Point, Tick, percent, share_ticks
from annotation.presenting.numbers import DASH, percent_text, plural
from annotation.reporting.shape import CalibrationSection, Reliability, ReliabilityBin

_BEFORE, _AFTER = 2, 1


def calibration(section: CalibrationSection) -> dict[str, Any]:
    """Return the diagram, the errors before and after, and a sentence where there is neither.

    Returns
    -------
    dict
        chart (None without gold), errors [{label, before, after, hint}], gold, contradicting,
        temperature, note, sentence (why there is no chart although there is gold).
    """
    before, after = section["before"], section["after"]
    why = section["note"] or "Too little gold to tell"
    drawn = [part for part in (before, after) if part is not None and _points(part, _AFTER, "")]
    return {
        "chart": _diagram(before, after) if drawn else None,
        "errors": _errors(before, after),
        "gold": section["gold"],
        "contradicting": section["gold_contradicting"],
        "temperature": section["temperature"],
        "note": section["note"],
        "sentence": f"{why[:1].upper()}{why[1:]}. Set more on questions’ pages.",
    }


def _diagram(before: Reliability | None, after: Reliability | None) -> Chart:
    points: list[Point] = []
    legend: list[dict[str, object]] = [{"label": "perfect", "series": 4, "sign": "rule"}]
    if before is not None:
        points += _points(before, _BEFORE, "before")
        legend.append({"label": "before calibration", "series": _BEFORE, "sign": "diamond"})
    if after is not None:
        points += _points(after, _AFTER, "after")
        legend.append({"label": "after calibration", "series": _AFTER, "sign": "dot"})
    counted = after if after is not None else before
    y_ticks = [Tick(at=percent(1 - place / 4), label=f"{place / 4:g}") for place in range(5)]
    return Chart(
        title="Reliability",
        description="Labels on gold by posterior: what was predicted across, how many of them are"
        " present by gold upwards, with 95 % intervals. On the diagonal a 0.9 is right nine times"
        " in ten.",
        x_label="predicted: posterior of “present”",
        y_label="observed: share present by gold",
        x_ticks=share_ticks(),
        y_ticks=y_ticks,
        points=points,
        strip=_strip(counted) if counted is not None else (),
        strip_label="labels with gold, by posterior",
        rule=True,
        shape="square",
        legend=legend,
        columns=[
            {"label": "When", "num": False},
            {"label": "Posterior", "num": False},
            {"label": "Predicted", "num": True},
            {"label": "Observed", "num": True},
            {"label": "95 % interval", "num": True},
            {"label": "Labels", "num": True},
        ],
        rows=[
            _row(name, row)
            for name, part in (("before", before), ("after", after))
            if part is not None
            for row in part["bins"]
        ],
    )


def _points(part: Reliability, series: int, name: str) -> list[Point]:
    points = []
    for row in part["bins"]:
        predicted, observed = row["predicted"], row["observed"]
        if predicted is None or observed is None:
            continue
        low, high = row["observed_low"], row["observed_high"]
        has_interval = low is not None and high is not None
        points.append(
            Point(
                # A little apart, or intervals of before and after would hide each other.
                x=percent(predicted + (0.006 if series == _AFTER else -0.006)),
                y=percent(1 - observed),
                low=percent(1 - low) if has_interval and low is not None else "",
                high=percent(1 - high) if has_interval and high is not None else "",
                hint=f"{name}: predicted {predicted:.2f}, observed {observed:.2f}"
                + (f" ({low:.2f} to {high:.2f})" if has_interval else "")
                + f", {plural(row['number'], 'label')}",
                series=series,
            )
        )
    return points


def _strip(part: Reliability) -> list[Bar]:
    top = max((row["number"] for row in part["bins"]), default=0) or 1
    return [
        Bar(
            x=percent(row["low"] + 0.05 * (row["high"] - row["low"])),
            width=percent(0.9 * (row["high"] - row["low"])),
            y=percent(1 - row["number"] / top),
            height=percent(row["number"] / top),
            hint=f"{row['low']:.1f} to {row['high']:.1f}: {plural(row['number'], 'label')}",
        )
        for row in part["bins"]
    ]


def _row(name: str, row: ReliabilityBin) -> list[Cell]:
    def two(value: float | None) -> str:
        return DASH if value is None else f"{value:.2f}"

    low, high = row["observed_low"], row["observed_high"]
    return [
        Cell(text=name, num=False),
        Cell(text=f"{row['low']:.2f}–{row['high']:.2f}", num=False),
        Cell(text=two(row["predicted"])),
        Cell(text=two(row["observed"])),
        Cell(text=DASH if low is None or high is None else f"{low:.2f} to {high:.2f}"),
        Cell(text=f"{row['number']:,}"),
    ]


def _errors(before: Reliability | None, after: Reliability | None) -> list[dict[str, str]]:
    names = (
        ("ece", "Calibration error", "How far predicted and observed lie apart on average."),
        ("brier", "Brier score", "Mean squared error of the posterior; 0 is perfect."),
        ("nll", "Negative log-likelihood", "Punishes being sure and wrong; 0 is perfect."),
    )

    def told(part: Reliability | None, name: str) -> str:
        value = part[name] if part is not None else None  # type: ignore[literal-required]
        if value is None:
            return DASH
        return percent_text(value, digits=1) if name == "ece" else f"{value:.3f}"

    return [
        {"label": label, "before": told(before, name), "after": told(after, name), "hint": hint}
        for name, label, hint in names
    ]
