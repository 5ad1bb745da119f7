"""People on tasks whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from annotation.agreement import Interval, gold_accuracy, wilson
from consonance.errors import ParameterError


def test_accuracy_is_counted_by_person_by_class_and_by_both() -> None:
    gold = [1, 0, -1, 1]
    context = [0, 0, 1, 1]
    task = np.array([0, 1, 2, 3, 0, 1, 3])
    annotator = np.array([0, 0, 0, 0, 2, 2, 2])
    answer = np.array([1, 1, 0, 1, 1, 2, 0])  # the answer to task 2 is about no gold
    found = gold_accuracy(task, annotator, answer, gold, context=context, n_annotators=3)
    assert found.people.successes.tolist() == [2, 0, 1]
    assert found.people.number.tolist() == [3, 0, 2]
    assert found.classes.successes.tolist() == [2, 1]
    assert found.classes.number.tolist() == [3, 2]
    assert found.people_classes.number.tolist() == [[2, 1], [0, 0], [1, 1]]
    assert found.people_classes.successes.tolist() == [[1, 1], [0, 0], [1, 0]]
    assert found.unsure.tolist() == [0, 0, 1]
    first = found.people.of(0)
    expected = wilson(2, 3)
    assert isinstance(first, Interval)
    assert isinstance(expected, Interval)
    assert (first.low, first.high) == pytest.approx((expected.low, expected.high))
    assert str(found.people.of(1)) == "not enough data: 0 definite answers on gold, 1 needed"


def test_confusion_counts_truths_by_answers_with_unsure() -> None:
    found = gold_accuracy([0, 0, 0, 1], [0, 1, 2, 0], [1, 2, 0, 0], [1, 0])
    assert found.confusion.tolist() == [[[1, 0, 0], [1, 1, 1]]]
    assert found.people_confusion[0].tolist() == [[1, 0, 0], [0, 1, 0]]
    assert found.people_confusion[1].tolist() == [[0, 0, 0], [0, 0, 1]]
    assert found.confusion.sum() == found.people_confusion.sum() == 4


def test_a_random_crowd_is_counted_as_one_by_one() -> None:
    rng = np.random.default_rng(0)
    task, annotator, answer = (rng.integers(high, size=500) for high in (60, 7, 4))
    gold, context = rng.integers(-1, 3, size=60), rng.integers(4, size=60)
    found = gold_accuracy(
        task, annotator, answer, gold, n_truths=3, context=context, n_annotators=7, n_classes=4
    )
    for person in range(7):
        for kind in range(4):
            mine = [
                (gold[t], a)
                for t, p, a in zip(task, annotator, answer, strict=True)
                if p == person and context[t] == kind and gold[t] >= 0 and a < 3
            ]
            assert found.people_classes.number[person, kind] == len(mine)
            assert found.people_classes.successes[person, kind] == sum(g == a for g, a in mine)
    assert found.confusion.shape == (4, 3, 4)


def test_without_gold_or_ratings_nothing_is_known() -> None:
    found = gold_accuracy([0, 1], [0, 1], [1, 0], [-1, -1])
    assert not found.people.is_known.any()
    empty = gold_accuracy([], [], [], [], n_annotators=2)
    assert empty.people.number.tolist() == [0, 0]
    assert empty.confusion.shape == (1, 2, 3)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"gold": [2, 0]}, "gold holds 2; values end at 1"),
        ({"gold": [1]}, "task holds 1; values end at 0"),
        ({"annotator": [0]}, "lengths differ: task 2, annotator 1, answer 2"),
        ({"context": [0]}, "context has 1 entries, gold 2"),
        ({"n_annotators": 1}, "n_annotators is 1, but numbers go up to 1"),
        ({"n_truths": 1}, "n_truths is 1"),
        ({"answer": [0.5, 1.0]}, "answer has type float64"),
        ({"answer": [[0, 1]]}, r"answer has shape \(1, 2\)"),
    ],
)
def test_wrong_arguments_are_told_with_the_value(wrong: dict, sentence: str) -> None:
    right = {"task": [0, 1], "annotator": [0, 1], "answer": [1, 0], "gold": [1, 0]}
    with pytest.raises(ParameterError, match=sentence):
        gold_accuracy(**(right | wrong))
