"""Drift: people who, in the course of a campaign, become worse than they were.

A cumulative sum (Page 1954) over each person's answers in time order adds up how much likelier
each "right" or "wrong" is for somebody whose odds of being right have fallen than for the person
as known from the answers before; below zero it starts anew. Once above a threshold it rings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from annotation.agreement.checking import (
    BoolArray,
    numbers,
    same_length,
    size,
    whole_numbers,
    yes_or_no,
)
from annotation.agreement.intervals import CONFIDENCE, Interval, Shares, wilson, wilson_many
from annotation.agreement.runs import in_time, moments
from annotation.consensus.ratings import FloatArray, IntArray
from annotation.consensus.shortage import NotEnoughData
from consonance.errors import ParameterError

#: What is listened for: odds of being right fallen to 1 / e, such as from .90 to .77.
FALL_LOGIT: Final = 1.0

#: The sum starts after so many answers; before, a person is only got to know.
WARM_UP: Final = 30

#: How many answers of somebody as expected are added to a person's own.
EXPECTED_ANSWERS: Final = 5.0

#: Where it rings. Simulated without drift, of people right 55 to 98 % of the time where 80 or 90 %
#: are expected, at most 1.1 % ring within 500 answers and 2.0 % within 1,000, which is one alarm in
#: 60,000 answers or more (`false_alarm_rate`, 20,000 people each; `average_run_length`). Of people
#: who after 200 answers fall from .90 to .67, 88 % are found within 100 answers; from .85 to .68,
#: 70 % within 200; from .95 to .88, 19 %: small falls of excellent people pass.
THRESHOLD: Final = 8.5

#: Answers in each point of a chart.
WINDOW: Final = 25

#: A single answer adds or takes .01 or more.
_ROUNDING: Final = 1e-6

#: Nobody is taken to be right less or more often than this, or one answer would decide.
_SURE: Final = 0.02


@dataclass(frozen=True, kw_only=True)
class DriftSeries:
    """Each person's answers in windows of equal number, in time order, for charts.

    Parameters
    ----------
    annotator, window : np.ndarray [shape=(n_rows,), dtype=int64]
        Sorted by person, then window, from 0 on.
    first, last : np.ndarray [shape=(n_rows,), dtype=int64]
        Places, in the input, of the window's first and last rating.
    number, right : np.ndarray [shape=(n_rows,), dtype=int64]
        Answers (the last window of a person may have fewer), and how many were right.
    value, low, high : np.ndarray [shape=(n_rows,), in [0, 1]]
        The share right with Wilson's interval.
    expected : np.ndarray [shape=(n_rows,), in [0, 1]]
        The share to be expected of an average person on these tasks.
    cusum : np.ndarray [shape=(n_rows,), >= 0]
        The sum at its highest within the window.
    """

    annotator: IntArray
    window: IntArray
    first: IntArray
    last: IntArray
    number: IntArray
    right: IntArray
    value: FloatArray
    low: FloatArray
    high: FloatArray
    expected: FloatArray
    cusum: FloatArray

    def of(self, annotator: int) -> DriftSeries:
        """Return one person's windows."""
        mine = slice(*np.searchsorted(self.annotator, [annotator, annotator + 1]))
        return DriftSeries(**{name: column[mine] for name, column in vars(self).items()})


@dataclass(frozen=True, kw_only=True)
class Drift:
    """Who became worse, and when.

    Parameters
    ----------
    is_drifting : np.ndarray [shape=(n_annotators,), dtype=bool]
        Whose sum passed the threshold at any time.
    peak : np.ndarray [shape=(n_annotators,), >= 0]
        The sum at its highest.
    number : np.ndarray [shape=(n_annotators,), dtype=int64]
        Answers that could be judged.
    alarm_at : np.ndarray [shape=(n_annotators,), dtype=int64]
        Place, in the input, of the rating at which the threshold was passed first; -1 for none.
    began_at : np.ndarray [shape=(n_annotators,), dtype=int64]
        Place of the rating from which the sum rose, the best guess of when it began; -1 for none.
    before, after : Shares [shape=(n_annotators,)]
        Share right before that rating and from it on; of people without an alarm all is before.
        A description, no test: the place was chosen because the shares differ.
    threshold, window
        What was asked for.
    series : DriftSeries
        For charts.
    """

    is_drifting: BoolArray
    peak: FloatArray
    number: IntArray
    alarm_at: IntArray
    began_at: IntArray
    before: Shares
    after: Shares
    threshold: float
    window: int
    series: DriftSeries


def drift(
    annotator: npt.ArrayLike,
    is_right: npt.ArrayLike,
    when: npt.ArrayLike,
    *,
    expected: npt.ArrayLike | None = None,
    threshold: float = THRESHOLD,
    window: int = WINDOW,
    n_annotators: int | None = None,
    confidence: float = CONFIDENCE,
) -> Drift:
    """Find people who became worse.

    Parameters
    ----------
    annotator : array_like of int [shape=(n_ratings,), >= 0]
        Who answered; only ratings that can be judged (`RestComparison.is_clear`).
    is_right : array_like of bool [shape=(n_ratings,)]
        Whether the answer is that of the others (or of gold).
    when : array_like of numbers or times [shape=(n_ratings,)]
        When each was given; of equal times the order of the input decides.
    expected : array_like of float [shape=(n_ratings,), in [0, 1]], optional
        How likely an average person is right about that task: a campaign that asks the hard
        questions last makes nobody worse. The share right of all ratings by default.
    threshold : float > 0
        Where it rings; `false_alarm_rate` tells what that costs.
    window : int >= 1
        Answers in each point of a chart.
    n_annotators
        How many people there are; as many as needed by default.
    confidence
        Level of the intervals.

    Raises
    ------
    ParameterError
        The arrays do not fit together or hold values out of range.

    Notes
    -----
    Page (1954), *Continuous inspection schemes*, Biometrika 41; for right and wrong answers with
    changing chances Steiner et al. (2000), *Monitoring surgical performance using risk-adjusted
    cumulative sum charts*; with the person's own earlier answers as the standard, Hawkins (1987),
    *Self-starting CUSUM charts for location and scale*. Since people are compared with themselves,
    somebody who is bad from the start does not drift. Only falls are looked for.
    """
    people, times = whole_numbers(annotator, "annotator"), moments(when)
    n_ratings = same_length(annotator=people, when=times)
    right = yes_or_no(is_right, "is_right", length=n_ratings)
    number = size(people, n_annotators, "n_annotators")
    if not (np.isfinite(threshold) and threshold > 0):
        raise ParameterError(f"threshold is {threshold}; a number above 0 is needed")
    if window < 1:
        raise ParameterError(f"window is {window}; at least 1 is needed")
    usual = (right.sum() + 1) / (n_ratings + 2)
    chance = (
        np.full(n_ratings, usual)
        if expected is None
        else numbers(expected, "expected", shape=(n_ratings,), lowest=0, highest=1)
    )
    order = in_time(people, times)
    people, right, chance = people[order], right[order], chance[order]
    counts = np.bincount(people, minlength=number).astype(np.int64)
    sums, since = cumulative_sums(right, np.clip(chance, _SURE, 1 - _SURE), counts)

    peak = np.zeros(number)
    np.maximum.at(peak, people, sums)
    rings = np.flatnonzero(sums > threshold)[::-1]
    alarm = np.full(number, -1, np.int64)
    alarm[people[rings]] = rings  # from the last to the first, which stays
    is_drifting = alarm >= 0
    began = np.where(is_drifting, since[alarm] if n_ratings else -1, -1)
    is_after = is_drifting[people] & (np.arange(n_ratings) >= began[people])

    def shares(chosen: BoolArray) -> Shares:
        return wilson_many(
            np.bincount(people[chosen & right], minlength=number),
            np.bincount(people[chosen], minlength=number),
            confidence=confidence,
            what="answers that can be judged",
        )

    def place(of: IntArray) -> IntArray:
        return np.where(is_drifting, order[of] if n_ratings else -1, -1).astype(np.int64)

    return Drift(
        is_drifting=is_drifting,
        peak=peak,
        number=counts,
        alarm_at=place(alarm),
        began_at=place(began),
        before=shares(~is_after),
        after=shares(is_after),
        threshold=float(threshold),
        window=int(window),
        series=_series(people, right, chance, sums, order, counts, window, confidence),
    )


def cumulative_sums(
    right: BoolArray, expected: FloatArray, counts: IntArray
) -> tuple[FloatArray, IntArray]:
    """Return the cumulative sum after each answer, and the answer from which it has risen.

    Parameters
    ----------
    right : np.ndarray [shape=(n_ratings,), dtype=bool]
        In time order, people one after the other.
    expected : np.ndarray [shape=(n_ratings,), in (0, 1)]
        How likely an average person is right.
    counts : np.ndarray [shape=(n_annotators,), dtype=int64]
        How many answers each person has.

    Returns
    -------
    sums : np.ndarray [shape=(n_ratings,), >= 0]
    since : np.ndarray [shape=(n_ratings,), dtype=int64]
        Place of the first answer that the sum still holds.
    """
    if not len(right):
        return np.zeros(0), np.zeros(0, np.int64)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    index = np.arange(len(right)) - starts
    usual = float(expected.mean())
    own = _before(right.astype(np.float64), starts)
    others = _before(expected, starts)
    added, answers = EXPECTED_ANSWERS * usual, index + EXPECTED_ANSWERS
    # What sets the person apart from the average, from the answers before this one.
    apart = _logit((own + added) / answers) - _logit((others + added) / answers)
    before = np.clip(_sigmoid(_logit(expected) + apart), _SURE, 1 - _SURE)
    fallen = _sigmoid(_logit(before) - FALL_LOGIT)
    step = np.where(right, np.log(fallen / before), np.log((1 - fallen) / (1 - before)))
    step[index < WARM_UP] = 0.0
    # max(0, sum) from one answer to the next is the running total less its lowest value so far.
    # For each person's own lowest, people are set apart by more than any total spans.
    total = np.cumsum(step)
    own_total = total - (total - step)[starts]
    span = 2 * float(np.abs(own_total).max()) + 1
    apart_by = span * np.repeat(np.arange(len(counts)), counts)
    lowest = np.minimum.accumulate(np.minimum(own_total, 0.0) - apart_by) + apart_by
    sums = own_total - lowest
    sums[sums < _ROUNDING] = 0.0
    place = np.arange(len(right))
    since = np.maximum(np.maximum.accumulate(np.where(sums == 0, place + 1, 0)), starts)
    return sums, np.minimum(since, place)


def false_alarm_rate(
    n_ratings: int,
    accuracy: float,
    *,
    seed: int,
    expected: float | None = None,
    threshold: float = THRESHOLD,
    n_people: int = 20_000,
    confidence: float = CONFIDENCE,
) -> Interval | NotEnoughData:
    """Simulate how often somebody who does not change is taken to drift.

    Parameters
    ----------
    n_ratings : int >= 1
        How many answers each of them gives.
    accuracy : float in (0, 1)
        How likely each is right.
    seed
        Of the simulation.
    expected : float in [0, 1], optional
        How likely an average person is right; as likely as these by default.
    threshold
        As for `drift`.
    n_people : int >= 1
        How many are simulated.
    confidence
        Level of Wilson's interval.

    Raises
    ------
    ParameterError
        A number is out of range.
    """
    sums = _simulated(n_ratings, accuracy, expected, n_people, seed)
    return wilson(int((sums.max(axis=1) > threshold).sum()), n_people, confidence=confidence)


def average_run_length(
    accuracy: float,
    *,
    seed: int,
    expected: float | None = None,
    threshold: float = THRESHOLD,
    n_people: int = 2_000,
    longest: int = 5_000,
) -> float:
    """Simulate after how many answers somebody who does not change is taken to drift, on average.

    Parameters
    ----------
    accuracy, seed, expected, threshold, n_people
        As for `false_alarm_rate`.
    longest : int >= 1
        How many answers are simulated. People who have not rung by then are taken to go on
        ringing at the same rate: all answers simulated, divided by all alarms (one more where
        there are none, so that the figure is finite and too low).

    Raises
    ------
    ParameterError
        A number is out of range.
    """
    sums = _simulated(longest, accuracy, expected, n_people, seed)
    rings = sums > threshold
    rang = rings.any(axis=1)
    answers = np.where(rang, rings.argmax(axis=1) + 1, longest)
    return float(answers.sum() / max(1, int(rang.sum())))


def _simulated(
    n_ratings: int, accuracy: float, expected: float | None, n_people: int, seed: int
) -> FloatArray:
    if n_ratings < 1 or n_people < 1:
        raise ParameterError(f"{n_people} people with {n_ratings} ratings; 1 of each is needed")
    if not 0 < accuracy < 1:
        raise ParameterError(f"accuracy is {accuracy}; a number between 0 and 1 is needed")
    usual = accuracy if expected is None else expected
    if not 0 <= usual <= 1:
        raise ParameterError(f"expected is {expected}; a number from 0 to 1 is needed")
    rng = np.random.default_rng(seed)
    right = rng.random(n_people * n_ratings) < accuracy
    counts = np.full(n_people, n_ratings, np.int64)
    chance = np.full(len(right), np.clip(usual, _SURE, 1 - _SURE))
    return cumulative_sums(right, chance, counts)[0].reshape(n_people, n_ratings)


def _before(values: FloatArray, starts: IntArray) -> FloatArray:
    """Return the sum of the same person's earlier values."""
    total = np.cumsum(values) - values
    return np.asarray(total - total[starts])


def _series(
    people: IntArray,
    right: BoolArray,
    chance: FloatArray,
    sums: FloatArray,
    order: IntArray,
    counts: IntArray,
    window: int,
    confidence: float,
) -> DriftSeries:
    if not len(people):
        nothing = np.zeros(0, np.int64)
        shares = wilson_many(nothing, nothing, confidence=confidence)
        return DriftSeries(
            annotator=nothing, window=nothing, first=nothing, last=nothing, number=nothing,
            right=nothing, value=shares.value, low=shares.low, high=shares.high,
            expected=np.zeros(0), cusum=np.zeros(0),
        )  # fmt: skip
    index = np.arange(len(people)) - np.repeat(np.cumsum(counts) - counts, counts)
    begins = np.flatnonzero(index % window == 0)
    ends = np.append(begins[1:], len(people))
    number = (ends - begins).astype(np.int64)
    good = np.add.reduceat(right.astype(np.int64), begins)
    shares = wilson_many(good, number, confidence=confidence)
    return DriftSeries(
        annotator=people[begins],
        window=(index[begins] // window).astype(np.int64),
        first=order[begins],
        last=order[ends - 1],
        number=number,
        right=good,
        value=shares.value,
        low=shares.low,
        high=shares.high,
        expected=np.add.reduceat(chance, begins) / number,
        cusum=np.maximum.reduceat(sums, begins),
    )


def _logit(share: FloatArray) -> FloatArray:
    # A share of exactly 0 or 1 is possible where somebody was always wrong or right.
    kept = np.clip(share, _SURE / 2, 1 - _SURE / 2)
    return np.asarray(np.log(kept) - np.log1p(-kept))


def _sigmoid(logit: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-logit)))
