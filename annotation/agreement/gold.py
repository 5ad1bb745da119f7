"""How people do on tasks whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotation.agreement.checking import same_length, size, whole_numbers
from annotation.agreement.intervals import CONFIDENCE, Shares, wilson_many
from annotation.consensus.ratings import IntArray
from consonance.errors import ParameterError


@dataclass(frozen=True, kw_only=True)
class GoldAccuracy:
    """Answers to gold tasks against the truth. "Unsure" is neither right nor wrong.

    Parameters
    ----------
    people : Shares [shape=(n_annotators,)]
        Share right of each person's definite answers.
    classes : Shares [shape=(n_classes,)]
        The same of each class.
    people_classes : Shares [shape=(n_annotators, n_classes)]
        The same of each person in each class.
    confusion : np.ndarray [shape=(n_classes, n_truths, n_answers), dtype=int64]
        How often each truth got each answer, "unsure" included.
    people_confusion : np.ndarray [shape=(n_annotators, n_truths, n_answers), dtype=int64]
        The same of each person.
    unsure : np.ndarray [shape=(n_annotators,), dtype=int64]
        How often each person was unsure about gold.
    """

    people: Shares
    classes: Shares
    people_classes: Shares
    confusion: IntArray
    people_confusion: IntArray
    unsure: IntArray


def gold_accuracy(
    task: npt.ArrayLike,
    annotator: npt.ArrayLike,
    answer: npt.ArrayLike,
    gold: npt.ArrayLike,
    *,
    n_truths: int = 2,
    n_answers: int | None = None,
    context: npt.ArrayLike | None = None,
    n_classes: int | None = None,
    n_annotators: int | None = None,
    confidence: float = CONFIDENCE,
) -> GoldAccuracy:
    """Compare answers with known truths.

    Parameters
    ----------
    task, annotator, answer : array_like of int [shape=(n_ratings,), >= 0]
        One entry a rating; those of other tasks are passed over.
    gold : array_like of int [shape=(n_tasks,), >= -1]
        Known truths, -1 where unknown.
    n_truths : int >= 2
        How many truths there are; answers from here on are "unsure".
    n_answers, n_classes, n_annotators
        How many there are; as many as needed by default (answers: at least one "unsure").
    context : array_like of int [shape=(n_tasks,), >= 0], optional
        Each task's class; one class by default.
    confidence
        Level of Wilson's intervals.

    Raises
    ------
    ParameterError
        The arrays do not fit together or hold values out of range.
    """
    if n_truths < 2:
        raise ParameterError(f"n_truths is {n_truths}; a question needs at least 2 truths")
    known = whole_numbers(gold, "gold", lowest=-1, below=n_truths)
    tasks = whole_numbers(task, "task", below=len(known))
    people = whole_numbers(annotator, "annotator")
    answers = whole_numbers(answer, "answer")
    same_length(task=tasks, annotator=people, answer=answers)
    classes = (
        np.zeros(len(known), np.int64) if context is None else whole_numbers(context, "context")
    )
    if len(classes) != len(known):
        raise ParameterError(
            f"context has {len(classes)} entries, gold {len(known)}; one each a task is needed"
        )
    columns = max(size(answers, n_answers, "n_answers"), n_truths)
    if n_answers is None:
        columns = max(columns, n_truths + 1)
    number = size(people, n_annotators, "n_annotators")
    kinds = max(size(classes, n_classes, "n_classes"), 1 if context is None else 0)

    on_gold = known[tasks] >= 0
    tasks, people, answers = tasks[on_gold], people[on_gold], answers[on_gold]
    truth, where = known[tasks], classes[tasks]
    definite = answers < n_truths
    right = definite & (answers == truth)
    pair = people * kinds + where
    asked = np.bincount(pair[definite], minlength=number * kinds).reshape(number, kinds)
    hit = np.bincount(pair[right], minlength=number * kinds).reshape(number, kinds)
    cell = truth * columns + answers
    block = n_truths * columns

    def shares(good: IntArray, of: IntArray) -> Shares:
        return wilson_many(good, of, confidence=confidence, what="definite answers on gold")

    return GoldAccuracy(
        people=shares(hit.sum(axis=1), asked.sum(axis=1)),
        classes=shares(hit.sum(axis=0), asked.sum(axis=0)),
        people_classes=shares(hit, asked),
        confusion=_tables(where, cell, kinds, block).reshape(kinds, n_truths, columns),
        people_confusion=_tables(people, cell, number, block).reshape(number, n_truths, columns),
        unsure=np.bincount(people[~definite], minlength=number).astype(np.int64),
    )


def _tables(group: IntArray, cell: IntArray, n_groups: int, block: int) -> IntArray:
    counts = np.bincount(group * block + cell, minlength=n_groups * block)
    return counts.astype(np.int64)
