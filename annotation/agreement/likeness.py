"""How likely two people give the same answer to a task, if they do not copy.

Everything here is about *meetings*: two people's definite answers to the same task. Given what the
first says and what all others say of the task, the second's answer has a chance to be the same;
it is high where the first agrees with the others, and low where the first is mistaken. That honest
people are right together is thereby expected; that they are wrong together is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.sparse

from annotation.agreement.checking import BoolArray
from annotation.consensus.ratings import FloatArray, IntArray

#: Chances are kept off 0 and 1, so that a single answer cannot convict.
LEAST_CHANCE: Final = 0.01

#: Entries of sparse rows that are intersected at a time.
_ENTRIES: Final = 4_000_000

#: The numbers of Knuth's multiplicative hashing; any would do.
_FACTOR: Final = 2_654_435_761
_PRIME: Final = 4_294_967_291

_NEWTON_STEPS: Final = 50
_RIDGE: Final = 1e-3


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """Definite answers, one a person and task, with what a consensus made of them.

    Parameters
    ----------
    task, annotator, answer : np.ndarray [shape=(n_ratings,), dtype=int64]
        Sorted by person, then task; no pair twice.
    n_tasks, n_annotators : int
        How many there are.
    rest : np.ndarray [shape=(n_ratings, n_truths), rows sum to 1]
        What the others say of the rating's task.
    rows : np.ndarray [shape=(n_people_and_classes, n_truths, n_truths), rows sum to 1]
        P(answer | truth), given that it is definite.
    row : np.ndarray [shape=(n_ratings,), dtype=int64]
        Which of `rows` is of the rating's author (and its task's class).
    """

    task: IntArray
    annotator: IntArray
    answer: IntArray
    n_tasks: int
    n_annotators: int
    rest: FloatArray
    rows: FloatArray
    row: IntArray

    def answered(self) -> scipy.sparse.csr_array:
        """Return who answered what [shape=(n_annotators, n_tasks)]; entries are rating + 1."""
        entries = np.arange(1, len(self.task) + 1)
        where = (self.annotator, self.task)
        shape = (self.n_annotators, self.n_tasks)
        return scipy.sparse.coo_array((entries, where), shape=shape).tocsr()


def met(
    answered: scipy.sparse.csr_array, first: IntArray, second: IntArray
) -> Iterator[tuple[slice, IntArray, IntArray, IntArray]]:
    """Yield the meetings of pairs of people, some pairs at a time.

    Yields
    ------
    pairs : slice
        Which pairs these are.
    starts : np.ndarray [shape=(n_pairs_here,), dtype=int64]
        Where each pair's meetings begin.
    one, other : np.ndarray [shape=(n_meetings,), dtype=int64]
        The two ratings.
    """
    degree = np.diff(answered.indptr)
    work = np.cumsum(degree[first] + degree[second])
    here = answered.astype(bool)
    begin = 0
    while begin < len(first):
        done = work[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(work, done + _ENTRIES, side="right")))
        chosen = slice(begin, end)
        ones = answered[first[chosen]].multiply(here[second[chosen]]).tocsr()
        others = answered[second[chosen]].multiply(here[first[chosen]]).tocsr()
        ones.sort_indices()
        others.sort_indices()
        yield chosen, ones.indptr[:-1].astype(np.int64), ones.data - 1, others.data - 1
        begin = end


def neighbours(crowd: Crowd) -> tuple[IntArray, IntArray]:
    """Return meetings of all kinds of people: next to each other in a scrambled order, by task.

    Returns
    -------
    one, other : np.ndarray [shape=(n_meetings,), dtype=int64]
        Ratings; the same whatever order they came in.
    """
    # Multiplying scrambles the numbers of people, who may have registered one after the other.
    scrambled = (crowd.annotator + 1) * _FACTOR % _PRIME
    order = np.lexsort((scrambled, crowd.task))
    same = crowd.task[order[1:]] == crowd.task[order[:-1]]
    return order[:-1][same].astype(np.int64), order[1:][same].astype(np.int64)


def chances(crowd: Crowd) -> FloatArray:
    """Return how likely each rating's author was to say what somebody else says of its task.

    Returns
    -------
    np.ndarray [shape=(n_ratings, n_truths), in (0, 1)]
        Column a: if the other says a. By the consensus without the author's answer, in which the
        other's stays (it tells something of the truth, too), and by the author's habits.
    """
    same: FloatArray = np.einsum("rt,rta->ra", crowd.rest, crowd.rows[crowd.row])
    return np.asarray(np.clip(same, LEAST_CHANCE, 1 - LEAST_CHANCE))


def calibration(chance: FloatArray, is_same: BoolArray) -> tuple[float, float]:
    """Return how the logit of chances is to be corrected: an intercept and a slope.

    Consensus is over-confident, and tasks that are hard for one are hard for all: honest people
    are wrong together more often than their habits predict. How much more is learned from the
    crowd's own meetings, by logistic regression.

    Parameters
    ----------
    chance : np.ndarray [shape=(n_meetings,), in (0, 1)]
        As predicted.
    is_same : np.ndarray [shape=(n_meetings,), dtype=bool]
        As it came.

    Returns
    -------
    intercept, slope : float
    """
    x = np.stack([np.ones(len(chance)), _logit(chance)])
    found = np.array([0.0, 1.0])
    start = found.copy()
    for _ in range(_NEWTON_STEPS):
        predicted = 1 / (1 + np.exp(-(found @ x)))
        gradient = x @ (is_same - predicted) - _RIDGE * (found - start)
        curvature = (x * (predicted * (1 - predicted))) @ x.T + _RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        found = found + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-10:
            break
    return float(found[0]), float(found[1])


def corrected(chance: FloatArray, intercept: float, slope: float) -> FloatArray:
    """Return chances with the logit corrected."""
    better = 1 / (1 + np.exp(-(intercept + slope * _logit(chance))))
    return np.asarray(np.clip(better, LEAST_CHANCE, 1 - LEAST_CHANCE))


def _logit(chance: FloatArray) -> FloatArray:
    return np.asarray(np.log(chance) - np.log1p(-chance))
