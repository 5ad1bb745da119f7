"""Pace, cost, forecast, and what early stopping saves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotation.actions.refresh_report import refresh_report
from annotation.models import Question, Rating
from tests.annotation.aggregation.crowds import crowd
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    MeasureFactory,
    QuestionFactory,
    RatingFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tables(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"


def section(campaign: Any) -> dict[str, Any]:
    found: dict[str, Any] = refresh_report(campaign=campaign).data["campaign"]
    return found


def test_days_count_every_answer_and_quiet_days_are_listed():
    campaign = crowd(present=2, absent=2, good=2, spammers=0)
    noon = timezone.now().replace(hour=12)
    early = Rating.objects.filter(person=campaign.people[0])
    early.update(created_at=noon - timedelta(days=4))
    Rating.objects.filter(person=campaign.people[1]).update(created_at=noon - timedelta(days=2))
    rating = early.first()
    again = RatingFactory(question=rating.question, person=campaign.people[0], occasion=1)
    Rating.objects.filter(pk=again.pk).update(created_at=noon - timedelta(days=2))
    days = section(campaign)["days"]
    assert [(each["ratings"], each["people"]) for each in days] == [(4, 1), (0, 0), (5, 2)]
    assert days[0]["day"] == (noon - timedelta(days=4)).date().isoformat()


def test_cost_is_time_by_pay_over_decided_labels():
    campaign = crowd(present=5, absent=5, good=4, spammers=0, pay_per_hour=9)
    Rating.objects.update(response_ms=4_000)
    found = section(campaign)
    decided = sum(
        refresh_report(campaign=campaign).data["counts"]["labels"][each]
        for each in ("present", "absent")
    )
    hours = 40 * (4 + 2) / 3600  # two seconds are lost between answers
    assert found["hours"] == pytest.approx(hours, abs=1e-3)
    assert found["cost"] == pytest.approx(9 * hours, abs=1e-4)
    assert found["cost_per_label"] == pytest.approx(9 * hours / decided, abs=1e-4)
    assert found["ratings_per_label"] == pytest.approx(40 / decided, abs=1e-4)
    assert found["seconds_per_rating"] == 4


def test_volunteers_cost_nothing_that_can_be_told():
    found = section(crowd(present=3, absent=3))
    assert (found["cost"], found["cost_per_label"]) == (None, None)
    assert found["hours"] > 0


def test_saved_answers_are_those_of_stopped_questions_outside_the_audit_slice():
    campaign = crowd(present=3, absent=3, good=3, spammers=0, max_ratings=5)
    keys = list(Question.objects.values_list("pk", flat=True))
    Question.objects.filter(pk__in=keys[:3]).update(state="decided")
    Question.objects.filter(pk=keys[3]).update(state="decided", is_audit=True)
    found = section(campaign)
    assert (found["fixed_ratings"], found["used_ratings"], found["saved_ratings"]) == (15, 9, 6)
    assert found["saved_share"] == pytest.approx(0.4)


def test_the_audit_slice_tells_what_stopping_early_would_have_said():
    campaign = crowd(
        present=20, absent=20, good=9, spammers=0, max_ratings=9, min_ratings=2, stop_posterior=0.9
    )
    Question.objects.update(is_audit=True, state="decided")
    begun = timezone.now() - timedelta(hours=1)
    for number, rating in enumerate(Rating.objects.order_by("person_id")):
        Rating.objects.filter(pk=rating.pk).update(created_at=begun + timedelta(seconds=number))
    found = section(campaign)
    assert 0.3 < found["audit_saved_share"] < 0.8
    assert found["audit_agreement"]["value"] > 0.9
    assert 30 <= found["audit_agreement"]["number"] <= 40


def test_a_rule_that_never_stops_early_saves_nothing():
    campaign = crowd(present=6, absent=6, good=4, max_ratings=5, min_ratings=5)
    Question.objects.update(is_audit=True, state="decided")
    assert section(campaign)["audit_saved_share"] == 0


def test_without_an_audit_slice_nothing_is_said():
    found = section(crowd(present=2, absent=2))
    assert found["audit_saved_share"] is None
    assert found["audit_agreement"]["note"] == "no question was asked in full yet"


def test_coverage_counts_questions_by_definite_answers():
    campaign, target = CampaignFactory(), ClassFactory()
    for answers in ([], [], ["unsure"], ["yes"], ["yes", "no", "unsure"]):
        question = QuestionFactory(campaign=campaign, target=target)
        for answer in answers:
            RatingFactory(question=question, answer=answer)
    assert section(campaign)["coverage"] == [[0, 3], [1, 1], [2, 1]]


def test_a_quota_is_forecast_from_the_pace_of_recent_days():
    campaign = crowd(present=20, absent=20, good=4, spammers=0, quota_positives=25, quota_labels=60)
    target = Question.objects.first().target
    for _ in range(60):
        QuestionFactory(campaign=campaign, target=target)
    Question.objects.filter(ratings__isnull=False).update(state="decided")
    for number, rating in enumerate(Rating.objects.order_by("pk")):
        at = timezone.now() - timedelta(days=1 + number % 8)
        Rating.objects.filter(pk=rating.pk).update(created_at=at)
    quota = refresh_report(campaign=campaign).data["classes"][0]["quota"]
    assert (quota["positives_wanted"], quota["labels_wanted"]) == (25, 60)
    assert 2 < quota["days"] < 8
    assert quota["days_low"] < quota["days"] < quota["days_high"]
    assert quota["questions_short"] == 0


def test_a_quota_that_is_met_says_so():
    campaign = crowd(present=6, absent=6, good=5, spammers=0, quota_positives=2, quota_labels=5)
    quota = refresh_report(campaign=campaign).data["classes"][0]["quota"]
    assert (quota["days"], quota["note"]) == (0, "met")


def test_the_most_disputed_questions_come_first():
    campaign, target = CampaignFactory(), ClassFactory()
    people = [RatingFactory(question__campaign=campaign, question__target=target).person]
    people += [
        RatingFactory(question=Question.objects.first(), answer="yes").person for _ in range(5)
    ]
    split = QuestionFactory(campaign=campaign, target=target)
    nearly = QuestionFactory(campaign=campaign, target=target)
    for number, person in enumerate(people):
        RatingFactory(question=split, person=person, answer="yes" if number % 2 else "no")
        RatingFactory(question=nearly, person=person, answer="no" if number else "yes")
    clips = refresh_report(campaign=campaign).data["clips"]
    assert [row["question"] for row in clips] == [str(split.pk), str(nearly.pk)]
    first = clips[0]
    assert (first["yes"], first["no"], first["unsure"]) == (3, 3, 0)
    assert (first["sample_key"], first["state"]) == (split.clip.sample_key, "open")
    assert first["entropy"] > clips[1]["entropy"]


def test_excluded_peoples_work_is_paid_for_but_counts_for_no_label():
    campaign = crowd(present=3, absent=3, good=3, spammers=1)
    before = section(campaign)
    MeasureFactory(campaign=campaign, person=campaign.yes_sayers[0], kind="exclude")
    after = section(campaign)
    assert before["hours"] == after["hours"]
    assert "6 are of excluded people" in after["note"]
