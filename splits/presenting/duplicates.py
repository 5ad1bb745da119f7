"""What pages show of a search for duplicates: figures, the published curve, two aligned clips."""

from __future__ import annotations

import math
from typing import Any, Final

from splits.models import DuplicatePair, DuplicateScan

_FEWEST: Final = 0.001  # the lowest number on the curve's axis
_TICKS: Final = (0.001, 0.1, 10, 1_000, 100_000, 10_000_000, 1_000_000_000)


def scan_facts(scan: DuplicateScan) -> list[dict[str, str]]:
    """Return how well a search saw, as names and values."""
    facts = scan.facts
    how = (
        "all compared"
        if facts["is_exact"]
        else f"{facts['recall']:.2%} of the pairs that comparing all would find, by a sample"
    )
    strangers = max(facts["impostors"].values(), default=0)
    rows = [
        ("Clips compared", f"{scan.clips:,}"),
        ("Pairs that might be copies", f"{facts['compared']:,}"),
        ("Windows searched", how),
        ("Pairs aligned", f"{facts['aligned']:,}"),
        ("Equal bits from", f"{facts['threshold']:.4f}"),
        (
            "Strangers expected above",
            f"{facts['expected_false_edges']:.2g} among all pairs, from {strangers:,} measured",
        ),
        ("Verified from", f"{facts['settings']['same_sound']:.2f} equal bits"),
        ("Largest group", f"{facts['largest_group']:,} clips"),
        ("Doubtful edges cut", f"{facts['cut']:,}"),
    ]
    if facts["too_short"]:
        rows.append(("Too short to compare", f"{facts['too_short']:,}: by their hashes only"))
    return [{"label": label, "value": value} for label, value in rows]


def curve_chart(scan: DuplicateScan) -> dict[str, Any]:
    """Return the curve by which the threshold was set, for `components/chart.html`."""
    curve, chosen = scan.facts["curve"], scan.facts["threshold"]
    title = "What other thresholds would have given"
    thresholds = curve["threshold"]
    if not thresholds:
        return {"title": title, "is_empty": True}
    low, high = thresholds[0], thresholds[-1]
    most = max([1.0, *curve["expected_false_edges"], *curve["edges"]])
    top = math.log10(most / _FEWEST)

    def x(value: float) -> float:
        return round(100 * (value - low) / max(high - low, 1e-9), 2)

    def y(value: float) -> float:
        return round(100 - 100 * math.log10(max(value, _FEWEST) / _FEWEST) / top, 2)

    def path(values: list[float]) -> str:
        places = [f"{x(at)} {y(value)}" for at, value in zip(thresholds, values, strict=True)]
        return "M" + "L".join(places)

    return {
        "title": title,
        "description": "Strangers expected above each share of equal bits, and pairs found above "
        f"it. The threshold is {chosen:.4f}.",
        "shape": "wide",
        "x_label": "Share of equal bits",
        "y_label": "Pairs, logarithmic",
        "x_ticks": [
            {"at": x(value), "label": f"{value:.2f}"}
            for value in (low + (high - low) * step / 4 for step in range(5))
        ],
        "y_ticks": [
            {"at": y(value), "label": f"{value:,g}"} for value in _TICKS if value <= most
        ],
        "lines": [
            {"path": path(curve["expected_false_edges"]), "series": 2},
            {"path": path(curve["edges"]), "series": 1},
        ],
        "points": [
            {
                "x": x(chosen), "y": y(scan.facts["expected_false_edges"] / 3), "series": 2,
                "hint": f"Threshold {chosen:.4f}",
            }
        ],
        "legend": [
            {"label": "Found", "series": 1},
            {"label": "Strangers expected", "series": 2},
        ],
        "note": f"The threshold, {chosen:.4f}, is where a third of "
        f"{scan.facts['expected_false_edges']:.2g} strangers is expected; two other measures have "
        "the rest.",
        "columns": [
            {"label": "Equal bits", "num": True},
            {"label": "Strangers expected", "num": True},
            {"label": "Pairs found", "num": True},
            {"label": "Largest group", "num": True},
        ],
        "rows": [
            [{"text": text, "num": True} for text in row]
            for row in zip(
                (f"{value:.3f}" for value in thresholds),
                (f"{value:,.3g}" for value in curve["expected_false_edges"]),
                (f"{value:,}" for value in curve["edges"]),
                (f"{value:,}" for value in curve["largest_group"]),
                strict=True,
            )
        ],
    }  # fmt: skip


def times_of(pair: DuplicatePair) -> list[dict[str, Any]]:
    """Return both clips of a pair, and at which moment of each the same content is heard."""
    lag = pair.lag_s
    return [
        {"name": "First", "key": "1", "clip": pair.first, "from_s": max(0.0, -lag)},
        {"name": "Second", "key": "2", "clip": pair.second, "from_s": max(0.0, lag)},
    ]
