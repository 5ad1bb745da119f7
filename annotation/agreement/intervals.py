"""Intervals for shares."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import binomtest

from annotation.consensus.shortage import NotEnoughData
from consonance.errors import ParameterError

CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A share of successes with its interval.

    Parameters
    ----------
    value, low, high
        The share and its bounds, in [0, 1].
    number
        How many trials it rests on.
    confidence
        How often such intervals hold the true share.
    """

    value: float
    low: float
    high: float
    number: int
    confidence: float


def wilson(
    successes: int, number: int, *, confidence: float = CONFIDENCE
) -> Interval | NotEnoughData:
    """Return a share of successes with Wilson's score interval.

    Parameters
    ----------
    successes, number
        How many of how many.
    confidence
        In (0, 1).

    Raises
    ------
    ParameterError
        There are more successes than trials, or a value is out of range.

    Notes
    -----
    Wilson (1927); it keeps within [0, 1] and holds for the small numbers of single people (Brown,
    Cai and DasGupta 2001). Computed by scipy.
    """
    check_confidence(confidence)
    if not 0 <= successes <= number:
        raise ParameterError(f"{successes} successes of {number} trials is impossible")
    if number == 0:
        return NotEnoughData(what="trials", have=0, needed=1)
    bounds = binomtest(int(successes), int(number)).proportion_ci(confidence, method="wilson")
    return Interval(
        value=successes / number,
        low=float(bounds.low),
        high=float(bounds.high),
        number=int(number),
        confidence=confidence,
    )


def check_confidence(confidence: float) -> None:
    """Refuse a level of confidence outside (0, 1)."""
    if not 0 < confidence < 1:
        raise ParameterError(f"confidence is {confidence}; a number between 0 and 1 is needed")
