"""The input of every consensus method, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from consonance.errors import ParameterError

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

ROW_SUM_TOLERANCE = 1e-6
#: A prior of exactly 0 or 1 would overrule any number of people.
SMALLEST_PRIOR = 1e-6
#: Names this many times as spread as there are of them are looked up in a table, not sorted.
TABLE_ENTRIES = 8


@dataclass(frozen=True, kw_only=True)
class Ratings:
    """Who answered what about which task; made by `Ratings.checked`.

    Parameters
    ----------
    task, annotator, answer : np.ndarray [shape=(n_ratings,), dtype=int64, >= 0]
        One entry a rating. Answers below `n_truths` name a truth; those above ("unsure") do not.
    n_tasks, n_annotators, n_answers, n_truths : int
        Sizes; `n_answers >= n_truths >= 2`.
    context : np.ndarray [shape=(n_tasks,), dtype=int64, >= 0]
        The class a task belongs to; zeros where there is only one.
    gold : np.ndarray [shape=(n_tasks,), dtype=int64, >= -1]
        Known truths; -1 where unknown.
    prior : np.ndarray [shape=(n_tasks, n_truths), rows sum to 1] or None
        What was believed before anybody answered.
    """

    task: IntArray
    annotator: IntArray
    answer: IntArray
    n_tasks: int
    n_annotators: int
    n_answers: int
    n_truths: int
    context: IntArray
    gold: IntArray
    prior: FloatArray | None

    @classmethod
    def checked(
        cls,
        task: npt.ArrayLike,
        annotator: npt.ArrayLike,
        answer: npt.ArrayLike,
        *,
        n_truths: int,
        context: npt.ArrayLike | None = None,
        gold: npt.ArrayLike | None = None,
        prior: npt.ArrayLike | None = None,
    ) -> Ratings:
        """Check and complete the arguments of `fit`.

        Raises
        ------
        ParameterError
            Lengths differ, a value is out of its range, or a prior's row is no distribution.
        """
        if n_truths < 2:
            raise ParameterError(f"n_truths is {n_truths}; a question needs at least 2 truths")
        tasks = indices(task, "task")
        annotators = indices(annotator, "annotator")
        answers = indices(answer, "answer")
        if not len(tasks) == len(annotators) == len(answers):
            raise ParameterError(
                f"task, annotator and answer have {len(tasks)}, {len(annotators)} and "
                f"{len(answers)} entries; each rating needs one of each"
            )
        beliefs = None if prior is None else _distributions(prior, n_truths)
        n_tasks = _number_of_tasks(tasks, context=context, gold=gold, prior=beliefs)
        contexts = np.zeros(n_tasks, np.int64) if context is None else indices(context, "context")
        known = np.full(n_tasks, -1, np.int64) if gold is None else indices(gold, "gold", lowest=-1)
        if known.size and known.max() >= n_truths:
            raise ParameterError(f"gold holds {known.max()}; truths are 0 to {n_truths - 1}")
        return cls(
            task=tasks,
            annotator=annotators,
            answer=answers,
            n_tasks=n_tasks,
            n_annotators=int(annotators.max()) + 1 if annotators.size else 0,
            n_answers=max(int(answers.max()) + 1 if answers.size else 0, n_truths),
            n_truths=n_truths,
            context=contexts,
            gold=known,
            prior=beliefs,
        )

    @cached_property
    def is_definite(self) -> npt.NDArray[np.bool_]:
        """Which ratings name a truth [shape=(n_ratings,)]."""
        return self.answer < self.n_truths

    @cached_property
    def votes(self) -> FloatArray:
        """How often each truth was named [shape=(n_tasks, n_truths)]."""
        definite = self.is_definite
        cell = self.task[definite] * self.n_truths + self.answer[definite]
        counts = np.bincount(cell, minlength=self.n_tasks * self.n_truths)
        return counts.reshape(self.n_tasks, self.n_truths).astype(np.float64)


def numbered(names: npt.ArrayLike) -> tuple[IntArray, IntArray]:
    """Return numbers for things, from 0 on in the order of their names, as `fit` wants them.

    Parameters
    ----------
    names : array_like of int [shape=(n,)]
        Any integers, such as keys of a database.

    Returns
    -------
    numbers : np.ndarray [shape=(n,), dtype=int64]
    distinct : np.ndarray [shape=(n_distinct,), dtype=int64]
        What each number stands for, in order.

    Raises
    ------
    ParameterError
        They are not one row of integers.
    """
    values = indices(names, "names", lowest=np.iinfo(np.int64).min)
    if not values.size:
        return values, values
    low, high = int(values.min()), int(values.max())
    if high - low > TABLE_ENTRIES * len(values):
        distinct, numbers = np.unique(values, return_inverse=True)
        return numbers.astype(np.int64, copy=False), distinct
    offset = values - low if low else values
    is_there = np.zeros(high - low + 1, bool)
    is_there[offset] = True
    number = np.cumsum(is_there, dtype=np.int32) - 1
    return number[offset].astype(np.int64), np.flatnonzero(is_there) + low


def indices(values: npt.ArrayLike, name: str, *, lowest: int = 0) -> IntArray:
    """Return values as int64.

    Raises
    ------
    ParameterError
        They are not one row of integers, or one is below `lowest`; `name` says which values.
    """
    array = np.asarray(values)
    if array.ndim != 1:
        raise ParameterError(f"{name} has shape {array.shape}; one dimension is needed")
    if array.size == 0:
        return np.zeros(0, np.int64)
    if not np.issubdtype(array.dtype, np.integer):
        raise ParameterError(f"{name} has type {array.dtype}; integers are needed")
    if array.min() < lowest:
        raise ParameterError(f"{name} holds {array.min()}; values start at {lowest}")
    return array.astype(np.int64, copy=False)


def _distributions(prior: npt.ArrayLike, n_truths: int) -> FloatArray:
    array = np.asarray(prior, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != n_truths:
        raise ParameterError(f"prior has shape {array.shape}; (n_tasks, {n_truths}) is needed")
    if array.size and not (np.isfinite(array).all() and array.min() >= 0):
        raise ParameterError("prior holds a value that is negative or not finite")
    sums = array.sum(axis=1)
    if array.size and np.abs(sums - 1).max() > ROW_SUM_TOLERANCE:
        worst = int(np.abs(sums - 1).argmax())
        raise ParameterError(f"prior row {worst} sums to {sums[worst]:.6g} instead of 1")
    clipped = np.maximum(array, SMALLEST_PRIOR)
    return np.asarray(clipped / clipped.sum(axis=1, keepdims=True), dtype=np.float64)


def _number_of_tasks(
    task: IntArray,
    *,
    context: npt.ArrayLike | None,
    gold: npt.ArrayLike | None,
    prior: FloatArray | None,
) -> int:
    named = int(task.max()) + 1 if task.size else 0
    lengths = {
        name: len(np.atleast_1d(np.asarray(values)))
        for name, values in (("context", context), ("gold", gold), ("prior", prior))
        if values is not None
    }
    if not lengths:
        return named
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ParameterError(f"one entry a task is needed, but lengths differ: {told}")
    length = next(iter(lengths.values()))
    if length < named:
        name = next(iter(lengths))
        raise ParameterError(f"{name} has {length} entries, but task goes up to {named - 1}")
    return length
