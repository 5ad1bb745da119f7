"""The same answer many times in a row."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.agreement import expected_answers, straight_lining
from consonance.errors import ParameterError


def longest_run(answers: list[int]) -> int:
    return max((len(list(run)) for _, run in itertools.groupby(answers)), default=0)


def chance_of_run(rates: np.ndarray, length: int) -> float:
    """Return P(some answer comes `length` times in a row) for unequal independent answers."""
    # State: the last answer and how often in a row, below `length`; what is lost has reached it.
    state = {(-1, 0): 1.0}
    for row in rates:
        after: dict[tuple[int, int], float] = {}
        for (last, times), mass in state.items():
            for answer, chance in enumerate(row):
                now = times + 1 if answer == last else 1
                if now < length:
                    after[answer, now] = after.get((answer, now), 0.0) + mass * chance
        state = after
    return 1 - sum(state.values())


def test_the_longest_run_is_found_in_time_order() -> None:
    annotator = np.array([0, 0, 0, 0, 1, 0, 1])
    answer = np.array([1, 0, 1, 1, 0, 1, 0])
    when = np.array([3, 9, 4, 5, 1, 1, 2])  # person 0 in time: 1 (5), 1 (0), 1 (2), 1 (3), 0 (1)
    found = straight_lining(annotator, answer, when, n_annotators=3)
    assert found.longest.tolist() == [4, 2, 0]
    assert found.answer.tolist() == [1, 0, -1]
    assert found.start.tolist() == [5, 4, -1]
    assert found.number.tolist() == [5, 2, 0]
    assert found.chance_own[2] == 1


def test_unsure_neither_counts_nor_ends_a_run() -> None:
    found = straight_lining([0] * 5, [1, 1, 2, 1, 0], np.arange(5))
    assert (found.longest[0], found.number[0]) == (3, 4)


def test_of_equally_long_runs_the_first_is_told() -> None:
    found = straight_lining([0] * 5, [0, 0, 1, 1, 0], np.arange(5))
    assert (found.answer[0], found.start[0]) == (0, 0)


def test_times_may_be_dates() -> None:
    when = np.array(["2026-01-02", "2026-01-01", "2026-01-03"], dtype="datetime64[s]")
    found = straight_lining([0, 0, 0], [1, 0, 1], when)
    assert (found.longest[0], found.start[0]) == (2, 0)


@given(
    answers=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=60),
)
@settings(max_examples=80)
def test_runs_are_those_counted_one_by_one(answers: list[tuple[int, int]]) -> None:
    annotator = np.array([person for person, _ in answers], dtype=int)
    answer = np.array([said for _, said in answers], dtype=int)
    when = np.arange(len(answers))
    found = straight_lining(annotator, answer, when, n_truths=3, n_annotators=3)
    for person in range(3):
        mine = [said for who, said in answers if who == person and said < 3]
        assert found.longest[person] == longest_run(mine)
        assert 0 <= found.chance_own[person] <= 1


@pytest.mark.parametrize("rate", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("number", [40, 200])
def test_the_chance_is_close_to_the_exact_one_and_never_below(rate: float, number: int) -> None:
    rng = np.random.default_rng(1)
    rates = np.clip(rng.normal(rate, 0.1, size=number), 0.05, 0.95)
    expected = np.stack([1 - rates, rates], axis=1)
    checked = 0
    for length in range(5, 30):
        answer = np.array([1] * length + [0, 1] * number)[:number]
        found = straight_lining(np.zeros(number, int), answer, np.arange(number), expected=expected)
        if found.longest[0] != length:
            continue
        exact = chance_of_run(expected, length)
        assert found.chance_tasks[0] >= min(exact, 1) * (1 - 1e-6)
        if exact < 0.05:
            checked += 1
            assert found.chance_tasks[0] <= exact * 1.1
    assert checked


def test_a_yes_sayer_expects_runs_and_an_average_person_does_not() -> None:
    rng = np.random.default_rng(2)
    expected = np.tile([0.55, 0.45], (60, 1))
    found = straight_lining(np.zeros(60, int), np.ones(60, int), np.arange(60), expected=expected)
    assert found.longest[0] == 60
    assert found.chance_own[0] == 1
    assert found.chance_tasks[0] == pytest.approx(0.45**60, rel=1e-6)
    # Somebody who clicks through half the time is surprising by their own rates, too.
    mixed = np.concatenate([rng.integers(2, size=60), np.ones(40, int)])
    clicked = straight_lining(np.zeros(100, int), mixed, np.arange(100))
    assert clicked.longest[0] >= 40
    assert clicked.chance_own[0] < 1e-4


def test_honest_people_are_rarely_found() -> None:
    rng = np.random.default_rng(3)
    n_people, each = 3_000, 120
    annotator = np.repeat(np.arange(n_people), each)
    answer = (rng.random(len(annotator)) < 0.45).astype(int)
    found = straight_lining(annotator, answer, np.arange(len(annotator)))
    for level in (0.1, 0.01):
        assert (found.chance_own <= level).mean() <= level


def test_expected_answers_mix_the_average_persons_rows() -> None:
    rest = [[1.0, 0.0], [0.25, 0.75]]
    confusion = [[0.6, 0.2, 0.2], [0.1, 0.8, 0.1]]  # with unsure, which is left out
    found = expected_answers(rest, confusion)
    assert found[0] == pytest.approx([0.75, 0.25])
    assert found[1] == pytest.approx([0.25 * 0.75 + 0.75 / 9, 0.25 * 0.25 + 0.75 * 8 / 9])
    assert expected_answers(np.zeros((0, 2)), np.eye(2)).shape == (0, 2)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"when": [1.0, np.nan]}, "when holds a missing time"),
        ({"when": ["a", "b"]}, "when has type"),
        ({"when": [1]}, "lengths differ: annotator 2, answer 2, when 1"),
        ({"when": [[1, 2]]}, r"when has shape \(1, 2\)"),
        ({"expected": [[0.5, 0.5]]}, r"expected has shape \(1, 2\)"),
        ({"expected": [[0.5, 0.4]] * 2}, "expected holds a distribution that sums to 0.9"),
        ({"expected": [[np.nan, 0.4]] * 2}, "not finite"),
        ({"n_truths": 0}, "n_truths is 0"),
        ({"answer": [-1, 0]}, "answer holds -1"),
    ],
)
def test_wrong_arguments_are_told_with_the_value(wrong: dict, sentence: str) -> None:
    right = {"annotator": [0, 0], "answer": [1, 0], "when": [1, 2]}
    with pytest.raises(ParameterError, match=sentence):
        straight_lining(**(right | wrong))


def test_a_confusion_that_is_none_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"confusion has shape \(2,\)"):
        expected_answers([[0.5, 0.5]], [1, 0])
    with pytest.raises(ParameterError, match=r"rest has shape \(1, 3\)"):
        expected_answers([[0.5, 0.25, 0.25]], np.eye(2))
