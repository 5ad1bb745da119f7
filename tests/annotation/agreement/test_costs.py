"""What labels take, and what stopping early saves."""

from __future__ import annotations

import numpy as np
import pytest

from annotation.agreement import LabelCost, Savings, label_cost, savings
from consonance.errors import ParameterError


def test_savings_are_against_a_fixed_number_for_every_question() -> None:
    found = savings([2, 3, 5, 2], fixed=5)
    assert isinstance(found, Savings)
    assert (found.n_questions, found.n_answers, found.n_fixed, found.saved) == (4, 12, 20, 8)
    assert found.share == pytest.approx(0.4)
    spread = np.std([2, 3, 5, 2], ddof=1) / 2 / 5
    assert (found.low, found.high) == pytest.approx(
        (0.4 - 1.959964 * spread, 0.4 + 1.959964 * spread)
    )


def test_more_answers_than_fixed_are_told_as_they_are() -> None:
    found = savings([7, 7], fixed=5)
    assert isinstance(found, Savings)
    assert (found.saved, found.share) == (-4, pytest.approx(-0.4))
    assert found.low == found.high == found.share


def test_a_single_question_has_no_spread() -> None:
    found = savings([2], fixed=4)
    assert isinstance(found, Savings)
    assert found.low == found.share == found.high == 0.5
    assert str(savings([], fixed=5)) == (
        "not enough data: 0 questions that are no longer asked, 1 needed"
    )


def test_cost_is_time_with_overhead_by_labels() -> None:
    found = label_cost([4_000, 6_000, np.nan, 5_000], 2, overhead_ms=1_000, pay_per_hour=12)
    assert isinstance(found, LabelCost)
    assert (found.n_answers, found.n_labels, found.n_unmeasured) == (4, 2, 1)
    assert found.hours == pytest.approx(4 * 6_000 / 3_600_000)
    assert found.seconds_per_label == pytest.approx(12)
    assert found.answers_per_label == 2
    assert found.cost_per_label == pytest.approx(12 * 12 / 3600)


def test_volunteers_cost_time_only_and_breaks_are_not_work() -> None:
    found = label_cost([86_400_000], 1, overhead_ms=0)
    assert isinstance(found, LabelCost)
    assert found.cost_per_label is None
    assert found.seconds_per_label == 120


def test_without_labels_or_times_there_is_no_cost() -> None:
    assert str(label_cost([5_000], 0)) == "not enough data: 0 decided labels, 1 needed"
    assert str(label_cost([np.nan], 3)) == "not enough data: 0 measured answers, 1 needed"
    assert str(label_cost([], 3)) == "not enough data: 0 measured answers, 1 needed"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"n_labels": -1}, "n_labels is -1"),
        ({"overhead_ms": np.nan}, "overhead_ms is nan"),
        ({"pay_per_hour": -3}, "pay_per_hour is -3"),
        ({"response_ms": [-5]}, "response_ms holds -5"),
        ({"response_ms": 5}, r"response_ms has shape \(\)"),
    ],
)
def test_wrong_costs_are_told_with_the_value(wrong: dict, sentence: str) -> None:
    right = {"response_ms": [5_000], "n_labels": 1}
    with pytest.raises(ParameterError, match=sentence):
        label_cost(**(right | wrong))


def test_wrong_savings_are_told_with_the_value() -> None:
    with pytest.raises(ParameterError, match="fixed is 0"):
        savings([1], fixed=0)
    with pytest.raises(ParameterError, match="n_answers holds -1"):
        savings([-1], fixed=5)
