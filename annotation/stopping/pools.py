"""Ratings that were all collected, in an order as if they came one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotation.consensus import DawidSkene, Ratings
from consonance.errors import ParameterError

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Pools:
    """Each task's ratings, one after the other.

    Attributes
    ----------
    task, annotator, answer : np.ndarray [shape=(n_ratings,), dtype=int64]
        Sorted by task, within a task in the order in which they come.
    place : np.ndarray [shape=(n_ratings,), dtype=int64]
        How many of the task's ratings come before.
    first, available : np.ndarray [shape=(n_tasks,), dtype=int64]
        Where a task's ratings begin, and how many there are.
    n_annotators, n_answers, n_truths, n_contexts : int
        Sizes.
    context : np.ndarray [shape=(n_tasks,), dtype=int64]
        The class a task belongs to.
    prior : np.ndarray [shape=(n_tasks, n_truths)] or None
        What is believed before anybody answers.
    """

    task: IntArray
    annotator: IntArray
    answer: IntArray
    place: IntArray
    first: IntArray
    available: IntArray
    n_annotators: int
    n_answers: int
    n_truths: int
    n_contexts: int
    context: IntArray
    prior: FloatArray | None

    @classmethod
    def shuffled(cls, ratings: Ratings, *, seed: int) -> Pools:
        """Put each task's ratings into a random order.

        Parameters
        ----------
        ratings
            Everything that was collected.
        seed
            The same seed gives the same order.

        Raises
        ------
        ParameterError
            There are no ratings.
        """
        if not len(ratings.task):
            raise ParameterError("there are no ratings to replay")
        dice = np.random.default_rng(seed).random(len(ratings.task))
        order = np.lexsort((dice, ratings.task))
        task = ratings.task[order]
        available = np.bincount(task, minlength=ratings.n_tasks).astype(np.int64)
        first = np.concatenate([[0], np.cumsum(available)[:-1]]).astype(np.int64)
        return cls(
            task=task,
            annotator=ratings.annotator[order],
            answer=ratings.answer[order],
            place=np.arange(len(task), dtype=np.int64) - first[task],
            first=first,
            available=available,
            n_annotators=ratings.n_annotators,
            n_answers=ratings.n_answers,
            n_truths=ratings.n_truths,
            n_contexts=int(ratings.context.max()) + 1,
            context=ratings.context,
            prior=ratings.prior,
        )

    @property
    def n_tasks(self) -> int:
        """How many tasks there are, rated or not."""
        return len(self.available)

    def received(self, answered: IntArray | int) -> IntArray:
        """Return which ratings are in when each task has so many [shape=(n_received,)]."""
        limit = np.broadcast_to(np.asarray(answered, dtype=np.int64), (self.n_tasks,))
        return np.flatnonzero(self.place < limit[self.task])


def consensus_labels(pools: Pools, received: IntArray) -> IntArray:
    """Return the labels of a consensus over the ratings that are in [shape=(n_tasks,)].

    The same method for a policy and for a fixed number of answers.
    """
    fitted = DawidSkene().fit(
        pools.task[received],
        pools.annotator[received],
        pools.answer[received],
        n_truths=pools.n_truths,
        context=pools.context,
        prior=pools.prior,
    )
    return fitted.labels_
