"""One pass over ratings: how many of what there are, and who met whom."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from annotation.consensus.ratings import FloatArray, IntArray
from annotation.consensus.shortage import NotEnoughData
from consonance.errors import ParameterError

# What it takes to judge people at all.
NEEDED_RATINGS: Final = 3
NEEDED_PEOPLE: Final = 2
NEEDED_SHARED: Final = 1

#: Up to this many cells of people x contexts are flagged one by one (a byte each).
DENSE_CELLS: Final = 50_000_000

#: Ratings that are looked through at a time until two people are found to have met.
_LOOK_AT_ONCE: Final = 4_096


class Census:
    """Counts that any part of the ratings adds to; parts may come in any order.

    Parameters
    ----------
    n_truths : int
        Answers from here on name no truth.
    context : np.ndarray [shape=(n_tasks,)] or None
        The class of each task; None where there is only one.

    Attributes
    ----------
    n_ratings, n_definite, n_tasks, n_annotators : int
        Totals so far; numbers of tasks and people are one more than the highest seen.
    answers : np.ndarray [shape=(n_answers,)]
        How often each answer was given, at least `n_truths` long.
    votes : np.ndarray [shape=(n_truths, n_tasks)]
        How often each truth was named.
    """

    def __init__(self, n_truths: int, context: IntArray | None) -> None:
        self.n_truths = n_truths
        self.context = context
        self.n_contexts = int(context.max()) + 1 if context is not None and context.size else 1
        self.n_ratings = self.n_tasks = self.n_annotators = 0
        self.answers = np.zeros(n_truths, np.int64)
        self.votes: FloatArray = np.zeros((n_truths, 0))
        self._have_met = False  # on a task, with definite answers
        self._seen_by = np.zeros(0, np.int64)  # somebody who gave the task a definite answer
        self._people: set[int] = set()  # with definite answers, until two have met
        self._flags = np.zeros(0, bool)
        self._keys: IntArray | None = None

    def add(self, task: IntArray, annotator: IntArray, answer: IntArray) -> None:
        """Count some ratings.

        Raises
        ------
        ParameterError
            A task is beyond the end of `context`.
        """
        if not len(task):
            return
        self.n_ratings += len(task)
        self._make_room(int(task.max()) + 1, int(annotator.max()) + 1)
        width = max(len(self.answers), int(answer.max()) + 1)
        given = np.bincount(answer * self.n_tasks + task, minlength=self.n_tasks * width)
        given = given.reshape(width, self.n_tasks)
        answers = given.sum(axis=1)
        answers[: len(self.answers)] += self.answers
        self.answers = answers
        self.votes += given[: self.n_truths]
        for start in range(0, len(task), _LOOK_AT_ONCE):
            if self._have_met:
                break
            part = slice(start, start + _LOOK_AT_ONCE)
            self._meet(task[part], annotator[part], answer[part])
        if self.context is not None:
            self._see(annotator * self.n_contexts + self.context[task])

    @property
    def n_definite(self) -> int:
        """How many ratings name a truth."""
        return int(self.answers[: self.n_truths].sum())

    @property
    def n_answers(self) -> int:
        """How many answers there are, never fewer than truths."""
        return len(self.answers)

    @property
    def pairs(self) -> IntArray:
        """Observed pairs in order, as `annotator * n_contexts + context` [shape=(n_pairs,)]."""
        return np.flatnonzero(self._flags) if self._keys is None else self._keys

    def enough(self, n_tasks: int) -> Census:
        """Make room for tasks nobody answered, up to `n_tasks`, and return itself."""
        self._make_room(n_tasks, self.n_annotators)
        return self

    def shortage(self, gold: IntArray) -> NotEnoughData | None:
        """Say what is missing for judging people, if anything is.

        Skill shows only where people meet: on a task that two of them answered, or on gold.

        Parameters
        ----------
        gold : np.ndarray [shape=(n_tasks,)]
            Known truths, -1 elsewhere.
        """
        if self.n_definite < NEEDED_RATINGS:
            return NotEnoughData(
                what="ratings with a definite answer", have=self.n_definite, needed=NEEDED_RATINGS
            )
        if self._have_met or self.votes[:, gold >= 0].any():
            return None
        people = len(self._people)
        if people < NEEDED_PEOPLE:
            return NotEnoughData(
                what="people with a definite answer", have=people, needed=NEEDED_PEOPLE
            )
        return NotEnoughData(what="tasks answered by two people", have=0, needed=NEEDED_SHARED)

    def _meet(self, task: IntArray, annotator: IntArray, answer: IntArray) -> None:
        """Look whether two people gave definite answers to one task."""
        definite = answer < self.n_truths
        named, who = task[definite], annotator[definite]
        self._people.update(np.unique(who).tolist())
        before = self._seen_by[named]
        self._seen_by[named] = who
        met = ((before >= 0) & (before != who)) | (self._seen_by[named] != who)
        self._have_met = bool(met.any())

    def _make_room(self, n_tasks: int, n_annotators: int) -> None:
        if self.context is not None and n_tasks > len(self.context):
            raise ParameterError(
                f"context has {len(self.context)} entries, but task goes up to {n_tasks - 1}"
            )
        more = n_tasks - self.n_tasks
        if more > 0:
            self.n_tasks = n_tasks
            self.votes = np.concatenate([self.votes, np.zeros((self.n_truths, more))], axis=1)
            self._seen_by = np.append(self._seen_by, np.full(more, -1, np.int64))
        more = n_annotators - self.n_annotators
        if more > 0:
            self.n_annotators = n_annotators
            if self.context is not None and self._keys is None:
                if n_annotators * self.n_contexts > DENSE_CELLS:
                    self._keys = np.flatnonzero(self._flags)
                    self._flags = np.zeros(0, bool)
                else:
                    added = np.zeros(more * self.n_contexts, bool)
                    self._flags = np.append(self._flags, added)

    def _see(self, keys: npt.NDArray[np.int64]) -> None:
        if self._keys is None:
            self._flags[keys] = True
        else:
            self._keys = np.union1d(self._keys, keys)
