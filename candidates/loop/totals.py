"""How many excerpts of a whole archive hold a class.

The calibrated curve says so for every excerpt; what the weighted labels say beyond it is added
where rounds have drawn. So the estimate is unbiased there, whatever the curve (the generalised
difference estimator: C.-E. Särndal, B. Swensson, J. Wretman, Model Assisted Survey Sampling, 1992,
chapter 6). Where no round has drawn yet, it rests on the curve, and says how much of it does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from candidates.loop.calibration import Calibration
from candidates.loop.evidence import Evidence
from candidates.sampling.strata import Stratum

_NORMAL_95: Final = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class Total:
    """A class in the archive.

    Attributes
    ----------
    excerpts
        In the archive.
    positives, low, high
        Of those that hold the class, and a 95 % interval.
    covered
        Share of the excerpts that some round could have drawn.
    """

    excerpts: int
    positives: float
    low: float
    high: float
    covered: float


def archive_totals(
    evidence: Evidence,
    figures: Mapping[str, Mapping[str, Any]],
    calibration: Calibration,
    strata: Mapping[str, Sequence[Stratum]],
) -> dict[str, Total]:
    """Estimate how many excerpts hold each class.

    Parameters
    ----------
    evidence
        Labelled candidates, by the scores that `figures` are of.
    figures
        `ScoreSet.figures`: class name → fine histogram.
    calibration
        Fitted to the evidence, or to anything else.
    strata
        Class name → strata of all rounds together, by the quantiles of the same scores.
    """
    found = {}
    for name, histogram in figures.items():
        counts = np.asarray(histogram["counts"], np.float64)
        n = int(histogram["n"])
        logit = float(histogram["first"]) + (np.arange(counts.size) + 0.5) * histogram["step"]
        curve = calibration.of(name)
        drawn = _covered(counts, n, strata.get(name, ()))
        missed = counts - drawn
        gradient = missed @ curve.gradient(logit)
        total = float(counts @ curve.present(logit))
        variance = float(gradient @ curve.covariance @ gradient)
        if name in evidence.classes:
            mine = evidence.class_index == evidence.classes.index(name)
            change, noise = _correction(evidence, mine, calibration)
            total, variance = total + change, variance + noise
        total = float(np.clip(total, 0, n))
        half = _NORMAL_95 * np.sqrt(variance)
        found[name] = Total(
            excerpts=n,
            positives=total,
            low=float(max(0.0, total - half)),
            high=float(min(n, total + half)),
            covered=float(drawn.sum() / max(1, n)),
        )
    return found


def _covered(counts: NDArray[np.float64], n: int, strata: Sequence[Stratum]) -> NDArray[np.float64]:
    """Return how many of each bin's excerpts lie in one of the strata."""
    ends = np.cumsum(counts)
    begins = ends - counts
    inside = np.zeros(counts.size)
    until = 0
    for first, after in sorted(s.places(n) for s in strata if s.share > 0):
        begin = max(first, until)  # what an earlier stratum covers counts once
        inside += np.maximum(0, np.minimum(ends, after) - np.maximum(begins, begin))
        until = max(until, after)
    return inside


def _correction(
    evidence: Evidence, mine: NDArray[np.bool_], calibration: Calibration
) -> tuple[float, float]:
    """Return the weighted sum of what labels say beyond the curve, and its variance."""
    rows = np.flatnonzero(mine)
    known = rows[evidence.truth[rows] >= 0]
    if not known.size:
        return 0.0, 0.0
    name = evidence.classes[int(evidence.class_index[known[0]])]
    # Undecided questions count as missing at random.
    grown = evidence.weight[rows].sum() / evidence.weight[known].sum()
    weight = evidence.weight[known] * grown
    residual = evidence.truth[known] - calibration.of(name).present(evidence.logit[known])
    # As if drawn one by one: fixed sizes of strata make it less, so the interval is wide enough.
    noise = np.maximum(weight * (weight - 1), 0) @ np.square(residual)
    return float(weight @ residual), float(noise)
