from __future__ import annotations

import math
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from annotation.campaigns.forecast import (
    Forecast,
    Range,
    TooFew,
    forecast,
    mean,
    median,
    over,
    scaled,
    share,
    times,
)
from annotation.models import Rating
from annotation.presenting.forecast import forecast_rows
from tests.factories import CampaignFactory, ClassFactory, QuestionFactory, RatingFactory

NUMBERS = st.lists(st.integers(1, 100_000), min_size=1, max_size=60)


def make(*, answers=3, questions=10, days=1, **fields):
    """Return a pilot in which every question has so many answers, and its full campaign."""
    full = CampaignFactory(gold_share=0.0, repeat_share=0.0, **fields)
    target = ClassFactory()
    QuestionFactory.create_batch(100, campaign=full, target=target)
    pilot = CampaignFactory(pilot_of=full, collection=full.collection)
    for place in range(questions):
        question = QuestionFactory(
            campaign=pilot, target=target, answered=answers,
            state="disputed" if place == 0 else "decided",
        )  # fmt: skip
        for number in range(answers):
            rating = RatingFactory(
                question=question, response_ms=4_000 + 100 * number,
                answer="unsure" if place == number == 0 else "yes",
            )  # fmt: skip
            at = timezone.now() - timedelta(days=place % days)
            Rating.objects.filter(pk=rating.pk).update(created_at=at)
    return pilot, full


@pytest.mark.django_db
def test_a_pilot_tells_answers_hours_cost_and_days_of_the_full_campaign():
    pilot, full = make(days=2, pay_per_hour="12.00")
    found = forecast(pilot, full)
    assert isinstance(found, Forecast)
    assert (found.answers, found.finished, found.full_questions) == (30, 10, 100)
    assert found.seconds.value == pytest.approx(4.1)
    assert found.ratings_per_label == Range(value=3, low=3, high=3)
    assert found.unsure.value == pytest.approx(1 / 30)
    assert found.disputed.value == pytest.approx(1 / 10)
    assert found.ratings.value == 300
    assert found.hours.value == pytest.approx(300 * 6.1 / 3_600)
    assert found.cost is not None
    assert found.cost.value == pytest.approx(12 * found.hours.value)
    assert found.days is not None
    assert found.days.value == pytest.approx(300 / 15)


@pytest.mark.django_db
def test_gold_and_repeats_take_time_beside_what_makes_labels():
    pilot, full = make()
    full.gold_share, full.repeat_share = 0.5, 0.1
    found = forecast(pilot, full)
    assert isinstance(found, Forecast)
    assert found.ratings.value == pytest.approx(300 * 2 * 1.1)


@pytest.mark.django_db
def test_volunteers_cost_nothing_and_one_day_tells_no_pace():
    found = forecast(*make())
    assert isinstance(found, Forecast)
    assert found.cost is None
    assert found.days is None


@pytest.mark.django_db
def test_too_few_answers_are_said_to_be_too_few():
    found = forecast(*make(questions=4))
    assert isinstance(found, TooFew)
    assert "12 answers" in found.told
    assert "4 finished" in found.told
    assert forecast_rows(*make(questions=0))["shortage"]


@pytest.mark.django_db
def test_repeats_and_answers_taken_back_do_not_count():
    pilot, full = make()
    question = pilot.questions.first()
    RatingFactory(question=question, is_withdrawn=True, response_ms=90_000)
    RatingFactory(question=question, occasion=1, response_ms=90_000)
    found = forecast(pilot, full)
    assert isinstance(found, Forecast)
    assert found.answers == 30


@pytest.mark.django_db
def test_the_rows_are_written_for_people():
    shown = forecast_rows(*make(days=2, pay_per_hour="12.00"))
    rows = {row["label"]: row for row in shown["rows"]}
    assert rows["Answers in all"]["value"] == "300"
    assert rows["Cost"]["unit"] == "EUR"
    assert rows["Median time of an answer"]["interval"] == "4.0 to 4.2"
    assert "30 answers" in shown["based_on"]


@given(NUMBERS)
def test_means_and_medians_lie_in_their_intervals(values):
    for one in (mean(values), median(values)):
        assert min(values) <= one.value <= max(values)
        if one.low is not None and one.high is not None:
            assert one.low <= one.value <= one.high


@given(st.integers(1, 500), st.data())
def test_a_share_lies_in_its_interval_and_that_in_zero_to_one(whole, data):
    part = data.draw(st.integers(0, whole))
    found = share(part, whole)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_wilsons_interval_is_the_published_one():
    # Newcombe (Statistics in Medicine 1998), table I, method 3: 81 of 263.
    found = share(81, 263)
    assert (found.low, found.high) == (
        pytest.approx(0.2553, abs=1e-4),
        pytest.approx(0.3662, abs=1e-4),
    )


@given(NUMBERS, NUMBERS)
def test_products_are_wider_than_either_and_never_below_nothing(some, others):
    one, other = mean(some), mean(others)
    for found in (times(one, other), over(one, other)):
        if found.low is not None and found.high is not None:
            assert 0 <= found.low <= found.value <= found.high
            assert math.isfinite(found.high)
        else:
            assert one.low is None or other.low is None


def test_what_is_known_exactly_scales_exactly():
    assert scaled(Range(value=2, low=1, high=3), 10) == Range(value=20, low=10, high=30)
    assert scaled(Range(value=2, low=None, high=None), 10).low is None


def test_the_forecast_needs_no_scipy():
    code = (
        "import django, sys; django.setup();"
        "import annotation.campaigns.forecast, annotation.presenting.forecast;"
        "sys.exit('scipy' in sys.modules)"
    )
    folders = os.pathsep.join(path for path in sys.path if path)
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": folders}
    )
