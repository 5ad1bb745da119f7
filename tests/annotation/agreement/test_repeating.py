"""People asked the same again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.agreement import Interval, Kappa, cohen_kappa, repeats
from consonance.errors import ParameterError


def test_each_answer_is_compared_with_the_previous_one() -> None:
    #         person 0: task 0 asked three times, task 1 once; person 1: task 0 twice, unsure once
    task = np.array([0, 1, 0, 0, 0, 0, 0])
    annotator = np.array([0, 0, 0, 0, 1, 1, 1])
    answer = np.array([1, 0, 1, 0, 1, 2, 1])
    when = np.array([5, 1, 2, 9, 1, 2, 3])
    found = repeats(task, annotator, answer, when, n_annotators=3)
    # In time, person 0 said 1, 1, 0 of task 0: one pair equal, one not.
    assert found.people.successes.tolist() == [1, 0, 0]
    assert found.people.number.tolist() == [2, 0, 0]
    assert found.tables[0].tolist() == [[0, 0], [1, 1]]
    assert found.with_unsure.tolist() == [0, 2, 0]
    assert str(found.people.of(2)) == "not enough data: 0 repeated questions, 1 needed"
    assert isinstance(found.overall, Interval)
    assert found.overall.value == 0.5


def test_a_consistent_person_has_kappa_one_and_a_coin_about_nought() -> None:
    rng = np.random.default_rng(0)
    n_tasks = 500
    first = rng.integers(2, size=(2, n_tasks))
    second = np.stack([first[0], rng.integers(2, size=n_tasks)])
    task = np.tile(np.arange(n_tasks), 4)
    annotator = np.repeat([0, 1, 0, 1], n_tasks)
    found = repeats(task, annotator, np.concatenate([*first, *second]), np.repeat([1, 2], 1000))
    assert found.kappa[0] == pytest.approx(1)
    assert abs(found.kappa[1]) < 0.15
    assert found.has_kappa.all()
    assert isinstance(found.overall_kappa, Kappa)
    assert found.overall_kappa.low < found.overall_kappa.value < found.overall_kappa.high
    assert found.overall_kappa.number == 1000


def test_somebody_who_always_says_the_same_has_no_kappa_but_agreement() -> None:
    found = repeats([0, 0, 1, 1], [0] * 4, [1] * 4, np.arange(4))
    assert not found.has_kappa[0]
    assert found.kappa[0] == 0
    assert found.people.value[0] == 1
    assert str(found.overall_kappa) == "not enough data: 1 different answers, 2 needed"


def test_nothing_repeated_is_stated() -> None:
    for task in ([], [0, 1]):
        found = repeats(task, np.zeros(len(task), int), np.ones(len(task), int), task)
        assert str(found.overall) == "not enough data: 0 repeated questions, 1 needed"
        assert str(found.overall_kappa) == "not enough data: 0 repeated questions, 1 needed"


@given(
    table=st.lists(st.lists(st.integers(0, 6), min_size=3, max_size=3), min_size=3, max_size=3)
)  # fmt: skip
@settings(max_examples=100)
def test_every_table_has_a_finite_kappa_or_a_statement(table: list[list[int]]) -> None:
    found = cohen_kappa(table)
    if isinstance(found, Kappa):
        assert np.isfinite([found.value, found.low, found.high]).all()
        assert -1 <= found.low <= found.value <= found.high <= 1
    else:
        assert str(found).startswith("not enough data: ")


@given(seed=st.integers(0, 1000))
@settings(max_examples=30)
def test_people_are_counted_as_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    task, annotator, answer = (rng.integers(high, size=80) for high in (8, 3, 3))
    when = rng.permutation(80)
    found = repeats(task, annotator, answer, when, n_annotators=3)
    equal, pairs = np.zeros(3, int), np.zeros(3, int)
    last: dict[tuple[int, int], int] = {}
    for index in np.argsort(when):
        key = (int(annotator[index]), int(task[index]))
        if key in last and last[key] < 2 and answer[index] < 2:
            pairs[key[0]] += 1
            equal[key[0]] += last[key] == answer[index]
        last[key] = answer[index]
    assert found.people.number.tolist() == pairs.tolist()
    assert found.people.successes.tolist() == equal.tolist()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"when": [1]}, "lengths differ"),
        ({"answer": [0, -2]}, "answer holds -2"),
        ({"n_truths": 1}, "n_truths is 1"),
        ({"confidence": 1}, "confidence is 1"),
        ({"n_annotators": 1, "annotator": [0, 1]}, "n_annotators is 1"),
    ],
)
def test_wrong_arguments_are_told_with_the_value(wrong: dict, sentence: str) -> None:
    right = {"task": [0, 0], "annotator": [0, 0], "answer": [1, 0], "when": [1, 2]}
    with pytest.raises(ParameterError, match=sentence):
        repeats(**(right | wrong))


@pytest.mark.parametrize(
    ("table", "sentence"),
    [([1, 2], r"shape \(2,\)"), ([[1, 2]], r"shape \(1, 2\)"), ([[0.5, 1], [1, 2]], "no count"),
     ([[1, -1], [0, 2]], "no count")],
)  # fmt: skip
def test_what_is_no_table_is_refused(table, sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        cohen_kappa(table)
