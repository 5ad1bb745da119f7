"""When quotas will be met."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.agreement import Rate, daily_rate, forecast_classes, forecast_quota
from consonance.errors import ParameterError

STEADY = [100] * 28
QUOTAS = {"quota_positives": 500, "quota_labels": 1_500}


def test_the_rate_is_the_mean_with_an_interval() -> None:
    found = daily_rate(STEADY)
    assert isinstance(found, Rate)
    assert (found.per_day, found.n_days, found.number, found.dispersion) == (100, 28, 2_800, 1)
    assert 96 < found.low < 100 < found.high < 104


def test_days_that_differ_much_widen_the_interval() -> None:
    steady, weekly = daily_rate(STEADY), daily_rate([140, 140, 140, 140, 140, 0, 0] * 4)
    assert isinstance(steady, Rate)
    assert isinstance(weekly, Rate)
    assert weekly.per_day == 100
    assert weekly.high - weekly.low > 4 * (steady.high - steady.low)


@pytest.mark.parametrize("spread", [None, 2.0])
def test_the_interval_holds_the_true_rate_about_as_often_as_it_says(spread: float | None) -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(500):
        means = np.full(28, 20.0) if spread is None else rng.gamma(spread, 20 / spread, size=28)
        found = daily_rate(rng.poisson(means), confidence=0.9)
        assert isinstance(found, Rate)
        held += found.low <= 20 <= found.high
    assert 425 <= held <= 475  # 450 expected


def test_few_days_or_none_are_stated() -> None:
    assert str(daily_rate([5, 5])) == "not enough data: 2 days of answers, 3 needed"
    idle = daily_rate([0, 0, 0])
    assert isinstance(idle, Rate)
    assert (idle.per_day, idle.dispersion) == (0, 1)
    assert 0 <= idle.low < idle.high < 1


def test_what_is_missing_divided_by_yield_and_rate() -> None:
    found = forecast_quota(
        STEADY, positives=250, labels=1_200, finished=1_250, n_answers=5_000,
        open_questions=10_000, **QUOTAS,
    )  # fmt: skip
    # Positives take longest: 250 more, at one in twenty answers, 100 answers a day.
    assert found.answers_needed == 5_000
    assert found.questions_needed == 1_250
    assert found.days == pytest.approx(50)
    assert found.low is not None
    assert found.high is not None
    assert 40 < found.low < 50 < found.high < 62
    assert (found.reason, found.is_met, found.questions_short) == ("", False, 0)


def test_labels_may_take_longest() -> None:
    found = forecast_quota(
        STEADY, positives=490, labels=750, finished=1_000, n_answers=4_000,
        open_questions=10_000, **QUOTAS,
    )  # fmt: skip
    assert found.answers_needed == 4_000


def test_a_met_quota_takes_no_days() -> None:
    found = forecast_quota(
        [], positives=500, labels=1_500, finished=0, n_answers=0, open_questions=0, **QUOTAS
    )
    assert (found.is_met, found.days, found.answers_needed, found.reason) == (True, 0, 0, "")


@pytest.mark.parametrize(
    ("changed", "reason", "short"),
    [
        ({"number_by_day": [100] * 21 + [0] * 7}, "no answers in the last 7 days", 0),
        ({"number_by_day": [0] * 5}, "no answers in the last 5 days", 0),
        ({"number_by_day": [4]}, "not enough data: 1 days of answers, 3 needed", 0),
        ({"open_questions": 930}, "open questions will not suffice: 320 questions short", 320),
        ({"open_questions": 1_249}, "open questions will not suffice: 1 question short", 1),
        ({"positives": 0}, "no positive label yet in 5,000 answers", 0),
        ({"positives": 0, "labels": 0}, "no positive label yet in 5,000 answers", 0),
        (
            {"positives": 0, "labels": 0, "quota_positives": 0, "n_answers": 1},
            "no label yet in 1 answer",
            0,
        ),
    ],
)
def test_why_there_is_no_forecast_is_told(changed: dict, reason: str, short: int) -> None:
    usual = {
        "number_by_day": STEADY, "positives": 250, "labels": 1_200, "finished": 1_250,
        "n_answers": 5_000, "open_questions": 10_000, **QUOTAS,
    }  # fmt: skip
    found = forecast_quota(**(usual | changed))
    assert found.days is None
    assert (found.reason, found.questions_short) == (reason, short)


def test_the_interval_holds_the_day_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    held = runs = 0
    for _ in range(300):
        by_day = rng.poisson(60, size=400)
        is_positive = rng.random(by_day.sum()) < 0.08
        past = by_day[:28].sum()
        positives = int(is_positive[:past].sum())
        found = forecast_quota(
            by_day[:28], positives=positives, labels=positives, finished=past, n_answers=past,
            open_questions=10**6, quota_positives=positives + 150, quota_labels=0, confidence=0.9,
        )  # fmt: skip
        met = np.flatnonzero(is_positive[past:].cumsum() == 150)[0] + 1
        days = np.searchsorted(by_day[28:].cumsum(), met) + 0.5
        assert found.low is not None
        assert found.high is not None
        held += found.low <= days <= found.high
        runs += 1
    assert 0.85 <= held / runs <= 0.95


def test_classes_are_forecast_each_for_itself() -> None:
    found = forecast_classes(
        np.array([STEADY, [0] * 28]), positives=[250, 250], labels=[1_200, 1_200],
        finished=[1_250] * 2, n_answers=[5_000] * 2, open_questions=[10_000] * 2, **QUOTAS,
    )  # fmt: skip
    assert found[0].days == pytest.approx(50)
    assert found[1].reason == "no answers in the last 7 days"


@given(
    numbers=st.lists(st.integers(0, 50), max_size=30), positives=st.integers(0, 40),
    more=st.integers(0, 60), finished=st.integers(0, 200), n_answers=st.integers(0, 500),
    open_questions=st.integers(0, 300), quota=st.integers(0, 80),
)  # fmt: skip
@settings(max_examples=150)
def test_every_state_of_a_campaign_has_days_or_a_reason(
    numbers, positives, more, finished, n_answers, open_questions, quota
) -> None:
    found = forecast_quota(
        np.array(numbers, dtype=int), positives=positives, labels=positives + more,
        finished=finished, n_answers=n_answers, open_questions=open_questions,
        quota_positives=quota, quota_labels=2 * quota,
    )  # fmt: skip
    if found.days is None:
        assert found.reason
        assert found.low is None
        assert found.high is None
    else:
        assert found.low is not None
        assert found.high is not None
        assert np.isfinite([found.low, found.days, found.high]).all()
        assert 0 <= found.low <= found.days <= found.high
        assert not found.reason


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"positives": -1}, "positives is -1"),
        ({"positives": 20}, "20 positives of 10 labels is impossible"),
        ({"number_by_day": [1, -1, 2]}, "number_by_day holds -1"),
        ({"confidence": 1}, "confidence is 1"),
        ({"quota_labels": -5}, "quota_labels is -5"),
    ],
)
def test_wrong_arguments_are_told_with_the_value(wrong: dict, sentence: str) -> None:
    right = {
        "number_by_day": STEADY, "positives": 5, "labels": 10, "finished": 10, "n_answers": 50,
        "open_questions": 100, **QUOTAS,
    }  # fmt: skip
    with pytest.raises(ParameterError, match=sentence):
        forecast_quota(**(right | wrong))


def test_classes_need_one_entry_each() -> None:
    names = ["positives", "labels", "finished", "n_answers", "open_questions"]
    columns = {name: [1] for name in names}
    with pytest.raises(ParameterError, match=r"number_by_day has shape \(3,\)"):
        forecast_classes([1, 2, 3], **columns, **QUOTAS)
    with pytest.raises(ParameterError, match="positives has 1 entries, number_by_day 2"):
        forecast_classes([STEADY, STEADY], **columns, **QUOTAS)
