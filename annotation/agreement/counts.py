"""From ratings to counts of answers, and from counts to the few patterns they consist of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotation.consensus.ratings import FloatArray, IntArray, Ratings
from consonance.errors import ParameterError


def answer_counts(
    task: npt.ArrayLike, answer: npt.ArrayLike, *, n_answers: int, n_tasks: int | None = None
) -> IntArray:
    """Return how often each answer was given to each task.

    Parameters
    ----------
    task, answer : array_like of int [shape=(n_ratings,), >= 0]
        One entry a rating.
    n_answers : int >= 2
        Answers from here on ("unsure") are left out.
    n_tasks : int, optional
        How many rows there shall be; as many as needed by default.

    Returns
    -------
    np.ndarray [shape=(n_tasks, n_answers), dtype=int64]

    Raises
    ------
    ParameterError
        The arrays do not fit together, or a task is beyond `n_tasks`.
    """
    checked = Ratings.checked(task, np.zeros(np.shape(np.asarray(task)), int), answer,
                              n_truths=n_answers)  # fmt: skip
    if n_tasks is None:
        return checked.votes.astype(np.int64)
    if n_tasks < checked.n_tasks:
        raise ParameterError(f"n_tasks is {n_tasks}, but task goes up to {checked.n_tasks - 1}")
    counts = np.zeros((n_tasks, n_answers), np.int64)
    counts[: checked.n_tasks] = checked.votes
    return counts


@dataclass(frozen=True, kw_only=True)
class Patterns:
    """The distinct rows of a table of counts: thousands of tasks have a few dozen of them.

    Parameters
    ----------
    counts : np.ndarray [shape=(n_patterns, n_answers), dtype=float64]
        The rows with two answers or more.
    number : np.ndarray [shape=(n_patterns,), dtype=int64]
        How many tasks have each.
    single : np.ndarray [shape=(n_singles, n_answers), dtype=float64]
        Rows with exactly one answer, collapsed likewise; some coefficients use them.
    single_number : np.ndarray [shape=(n_singles,), dtype=int64]
        How many tasks have each of those.
    """

    counts: FloatArray
    number: IntArray
    single: FloatArray
    single_number: IntArray

    @classmethod
    def of(cls, counts: npt.ArrayLike) -> Patterns:
        """Collapse a table of counts.

        Raises
        ------
        ParameterError
            It is not two-dimensional, has a negative entry, or fewer than two answers.
        """
        table = np.asarray(counts)
        if table.ndim != 2 or table.shape[1] < 2:
            raise ParameterError(f"counts has shape {table.shape}; (n_tasks, 2 or more) is needed")
        if not np.issubdtype(table.dtype, np.integer):
            raise ParameterError(f"counts has type {table.dtype}; integers are needed")
        if table.size and table.min() < 0:
            raise ParameterError(f"counts holds {table.min()}; counts start at 0")
        rows, number = _distinct(table)
        several = rows.sum(axis=1) >= 2
        single = rows.sum(axis=1) == 1
        return cls(
            counts=rows[several].astype(np.float64),
            number=number[several].astype(np.int64),
            single=rows[single].astype(np.float64),
            single_number=number[single].astype(np.int64),
        )


def _distinct(table: npt.NDArray[np.integer]) -> tuple[IntArray, IntArray]:
    """Return distinct rows and how often each occurs; each row read as one number where it fits."""
    if not table.size:
        return table.astype(np.int64), np.zeros(len(table), np.int64)
    base = int(table.max()) + 1
    if base ** table.shape[1] >= 2**62:
        rows, number = np.unique(table, axis=0, return_counts=True)
        return rows.astype(np.int64), number.astype(np.int64)
    places = base ** np.arange(table.shape[1], dtype=np.int64)
    codes, number = np.unique(table.astype(np.int64) @ places, return_counts=True)
    return codes[:, None] // places % base, number.astype(np.int64)
