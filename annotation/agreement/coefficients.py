"""Agreement within a table of counts, with bootstrap intervals.

A table has a row for each task and a column for each answer. Tasks with fewer than two answers say
nothing about agreement.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotation.agreement.bootstrap import Seed, Tables, bounds, check_bootstrap
from annotation.agreement.counts import Patterns
from annotation.agreement.intervals import CONFIDENCE
from annotation.consensus.ratings import FloatArray
from annotation.consensus.shortage import NotEnoughData

#: From tables to the coefficient in each [shape=(n_tables,)]; NaN where it is undefined.
#: Internal: a NaN never leaves this package.
Statistic = Callable[[Patterns, Tables], FloatArray]


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
    seed: Seed = None,
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
    return _coefficient(alpha_of, counts, n_bootstrap, confidence, seed)


def gwet_ac1(
    counts: npt.ArrayLike,
    *,
    n_bootstrap: int = 0,
    confidence: float = CONFIDENCE,
    seed: Seed = None,
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
    return _coefficient(ac1_of, counts, n_bootstrap, confidence, seed)


def raw_agreement(
    counts: npt.ArrayLike,
    *,
    n_bootstrap: int = 0,
    confidence: float = CONFIDENCE,
    seed: Seed = None,
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
    return _coefficient(raw_of, counts, n_bootstrap, confidence, seed)


def estimate(
    statistic: Statistic,
    patterns: Patterns,
    n_rows: int,
    drawn: Tables | None,
    confidence: float,
) -> Coefficient | NotEnoughData:
    """Return a coefficient of collapsed counts, with its interval from tables drawn anew.

    Parameters
    ----------
    statistic
        One of `alpha_of`, `ac1_of` and `raw_of`.
    patterns
        The table, collapsed.
    n_rows
        Its number of rows.
    drawn
        Tables drawn from it; None for no interval. Several coefficients may share them.
    confidence
        Level of the interval.
    """
    n_tasks = int(patterns.number.sum())
    if n_tasks == 0:
        return NotEnoughData(what="tasks with two answers", have=0, needed=1)
    if statistic is alpha_of and (patterns.counts.sum(axis=0) > 0).sum() < 2:
        return NotEnoughData(what="different answers", have=1, needed=2)
    value = float(statistic(patterns, Tables.given(patterns))[0])
    low, high = (None, None) if drawn is None else bounds(statistic(patterns, drawn), confidence)
    return Coefficient(
        value=value,
        low=low,
        high=high,
        n_tasks=n_tasks,
        n_left_out=n_rows - n_tasks,
        confidence=confidence,
    )


def _coefficient(
    statistic: Statistic,
    counts: npt.ArrayLike,
    n_bootstrap: int,
    confidence: float,
    seed: Seed,
) -> Coefficient | NotEnoughData:
    check_bootstrap(n_bootstrap, confidence, seed)
    patterns = Patterns.of(counts)
    drawn = (
        Tables.drawn(patterns, n_bootstrap, np.random.default_rng(seed)) if n_bootstrap else None
    )
    return estimate(statistic, patterns, np.shape(counts)[0], drawn, confidence)


def alpha_of(patterns: Patterns, tables: Tables) -> FloatArray:
    """Return Krippendorff's alpha of each table."""
    counts = patterns.counts
    answers = counts.sum(axis=1)
    equal = (counts * (counts - 1)).sum(axis=1) / (answers - 1)
    total = tables.several @ counts
    number = total.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = 1 - tables.several @ equal / number
        expected = 1 - (total * (total - 1)).sum(axis=1) / (number * (number - 1))
        return np.asarray(np.where(expected > 0, 1 - observed / expected, np.nan))


def raw_of(patterns: Patterns, tables: Tables) -> FloatArray:
    """Return the mean share of equal pairs of each table."""
    counts = patterns.counts
    answers = counts.sum(axis=1)
    equal = (counts * (counts - 1)).sum(axis=1) / (answers * (answers - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(tables.several @ equal / tables.several.sum(axis=1))


def ac1_of(patterns: Patterns, tables: Tables) -> FloatArray:
    """Return Gwet's AC1 of each table."""
    counts = patterns.counts
    n_answers = counts.shape[1]
    share = counts / counts.sum(axis=1, keepdims=True)
    tasks = tables.several.sum(axis=1, keepdims=True) + tables.single.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        prevalence = (tables.several @ share + tables.single @ patterns.single) / tasks
        expected = (prevalence * (1 - prevalence)).sum(axis=1) / (n_answers - 1)
        return np.asarray((raw_of(patterns, tables) - expected) / (1 - expected))
