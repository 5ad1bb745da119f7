"""Agreement of every class at once: all coefficients of a class from the same drawn tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotation.agreement.bootstrap import Tables, check_bootstrap
from annotation.agreement.checking import size, whole_numbers
from annotation.agreement.coefficients import Coefficient, ac1_of, alpha_of, estimate, raw_of
from annotation.agreement.counts import Patterns
from annotation.agreement.fleiss import FleissKappa, estimate_fleiss
from annotation.agreement.intervals import CONFIDENCE, Interval, Shares, wilson_many
from annotation.consensus.ratings import IntArray
from annotation.consensus.shortage import NotEnoughData
from consonance.errors import ParameterError


@dataclass(frozen=True, kw_only=True)
class ClassAgreement:
    """How far people agree about one class.

    Parameters
    ----------
    alpha, ac1, raw
        Krippendorff's alpha, Gwet's AC1 and the share of equal pairs, of definite answers.
    fleiss
        Fleiss' kappa, of the tasks with the commonest number of definite answers.
    unsure
        The share of all answers that were "unsure".
    contested
        The share of tasks with two definite answers or more whose answers differ.
    n_tasks, n_answers
        Tasks of the class with any answer, and answers, "unsure" included.
    """

    alpha: Coefficient | NotEnoughData
    ac1: Coefficient | NotEnoughData
    raw: Coefficient | NotEnoughData
    fleiss: FleissKappa | NotEnoughData
    unsure: Interval | NotEnoughData
    contested: Interval | NotEnoughData
    n_tasks: int
    n_answers: int


def by_class(
    counts: npt.ArrayLike,
    context: npt.ArrayLike,
    *,
    n_classes: int | None = None,
    n_truths: int = 2,
    n_bootstrap: int = 1_000,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> tuple[ClassAgreement, ...]:
    """Return the agreement of each class.

    Parameters
    ----------
    counts : array_like of int [shape=(n_tasks, n_answers), >= 0]
        How often each answer was given to each task; answers from `n_truths` on are "unsure",
        which contradicts nobody.
    context : array_like of int [shape=(n_tasks,), >= 0]
        Each task's class.
    n_classes
        How many classes there are; as many as needed by default.
    n_truths : int >= 2
        How many answers are definite.
    n_bootstrap, confidence
        Draws, and level, of the intervals.
    seed : int >= 0
        With it, class c's draws come from `np.random.default_rng([seed, c])`: they do not depend
        on which other classes there are.

    Returns
    -------
    tuple of ClassAgreement
        One a class.

    Raises
    ------
    ParameterError
        The arrays do not fit together.
    """
    check_bootstrap(n_bootstrap, confidence, seed)
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ParameterError(f"seed is {seed!r}; an integer from 0 up is needed")
    table, classes, number = _checked(counts, context, n_classes, n_truths)
    unsure = unsure_rates(table, classes, n_truths=n_truths, n_classes=number)
    contested = contested_rates(table, classes, n_truths=n_truths, n_classes=number)
    order = np.argsort(classes, kind="stable")
    ends = np.searchsorted(classes[order], np.arange(number + 1))
    found = []
    for index in range(number):
        mine = table[order[ends[index] : ends[index + 1]]]
        patterns = Patterns.of(mine[:, :n_truths])
        drawn = (
            Tables.drawn(patterns, n_bootstrap, np.random.default_rng([seed, index]))
            if n_bootstrap
            else None
        )
        found.append(
            ClassAgreement(
                alpha=estimate(alpha_of, patterns, len(mine), drawn, confidence),
                ac1=estimate(ac1_of, patterns, len(mine), drawn, confidence),
                raw=estimate(raw_of, patterns, len(mine), drawn, confidence),
                fleiss=estimate_fleiss(patterns, len(mine), drawn, confidence),
                unsure=unsure.of(index),
                contested=contested.of(index),
                n_tasks=int((mine.sum(axis=1) > 0).sum()),
                n_answers=int(mine.sum()),
            )
        )
    return tuple(found)


def unsure_rates(
    counts: npt.ArrayLike,
    context: npt.ArrayLike,
    *,
    n_truths: int = 2,
    n_classes: int | None = None,
    confidence: float = CONFIDENCE,
) -> Shares:
    """Return the share of each class's answers that were "unsure", with Wilson intervals.

    Parameters
    ----------
    counts, context, n_truths, n_classes
        As for `by_class`.

    Returns
    -------
    Shares [shape=(n_classes,)]
        Answers are taken for independent, which those of the same person are not: intervals are
        somewhat too short where few people give most of the answers.

    Raises
    ------
    ParameterError
        The arrays do not fit together.
    """
    table, classes, number = _checked(counts, context, n_classes, n_truths)
    return wilson_many(
        _sums(table[:, n_truths:].sum(axis=1), classes, number),
        _sums(table.sum(axis=1), classes, number),
        confidence=confidence,
        what="answers",
    )


def contested_rates(
    counts: npt.ArrayLike,
    context: npt.ArrayLike,
    *,
    n_truths: int = 2,
    n_classes: int | None = None,
    confidence: float = CONFIDENCE,
) -> Shares:
    """Return the share of each class's tasks on which people contradict each other.

    Parameters
    ----------
    counts, context, n_truths, n_classes
        As for `by_class`.

    Returns
    -------
    Shares [shape=(n_classes,)]
        Of tasks with two definite answers or more: those with different ones.

    Raises
    ------
    ParameterError
        The arrays do not fit together.
    """
    table, classes, number = _checked(counts, context, n_classes, n_truths)
    definite = table[:, :n_truths]
    several = definite.sum(axis=1) >= 2
    differ = several & ((definite > 0).sum(axis=1) >= 2)
    return wilson_many(
        _sums(differ, classes, number),
        _sums(several, classes, number),
        confidence=confidence,
        what="tasks with two answers",
    )


def _checked(
    counts: npt.ArrayLike, context: npt.ArrayLike, n_classes: int | None, n_truths: int
) -> tuple[IntArray, IntArray, int]:
    table = np.asarray(counts)
    if n_truths < 2:
        raise ParameterError(f"n_truths is {n_truths}; a question needs at least 2 truths")
    if table.ndim != 2 or table.shape[1] < n_truths:
        raise ParameterError(
            f"counts has shape {table.shape}; (n_tasks, {n_truths} or more) is needed"
        )
    if not np.issubdtype(table.dtype, np.integer):
        raise ParameterError(f"counts has type {table.dtype}; integers are needed")
    if table.size and table.min() < 0:
        raise ParameterError(f"counts holds {table.min()}; counts start at 0")
    classes = whole_numbers(context, "context")
    if len(classes) != len(table):
        raise ParameterError(
            f"context has {len(classes)} entries, counts {len(table)} rows; one a task is needed"
        )
    return table.astype(np.int64, copy=False), classes, size(classes, n_classes, "n_classes")


def _sums(values: npt.ArrayLike, classes: IntArray, number: int) -> IntArray:
    weights = np.asarray(values, dtype=np.float64)
    return np.rint(np.bincount(classes, weights=weights, minlength=number)).astype(np.int64)
