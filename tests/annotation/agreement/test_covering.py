"""How far a campaign has come."""

from __future__ import annotations

import numpy as np
import pytest

from annotation.agreement import DailySeries, coverage, ratings_per_day
from consonance.errors import ParameterError


def test_tasks_are_counted_by_usable_answers() -> None:
    counts = np.array([[1, 1, 3], [0, 0, 5], [2, 4, 0], [3, 0, 0], [0, 0, 0]])
    found = coverage(counts, [0, 0, 0, 1, 1], needed=3, n_classes=3)
    assert found.tasks_by_number.tolist() == [[1, 0, 1, 1], [1, 0, 0, 1], [0, 0, 0, 0]]
    assert found.covered.successes.tolist() == [1, 1, 0]
    assert found.covered.number.tolist() == [3, 2, 0]
    assert str(found.covered.of(2)) == "not enough data: 0 tasks, 1 needed"


def test_days_without_answers_are_in_the_series() -> None:
    found = ratings_per_day([12, 10, 12, 12])
    assert isinstance(found, DailySeries)
    assert found.day.tolist() == [10, 11, 12]
    assert found.number.tolist() == [1, 0, 3]
    longer = ratings_per_day([12, 10, 12], first=11, last=14)
    assert isinstance(longer, DailySeries)
    assert longer.number.tolist() == [0, 2, 0, 0]
    empty = ratings_per_day([], first=3, last=4)
    assert isinstance(empty, DailySeries)
    assert empty.number.tolist() == [0, 0]
    assert str(ratings_per_day([])) == "not enough data: 0 answers, 1 needed"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"needed": 0}, "needed is 0"),
        ({"counts": [[1]]}, r"counts has shape \(1, 1\)"),
        ({"counts": [[1, -1]]}, "no count"),
        ({"counts": [[0.5, 1]]}, "no count"),
        ({"context": [0, 1]}, "context has 2 entries, counts 1 rows"),
        ({"context": [2], "n_classes": 1}, "n_classes is 1"),
    ],
)
def test_wrong_tables_are_told_with_the_value(wrong: dict, sentence: str) -> None:
    right = {"counts": [[1, 2]], "context": [0], "needed": 3}
    with pytest.raises(ParameterError, match=sentence):
        coverage(**(right | wrong))


def test_days_that_end_before_they_begin_are_refused() -> None:
    with pytest.raises(ParameterError, match="days go from 5 to 4"):
        ratings_per_day([5], first=5, last=4)
    with pytest.raises(ParameterError, match="day has type float64"):
        ratings_per_day([1.5])
