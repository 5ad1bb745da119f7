"""Straight-lining: the same answer many times in a row, and how likely that is by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotation.agreement.checking import (
    distributions,
    numbers,
    same_length,
    size,
    whole_numbers,
)
from annotation.consensus.ratings import FloatArray, IntArray
from consonance.errors import ParameterError

#: Nothing is impossible: a chance of exactly 0 would make any run infinitely surprising.
_SMALLEST_CHANCE = 1e-12


@dataclass(frozen=True, kw_only=True)
class Straightness:
    """Each person's longest run of equal definite answers, in the order in which they came.

    Parameters
    ----------
    longest : np.ndarray [shape=(n_annotators,), dtype=int64]
        How many answers long; 0 for somebody without definite answers.
    answer : np.ndarray [shape=(n_annotators,), dtype=int64]
        The answer repeated; -1 where there is none. The first of equally long runs.
    start : np.ndarray [shape=(n_annotators,), dtype=int64]
        Place, in the input, of the rating with which the run began; -1 where there is none.
    number : np.ndarray [shape=(n_annotators,), dtype=int64]
        How many definite answers the person gave.
    chance_own : np.ndarray [shape=(n_annotators,), in [0, 1]]
        How likely a run so long, of any answer, is for somebody who gives this person's answers
        in random order. 1 for somebody who always says the same.
    chance_tasks : np.ndarray [shape=(n_annotators,), in [0, 1]]
        How likely it is for an average person who was asked the same in the same order; 1 where
        `expected` was not handed in.
    """

    longest: IntArray
    answer: IntArray
    start: IntArray
    number: IntArray
    chance_own: FloatArray
    chance_tasks: FloatArray


def straight_lining(
    annotator: npt.ArrayLike,
    answer: npt.ArrayLike,
    when: npt.ArrayLike,
    *,
    n_truths: int = 2,
    expected: npt.ArrayLike | None = None,
    n_annotators: int | None = None,
) -> Straightness:
    """Return each person's longest run of equal answers and how likely it is by chance.

    Parameters
    ----------
    annotator, answer : array_like of int [shape=(n_ratings,), >= 0]
        One entry a rating. Answers from `n_truths` on ("unsure") are passed over; they end no run.
    when : array_like of numbers or times [shape=(n_ratings,)]
        When each was given; of equal times the order of the input decides.
    n_truths : int >= 2
        How many answers are definite.
    expected : array_like of float [shape=(n_ratings, n_truths), rows sum to 1], optional
        How likely an average person gives each definite answer to that task; see
        `expected_answers`.
    n_annotators
        How many people there are; as many as needed by default.

    Raises
    ------
    ParameterError
        The arrays do not fit together or hold values out of range.

    Notes
    -----
    The chance is the expected number of places at which a run so long begins (the answer before it
    being another one), which bounds the probability of any from above and comes close to it where
    it is small; answers are taken for independent (Feller 1968, *An introduction to probability
    theory and its applications*, XIII.7, on success runs; Arratia, Goldstein and Gordon 1990 on
    how close).
    Two chances, because neither does alone: somebody who says yes to everything expects runs by
    their own rates, and somebody asked about ten clips of a band with drums expects them by the
    tasks.
    """
    if n_truths < 2:
        raise ParameterError(f"n_truths is {n_truths}; a question needs at least 2 truths")
    people, answers = whole_numbers(annotator, "annotator"), whole_numbers(answer, "answer")
    times = moments(when)
    n_ratings = same_length(annotator=people, answer=answers, when=times)
    number = size(people, n_annotators, "n_annotators")
    order = in_time(people, times)
    order = order[answers[order] < n_truths]
    people, answers = people[order], answers[order]
    counts = np.bincount(people, minlength=number).astype(np.int64)

    begins, lengths = _runs(people, answers)
    longest = np.zeros(number, np.int64)
    np.maximum.at(longest, people[begins], lengths)
    first = np.full(number, -1, np.int64)
    best = np.flatnonzero(lengths == longest[people[begins]])[::-1]
    first[people[begins[best]]] = begins[best]  # from the last to the first, which stays
    known = first >= 0

    said = np.bincount(people * n_truths + answers, minlength=number * n_truths)
    own = said.reshape(number, n_truths) / np.maximum(counts, 1)[:, None]
    chance_tasks = np.ones(number)
    if expected is not None:
        likely = distributions(expected, "expected", shape=(n_ratings, n_truths))[order]
        chance_tasks = _chance(likely, people, counts, longest)
    return Straightness(
        longest=longest,
        answer=np.where(known, answers[first] if len(answers) else -1, -1).astype(np.int64),
        start=np.where(known, order[first] if len(order) else -1, -1).astype(np.int64),
        number=counts,
        chance_own=_chance(own[people], people, counts, longest),
        chance_tasks=chance_tasks,
    )


def expected_answers(rest: npt.ArrayLike, confusion: npt.ArrayLike) -> FloatArray:
    """Return how likely an average person gives each definite answer to each rated task.

    Parameters
    ----------
    rest : array_like of float [shape=(n_ratings, n_truths), rows sum to 1]
        What the others say of the task, as `RestComparison.rest`.
    confusion : array_like of float [shape=(n_truths, n_answers), >= 0]
        How likely (or how often) the average person gives each answer to each truth; answers from
        `n_truths` on ("unsure") are left out. Such as `RestComparison.average`.

    Returns
    -------
    np.ndarray [shape=(n_ratings, n_truths), rows sum to 1]

    Raises
    ------
    ParameterError
        The arrays do not fit together or hold values out of range.
    """
    table = np.asarray(confusion, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] < table.shape[0]:
        raise ParameterError(
            f"confusion has shape {table.shape}; (n_truths, n_truths or more) is needed"
        )
    n_truths = table.shape[0]
    table = numbers(table, "confusion", shape=table.shape, lowest=0)[:, :n_truths]
    total = table.sum(axis=1, keepdims=True)
    rows = np.where(total > 0, table / np.where(total > 0, total, 1), 1 / n_truths)
    belief = distributions(rest, "rest", shape=(len(np.atleast_1d(rest)), n_truths))
    return np.asarray(belief @ rows)


def moments(when: npt.ArrayLike) -> npt.NDArray[np.generic]:
    """Return times that can be put in order: numbers, or numpy's.

    Raises
    ------
    ParameterError
        They have another shape or type, or one is missing.
    """
    times = np.asarray(when)
    if times.ndim != 1:
        raise ParameterError(f"when has shape {times.shape}; one dimension is needed")
    if times.size and times.dtype.kind not in "iufM":
        raise ParameterError(f"when has type {times.dtype}; numbers or times are needed")
    if times.dtype.kind in "fM" and np.isnan(times).any():
        raise ParameterError("when holds a missing time; every rating has one")
    return times


def in_time(people: IntArray, times: npt.NDArray[np.generic]) -> IntArray:
    """Return ratings by person, then time, then place in the input."""
    return np.lexsort((times, people)).astype(np.int64)


def _runs(people: IntArray, answers: IntArray) -> tuple[IntArray, IntArray]:
    """Return where runs begin and how long each is."""
    if not len(people):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    changes = (np.diff(people) != 0) | (np.diff(answers) != 0)
    begins = np.concatenate([[0], np.flatnonzero(changes) + 1]).astype(np.int64)
    return begins, np.diff(np.append(begins, len(people))).astype(np.int64)


def _chance(
    likely: FloatArray, people: IntArray, counts: IntArray, longest: IntArray
) -> FloatArray:
    """Return the expected number of runs as long as the longest [shape=(n_annotators,)], 1 at most.

    `likely` [shape=(n_definite, n_truths)] says how likely each answer was at each place; people
    lie one after the other.
    """
    if not len(people):
        return np.ones(len(counts))
    ends = np.cumsum(counts)
    starts = ends - counts
    place = np.arange(len(people))
    stop = place + longest[people]
    fits = stop <= ends[people]
    place, stop = place[fits], stop[fits]
    is_first = place == starts[people[place]]
    expected = np.zeros(len(counts))
    for truth in range(likely.shape[1]):
        chance = np.maximum(likely[:, truth], _SMALLEST_CHANCE)
        total = np.concatenate([[0.0], np.cumsum(np.log(chance))])
        run = np.exp(total[stop] - total[place])
        other_before = np.where(is_first, 1.0, 1 - likely[place - 1, truth])
        expected += np.bincount(people[place], weights=run * other_before, minlength=len(counts))
    return np.where(counts > 0, np.minimum(expected, 1.0), 1.0)
