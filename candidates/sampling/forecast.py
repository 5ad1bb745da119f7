"""What a choice of strata would give: excerpts, questions, positives, and what a quota still needs.

Everything is read off a score set's fine histograms (`scoring.histograms.fine_histograms`), so a
page can ask as often as a line is dragged. Nothing but NumPy is imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from candidates.loop.calibration import Calibration, Curve
from candidates.sampling.strata import Stratum, apportioned, regions
from consonance.errors import ParameterError

Floats = NDArray[np.float64]
Figures = Mapping[str, Mapping[str, Any]]
_NORMAL_95: Final = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class Expected:
    """How many positives a class's questions are expected to give.

    Attributes
    ----------
    questions
        That can be asked: as many as wanted, unless the strata hold fewer excerpts.
    positives, low, high
        Labels "present" among them, and a 95 % interval of what will be found: of the curve's
        uncertainty and of chance.
    by_stratum
        Stratum name → questions and positives.
    basis
        What the curve rests on: `calibration.BASES`.
    """

    questions: int
    positives: float
    low: float
    high: float
    by_stratum: Mapping[str, tuple[int, float]]
    basis: str


@dataclass(frozen=True, kw_only=True)
class Needed:
    """How many more questions a class's quotas need.

    Attributes
    ----------
    questions
        About; 0 if both quotas are met.
    low, high
        A 95 % interval.
    supply
        Excerpts that the strata hold.
    is_enough
        Whether the strata hold so many.
    for_what
        Which quota asks for most: `positives`, `labels`, or nothing.
    basis
        What the curve rests on: `calibration.BASES`.
    """

    questions: int
    low: int
    high: int
    supply: int
    is_enough: bool
    for_what: str
    basis: str


def counts_by_stratum(figures: Figures, strata: Sequence[Stratum]) -> dict[str, dict[str, int]]:
    """Return how many excerpts each stratum of each class holds.

    The quantiles decide this alone: of n excerpts, those at the places ceil(low (n - 1)) to
    floor(high (n - 1)), counted from 0, as `Stratum.places` has it.

    Parameters
    ----------
    figures
        `ScoreSet.figures`: class name → fine histogram.
    strata
        Of every class.
    """
    found = {}
    for name, histogram in figures.items():
        places = [(stratum.name, stratum.places(int(histogram["n"]))) for stratum in strata]
        found[name] = {stratum: after - first for stratum, (first, after) in places}
    return found


def expected_positives(
    figures: Figures,
    strata: Sequence[Stratum],
    per_class: int | Mapping[str, int],
    calibration: Calibration,
) -> dict[str, Expected]:
    """Return how many positives a round of these strata is expected to give.

    Parameters
    ----------
    figures
        `ScoreSet.figures`: class name → fine histogram.
    strata
        Of every class; their shares divide its questions.
    per_class
        Questions of each class: one number, or one a class name.
    calibration
        From `calibration.calibrate`, or `calibration.uncalibrated`.

    Raises
    ------
    ParameterError
        If a number of questions is negative.
    """
    found = {}
    for name, histogram in figures.items():
        wanted = per_class if isinstance(per_class, int) else per_class.get(name, 0)
        if wanted < 0:
            raise ParameterError(f"{wanted} questions of {name}: use 0 or more.")
        found[name] = _expected(histogram, strata, wanted, calibration.of(name))
    return found


def quota_forecast(
    figures: Figures,
    strata: Sequence[Stratum],
    calibration: Calibration,
    *,
    have: Mapping[str, tuple[int, int]],
    positives: int,
    labels: int = 0,
) -> dict[str, Needed]:
    """Return how many more questions each class needs until its quotas are met.

    Parameters
    ----------
    figures, strata, calibration
        As in `expected_positives`.
    have
        Class name → positives and labels that there are already.
    positives, labels
        Wanted of each class.

    Raises
    ------
    ParameterError
        If a quota is negative.
    """
    if positives < 0 or labels < 0:
        raise ParameterError(f"Quotas of {positives} positives and {labels} labels: use 0 or more.")
    found = {}
    for name, histogram in figures.items():
        had = have.get(name, (0, 0))
        missing = max(0, positives - had[0]), max(0, labels - had[1])
        found[name] = _needed(histogram, strata, missing, calibration.of(name))
    return found


@dataclass(frozen=True)
class _Slice:
    """One stratum of a class: how many excerpts, P(present) of one of them, and its gradient."""

    size: int
    present: float
    gradient: Floats


def _slice(histogram: Mapping[str, Any], stratum: Stratum, curve: Curve) -> _Slice:
    first, after = stratum.places(int(histogram["n"]))
    counts = np.asarray(histogram["counts"], np.float64)
    ends = np.cumsum(counts)
    begins = ends - counts
    low, high = np.maximum(begins, first), np.minimum(ends, after)
    inside = np.flatnonzero(high > low)
    if not inside.size:
        return _Slice(0, 0.0, np.zeros(3))
    # Excerpts lie evenly within a bin; of a bin cut by a quantile, the middle of what is left.
    middle = ((low + high) / 2 - begins)[inside] / counts[inside]
    logit = float(histogram["first"]) + (inside + middle) * float(histogram["step"])
    size = (high - low)[inside]
    return _Slice(
        int(size.sum()),
        float(size @ curve.present(logit) / size.sum()),
        np.asarray(size @ curve.gradient(logit) / size.sum()),
    )


def _expected(
    histogram: Mapping[str, Any], strata: Sequence[Stratum], wanted: int, curve: Curve
) -> Expected:
    slices = [_slice(histogram, stratum, curve) for stratum in strata]
    parts = apportioned(wanted, [stratum.share for stratum in strata]).tolist()
    asked = [min(part, one.size) for part, one in zip(parts, slices, strict=True)]
    total = sum(asked)
    found = [curve.decided * n * one.present for n, one in zip(asked, slices, strict=True)]
    positives = sum(found)
    gradient = curve.decided * np.sum(
        [n * one.gradient for n, one in zip(asked, slices, strict=True)], axis=0
    )
    chance = sum(
        n * curve.decided * one.present * (1 - curve.decided * one.present)
        for n, one in zip(asked, slices, strict=True)
    )
    variance = float(gradient @ curve.covariance @ gradient) + chance
    low, high = _between(positives, variance, total)
    return Expected(
        questions=total,
        positives=positives,
        low=low,
        high=high,
        by_stratum={
            stratum.name: (n, one) for stratum, n, one in zip(strata, asked, found, strict=True)
        },
        basis=curve.basis,
    )


def _between(mean: float, variance: float, most: int) -> tuple[float, float]:
    """Return a 95 % interval within 0 and `most`: normal on the scale of log-odds."""
    if not 0 < mean < most:
        return mean, mean
    odds = np.log(mean / (most - mean))
    spread = _NORMAL_95 * np.sqrt(variance) * most / (mean * (most - mean))
    ends = 1 / (1 + np.exp(-np.clip([odds - spread, odds + spread], -700, 700)))
    return float(most * ends[0]), float(most * ends[1])


def _needed(
    histogram: Mapping[str, Any],
    strata: Sequence[Stratum],
    missing: tuple[int, int],
    curve: Curve,
) -> Needed:
    slices = [_slice(histogram, stratum, curve) for stratum in strata]
    share = np.array([s.share if one.size else 0.0 for s, one in zip(strata, slices, strict=True)])
    supply = _supply(histogram, strata)
    if not share.sum() or not any(missing):
        none = max(missing)
        return Needed(
            questions=none,
            low=none,
            high=none,
            supply=supply,
            is_enough=not none,
            for_what="" if not none else "positives" if missing[0] else "labels",
            basis=curve.basis,
        )
    share = share / share.sum()
    rate = curve.decided * float(share @ [one.present for one in slices])
    gradient = curve.decided * np.sum(
        [part * one.gradient for part, one in zip(share, slices, strict=True)], axis=0
    )
    variance = float(gradient @ curve.covariance @ gradient)
    for_labels = missing[1] / curve.decided
    for_positives = missing[0] / max(rate, 1e-9)
    if for_positives >= for_labels:
        wanted, what = for_positives, "positives"
        spread = np.sqrt(variance / max(rate, 1e-9) ** 2 + (1 - rate) / missing[0])
    else:
        wanted, what = for_labels, "labels"
        spread = np.sqrt((1 - curve.decided) / missing[1])
    times = float(np.exp(min(_NORMAL_95 * spread, 20.0)))
    least = max(missing)  # no question gives more than one label
    return Needed(
        questions=max(least, int(np.ceil(wanted - 1e-9))),
        low=max(least, int(np.floor(wanted / times))),
        high=max(least, int(np.ceil(wanted * times))),
        supply=supply,
        is_enough=wanted <= supply,
        for_what=what,
        basis=curve.basis,
    )


def _supply(histogram: Mapping[str, Any], strata: Sequence[Stratum]) -> int:
    """Return how many excerpts the strata hold that questions come from, each counted once."""
    used = [stratum for stratum in strata if stratum.share > 0]
    return sum(region.after - region.first for region in regions(used, int(histogram["n"])))
