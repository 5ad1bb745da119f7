"""What labels take in answers, time and money, and what stopping early saves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from annotation.agreement.checking import measurements, whole_numbers
from annotation.agreement.intervals import CONFIDENCE, check_confidence
from annotation.consensus.shortage import NotEnoughData
from consonance.errors import ParameterError

#: From one answer until the first sound of the next clip (ms): loading, looking, pressing play.
#: Our own estimate; a campaign may measure its own.
OVERHEAD_MS: Final = 2_000.0

#: Times beyond this are somebody gone for a coffee, and are counted as this (ms).
LONGEST_ANSWER_MS: Final = 120_000.0

_MS_PER_HOUR: Final = 3_600_000.0


@dataclass(frozen=True, kw_only=True)
class Savings:
    """Answers saved by stopping early, against the same number for every question.

    Parameters
    ----------
    n_questions
        Questions that are no longer asked.
    n_answers, n_fixed
        Answers they took, and would have taken at the fixed number each.
    saved
        The difference; below 0 where more were taken.
    share, low, high
        The difference's share of `n_fixed` and its interval over questions.
    confidence
        Level of the interval.
    """

    n_questions: int
    n_answers: int
    n_fixed: int
    saved: int
    share: float
    low: float
    high: float
    confidence: float


@dataclass(frozen=True, kw_only=True)
class LabelCost:
    """What a label takes.

    Parameters
    ----------
    n_answers, n_labels
        Answers given, and labels decided with them.
    n_unmeasured
        Answers whose time is not known; they are taken for average ones.
    hours
        People's time, overhead included.
    seconds_per_label, answers_per_label
        Of people's time, and of answers.
    cost_per_label
        In the currency of the pay; None for volunteers.
    """

    n_answers: int
    n_labels: int
    n_unmeasured: int
    hours: float
    seconds_per_label: float
    answers_per_label: float
    cost_per_label: float | None


def savings(
    n_answers: npt.ArrayLike, *, fixed: int, confidence: float = CONFIDENCE
) -> Savings | NotEnoughData:
    """Return how many answers stopping early has saved.

    Parameters
    ----------
    n_answers : array_like of int [shape=(n_questions,), >= 0]
        Answers of each question that is no longer asked. Questions of the audit slice, which is
        asked in full, and those still open are not to be among them.
    fixed : int >= 1
        How many every question would have got.
    confidence
        Level of the interval, from the questions' spread (normal).

    Raises
    ------
    ParameterError
        A value is out of range.

    Notes
    -----
    Answers are counted, not what they are worth: that labels are as good with fewer is shown by
    the audit slice.
    """
    check_confidence(confidence)
    taken = whole_numbers(n_answers, "n_answers")
    if fixed < 1:
        raise ParameterError(f"fixed is {fixed}; at least 1 is needed")
    if not taken.size:
        return NotEnoughData(what="questions that are no longer asked", have=0, needed=1)
    share = 1 - float(taken.mean()) / fixed
    spread = float(taken.std(ddof=1)) if len(taken) > 1 else 0.0
    half = float(norm.isf((1 - confidence) / 2)) * spread / np.sqrt(len(taken)) / fixed
    total = int(taken.sum())
    return Savings(
        n_questions=len(taken),
        n_answers=total,
        n_fixed=fixed * len(taken),
        saved=fixed * len(taken) - total,
        share=share,
        low=float(share - half),
        high=float(share + half),
        confidence=confidence,
    )


def label_cost(
    response_ms: npt.ArrayLike,
    n_labels: int,
    *,
    overhead_ms: float = OVERHEAD_MS,
    pay_per_hour: float | None = None,
) -> LabelCost | NotEnoughData:
    """Return what a decided label takes in time and money.

    Parameters
    ----------
    response_ms : array_like of float [shape=(n_ratings,), >= 0]
        From first sound to answer of every answer, those about gold and repeats too: they are
        paid for. NaN where it was not measured; longer than `LONGEST_ANSWER_MS` counts as that.
    n_labels : int >= 0
        Labels decided.
    overhead_ms
        Added to each answer.
    pay_per_hour
        None for volunteers.

    Returns
    -------
    LabelCost or NotEnoughData
        The latter without a label or without a measured answer.

    Raises
    ------
    ParameterError
        A value is out of range.
    """
    times = measurements(response_ms, "response_ms")
    for name, value in (("n_labels", n_labels), ("overhead_ms", overhead_ms),
                        ("pay_per_hour", pay_per_hour or 0)):  # fmt: skip
        if not (np.isfinite(value) and value >= 0):
            raise ParameterError(f"{name} is {value}; a number from 0 up is needed")
    if n_labels == 0:
        return NotEnoughData(what="decided labels", have=0, needed=1)
    measured = np.minimum(times[~np.isnan(times)], LONGEST_ANSWER_MS)
    if not measured.size:
        return NotEnoughData(what="measured answers", have=0, needed=1)
    hours = len(times) * (float(measured.mean()) + overhead_ms) / _MS_PER_HOUR
    return LabelCost(
        n_answers=len(times),
        n_labels=int(n_labels),
        n_unmeasured=len(times) - len(measured),
        hours=hours,
        seconds_per_label=hours * 3600 / n_labels,
        answers_per_label=len(times) / n_labels,
        cost_per_label=None if pay_per_hour is None else hours * pay_per_hour / n_labels,
    )
