"""People who become worse in the course of a campaign."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.agreement import Interval, average_run_length, drift, false_alarm_rate
from annotation.agreement.drifting import THRESHOLD, WARM_UP, cumulative_sums
from consonance.errors import ParameterError


def crowd(
    n_people: int, number: int, accuracy: float, seed: int, later: float | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return people whose accuracy changes half-way, answers of all mixed up in time."""
    rng = np.random.default_rng(seed)
    annotator = np.repeat(np.arange(n_people), number)
    when = rng.permutation(n_people * number).astype(float)
    rank = np.empty(len(when), int)
    for person in range(n_people):
        mine = np.flatnonzero(annotator == person)
        rank[mine[np.argsort(when[mine])]] = np.arange(number)
    chance = np.where(rank < number // 2, accuracy, accuracy if later is None else later)
    return annotator, rng.random(len(when)) < chance, when


def sums_one_by_one(right: np.ndarray, expected: float) -> list[float]:
    """Return the cumulative sum by its recursion, for one person on equal tasks."""

    def logit(share: float) -> float:
        share = min(max(share, 0.01), 0.99)
        return float(np.log(share / (1 - share)))

    total, sums = 0.0, []
    for index, is_right in enumerate(right):
        answers = index + 5
        own = (right[:index].sum() + 5 * expected) / answers
        before = 1 / (1 + np.exp(-(logit(expected) + logit(own) - logit(expected))))
        before = min(max(before, 0.02), 0.98)
        fallen = 1 / (1 + np.exp(-(logit(before) - 1)))
        step = np.log(fallen / before) if is_right else np.log((1 - fallen) / (1 - before))
        total = max(0.0, total + step) if index >= WARM_UP else 0.0
        sums.append(total)
    return sums


@given(seed=st.integers(0, 10_000), accuracy=st.floats(0.3, 0.98))
@settings(max_examples=30)
def test_the_sum_is_pages_recursion_for_each_person(seed: int, accuracy: float) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 150, size=5)
    right = rng.random(counts.sum()) < accuracy
    sums, since = cumulative_sums(right, np.full(len(right), 0.8), counts)
    begin = 0
    for count in counts:
        expected = sums_one_by_one(right[begin : begin + count], 0.8)
        assert sums[begin : begin + count] == pytest.approx(expected, abs=1e-5)
        begin += count
    assert (since <= np.arange(len(right))).all()


@pytest.mark.parametrize("accuracy", [0.55, 0.7, 0.85, 0.95])
def test_people_who_do_not_change_seldom_ring(accuracy: float) -> None:
    for expected in (None, 0.9):
        rate = false_alarm_rate(500, accuracy, seed=0, expected=expected, n_people=4_000)
        assert isinstance(rate, Interval)
        assert rate.low <= 0.011
        assert rate.value <= 0.016


def test_the_average_run_length_is_tens_of_thousands_of_answers() -> None:
    assert average_run_length(0.8, seed=0, n_people=400, longest=2_000) > 20_000


def test_a_lower_threshold_rings_more_often() -> None:
    low = false_alarm_rate(300, 0.8, seed=1, n_people=2_000, threshold=3)
    high = false_alarm_rate(300, 0.8, seed=1, n_people=2_000, threshold=6)
    assert isinstance(low, Interval)
    assert isinstance(high, Interval)
    assert low.value > high.value


def test_people_who_become_worse_are_found_and_told_since_when() -> None:
    annotator, right, when = crowd(40, 400, 0.9, seed=2, later=0.65)
    found = drift(annotator, right, when)
    assert found.is_drifting.mean() > 0.9
    drifting = np.flatnonzero(found.is_drifting)
    rank = np.argsort(np.argsort(when))
    for person in drifting:
        mine = np.sort(rank[annotator == person])
        began = np.searchsorted(mine, rank[found.began_at[person]])
        alarm = np.searchsorted(mine, rank[found.alarm_at[person]])
        assert annotator[found.began_at[person]] == person
        assert began <= alarm
    began = np.array(
        [
            (when[annotator == person] < when[found.began_at[person]]).sum()
            for person in drifting
        ]
    )  # fmt: skip
    assert abs(np.median(began) - 200) < 25
    assert (found.before.value[drifting] > found.after.value[drifting]).all()
    assert (found.before.number + found.after.number == 400).all()


def test_somebody_bad_from_the_start_does_not_drift() -> None:
    good = crowd(60, 200, 0.9, seed=3)
    bad = crowd(30, 200, 0.5, seed=4)
    annotator = np.concatenate([good[0], bad[0] + 60])
    right, when = np.concatenate([good[1], bad[1]]), np.concatenate([good[2], bad[2]])
    found = drift(annotator, right, when)
    assert found.is_drifting.sum() <= 2


def test_harder_questions_make_nobody_worse() -> None:
    annotator, right, when = crowd(60, 400, 0.92, seed=5, later=0.7)
    unaware = drift(annotator, right, when)
    rank = np.zeros(len(when), int)
    for person in range(60):
        mine = np.flatnonzero(annotator == person)
        rank[mine[np.argsort(when[mine])]] = np.arange(400)
    expected = np.where(rank < 200, 0.92, 0.7)
    aware = drift(annotator, right, when, expected=expected)
    assert unaware.is_drifting.mean() > 0.9
    assert aware.is_drifting.sum() <= 2


def test_somebody_who_becomes_better_does_not_drift() -> None:
    annotator, right, when = crowd(40, 300, 0.6, seed=6, later=0.95)
    assert drift(annotator, right, when).is_drifting.sum() <= 1


def test_the_series_holds_every_answer_once() -> None:
    annotator, right, when = crowd(5, 110, 0.8, seed=7)
    found = drift(annotator, right, when, window=25, n_annotators=6)
    series = found.series
    assert series.number.sum() == len(right)
    assert series.right.sum() == right.sum()
    one = series.of(3)
    assert one.window.tolist() == [0, 1, 2, 3, 4]
    assert one.number.tolist() == [25, 25, 25, 25, 10]
    mine = np.flatnonzero(annotator == 3)
    in_time = mine[np.argsort(when[mine])]
    assert one.first.tolist() == in_time[::25].tolist()
    assert one.last.tolist() == [*in_time[24::25].tolist(), in_time[-1]]
    assert one.right[0] == right[in_time[:25]].sum()
    assert one.cusum.max() == pytest.approx(found.peak[3])
    assert ((one.low <= one.value) & (one.value <= one.high)).all()
    assert len(series.of(5).window) == 0


def test_the_order_of_the_input_changes_nothing() -> None:
    annotator, right, when = crowd(8, 120, 0.85, seed=8, later=0.5)
    order = np.random.default_rng(0).permutation(len(right))
    before, after = (
        drift(annotator, right, when),
        drift(annotator[order], right[order], when[order]),
    )
    assert before.peak == pytest.approx(after.peak)
    assert before.is_drifting.tolist() == after.is_drifting.tolist()
    drifting = before.is_drifting
    assert before.alarm_at[drifting].tolist() == order[after.alarm_at[drifting]].tolist()


@given(number=st.integers(0, 80), seed=st.integers(0, 100), always=st.booleans())
@settings(max_examples=40)
def test_every_sequence_gives_finite_numbers(number: int, seed: int, always: bool) -> None:
    rng = np.random.default_rng(seed)
    right = np.ones(number, bool) if always else rng.random(number) < 0.5
    found = drift(rng.integers(3, size=number), right, rng.random(number), n_annotators=3,
                  expected=rng.integers(2, size=number).astype(float))  # fmt: skip
    for values in (found.peak, found.before.value, found.after.low, found.series.cusum):
        assert np.isfinite(values).all()
    assert found.threshold == THRESHOLD


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"is_right": [1, 0]}, "is_right has type int64; booleans"),
        ({"is_right": [True]}, r"is_right has shape \(1,\)"),
        ({"when": [2]}, "lengths differ"),
        ({"threshold": 0}, "threshold is 0"),
        ({"threshold": np.nan}, "threshold is nan"),
        ({"window": 0}, "window is 0"),
        ({"expected": [0.5, 1.5]}, "expected holds 1.5"),
        ({"expected": [0.5, np.nan]}, "not finite"),
        ({"confidence": 2}, "confidence is 2"),
    ],
)
def test_wrong_arguments_are_told_with_the_value(wrong: dict, sentence: str) -> None:
    right = {"annotator": [0, 1], "is_right": [True, False], "when": [1, 2]}
    with pytest.raises(ParameterError, match=sentence):
        drift(**(right | wrong))


@pytest.mark.parametrize(
    ("n_ratings", "accuracy", "sentence"),
    [(0, 0.5, "0 ratings"), (10, 1.0, "accuracy is 1.0")],
)
def test_impossible_simulations_are_refused(n_ratings: int, accuracy: float, sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        false_alarm_rate(n_ratings, accuracy, seed=0)
    with pytest.raises(ParameterError, match=sentence):
        average_run_length(accuracy, seed=0, longest=n_ratings)
    with pytest.raises(ParameterError, match="expected is 2"):
        false_alarm_rate(10, 0.5, seed=0, expected=2)
