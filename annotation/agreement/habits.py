"""How people listen: how long they take, how much they hear, what they cannot have heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from annotation.agreement.checking import (
    BoolArray,
    measurements,
    size,
    whole_numbers,
)
from annotation.agreement.intervals import CONFIDENCE, Shares, wilson_many
from annotation.consensus.ratings import FloatArray, IntArray
from annotation.consensus.shortage import NotEnoughData
from consonance.errors import ParameterError

#: From first sound to answer nobody both recognises an instrument and presses a button in less
#: (ms). Our own bound, far below the fastest honest answers.
FASTEST_ANSWER_MS: Final = 500.0

#: What clocks of browsers and players may differ by (ms).
CLOCK_TOLERANCE_MS: Final = 250.0

#: How spread out a quarter, a half and three quarters of somebody's values are.
_QUARTERS: Final = (0.25, 0.5, 0.75)


@dataclass(frozen=True, kw_only=True)
class QuartilesOf:
    """The quartiles of one person's values.

    Parameters
    ----------
    lower, median, upper
        A quarter, a half and three quarters of the values are no larger.
    number
        How many values there are.
    """

    lower: float
    median: float
    upper: float
    number: int


@dataclass(frozen=True, kw_only=True)
class Quartiles:
    """The quartiles of each person's values.

    Parameters
    ----------
    lower, median, upper : np.ndarray [shape=(n_annotators,), dtype=float64]
        0 where nothing was measured.
    number : np.ndarray [shape=(n_annotators,), dtype=int64]
        How many values each rests on.
    """

    lower: FloatArray
    median: FloatArray
    upper: FloatArray
    number: IntArray

    @property
    def is_known(self) -> BoolArray:
        """Of whom anything was measured."""
        return np.asarray(self.number > 0)

    def of(self, annotator: int) -> QuartilesOf | NotEnoughData:
        """Return one person's."""
        number = int(self.number[annotator])
        if number == 0:
            return NotEnoughData(what="measured answers", have=0, needed=1)
        return QuartilesOf(
            lower=float(self.lower[annotator]),
            median=float(self.median[annotator]),
            upper=float(self.upper[annotator]),
            number=number,
        )


@dataclass(frozen=True, kw_only=True)
class TooFast:
    """Answers given faster than hearing allows.

    Parameters
    ----------
    people : Shares [shape=(n_annotators,)]
        Share of each person's measured answers that are so for any reason.
    unheard : np.ndarray [shape=(n_annotators,), dtype=int64]
        Answers after less sound than had to be heard.
    instant : np.ndarray [shape=(n_annotators,), dtype=int64]
        Answers quicker than anybody can be.
    impossible : np.ndarray [shape=(n_annotators,), dtype=int64]
        Answers after which more is said to have been heard than there was time for.
    """

    people: Shares
    unheard: IntArray
    instant: IntArray
    impossible: IntArray


def response_times(
    annotator: npt.ArrayLike, response_ms: npt.ArrayLike, *, n_annotators: int | None = None
) -> Quartiles:
    """Return the quartiles of each person's time to answer, in milliseconds.

    Parameters
    ----------
    annotator : array_like of int [shape=(n_ratings,), >= 0]
        Who answered.
    response_ms : array_like of float [shape=(n_ratings,), >= 0]
        From first sound to answer; NaN where it was not measured.
    n_annotators
        How many people there are; as many as needed by default.

    Raises
    ------
    ParameterError
        The arrays do not fit together or hold values out of range.
    """
    people = whole_numbers(annotator, "annotator")
    times = measurements(response_ms, "response_ms", length=len(people))
    return _quartiles(people, times, size(people, n_annotators, "n_annotators"))


def heard_shares(
    annotator: npt.ArrayLike,
    heard_ms: npt.ArrayLike,
    duration_ms: npt.ArrayLike,
    *,
    n_annotators: int | None = None,
) -> Quartiles:
    """Return the quartiles of the share of the clip that each person hears before answering.

    Parameters
    ----------
    annotator, n_annotators
        As for `response_times`.
    heard_ms : array_like of float [shape=(n_ratings,), >= 0]
        How much was played; NaN where it was not measured. Replays count once at most: shares end
        at 1.
    duration_ms : float or array_like of float [shape=(n_ratings,), > 0]
        How long the clip is, one for all or one each.

    Raises
    ------
    ParameterError
        The arrays do not fit together or hold values out of range.
    """
    people = whole_numbers(annotator, "annotator")
    heard = measurements(heard_ms, "heard_ms", length=len(people))
    length = measurements(duration_ms, "duration_ms", length=len(people))
    if (length == 0).any():
        raise ParameterError("duration_ms holds 0; a clip has a length")
    share = np.minimum(heard / length, 1.0)
    return _quartiles(people, share, size(people, n_annotators, "n_annotators"))


def too_fast(
    annotator: npt.ArrayLike,
    response_ms: npt.ArrayLike,
    heard_ms: npt.ArrayLike,
    *,
    required_ms: npt.ArrayLike,
    duration_ms: npt.ArrayLike | None = None,
    floor_ms: float = FASTEST_ANSWER_MS,
    n_annotators: int | None = None,
    confidence: float = CONFIDENCE,
) -> TooFast:
    """Return how often each person answered faster than hearing allows.

    An answer is too fast when any of these holds, times being known:

    * less was heard than had to be, or less time passed than that takes (`unheard`);
    * it came within `floor_ms` of the first sound (`instant`);
    * more is said to have been heard than time has passed, and more than `CLOCK_TOLERANCE_MS`
      more: the measurement was made up (`impossible`).

    Parameters
    ----------
    annotator, response_ms, n_annotators
        As for `response_times`.
    heard_ms : array_like of float [shape=(n_ratings,), >= 0]
        How much was played; NaN where it was not measured.
    required_ms : float or array_like of float [shape=(n_ratings,), >= 0]
        How much had to be heard, one for all or one each; NaN where nothing was asked for.
    duration_ms : float or array_like of float, optional
        How long the clips are: nobody needs to hear more than there is.
    floor_ms
        In milliseconds, from 0 up.
    confidence
        Level of Wilson's intervals.

    Returns
    -------
    TooFast
        Answers of which neither time was measured are passed over. One answer may be too fast for
        several reasons.

    Raises
    ------
    ParameterError
        The arrays do not fit together or hold values out of range.
    """
    people = whole_numbers(annotator, "annotator")
    n_ratings = len(people)
    number = size(people, n_annotators, "n_annotators")
    response = measurements(response_ms, "response_ms", length=n_ratings)
    heard = measurements(heard_ms, "heard_ms", length=n_ratings)
    required = np.nan_to_num(measurements(required_ms, "required_ms", length=n_ratings))
    if not (np.isfinite(floor_ms) and floor_ms >= 0):
        raise ParameterError(f"floor_ms is {floor_ms}; a number from 0 up is needed")
    if duration_ms is not None:
        length = measurements(duration_ms, "duration_ms", length=n_ratings)
        required = np.fmin(required, length)
    least = required - CLOCK_TOLERANCE_MS
    # Comparisons with NaN are false: what was not measured is not held against anybody.
    reasons = (
        (heard < least) | (response < least),
        response < floor_ms,
        heard > response + CLOCK_TOLERANCE_MS,
    )
    is_measured = ~(np.isnan(response) & np.isnan(heard))
    any_reason = np.logical_or.reduce(reasons)
    unheard, instant, impossible = (
        np.bincount(people[reason], minlength=number).astype(np.int64) for reason in reasons
    )
    return TooFast(
        people=wilson_many(
            np.bincount(people[any_reason], minlength=number),
            np.bincount(people[is_measured], minlength=number),
            confidence=confidence,
            what="measured answers",
        ),
        unheard=unheard,
        instant=instant,
        impossible=impossible,
    )


def _quartiles(people: IntArray, values: FloatArray, number: int) -> Quartiles:
    """Return each person's quartiles by linear interpolation, as `np.quantile` does."""
    measured = ~np.isnan(values)
    people, values = people[measured], values[measured]
    order = np.lexsort((values, people))
    values = values[order]
    counts = np.bincount(people, minlength=number)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]) if number else np.zeros(0, np.int64)
    known = counts > 0
    found = np.zeros((len(_QUARTERS), number))
    for row, quarter in enumerate(_QUARTERS):
        place = quarter * (counts[known] - 1)
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, counts[known] - 1)
        lower, upper = values[starts[known] + below], values[starts[known] + above]
        found[row, known] = lower + (place - below) * (upper - lower)
    return Quartiles(
        lower=found[0], median=found[1], upper=found[2], number=counts.astype(np.int64)
    )
