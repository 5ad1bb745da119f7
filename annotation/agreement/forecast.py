"""When a campaign's quotas will be met, if things go on as they did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, exp, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import gamma, norm

from annotation.agreement.checking import whole_numbers
from annotation.agreement.intervals import CONFIDENCE, check_confidence
from annotation.consensus.shortage import NotEnoughData
from consonance.errors import ParameterError

#: Fewer days tell nothing of how much days differ.
NEEDED_DAYS: Final = 3

#: So many days without an answer, and a campaign stands still.
QUIET_DAYS: Final = 7

#: Added to counts, so that nothing seen is not nothing possible (Jeffreys' prior).
_ADDED: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Answers a day.

    Parameters
    ----------
    per_day, low, high
        The mean and its credible interval.
    dispersion
        How much days differ: variance by mean, 1 if answers came one by one at random, and taken
        for 1 where it is less.
    n_days, number
        Days, and answers, that it rests on.
    confidence
        Level of the interval.
    """

    per_day: float
    low: float
    high: float
    dispersion: float
    n_days: int
    number: int
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """When a quota will be met.

    Parameters
    ----------
    days, low, high
        Days from now and their interval; 0 where the quota is met, None where it cannot be told.
    reason
        Why not, as a sentence; empty where there are days.
    is_met
        Whether the quota is met already.
    answers_needed
        How many more answers it takes; None where it cannot be told.
    questions_needed
        How many more questions it takes; None where it cannot be told.
    questions_short
        How many of these the campaign does not have.
    """

    days: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""
    is_met: bool = False
    answers_needed: int | None = None
    questions_needed: int | None = None
    questions_short: int = 0


def daily_rate(
    number_by_day: npt.ArrayLike, *, confidence: float = CONFIDENCE
) -> Rate | NotEnoughData:
    """Return how many answers come a day.

    Parameters
    ----------
    number_by_day : array_like of int [shape=(n_days,), >= 0]
        Answers on each of the recent days, days without any among them, today left out unless it
        is over. Four weeks hold weekends and are recent enough.
    confidence
        Level of the interval, in (0, 1).

    Returns
    -------
    Rate or NotEnoughData
        The latter with fewer than `NEEDED_DAYS` days.

    Raises
    ------
    ParameterError
        A count is negative or no integer.

    Notes
    -----
    Counts are Poisson with a gamma prior (Jeffreys'), whose weight is divided by the dispersion
    where days differ by more than chance (quasi-likelihood: McCullagh and Nelder 1989, chapter 9).
    """
    check_confidence(confidence)
    counts = whole_numbers(number_by_day, "number_by_day")
    n_days = len(counts)
    if n_days < NEEDED_DAYS:
        return NotEnoughData(what="days of answers", have=n_days, needed=NEEDED_DAYS)
    mean = float(counts.mean())
    dispersion = max(1.0, float(counts.var(ddof=1)) / mean) if mean > 0 else 1.0
    shape = (float(counts.sum()) + _ADDED) / dispersion
    tail = (1 - confidence) / 2
    low, high = gamma.ppf([tail, 1 - tail], shape, scale=dispersion / n_days)
    return Rate(
        per_day=mean,
        low=float(low),
        high=float(high),
        dispersion=dispersion,
        n_days=n_days,
        number=int(counts.sum()),
        confidence=confidence,
    )


def forecast_quota(
    number_by_day: npt.ArrayLike,
    *,
    positives: int,
    labels: int,
    finished: int,
    n_answers: int,
    open_questions: int,
    quota_positives: int,
    quota_labels: int,
    confidence: float = CONFIDENCE,
) -> Forecast:
    """Return when one class will have the labels that are wanted of it.

    Parameters
    ----------
    number_by_day : array_like of int [shape=(n_days,), >= 0]
        Answers in the class on each of the recent days; see `daily_rate`.
    positives, labels : int >= 0
        Present labels, and decided ones, so far.
    finished : int >= 0
        Questions no longer asked, undecided ones among them; what a question yields is judged by
        them. Where more are labelled (questions still asked may be, too), those are meant.
    n_answers : int >= 0
        Answers in the class so far, on whatever question.
    open_questions : int >= 0
        Questions still asked.
    quota_positives, quota_labels : int >= 0
        What is wanted.
    confidence
        Level of the interval.

    Returns
    -------
    Forecast

    Raises
    ------
    ParameterError
        A number is negative, or more labels are positive than there are.

    Notes
    -----
    Days are what is missing, divided by what an answer yields and by answers a day. The interval
    is log-normal, the variance of the logarithm being the sum of those of answers a day and of
    labels among answers, both so far and in what is to come (Poisson). It holds if people go on as
    they did; it knows nothing of holidays.
    """
    check_confidence(confidence)
    _check(positives=positives, labels=labels, finished=finished, n_answers=n_answers,
           open_questions=open_questions, quota_positives=quota_positives,
           quota_labels=quota_labels)  # fmt: skip
    if positives > labels:
        raise ParameterError(f"{positives} positives of {labels} labels is impossible")
    finished = max(finished, labels)
    counts = whole_numbers(number_by_day, "number_by_day")
    missing = {
        "positive label": (max(0, quota_positives - positives), positives),
        "label": (max(0, quota_labels - labels), labels),
    }
    missing = {what: found for what, found in missing.items() if found[0]}
    if not missing:
        return Forecast(
            is_met=True, days=0.0, low=0.0, high=0.0, answers_needed=0, questions_needed=0
        )
    for what, (_, have) in missing.items():
        if have == 0:
            return Forecast(reason=f"no {what} yet in {_count(n_answers, 'answer')}")
    # What takes longest decides.
    answers, questions, short, have = max(
        (short * max(n_answers, 1) / have, short * finished / have, short, have)
        for short, have in missing.values()
    )
    needed = Forecast(answers_needed=ceil(answers), questions_needed=ceil(questions))
    lacking = max(0, ceil(questions) - open_questions)
    if lacking:
        told = f"open questions will not suffice: {_count(lacking, 'question')} short"
        return replace(needed, reason=told, questions_short=lacking)
    if len(counts) >= QUIET_DAYS and not counts[-QUIET_DAYS:].any():
        return replace(needed, reason=f"no answers in the last {QUIET_DAYS} days")
    rate = daily_rate(counts, confidence=confidence)
    if isinstance(rate, NotEnoughData):
        return replace(needed, reason=str(rate))
    if rate.number == 0:
        return replace(needed, reason=f"no answers in the last {rate.n_days} days")
    days = answers / rate.per_day
    variance = rate.dispersion * (1 / rate.number + 1 / answers) + 1 / have + 1 / short
    reach = exp(float(norm.isf((1 - confidence) / 2)) * sqrt(variance))
    return replace(needed, days=days, low=days / reach, high=days * reach)


def forecast_classes(
    number_by_day: npt.ArrayLike,
    *,
    positives: npt.ArrayLike,
    labels: npt.ArrayLike,
    finished: npt.ArrayLike,
    n_answers: npt.ArrayLike,
    open_questions: npt.ArrayLike,
    quota_positives: int,
    quota_labels: int,
    confidence: float = CONFIDENCE,
) -> tuple[Forecast, ...]:
    """Return when each class will have the labels that are wanted of it.

    Parameters
    ----------
    number_by_day : array_like of int [shape=(n_classes, n_days), >= 0]
        Answers in each class on each of the recent days.
    positives, labels, finished, n_answers, open_questions : array_like of int [shape=(n_classes,)]
        As for `forecast_quota`, one entry a class.
    quota_positives, quota_labels, confidence
        As for `forecast_quota`, the same for all.

    Raises
    ------
    ParameterError
        As for `forecast_quota`, or lengths differ.
    """
    table = np.asarray(number_by_day)
    if table.ndim != 2:
        raise ParameterError(
            f"number_by_day has shape {table.shape}; (n_classes, n_days) is needed"
        )
    columns = {
        "positives": whole_numbers(positives, "positives"),
        "labels": whole_numbers(labels, "labels"),
        "finished": whole_numbers(finished, "finished"),
        "n_answers": whole_numbers(n_answers, "n_answers"),
        "open_questions": whole_numbers(open_questions, "open_questions"),
    }
    for name, column in columns.items():
        if len(column) != len(table):
            raise ParameterError(f"{name} has {len(column)} entries, number_by_day {len(table)}")
    return tuple(
        forecast_quota(
            row,
            **{name: int(column[index]) for name, column in columns.items()},
            quota_positives=quota_positives,
            quota_labels=quota_labels,
            confidence=confidence,
        )
        for index, row in enumerate(table)
    )


def _check(**numbers: int) -> None:
    for name, value in numbers.items():
        if value < 0:
            raise ParameterError(f"{name} is {value}; a number from 0 up is needed")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
