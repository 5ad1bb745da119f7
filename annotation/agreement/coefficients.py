"""Agreement within a table of counts, with bootstrap intervals.

A table has a row for each task and a column for each answer. Tasks with fewer than two answers say
nothing about agreement. For the interval, tasks are drawn anew with replacement; since only their
patterns of counts matter, one multinomial draw over the patterns does it (a few dozen numbers
instead of tens of thousands).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from annotation.agreement.counts import Patterns
from annotation.agreement.intervals import CONFIDENCE, check_confidence
from annotation.consensus.ratings import FloatArray
from annotation.consensus.shortage import NotEnoughData
from consonance.errors import ParameterError

#: Fewer usable draws than this give no interval.
NEEDED_DRAWS: Final = 20

#: From weights (how often each pattern occurs) [shape=(n_draws, n_patterns)] to the coefficient
#: [shape=(n_draws,)]; NaN where it is undefined. Internal: a NaN never leaves this module.
_Statistic = Callable[[Patterns, FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """An agreement coefficient.

    Parameters
    ----------
    value
        1 is perfect agreement, 0 (for `alpha` and `AC1`) what chance gives, below 0 less.
    low, high
        Bounds of the bootstrap interval; None when no draws were asked for, or too few of them
        were usable.
    n_tasks
        Tasks with two answers or more, on which the value rests.
    n_left_out
        Tasks with fewer.
    confidence
        Level of the interval.
    """

    value: float
    low: float | None
    high: float | None
    n_tasks: int
    n_left_out: int
    confidence: float


def krippendorff_alpha(
    counts: npt.ArrayLike,
    *,
    n_bootstrap: int = 0,
    confidence: float = CONFIDENCE,
    seed: int | np.random.Generator | None = None,
) -> Coefficient | NotEnoughData:
    """Return Krippendorff's alpha for nominal answers.

    Parameters
    ----------
    counts : array_like of int [shape=(n_tasks, n_answers), >= 0]
        How often each answer was given to each task; see `answer_counts`.
    n_bootstrap
        How often tasks are drawn anew for the interval; 0 for no interval.
    confidence
        Level of the interval, in (0, 1).
    seed
        Needed for an interval: an integer or a generator.

    Returns
    -------
    Coefficient or NotEnoughData
        The latter when no task has two answers, or all answers are the same one: where nobody
        ever answered differently, chance would agree as well.

    Raises
    ------
    ParameterError
        `counts` is no table of counts, or an interval is asked for without a seed.

    Notes
    -----
    alpha = 1 - D_o / D_e, with D_o the share of unequal pairs within tasks (each task's pairs
    weighted by 1 / (answers - 1)) and D_e that among all answers: Krippendorff (2019), *Content
    Analysis*, 4th edition, chapter 12. The interval is the percentile interval over tasks.
    """
    patterns = Patterns.of(counts)
    if patterns.number.sum() and (patterns.counts.sum(axis=0) > 0).sum() < 2:
        return NotEnoughData(what="different answers", have=1, needed=2)
    return _estimate(
        _alpha, patterns, np.shape(counts)[0], n_bootstrap, confidence=confidence, seed=seed
    )


def gwet_ac1(
    counts: npt.ArrayLike,
    *,
    n_bootstrap: int = 0,
    confidence: float = CONFIDENCE,
    seed: int | np.random.Generator | None = None,
) -> Coefficient | NotEnoughData:
    """Return Gwet's AC1, which does not collapse where one answer is far more frequent.

    Parameters
    ----------
    counts, n_bootstrap, confidence, seed
        As for `krippendorff_alpha`.

    Returns
    -------
    Coefficient or NotEnoughData
        The latter when no task has two answers.

    Raises
    ------
    ParameterError
        As for `krippendorff_alpha`.

    Notes
    -----
    AC1 = (p_a - p_e) / (1 - p_e), with p_a the mean share of equal pairs in tasks with two answers
    or more, and p_e = sum of pi (1 - pi) / (n_answers - 1), pi being each answer's mean share in
    all answered tasks: Gwet (2008), *Computing inter-rater reliability and its variance in the
    presence of high agreement*, British Journal of Mathematical and Statistical Psychology 61.
    """
    patterns = Patterns.of(counts)
    return _estimate(
        _ac1, patterns, np.shape(counts)[0], n_bootstrap, confidence=confidence, seed=seed
    )


def raw_agreement(
    counts: npt.ArrayLike,
    *,
    n_bootstrap: int = 0,
    confidence: float = CONFIDENCE,
    seed: int | np.random.Generator | None = None,
) -> Coefficient | NotEnoughData:
    """Return the mean share of equal pairs of answers, not corrected by chance.

    Parameters
    ----------
    counts, n_bootstrap, confidence, seed
        As for `krippendorff_alpha`.

    Returns
    -------
    Coefficient or NotEnoughData
        The latter when no task has two answers.

    Raises
    ------
    ParameterError
        As for `krippendorff_alpha`.
    """
    patterns = Patterns.of(counts)
    return _estimate(
        _raw, patterns, np.shape(counts)[0], n_bootstrap, confidence=confidence, seed=seed
    )


def _estimate(
    statistic: _Statistic,
    patterns: Patterns,
    n_rows: int,
    n_bootstrap: int,
    *,
    confidence: float,
    seed: int | np.random.Generator | None,
) -> Coefficient | NotEnoughData:
    check_confidence(confidence)
    if n_bootstrap < 0:
        raise ParameterError(f"n_bootstrap is {n_bootstrap}; a number from 0 up is needed")
    if n_bootstrap and seed is None:
        raise ParameterError("an interval needs a seed, so that it can be had again")
    n_tasks = int(patterns.number.sum())
    if n_tasks == 0:
        return NotEnoughData(what="tasks with two answers", have=0, needed=1)
    several = patterns.number.astype(np.float64)[None]
    single = patterns.single_number.astype(np.float64)[None]
    value = float(statistic(patterns, several, single)[0])
    low, high = None, None
    if n_bootstrap:
        draws = _draws(statistic, patterns, n_bootstrap, np.random.default_rng(seed))
        if len(draws) >= NEEDED_DRAWS:
            tail = (1 - confidence) / 2
            low, high = (float(bound) for bound in np.quantile(draws, [tail, 1 - tail]))
    return Coefficient(
        value=value,
        low=low,
        high=high,
        n_tasks=n_tasks,
        n_left_out=n_rows - n_tasks,
        confidence=confidence,
    )


def _draws(
    statistic: _Statistic, patterns: Patterns, number: int, rng: np.random.Generator
) -> FloatArray:
    """Return the statistic of tables drawn anew; undefined ones are left out."""
    times = np.concatenate([patterns.number, patterns.single_number])
    drawn = rng.multinomial(int(times.sum()), times / times.sum(), size=number)
    divide = len(patterns.number)
    values = statistic(
        patterns, drawn[:, :divide].astype(np.float64), drawn[:, divide:].astype(np.float64)
    )
    return values[np.isfinite(values)]


def _alpha(patterns: Patterns, several: FloatArray, single: FloatArray) -> FloatArray:
    counts = patterns.counts
    answers = counts.sum(axis=1)
    equal = (counts * (counts - 1)).sum(axis=1) / (answers - 1)
    total = several @ counts
    number = total.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = 1 - several @ equal / number
        expected = 1 - (total * (total - 1)).sum(axis=1) / (number * (number - 1))
        return np.asarray(np.where(expected > 0, 1 - observed / expected, np.nan))


def _raw(patterns: Patterns, several: FloatArray, single: FloatArray) -> FloatArray:
    counts = patterns.counts
    answers = counts.sum(axis=1)
    equal = (counts * (counts - 1)).sum(axis=1) / (answers * (answers - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(several @ equal / several.sum(axis=1))


def _ac1(patterns: Patterns, several: FloatArray, single: FloatArray) -> FloatArray:
    counts = patterns.counts
    n_answers = counts.shape[1]
    share = counts / counts.sum(axis=1, keepdims=True)
    tasks = several.sum(axis=1, keepdims=True) + single.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        prevalence = (several @ share + single @ patterns.single) / tasks
        expected = (prevalence * (1 - prevalence)).sum(axis=1) / (n_answers - 1)
        return np.asarray((_raw(patterns, several, single) - expected) / (1 - expected))
