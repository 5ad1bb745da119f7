"""Every rating against what the others say of its task, and what that tells of people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from annotation.agreement.checking import BoolArray, same_length, size, whole_numbers
from annotation.agreement.intervals import CONFIDENCE, Shares, wilson_many
from annotation.agreement.people import TIE, votes_of_others
from annotation.consensus.ratings import FloatArray, IntArray, Ratings
from consonance.errors import ParameterError

#: What is expected of people before they answered: right so often, worth so many answers.
_USUALLY_RIGHT: Final = 0.8
_ADDED: Final = 2.0

#: Nobody never gives an answer.
_LEAST: Final = 0.001


class LeavesOneOut(Protocol):
    """A fitted consensus that can take a rating out again, such as `DawidSkene`."""

    def posterior_without_own(
        self, task: npt.ArrayLike, annotator: npt.ArrayLike, answer: npt.ArrayLike, /
    ) -> FloatArray:
        """Return what the others say of each rated task [shape=(n_ratings, n_truths)]."""
        ...

    def is_gold(self, task: npt.ArrayLike, /) -> BoolArray:
        """Say of each of these tasks whether its truth was known [same shape]."""
        ...


@dataclass(frozen=True, kw_only=True)
class RestComparison:
    """Each rating against a consensus from which it is taken out.

    Parameters
    ----------
    rest : np.ndarray [shape=(n_ratings, n_truths), rows sum to 1]
        What the others (and gold) say of the task.
    is_heard : np.ndarray [shape=(n_ratings,), dtype=bool]
        Whether anybody else gave a definite answer, or the truth is known.
    is_clear : np.ndarray [shape=(n_ratings,), dtype=bool]
        Whether the rating can be judged: it is definite, others are heard, and not in a tie.
    is_right : np.ndarray [shape=(n_ratings,), dtype=bool]
        Whether it can be judged and is the others' answer.
    likeliest : np.ndarray [shape=(n_ratings,), dtype=int64]
        What the others take for the truth; -1 where none is heard, or they are in a tie.
    average : np.ndarray [shape=(n_truths, n_truths), rows sum to 1]
        How all people together answer each truth, of definite answers.
    expected : np.ndarray [shape=(n_ratings,), in [0, 1]]
        How likely an average person gives the others' answer to that task.
    """

    rest: FloatArray
    is_heard: BoolArray
    is_clear: BoolArray
    is_right: BoolArray
    likeliest: IntArray
    average: FloatArray
    expected: FloatArray


def compare_with_rest(
    consensus: LeavesOneOut,
    task: npt.ArrayLike,
    annotator: npt.ArrayLike,
    answer: npt.ArrayLike,
    *,
    n_truths: int = 2,
) -> RestComparison:
    """Compare each rating with a fitted consensus from which that rating is taken out.

    Parameters
    ----------
    consensus
        Fitted on these ratings.
    task, annotator, answer : array_like of int [shape=(n_ratings,), >= 0]
        One entry a rating.
    n_truths : int >= 2
        Answers from here on ("unsure") cannot be judged.

    Raises
    ------
    ParameterError
        The arrays do not fit together.
    StateError
        The consensus has not been fitted.
    """
    ratings = Ratings.checked(task, annotator, answer, n_truths=n_truths)
    tasks, people, answers = ratings.task, ratings.annotator, ratings.answer
    rest = consensus.posterior_without_own(tasks, people, answers)
    others = votes_of_others(ratings)
    is_heard = (others.sum(axis=1) > 0) | consensus.is_gold(tasks)
    ordered = np.sort(rest, axis=1)
    is_known = is_heard & (ordered[:, -1] - ordered[:, -2] > TIE)
    is_clear = ratings.is_definite & is_known
    likeliest = rest.argmax(axis=1)
    average = _average(rest[is_clear], answers[is_clear], n_truths)
    return RestComparison(
        rest=rest,
        is_heard=np.asarray(is_heard),
        is_clear=np.asarray(is_clear),
        is_right=np.asarray(is_clear & (likeliest == answers)),
        likeliest=np.where(is_known, likeliest, -1).astype(np.int64),
        average=average,
        expected=np.clip((rest * average[:, likeliest].T).sum(axis=1), 0.0, 1.0),
    )


def agreement_by_person(
    comparison: RestComparison,
    annotator: npt.ArrayLike,
    *,
    n_annotators: int | None = None,
    confidence: float = CONFIDENCE,
) -> Shares:
    """Return how often each person gives the others' answer.

    Parameters
    ----------
    comparison
        Of these ratings.
    annotator : array_like of int [shape=(n_ratings,), >= 0]
        Who answered.
    n_annotators
        How many people there are; as many as needed by default.
    confidence
        Level of Wilson's intervals.

    Returns
    -------
    Shares [shape=(n_annotators,)]

    Raises
    ------
    ParameterError
        The arrays do not fit together.
    """
    people = whole_numbers(annotator, "annotator")
    same_length(comparison=comparison.is_clear, annotator=people)
    return _shares(comparison, people, size(people, n_annotators, "n_annotators"), confidence)


def agreement_by_class(
    comparison: RestComparison,
    annotator: npt.ArrayLike,
    rating_class: npt.ArrayLike,
    *,
    n_annotators: int | None = None,
    n_classes: int | None = None,
    confidence: float = CONFIDENCE,
) -> Shares:
    """Return how often each person gives the others' answer in each class.

    Parameters
    ----------
    comparison, annotator, n_annotators, confidence
        As for `agreement_by_person`.
    rating_class : array_like of int [shape=(n_ratings,), >= 0]
        The class of each rating's task.
    n_classes
        How many classes there are; as many as needed by default.

    Returns
    -------
    Shares [shape=(n_annotators, n_classes)]

    Raises
    ------
    ParameterError
        The arrays do not fit together.
    """
    cell, shape = _cells(comparison, annotator, rating_class, n_annotators, n_classes)
    found = _shares(comparison, cell, shape[0] * shape[1], confidence)
    return Shares(
        successes=found.successes.reshape(shape),
        number=found.number.reshape(shape),
        value=found.value.reshape(shape),
        low=found.low.reshape(shape),
        high=found.high.reshape(shape),
        confidence=confidence,
        what=found.what,
    )


def confusion_with_rest(
    comparison: RestComparison,
    annotator: npt.ArrayLike,
    answer: npt.ArrayLike,
    *,
    rating_class: npt.ArrayLike | None = None,
    n_annotators: int | None = None,
    n_answers: int | None = None,
    n_classes: int | None = None,
) -> IntArray:
    """Return how often each person gave each answer to what the others take for each truth.

    Parameters
    ----------
    comparison, annotator, n_annotators
        As for `agreement_by_person`.
    answer : array_like of int [shape=(n_ratings,), >= 0]
        What they answered, "unsure" included.
    rating_class, n_classes
        As for `agreement_by_class`; without them all classes are taken together.
    n_answers
        How many answers there are; as many as needed by default, one "unsure" at least.

    Returns
    -------
    np.ndarray [shape=(n_annotators, n_truths, n_answers) or, with classes,
        (n_annotators, n_classes, n_truths, n_answers), dtype=int64]
        Of definite answers as many are right as `agreement_by_person` says. Ratings of tasks of
        which nobody else says anything clear are left out.

    Raises
    ------
    ParameterError
        The arrays do not fit together.
    """
    answers = whole_numbers(answer, "answer")
    n_truths = comparison.rest.shape[1]
    classes = np.zeros(len(answers), np.int64) if rating_class is None else rating_class
    cell, shape = _cells(comparison, annotator, classes, n_annotators, n_classes)
    same_length(annotator=cell, answer=answers)
    columns = max(size(answers, n_answers, "n_answers"), n_truths)
    if n_answers is None:
        columns = max(columns, n_truths + 1)
    known = comparison.likeliest >= 0
    place = (cell[known] * n_truths + comparison.likeliest[known]) * columns + answers[known]
    counts = np.bincount(place, minlength=shape[0] * shape[1] * n_truths * columns)
    table = counts.reshape(*shape, n_truths, columns).astype(np.int64)
    return np.ascontiguousarray(table[:, 0] if rating_class is None else table)


def _average(rest: FloatArray, answers: IntArray, n_truths: int) -> FloatArray:
    # Counting answers by what the rest believes would blur: a belief of .7 is not .7 of a truth.
    # The rows that predict answers best from beliefs are those of least squares. A few answers of
    # somebody who is mostly right are added, for crowds that say too little.
    said = np.eye(n_truths)[answers]
    rows = np.linalg.solve(
        rest.T @ rest + _ADDED * np.eye(n_truths), rest.T @ said + _ADDED * _usual(n_truths)
    )
    rows = np.maximum(rows, _LEAST)
    return np.asarray(rows / rows.sum(axis=1, keepdims=True))


def _usual(n_truths: int) -> FloatArray:
    rows = np.full((n_truths, n_truths), (1 - _USUALLY_RIGHT) / (n_truths - 1))
    np.fill_diagonal(rows, _USUALLY_RIGHT)
    return rows


def _cells(
    comparison: RestComparison,
    annotator: npt.ArrayLike,
    rating_class: npt.ArrayLike,
    n_annotators: int | None,
    n_classes: int | None,
) -> tuple[IntArray, tuple[int, int]]:
    people = whole_numbers(annotator, "annotator")
    classes = whole_numbers(rating_class, "rating_class")
    same_length(comparison=comparison.is_clear, annotator=people, rating_class=classes)
    shape = (
        size(people, n_annotators, "n_annotators"),
        max(1, size(classes, n_classes, "n_classes")),
    )
    if n_classes is not None and n_classes < 1:
        raise ParameterError(f"n_classes is {n_classes}; at least 1 is needed")
    return people * shape[1] + classes, shape


def _shares(comparison: RestComparison, cell: IntArray, number: int, confidence: float) -> Shares:
    return wilson_many(
        np.bincount(cell[comparison.is_right], minlength=number),
        np.bincount(cell[comparison.is_clear], minlength=number),
        confidence=confidence,
        what="answers that others gave too",
    )
