"""Fleiss' kappa, which asks for the same number of answers to every task."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotation.agreement.bootstrap import Seed, Tables, bounds, check_bootstrap
from annotation.agreement.counts import Patterns
from annotation.agreement.intervals import CONFIDENCE
from annotation.consensus.ratings import FloatArray
from annotation.consensus.shortage import NotEnoughData


@dataclass(frozen=True, kw_only=True)
class FleissKappa:
    """Fleiss' kappa and the tasks it rests on.

    Parameters
    ----------
    value
        1 is perfect agreement, 0 what chance gives, below 0 less.
    low, high
        Bounds of the bootstrap interval; None when no draws were asked for, or too few of them
        were usable.
    n_each
        How many answers each of these tasks has.
    n_tasks
        How many tasks have so many.
    n_left_out
        Tasks with another number of answers.
    is_subset
        Whether a task with two answers or more was left out: the value then speaks of the tasks
        with the commonest number only.
    confidence
        Level of the interval.
    """

    value: float
    low: float | None
    high: float | None
    n_each: int
    n_tasks: int
    n_left_out: int
    is_subset: bool
    confidence: float


def fleiss_kappa(
    counts: npt.ArrayLike,
    *,
    is_modal_allowed: bool = True,
    n_bootstrap: int = 0,
    confidence: float = CONFIDENCE,
    seed: Seed = None,
) -> FleissKappa | NotEnoughData:
    """Return Fleiss' kappa of a table of counts.

    Parameters
    ----------
    counts : array_like of int [shape=(n_tasks, n_answers), >= 0]
        How often each answer was given to each task.
    is_modal_allowed
        Where numbers of answers differ: whether to use the tasks with the commonest number (the
        larger of equally common ones) and say so, or to refuse.
    n_bootstrap
        How often tasks are drawn anew for the interval; 0 for no interval.
    confidence
        Level of the interval, in (0, 1).
    seed
        Needed for an interval: an integer or a generator.

    Returns
    -------
    FleissKappa or NotEnoughData
        The latter when no task has two answers, when all answers are the same one, or when
        numbers differ and the commonest may not be used.

    Raises
    ------
    ParameterError
        `counts` is no table of counts, or an interval is asked for without a seed.

    Notes
    -----
    kappa = (P - P_e) / (1 - P_e), with P the mean share of equal pairs within tasks and P_e the
    sum of squared shares of the answers: Fleiss (1971), *Measuring nominal scale agreement among
    many raters*, Psychological Bulletin 76.
    """
    check_bootstrap(n_bootstrap, confidence, seed)
    patterns = Patterns.of(counts)
    drawn = (
        Tables.drawn(patterns, n_bootstrap, np.random.default_rng(seed)) if n_bootstrap else None
    )
    return estimate_fleiss(
        patterns, np.shape(counts)[0], drawn, confidence, is_modal_allowed=is_modal_allowed
    )


def estimate_fleiss(
    patterns: Patterns,
    n_rows: int,
    drawn: Tables | None,
    confidence: float,
    *,
    is_modal_allowed: bool = True,
) -> FleissKappa | NotEnoughData:
    """Return Fleiss' kappa of collapsed counts; arguments as for `coefficients.estimate`."""
    answers = patterns.counts.sum(axis=1)
    n_several = int(patterns.number.sum())
    if n_several == 0:
        return NotEnoughData(what="tasks with two answers", have=0, needed=1)
    sizes, place = np.unique(answers, return_inverse=True)
    tasks = np.bincount(place, weights=patterns.number)
    modal = len(sizes) - 1 - int(tasks[::-1].argmax())  # the larger of equally common ones
    n_each, n_tasks = int(sizes[modal]), int(tasks[modal])
    if n_tasks < n_several and not is_modal_allowed:
        return NotEnoughData(
            what=f"tasks with the same number of answers ({n_each})",
            have=n_tasks,
            needed=n_several,
        )
    chosen = place == modal
    table = patterns.counts[chosen]
    if (table.sum(axis=0) > 0).sum() < 2:
        return NotEnoughData(what="different answers", have=1, needed=2)
    low, high = (
        (None, None)
        if drawn is None
        else bounds(_kappa(table, n_each, drawn.several[:, chosen]), confidence)
    )
    return FleissKappa(
        value=float(_kappa(table, n_each, patterns.number[None, chosen].astype(np.float64))[0]),
        low=low,
        high=high,
        n_each=n_each,
        n_tasks=n_tasks,
        n_left_out=n_rows - n_tasks,
        is_subset=n_tasks < n_several,
        confidence=confidence,
    )


def _kappa(table: FloatArray, n_each: int, times: FloatArray) -> FloatArray:
    equal = (table * (table - 1)).sum(axis=1) / (n_each * (n_each - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        number = times.sum(axis=1)
        observed = times @ equal / number
        share = times @ table / (number * n_each)[:, None]
        expected = (share**2).sum(axis=1)
        return np.asarray(np.where(expected < 1, (observed - expected) / (1 - expected), np.nan))
