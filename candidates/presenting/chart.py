"""A class's histogram as a template draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from candidates.presenting.spread import (
    Axis,
    Band,
    Bar,
    Spread,
    bands,
    bars,
    edges,
    shown,
    veils,
)
from candidates.sampling import Stratum


@dataclass(frozen=True, kw_only=True)
class ScoreChart:
    """What `candidates/_spread.html` draws; places are percent of the plot.

    Attributes
    ----------
    name, label
        Of the class.
    n
        Excerpts.
    most
        Of the fullest bin.
    bars, bands, veils, lines, ticks
        The bins, the strata, what no stratum holds, the strata's ends, and the axis.
    """

    name: str
    label: str
    n: int
    most: int
    bars: Sequence[Bar]
    bands: Sequence[Band]
    veils: Sequence[tuple[float, float]]
    lines: Sequence[float]
    ticks: Sequence[dict[str, Any]]

    @property
    def filled(self) -> list[Bar]:
        """Bins that hold an excerpt, which can be heard; the most likely first."""
        return [bar for bar in reversed(self.bars) if bar.count]


def score_chart(
    name: str, label: str, spread: Spread, axis: Axis, strata: Sequence[Stratum]
) -> ScoreChart:
    """Return the chart of a class."""
    found = bands(spread, axis, strata)
    return ScoreChart(
        name=name,
        label=label,
        n=spread.n,
        most=max(spread.counts, default=0),
        bars=bars(spread, axis),
        bands=found,
        veils=veils(found),
        lines=edges(found, strata),
        ticks=axis.ticks,
    )


def band_words(band: Band, stratum: Stratum) -> str:
    """Return a stratum's likelihoods in words."""
    if stratum.low == 0 and stratum.high == 1:
        return "any likelihood"
    if stratum.low == 0:
        return f"up to {shown(band.high)}"
    if stratum.high == 1:
        return f"from {shown(band.low)}"
    return f"{shown(band.low)} to {shown(band.high)}"
