"""How far people agree with themselves, asked the same again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotation.agreement.checking import BoolArray, same_length, size, whole_numbers
from annotation.agreement.intervals import (
    CONFIDENCE,
    Interval,
    Shares,
    check_confidence,
    wilson,
    wilson_many,
)
from annotation.agreement.runs import moments
from annotation.consensus.ratings import FloatArray, IntArray
from annotation.consensus.shortage import NotEnoughData
from consonance.errors import ParameterError


@dataclass(frozen=True, kw_only=True)
class Kappa:
    """Cohen's kappa.

    Parameters
    ----------
    value
        1 is perfect consistency, 0 what chance gives, below 0 less.
    low, high
        Bounds of the large-sample interval.
    number
        How many pairs of answers it rests on.
    confidence
        Level of the interval.
    """

    value: float
    low: float
    high: float
    number: int
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """Answers against the same person's previous answer to the same task.

    Parameters
    ----------
    people : Shares [shape=(n_annotators,)]
        Share of each person's pairs of definite answers that are equal.
    kappa : np.ndarray [shape=(n_annotators,), <= 1]
        Cohen's kappa of each person; 0 where it is not defined.
    has_kappa : np.ndarray [shape=(n_annotators,), dtype=bool]
        Where it is defined: the person has pairs, and of more than one answer.
    tables : np.ndarray [shape=(n_annotators, n_truths, n_truths), dtype=int64]
        How often each earlier answer was followed by each later one.
    with_unsure : np.ndarray [shape=(n_annotators,), dtype=int64]
        Pairs left out because the person was unsure at least once.
    overall : Interval or NotEnoughData
        Share of all people's pairs that are equal.
    overall_kappa : Kappa or NotEnoughData
        Cohen's kappa of all people's pairs.
    """

    people: Shares
    kappa: FloatArray
    has_kappa: BoolArray
    tables: IntArray
    with_unsure: IntArray
    overall: Interval | NotEnoughData
    overall_kappa: Kappa | NotEnoughData


def repeats(
    task: npt.ArrayLike,
    annotator: npt.ArrayLike,
    answer: npt.ArrayLike,
    when: npt.ArrayLike,
    *,
    n_truths: int = 2,
    n_annotators: int | None = None,
    confidence: float = CONFIDENCE,
) -> Repeats:
    """Compare each answer with the same person's previous one to the same task.

    Parameters
    ----------
    task, annotator, answer : array_like of int [shape=(n_ratings,), >= 0]
        All ratings, of every occasion; those that were asked once only are passed over.
    when : array_like of numbers or times [shape=(n_ratings,)]
        When each was given; of equal times the order of the input decides.
    n_truths : int >= 2
        Answers from here on are "unsure"; pairs with one are counted apart.
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
    Cohen (1960), *A coefficient of agreement for nominal scales*; the interval is from the large
    sample standard error of Fleiss, Cohen and Everitt (1969), computed by statsmodels.
    """
    if n_truths < 2:
        raise ParameterError(f"n_truths is {n_truths}; a question needs at least 2 truths")
    check_confidence(confidence)
    tasks, people = whole_numbers(task, "task"), whole_numbers(annotator, "annotator")
    answers, times = whole_numbers(answer, "answer"), moments(when)
    same_length(task=tasks, annotator=people, answer=answers, when=times)
    number = size(people, n_annotators, "n_annotators")
    order = np.lexsort((times, tasks, people))
    before, after = order[:-1], order[1:]
    again = (people[before] == people[after]) & (tasks[before] == tasks[after])
    before, after = before[again], after[again]
    definite = (answers[before] < n_truths) & (answers[after] < n_truths)
    with_unsure = np.bincount(people[before[~definite]], minlength=number)
    before, after = before[definite], after[definite]
    cell = (people[before] * n_truths + answers[before]) * n_truths + answers[after]
    tables = np.bincount(cell, minlength=number * n_truths**2)
    tables = tables.reshape(number, n_truths, n_truths).astype(np.int64)
    kappa, has_kappa = _kappas(tables)
    equal = np.trace(tables, axis1=1, axis2=2)
    pairs = tables.sum(axis=(1, 2))
    return Repeats(
        people=wilson_many(equal, pairs, confidence=confidence, what="repeated questions"),
        kappa=kappa,
        has_kappa=has_kappa,
        tables=tables,
        with_unsure=with_unsure.astype(np.int64),
        overall=_overall(int(equal.sum()), int(pairs.sum()), confidence),
        overall_kappa=cohen_kappa(tables.sum(axis=0), confidence=confidence),
    )


def cohen_kappa(table: npt.ArrayLike, *, confidence: float = CONFIDENCE) -> Kappa | NotEnoughData:
    """Return Cohen's kappa of a table of two answers.

    Parameters
    ----------
    table : array_like of int [shape=(n_answers, n_answers), >= 0]
        How often each first answer went with each second one.
    confidence
        Level of the large-sample interval.

    Returns
    -------
    Kappa or NotEnoughData
        The latter when the table is empty or holds one answer only.

    Raises
    ------
    ParameterError
        It is no square table of counts.
    """
    check_confidence(confidence)
    counts = np.asarray(table)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.shape[0] < 2:
        raise ParameterError(f"table has shape {counts.shape}; a square one from 2 up is needed")
    if not np.issubdtype(counts.dtype, np.integer) or counts.min() < 0:
        raise ParameterError("table holds something that is no count; integers from 0 are needed")
    number = int(counts.sum())
    if number == 0:
        return NotEnoughData(what="repeated questions", have=0, needed=1)
    kappas, has_kappa = _kappas(counts[None].astype(np.int64))
    if not has_kappa[0]:
        return NotEnoughData(what="different answers", have=1, needed=2)
    half = _half_width(counts.astype(np.int64), confidence)
    return Kappa(
        value=float(kappas[0]),
        low=max(-1.0, float(kappas[0]) - half),
        high=min(1.0, float(kappas[0]) + half),
        number=number,
        confidence=confidence,
    )


def _kappas(tables: IntArray) -> tuple[FloatArray, BoolArray]:
    number = tables.sum(axis=(1, 2)).astype(np.float64)
    first, second = tables.sum(axis=2), tables.sum(axis=1)
    chance = (first * second).sum(axis=1)
    defined = (number > 0) & (chance < number**2)
    total = np.where(defined, number, 1.0)
    expected = np.where(defined, chance / total**2, 0.0)
    observed = np.trace(tables, axis1=1, axis2=2) / total
    return np.where(defined, (observed - expected) / (1 - expected), 0.0), defined


def _half_width(table: IntArray, confidence: float) -> float:
    from scipy.stats import norm
    from statsmodels.stats.inter_rater import cohens_kappa  # late, for it brings pandas with it

    with np.errstate(divide="ignore", invalid="ignore"):  # of its other results
        variance = float(cohens_kappa(table).var_kappa)
    # Where all pairs are equal it is 0, less rounding.
    return float(norm.isf((1 - confidence) / 2) * np.sqrt(max(variance, 0.0)))


def _overall(equal: int, pairs: int, confidence: float) -> Interval | NotEnoughData:
    if pairs == 0:
        return NotEnoughData(what="repeated questions", have=0, needed=1)
    return wilson(equal, pairs, confidence=confidence)
