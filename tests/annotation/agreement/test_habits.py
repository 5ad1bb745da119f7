"""How people listen, and how much they do by day."""

from __future__ import annotations

import numpy as np
import pytest

from annotation.agreement import (
    QuartilesOf,
    activity,
    daily_answers,
    heard_shares,
    response_times,
    too_fast,
)
from consonance.errors import ParameterError


def test_quartiles_are_numpys() -> None:
    rng = np.random.default_rng(0)
    people = rng.integers(9, size=400)
    times = rng.lognormal(8, 1, size=400)
    times[rng.random(400) < 0.1] = np.nan
    found = response_times(people, times, n_annotators=10)
    for person in range(9):
        mine = times[(people == person) & ~np.isnan(times)]
        expected = np.quantile(mine, [0.25, 0.5, 0.75])
        one = found.of(person)
        assert isinstance(one, QuartilesOf)
        assert (one.lower, one.median, one.upper) == pytest.approx(tuple(expected))
        assert one.number == len(mine)
    assert str(found.of(9)) == "not enough data: 0 measured answers, 1 needed"
    assert np.isfinite([found.lower, found.median, found.upper]).all()


def test_somebody_never_measured_is_unknown_and_not_nan() -> None:
    found = response_times([0, 0, 1], [np.nan, np.nan, 900.0])
    assert found.is_known.tolist() == [False, True]
    assert found.median.tolist() == [0, 900]


def test_the_share_heard_ends_at_the_whole_clip() -> None:
    found = heard_shares([0, 0, 0, 1], [5_000, 10_000, 25_000, np.nan], 10_000, n_annotators=2)
    assert found.median[0] == 1
    assert found.lower[0] == 0.75
    assert found.number.tolist() == [3, 0]
    each = heard_shares([0, 1], [5_000, 5_000], [10_000, 20_000])
    assert each.median.tolist() == [0.5, 0.25]


def test_answers_are_too_fast_for_three_reasons() -> None:
    #                  fine    heard little  at once  made up   no time for the required  unknown
    response = np.array([6000, 6000, 300, 2000, 1500, np.nan])
    heard = np.array([5000, 1000, 300, 9000, np.nan, np.nan])
    found = too_fast(np.zeros(6, int), response, heard, required_ms=3_000)
    assert found.people.number.tolist() == [5]
    assert found.people.successes.tolist() == [4]
    assert found.unheard.tolist() == [4]  # the instant and the made-up one took too little, too
    assert found.instant.tolist() == [1]
    assert found.impossible.tolist() == [1]


def test_nobody_has_to_hear_more_than_there_is() -> None:
    short = too_fast([0], [2_500], [2_400], required_ms=3_000, duration_ms=2_500)
    assert short.people.successes.tolist() == [0]
    long = too_fast([0], [2_500], [2_400], required_ms=3_000)
    assert long.people.successes.tolist() == [1]


def test_clocks_may_differ_a_little() -> None:
    found = too_fast([0], [2_900], [3_000], required_ms=3_000)
    assert found.people.successes.tolist() == [0]


def test_where_nothing_was_required_only_the_impossible_counts() -> None:
    found = too_fast([0, 0], [600, 600], [0, 600], required_ms=np.nan)
    assert found.people.successes.tolist() == [0]


def test_each_answer_may_have_its_own_requirement() -> None:
    found = too_fast([0, 1], [5_000, 5_000], [2_000, 2_000], required_ms=[1_000, 4_000])
    assert found.unheard.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"response_ms": [100]}, r"response_ms has shape \(1,\); \(2,\)"),
        ({"response_ms": [-1, 5]}, "response_ms holds -1"),
        ({"heard_ms": [np.inf, 5]}, "heard_ms holds a value that is infinite"),
        ({"floor_ms": -5}, "floor_ms is -5"),
        ({"floor_ms": np.nan}, "floor_ms is nan"),
        ({"annotator": [0, 3], "n_annotators": 2}, "n_annotators is 2"),
    ],
)
def test_wrong_times_are_told_with_the_value(wrong: dict, sentence: str) -> None:
    right = {
        "annotator": [0, 1], "response_ms": [900, 900], "heard_ms": [800, 800], "required_ms": 500,
    }  # fmt: skip
    with pytest.raises(ParameterError, match=sentence):
        too_fast(**(right | wrong))


def test_a_clip_has_a_length() -> None:
    with pytest.raises(ParameterError, match="duration_ms holds 0"):
        heard_shares([0], [100], 0)


def test_activity_is_counted_by_day() -> None:
    annotator = [0, 0, 0, 2, 2, 0]
    day = [100, 100, 103, 101, 101, 99]
    rows = daily_answers(annotator, day)
    assert list(zip(rows.annotator, rows.day, rows.number, strict=True)) == [
        (0, 99, 1), (0, 100, 2), (0, 103, 1), (2, 101, 2),
    ]  # fmt: skip
    found = activity(annotator, day, n_annotators=4)
    assert found.number.tolist() == [4, 0, 2, 0]
    assert found.days.tolist() == [3, 0, 1, 0]
    assert found.busiest.tolist() == [2, 0, 2, 0]
    assert found.per_day.tolist() == pytest.approx([4 / 3, 0, 2, 0])
    assert found.first_day.tolist() == [99, -1, 101, -1]
    assert found.last_day.tolist() == [103, -1, 101, -1]


def test_nobody_is_active_where_nothing_was_answered() -> None:
    assert activity([], [], n_annotators=2).number.tolist() == [0, 0]
    assert len(daily_answers([], []).day) == 0
    with pytest.raises(ParameterError, match="lengths differ: annotator 1, day 2"):
        activity([0], [1, 2])
