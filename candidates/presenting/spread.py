"""How a class's scores are spread, drawn over logits: bars, the strata's edges, and the axis.

Reads the fine histograms that scoring stores with a score set. `static/js/candidates/spread.js`
does the same sums in the browser while a line is dragged; a test holds the two to each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from candidates.sampling import Stratum

#: Likelihoods that are round on an axis of logits.
_TICKS: Final = (
    "0.00001", "0.0001", "0.001", "0.01", "0.1", "0.5", "0.9", "0.99", "0.999", "0.9999", "0.99999",
)  # fmt: skip
#: Logits shown at least, so that a class of a few scores is no wall.
_NARROWEST: Final = 4.0


@dataclass(frozen=True)
class Spread:
    """A class's fine histogram.

    Attributes
    ----------
    n
        Excerpts.
    first, step
        Where the bins begin and how wide each is, in logits.
    counts
        Excerpts of each bin; the outermost hold what lies beyond.
    """

    n: int
    first: float
    step: float
    counts: Sequence[int]

    @classmethod
    def of(cls, figure: Mapping[str, Any]) -> Self:
        """Return the spread of what a score set stores of a class."""
        return cls(int(figure["n"]), figure["first"], figure["step"], figure["counts"])

    def logit_at(self, quantile: float) -> float:
        """Return the logit below which a share of the excerpts lies, within its bin by the line."""
        wanted = quantile * self.n
        below = 0
        place = self.first
        for index, count in enumerate(self.counts):
            if not count:
                continue
            left = self.first + index * self.step
            if below + count >= wanted:
                return left + self.step * max(0.0, wanted - below) / count
            below += count
            place = left + self.step
        return place

    def quantile_at(self, logit: float) -> float:
        """Return the share of the excerpts below a logit; what `logit_at` undoes."""
        if not self.n:
            return 0.0
        bins = (logit - self.first) / self.step
        whole = min(max(math.floor(bins), 0), len(self.counts))
        below = float(sum(self.counts[:whole]))
        if 0 <= bins < len(self.counts):
            below += (bins - whole) * self.counts[whole]
        return below / self.n

    def bounds(self, index: int) -> tuple[float, float]:
        """Return the logits that a bin holds: the outermost have no end."""
        low = self.first + index * self.step
        last = len(self.counts) - 1
        return (
            -math.inf if index == 0 else low,
            math.inf if index == last else low + self.step,
        )


@dataclass(frozen=True)
class Axis:
    """The part of the logits that is shown, the same for every class of a page."""

    first_bin: int
    after_bin: int
    first: float
    last: float

    @classmethod
    def over(cls, spreads: Sequence[Spread]) -> Self:
        """Return the axis on which every excerpt of some classes lies."""
        if not spreads:
            return cls(0, 1, 0.0, 1.0)
        full = [index for spread in spreads for index, n in enumerate(spread.counts) if n]
        step, first, bins = spreads[0].step, spreads[0].first, len(spreads[0].counts)
        low, after = min(full, default=0), max(full, default=0) + 1
        short = math.ceil(_NARROWEST / step) - (after - low)
        if short > 0:
            low = max(0, low - (short + 1) // 2)
            after = min(bins, low + math.ceil(_NARROWEST / step))
        return cls(low, after, first + low * step, first + after * step)

    def percent(self, logit: float) -> float:
        """Return where a logit lies, in percent of the plot's width."""
        share = (logit - self.first) / (self.last - self.first)
        return round(100 * min(1.0, max(0.0, share)), 3)

    @property
    def ticks(self) -> list[dict[str, Any]]:
        """Return round likelihoods with their places, far enough from each other to be read."""
        found: list[dict[str, Any]] = []
        for label in sorted(_TICKS, key=lambda text: abs(_logit(float(text)))):
            at = self.percent(_logit(float(label)))
            apart = all(abs(at - tick["at"]) >= 9 for tick in found)
            if 2 <= at <= 98 and apart:
                found.append({"at": at, "label": label})
        return sorted(found, key=lambda tick: tick["at"])


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bin of the histogram as a bar, in percent of the plot, with its range in words."""

    index: int
    x: float
    width: float
    y: float
    height: float
    count: int
    label: str


@dataclass(frozen=True, kw_only=True)
class Band:
    """A stratum in percent of the plot's width."""

    name: str
    series: int
    x: float
    width: float
    low: float
    high: float


def bars(spread: Spread, axis: Axis) -> list[Bar]:
    """Return a class's bars, the tallest as high as the plot."""
    most = max(spread.counts, default=0) or 1
    width = 100 / (axis.after_bin - axis.first_bin)
    return [
        Bar(
            index=index,
            x=round((index - axis.first_bin) * width, 3),
            width=round(width, 3),
            y=round(100 - 100 * spread.counts[index] / most, 2),
            height=round(100 * spread.counts[index] / most, 2),
            count=spread.counts[index],
            label=range_words(*spread.bounds(index)),
        )
        for index in range(axis.first_bin, axis.after_bin)
    ]


def bands(spread: Spread, axis: Axis, strata: Sequence[Stratum]) -> list[Band]:
    """Return where the strata lie over a class's histogram."""
    found = []
    for place, stratum in enumerate(strata):
        low, high = spread.logit_at(stratum.low), spread.logit_at(stratum.high)
        x, end = axis.percent(low), axis.percent(high)
        found.append(
            Band(
                name=stratum.name,
                series=1 + place % 4,
                x=x,
                width=round(max(0.0, end - x), 3),
                low=likelihood(low),
                high=likelihood(high),
            )
        )
    return found


def veils(found: Sequence[Band]) -> list[tuple[float, float]]:
    """Return what no stratum holds as place and width, in percent: it is drawn pale.

    A stratum over everything pales nothing, unless it is alone: then nothing is pale.
    """
    part = [band for band in found if band.width < 100] or list(found)
    gaps, reached = [], 0.0
    for band in sorted(part, key=lambda band: band.x):
        if band.x > reached:
            gaps.append((reached, round(band.x - reached, 3)))
        reached = max(reached, band.x + band.width)
    if reached < 100:
        gaps.append((round(reached, 3), round(100 - reached, 3)))
    return gaps


def edges(found: Sequence[Band], strata: Sequence[Stratum]) -> list[float]:
    """Return where the lines stand, in percent: the strata's ends inside the scores."""
    lines = []
    for band, stratum in zip(found, strata, strict=True):
        if stratum.low > 0:
            lines.append(band.x)
        if stratum.high < 1:
            lines.append(round(band.x + band.width, 3))
    return lines


def outline(spread: Spread, axis: Axis) -> str:
    """Return a histogram as the path of a tiny picture, 100 wide and 100 high."""
    most = max(spread.counts, default=0) or 1
    width = 100 / (axis.after_bin - axis.first_bin)
    path = ["M0 100"]
    for index in range(axis.first_bin, axis.after_bin):
        x = (index - axis.first_bin) * width
        y = 100 - 100 * spread.counts[index] / most
        path.append(f"L{x:.2f} {y:.1f}L{x + width:.2f} {y:.1f}")
    return "".join([*path, "L100 100Z"])


def likelihood(logit: float) -> float:
    """Return the likelihood of a logit."""
    return 1 / (1 + math.exp(-logit)) if logit > -700 else 0.0


def shown(value: float) -> str:
    """Return a likelihood with two digits that tell something, at either end."""
    if value in (0.0, 1.0):
        return f"{value:.0f}"
    # Near 1 the digits that matter are those of what is missing.
    rare = min(value, 1 - value)
    digits = max(2, 1 - math.floor(math.log10(rare)))
    return f"{value:.{min(digits, 7)}f}"


def range_words(low: float, high: float) -> str:
    """Return two logits as a range of likelihoods."""
    if math.isinf(low):
        return f"below {shown(likelihood(high))}"
    if math.isinf(high):
        return f"from {shown(likelihood(low))}"
    return f"{shown(likelihood(low))} to {shown(likelihood(high))}"


def _logit(p: float) -> float:
    return math.log(p / (1 - p))
