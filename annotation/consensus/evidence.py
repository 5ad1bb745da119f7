"""Ratings as the two sums that estimation needs, whether they lie in memory or pass by."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import scipy.sparse

from annotation.consensus.census import Census
from annotation.consensus.ratings import FloatArray, IntArray, indices
from annotation.consensus.units import Units
from consonance.errors import ParameterError

#: Task, annotator and answer of some ratings.
Batch = tuple[IntArray, IntArray, IntArray]
#: Each call begins anew.
Batches = Callable[[], Iterable[tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike]]]

# How many ratings a sample may have: enough for a parameter a class, and few enough that each can
# hold a matrix of truths by answers for a moment.
SAMPLE_RATINGS: Final = 100_000
SAMPLE_CELLS: Final = 2_000_000


class Evidence(Protocol):
    """What the estimation reads."""

    census: Census
    units: Units

    def totals(self) -> FloatArray:
        """Return how often each unit gave each answer [shape=(n_answers, n_units)]."""
        ...

    def counts(self, weight: FloatArray) -> FloatArray:
        """Return the same with each rating weighted by its task.

        Parameters
        ----------
        weight : np.ndarray [shape=(n_rows, n_tasks)]

        Returns
        -------
        np.ndarray [shape=(n_rows, n_answers, n_units)]
        """
        ...

    def summed(self, weight: FloatArray) -> FloatArray:
        """Return each task's sum over its ratings of what they weigh.

        Parameters
        ----------
        weight : np.ndarray [shape=(n_rows, n_answers, n_units)]

        Returns
        -------
        np.ndarray [shape=(n_rows, n_tasks)]
        """
        ...

    def ratings_of(self, is_chosen: npt.NDArray[np.bool_]) -> Batch:
        """Return the ratings of some tasks, sorted by task, person and answer.

        Parameters
        ----------
        is_chosen : np.ndarray [shape=(n_tasks,), dtype=bool]
        """
        ...


def sampled_tasks(census: Census) -> npt.NDArray[np.bool_]:
    """Choose evenly spaced tasks, such that their ratings are not too many to hold.

    Returns
    -------
    np.ndarray [shape=(n_tasks,), dtype=bool]
        All of them where they are few.
    """
    room = min(SAMPLE_RATINGS, SAMPLE_CELLS // (census.n_truths * census.n_answers))
    step = max(1, -(-census.n_ratings // max(1, room)))
    return np.asarray(np.arange(census.n_tasks) % step == 0, dtype=np.bool_)


class HeldRatings:
    """Ratings in memory: one sparse matrix, tasks by answers of units, and its transpose.

    Columns are `answer * n_units + unit`. Entries of a row stand in the order of ratings, so that
    sums depend on that order by their rounding.
    """

    def __init__(self, census: Census, units: Units, batch: Batch, n_tasks: int) -> None:
        self.census, self.units, self._batch = census, units, batch
        self._n_tasks = n_tasks
        self._by_task = _matrix(batch, units, census, n_tasks)
        self._by_column = self._by_task.T.tocsr()

    def totals(self) -> FloatArray:
        """See `Evidence`."""
        sums = np.diff(self._by_column.indptr).astype(np.float64)
        shape = (self.census.n_answers, len(self.units))
        return np.asarray(sums.reshape(shape), dtype=np.float64)

    def counts(self, weight: FloatArray) -> FloatArray:
        """See `Evidence`."""
        return np.stack([self._by_column @ one for one in weight]).reshape(
            len(weight), self.census.n_answers, len(self.units)
        )

    def summed(self, weight: FloatArray) -> FloatArray:
        """See `Evidence`."""
        flat = weight.reshape(len(weight), math.prod(weight.shape[1:]))
        return np.stack([self._by_task @ one for one in flat])

    def ratings_of(self, is_chosen: npt.NDArray[np.bool_]) -> Batch:
        """See `Evidence`."""
        return _chosen([self._batch], is_chosen)


class PassingRatings:
    """Ratings that pass by in batches, of which only one is held at a time."""

    def __init__(self, census: Census, units: Units, batches: Batches, n_tasks: int) -> None:
        self.census, self.units, self._batches = census, units, batches
        self._n_tasks = n_tasks

    def totals(self) -> FloatArray:
        """See `Evidence`."""
        return np.asarray(self.counts(np.ones((1, self._n_tasks)))[0], dtype=np.float64)

    def counts(self, weight: FloatArray) -> FloatArray:
        """See `Evidence`."""
        sums = np.zeros((len(weight), self.census.n_answers * len(self.units)))
        for task, column in self._columns():
            for total, one in zip(sums, weight, strict=True):
                np.add.at(total, column, one[task])
        return sums.reshape(len(weight), self.census.n_answers, len(self.units))

    def summed(self, weight: FloatArray) -> FloatArray:
        """See `Evidence`."""
        sums = np.zeros((len(weight), self._n_tasks))
        flat = weight.reshape(len(weight), math.prod(weight.shape[1:]))
        for task, column in self._columns():
            for total, one in zip(sums, flat, strict=True):
                np.add.at(total, task, one[column])
        return sums

    def ratings_of(self, is_chosen: npt.NDArray[np.bool_]) -> Batch:
        """See `Evidence`."""
        return _chosen(checked(self._batches), is_chosen)

    def _columns(self) -> Iterator[tuple[IntArray, IntArray]]:
        for task, annotator, answer in checked(self._batches):
            yield task, _column(task, annotator, answer, self.units, self.census)


def checked(batches: Batches) -> Iterator[Batch]:
    """Yield batches as arrays of equal length.

    Raises
    ------
    ParameterError
        A batch's arrays differ in length, are not of integers or hold a value below 0.
    """
    for task, annotator, answer in batches():
        batch = (indices(task, "task"), indices(annotator, "annotator"), indices(answer, "answer"))
        lengths = [len(part) for part in batch]
        if len(set(lengths)) > 1:
            raise ParameterError(
                f"task, annotator and answer of a batch have {lengths[0]}, {lengths[1]} and "
                f"{lengths[2]} entries; each rating needs one of each"
            )
        yield batch


def _column(
    task: IntArray, annotator: IntArray, answer: IntArray, units: Units, census: Census
) -> IntArray:
    if census.context is None or not units.has_classes:
        unit = annotator
    else:
        unit = units.of(annotator, census.context[task])
    return answer * len(units) + unit


def _matrix(batch: Batch, units: Units, census: Census, n_tasks: int) -> scipy.sparse.csr_array:
    task, annotator, answer = batch
    width = census.n_answers * len(units)
    kind = np.int32 if max(width, n_tasks, len(task)) < np.iinfo(np.int32).max else np.int64
    column = _column(task, annotator, answer, units, census).astype(kind)
    place = (task.astype(kind), column)
    matrix = scipy.sparse.coo_array((np.ones(len(task)), place), shape=(n_tasks, width))
    # Who answers a task twice is in it twice: summing duplicates would cost a sort for nothing.
    matrix.has_canonical_format = True
    return matrix.tocsr()


def _chosen(batches: Iterable[Batch], is_chosen: npt.NDArray[np.bool_]) -> Batch:
    kept = [
        tuple(part[is_chosen[batch[0]]] for part in batch) for batch in batches if len(batch[0])
    ]
    if not kept:
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, nothing
    task, annotator, answer = (np.concatenate(parts) for parts in zip(*kept, strict=True))
    order = np.lexsort((answer, annotator, task))
    return task[order], annotator[order], answer[order]
