"""Every rating against a consensus without it."""

from __future__ import annotations

import numpy as np
import pytest

from annotation.agreement import (
    agreement_by_class,
    agreement_by_person,
    agreement_with_rest,
    compare_with_rest,
    confusion_with_rest,
)
from annotation.consensus import DawidSkene
from consonance.errors import ParameterError, StateError


def small_crowd(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return ratings of ten people, the third a coin; answers, classes and truths of tasks."""
    rng = np.random.default_rng(seed)
    n_tasks = 900
    task = np.repeat(np.arange(n_tasks), 5)
    annotator = np.concatenate([rng.permutation(10)[:5] for _ in range(n_tasks)])
    context, truth = rng.integers(3, size=n_tasks), (rng.random(n_tasks) < 0.4).astype(int)
    # Person 4 is good, but not in class 2.
    chance = np.where(
        annotator == 2, 0.5, np.where((annotator == 4) & (context[task] == 2), 0.5, 0.9)
    )
    answer = np.where(rng.random(len(task)) < chance, truth[task], 1 - truth[task])
    answer[rng.random(len(task)) < 0.08] = 2
    return task, annotator, answer, context, truth


def test_counts_are_those_of_agreement_with_rest() -> None:
    task, annotator, answer, context, _ = small_crowd()
    fitted = DawidSkene().fit(task, annotator, answer, n_truths=2, context=context)
    comparison = compare_with_rest(fitted, task, annotator, answer)
    people = agreement_by_person(comparison, annotator)
    before = agreement_with_rest(fitted, task, annotator, answer, n_truths=2)
    assert people.successes.tolist() == before.equal.tolist()
    assert people.number.tolist() == before.number.tolist()
    assert people.value.argmin() == 2


def test_skill_in_classes_shows() -> None:
    task, annotator, answer, context, _ = small_crowd()
    fitted = DawidSkene().fit(task, annotator, answer, n_truths=2, context=context)
    comparison = compare_with_rest(fitted, task, annotator, answer)
    cells = agreement_by_class(comparison, annotator, context[task], n_annotators=11, n_classes=4)
    assert cells.value.shape == (11, 4)
    assert cells.number.sum() == comparison.is_clear.sum()
    assert cells.value[4, 2] < 0.7 < min(cells.value[4, 0], cells.value[4, 1])
    assert not cells.is_known[10].any()
    assert not cells.is_known[:, 3].any()


def test_confusion_is_near_the_true_one_and_holds_every_judged_answer() -> None:
    task, annotator, answer, context, truth = small_crowd()
    fitted = DawidSkene().fit(task, annotator, answer, n_truths=2, context=context)
    comparison = compare_with_rest(fitted, task, annotator, answer)
    found = confusion_with_rest(comparison, annotator, answer)
    assert found.shape == (10, 2, 3)
    assert found[:, [0, 1], [0, 1]].sum() == comparison.is_right.sum()
    assert found[:, :, :2].sum() == comparison.is_clear.sum()
    for person in (0, 2):
        mine = annotator == person
        for is_there in (0, 1):
            there = mine & (truth[task] == is_there)
            real = np.bincount(answer[there], minlength=3) / there.sum()
            row = found[person, is_there]
            assert np.abs(row / row.sum() - real).max() < 0.06
    split = confusion_with_rest(comparison, annotator, answer, rating_class=context[task])
    assert split.shape == (10, 3, 2, 3)
    assert (split.sum(axis=1) == found).all()


def test_average_people_are_expected_to_be_right_as_often_as_they_are() -> None:
    task, annotator, answer, context, _ = small_crowd()
    fitted = DawidSkene().fit(task, annotator, answer, n_truths=2, context=context)
    comparison = compare_with_rest(fitted, task, annotator, answer)
    clear = comparison.is_clear
    assert comparison.expected[clear].mean() == pytest.approx(
        comparison.is_right[clear].mean(), abs=0.01
    )
    assert comparison.average.sum(axis=1) == pytest.approx([1, 1])


def test_what_nobody_else_answered_is_not_judged_but_gold_is() -> None:
    task, annotator, answer = [0, 1, 2, 2], [0, 0, 0, 1], [1, 0, 1, 2]
    gold = [1, -1, -1]
    fitted = DawidSkene().fit(task, annotator, answer, n_truths=2, gold=gold)
    comparison = compare_with_rest(fitted, task, annotator, answer)
    # Task 1 was answered by one person; of task 2 the other one is unsure.
    assert comparison.is_heard.tolist() == [True, False, False, True]
    assert comparison.is_clear.tolist() == [True, False, False, False]
    assert comparison.is_right.tolist() == [True, False, False, False]
    assert confusion_with_rest(comparison, annotator, answer).sum(axis=(1, 2)).tolist() == [1, 1]


def test_no_ratings_are_no_error() -> None:
    fitted = DawidSkene().fit([], [], [], n_truths=2, context=[0])
    comparison = compare_with_rest(fitted, [], [], [])
    assert agreement_by_person(comparison, [], n_annotators=2).number.tolist() == [0, 0]
    assert confusion_with_rest(comparison, [], [], n_annotators=1).shape == (1, 2, 3)
    assert np.isfinite(comparison.average).all()


def test_wrong_arguments_are_told_with_the_value() -> None:
    task, annotator, answer = [0, 0], [0, 1], [1, 1]
    fitted = DawidSkene().fit(task, annotator, answer, n_truths=2)
    comparison = compare_with_rest(fitted, task, annotator, answer)
    with pytest.raises(StateError, match="call fit first"):
        compare_with_rest(DawidSkene(), task, annotator, answer)
    with pytest.raises(ParameterError, match="lengths differ: comparison 2, annotator 1"):
        agreement_by_person(comparison, [0])
    with pytest.raises(ParameterError, match="n_annotators is 1"):
        agreement_by_person(comparison, [0, 1], n_annotators=1)
    with pytest.raises(ParameterError, match="rating_class 1"):
        agreement_by_class(comparison, [0, 1], [0])
    with pytest.raises(ParameterError, match="n_classes is 0"):
        agreement_by_class(comparison, [0, 1], [0, 0], n_classes=0)
    with pytest.raises(ParameterError, match="rating_class 3"):
        confusion_with_rest(comparison, [0, 1], [0, 1, 1])
