"""Positives per hundred questions, round by round, against what the first detector would give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from candidates.loop.calibration import Calibration
from candidates.sampling.forecast import expected_positives
from candidates.sampling.strata import Stratum

_NORMAL_95: Final = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A number per hundred questions with a 95 % interval."""

    value: float
    low: float
    high: float


def observed(positives: int, questions: int) -> Rate | None:
    """Return what was found per hundred, with Wilson's interval; None without questions.

    E. B. Wilson, JASA 22, 1927.
    """
    if not questions:
        return None
    share, square = positives / questions, _NORMAL_95**2
    middle = (share + square / (2 * questions)) / (1 + square / questions)
    half = _NORMAL_95 / (1 + square / questions)
    half *= np.sqrt(share * (1 - share) / questions + square / (4 * questions**2))
    return Rate(
        value=100 * share,
        low=100 * max(0.0, float(middle - half)),
        high=100 * min(1.0, float(middle + half)),
    )


def baseline(
    questions: Mapping[str, int],
    figures: Mapping[str, Mapping[str, Any]],
    strata: Mapping[str, tuple[Stratum, ...]],
    calibration: Calibration,
) -> Rate | None:
    """Return what as many questions of the same classes would have given by another detector.

    Parameters
    ----------
    questions
        Class name → questions.
    figures, strata, calibration
        Of that detector: its histograms, the strata of the round drawn by it, and its calibration.
        Classes that it did not score are left out.
    """
    total = positives = variance = 0.0
    for name, number in questions.items():
        if name not in figures or name not in strata or not number:
            continue
        one = expected_positives({name: figures[name]}, strata[name], number, calibration)[name]
        total += one.questions
        positives += one.positives
        variance += ((one.high - one.low) / (2 * _NORMAL_95)) ** 2
    if not total:
        return None
    half = _NORMAL_95 * float(np.sqrt(variance))
    return Rate(
        value=100 * positives / total,
        low=100 * max(0.0, positives - half) / total,
        high=100 * min(total, positives + half) / total,
    )
