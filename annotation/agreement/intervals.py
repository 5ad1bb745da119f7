"""Shares of successes with Wilson's score interval: one, or a whole array of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from annotation.agreement.checking import BoolArray
from annotation.consensus.ratings import FloatArray, IntArray
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


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Shares of successes with their intervals, one for each person, class or whatever.

    Parameters
    ----------
    successes, number : np.ndarray [dtype=int64, >= 0]
        How many of how many. Where `number` is 0 nothing is known.
    value, low, high : np.ndarray [same shape, in [0, 1]]
        The shares and their bounds. Where nothing is known the interval is all of [0, 1] and the
        value 0: look at `is_known`, or ask `of`.
    confidence
        Level of the intervals.
    what
        What is counted, in the plural.
    """

    successes: IntArray
    number: IntArray
    value: FloatArray
    low: FloatArray
    high: FloatArray
    confidence: float
    what: str = "trials"

    @property
    def is_known(self) -> BoolArray:
        """Where there is at least one trial."""
        return np.asarray(self.number > 0)

    def of(self, *index: int) -> Interval | NotEnoughData:
        """Return one of them."""
        number = int(self.number[index])
        if number == 0:
            return NotEnoughData(what=self.what, have=0, needed=1)
        return Interval(
            value=float(self.value[index]),
            low=float(self.low[index]),
            high=float(self.high[index]),
            number=number,
            confidence=self.confidence,
        )


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


def wilson_many(
    successes: npt.ArrayLike,
    totals: npt.ArrayLike,
    *,
    confidence: float = CONFIDENCE,
    what: str = "trials",
) -> Shares:
    """Return many shares with Wilson's score intervals.

    Parameters
    ----------
    successes, totals : array_like of int [same shape, 0 <= successes <= totals]
        How many of how many.
    confidence
        In (0, 1).
    what
        What is counted, for the sentence where there is none.

    Raises
    ------
    ParameterError
        Shapes differ, a value is no integer, or there are more successes than trials.

    Notes
    -----
    As `wilson`; computed by statsmodels.
    """
    # Imported late: statsmodels brings pandas with it, which most of this package does without.
    from statsmodels.stats.proportion import proportion_confint

    check_confidence(confidence)
    good, number = np.asarray(successes), np.asarray(totals)
    if good.shape != number.shape:
        raise ParameterError(
            f"successes has shape {good.shape}, totals {number.shape}; they must be the same"
        )
    for name, array in (("successes", good), ("totals", number)):
        if array.size and not np.issubdtype(array.dtype, np.integer):
            raise ParameterError(f"{name} has type {array.dtype}; integers are needed")
    good, number = good.astype(np.int64), number.astype(np.int64)
    wrong = (good < 0) | (good > number)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise ParameterError(
            f"{good.flat[first]} successes of {number.flat[first]} trials is impossible"
        )
    value, low = np.zeros(good.shape), np.zeros(good.shape)
    high = np.ones(good.shape)
    known = number > 0
    if known.any():
        value[known] = good[known] / number[known]
        low[known], high[known] = proportion_confint(
            good[known], number[known], alpha=1 - confidence, method="wilson"
        )
    # At the ends the bound is the end itself; rounding would leave it 1e-17 off.
    low[good == 0] = 0.0
    high[good == number] = 1.0
    return Shares(
        successes=good,
        number=number,
        value=value,
        low=low,
        high=high,
        confidence=confidence,
        what=what,
    )


def check_confidence(confidence: float) -> None:
    """Refuse a level of confidence outside (0, 1)."""
    if not 0 < confidence < 1:
        raise ParameterError(f"confidence is {confidence}; a number between 0 and 1 is needed")
