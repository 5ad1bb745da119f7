"""How far a campaign has come: answers to each task, and answers a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotation.agreement.checking import size, whole_numbers
from annotation.agreement.intervals import CONFIDENCE, Shares, wilson_many
from annotation.consensus.ratings import IntArray
from annotation.consensus.shortage import NotEnoughData
from consonance.errors import ParameterError


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Tasks by how many usable (definite) answers they have.

    Parameters
    ----------
    tasks_by_number : np.ndarray [shape=(n_classes, needed + 1), dtype=int64]
        Column k: tasks with k usable answers; the last one: with `needed` or more.
    covered : Shares [shape=(n_classes,)]
        Share of each class's tasks with `needed` or more.
    needed
        How many answers were asked about.
    """

    tasks_by_number: IntArray
    covered: Shares
    needed: int


@dataclass(frozen=True, kw_only=True)
class DailySeries:
    """Answers a day, days without any among them.

    Parameters
    ----------
    day, number : np.ndarray [shape=(n_days,), dtype=int64]
        Days in order without gaps, and how many answers each brought.
    """

    day: IntArray
    number: IntArray


def coverage(
    counts: npt.ArrayLike,
    context: npt.ArrayLike,
    *,
    needed: int,
    n_truths: int = 2,
    n_classes: int | None = None,
    confidence: float = CONFIDENCE,
) -> Coverage:
    """Return how many tasks have how many usable answers.

    Parameters
    ----------
    counts : array_like of int [shape=(n_tasks, n_answers), >= 0]
        How often each answer was given; those from `n_truths` on ("unsure") are not usable. Tasks
        nobody answered belong in it, too.
    context : array_like of int [shape=(n_tasks,), >= 0]
        Each task's class.
    needed : int >= 1
        From how many usable answers a task is covered.
    n_truths : int >= 2
        How many answers are definite.
    n_classes
        How many classes there are; as many as needed by default.
    confidence
        Level of Wilson's intervals.

    Raises
    ------
    ParameterError
        The arrays do not fit together or hold values out of range.
    """
    table = np.asarray(counts)
    if table.ndim != 2 or table.shape[1] < n_truths:
        raise ParameterError(
            f"counts has shape {table.shape}; (n_tasks, {n_truths} or more) is needed"
        )
    if not np.issubdtype(table.dtype, np.integer) or (table.size and table.min() < 0):
        raise ParameterError("counts holds something that is no count; integers from 0 are needed")
    if needed < 1:
        raise ParameterError(f"needed is {needed}; at least 1 is needed")
    classes = whole_numbers(context, "context")
    if len(classes) != len(table):
        raise ParameterError(
            f"context has {len(classes)} entries, counts {len(table)} rows; one a task is needed"
        )
    kinds = size(classes, n_classes, "n_classes")
    usable = np.minimum(table[:, :n_truths].sum(axis=1), needed)
    cell = classes * (needed + 1) + usable
    found = np.bincount(cell, minlength=kinds * (needed + 1)).reshape(kinds, needed + 1)
    found = found.astype(np.int64)
    return Coverage(
        tasks_by_number=found,
        covered=wilson_many(
            found[:, needed], found.sum(axis=1), confidence=confidence, what="tasks"
        ),
        needed=needed,
    )


def ratings_per_day(
    day: npt.ArrayLike, *, first: int | None = None, last: int | None = None
) -> DailySeries | NotEnoughData:
    """Return how many answers came each day.

    Parameters
    ----------
    day : array_like of int [shape=(n_ratings,), >= 0]
        On which day each came, counted from any start.
    first, last
        The days to begin and end with; those of the answers by default. Answers beyond are left
        out.

    Returns
    -------
    DailySeries or NotEnoughData
        The latter when there are no answers and no days were named.

    Raises
    ------
    ParameterError
        Days are no whole numbers, or end before they begin.
    """
    days = whole_numbers(day, "day")
    if not days.size and (first is None or last is None):
        return NotEnoughData(what="answers", have=0, needed=1)
    begin = int(days.min()) if first is None else int(first)
    end = int(days.max()) if last is None else int(last)
    if end < begin:
        raise ParameterError(f"days go from {begin} to {end}; the last comes before the first")
    inside = days[(days >= begin) & (days <= end)]
    return DailySeries(
        day=np.arange(begin, end + 1, dtype=np.int64),
        number=np.bincount(inside - begin, minlength=end - begin + 1).astype(np.int64),
    )
