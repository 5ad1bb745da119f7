"""What a report says of people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from annotation.actions.refresh_report import refresh_report
from annotation.models import PersonReport, Question, Rating
from annotation.people.pseudonyms import Pseudonyms
from tests.annotation.aggregation.crowds import crowd
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    GoldAnswerFactory,
    MeasureFactory,
    QuestionFactory,
    RatingFactory,
    annotator,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tables(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"


def people_of(campaign: Any) -> dict[Any, PersonReport]:
    report = refresh_report(campaign=campaign)
    return {row.person_id: row for row in report.people.all()}


def flags(row: PersonReport) -> set[str]:
    return {flag["code"] for flag in row.data["flags"]}


def test_everybody_is_listed_by_pseudonym_and_account():
    campaign = crowd(present=3, absent=3)
    found = people_of(campaign)
    names = Pseudonyms(campaign.collection_id)
    for person in campaign.people + campaign.yes_sayers:
        row = found[person.pk]
        assert row.rater == names.of(person.pk)
        assert (row.ratings, row.is_simulated) == (6, False)
        assert row.median_response_ms == 2500
        assert row.data["habits"]["response_quartiles_ms"] == [2500, 2500, 2500]
        assert row.data["habits"]["heard_share"] == 0.6


def test_a_yes_sayer_among_ten_is_flagged_and_nobody_else():
    campaign = crowd(present=20, absent=20, good=9, spammers=1, accuracy=0.92)
    found = people_of(campaign)
    [spammer] = campaign.yes_sayers
    assert {"spammer", "straight"} <= flags(found[spammer.pk])
    assert found[spammer.pk].spammer_score < 0.05
    assert found[spammer.pk].sensitivity > 0.85 > 0.2 > found[spammer.pk].specificity
    for person in campaign.people:
        assert "spammer" not in flags(found[person.pk])
        assert found[person.pk].spammer_score > 0.4
        assert found[person.pk].agreement > 0.8 > found[spammer.pk].agreement


def test_an_excluded_person_is_judged_by_the_others_and_stays_on_the_list():
    campaign = crowd(present=20, absent=20, good=6, spammers=1, classes=2)
    inside = people_of(campaign)
    [spammer] = campaign.yes_sayers
    MeasureFactory(campaign=campaign, person=spammer, kind="exclude")
    outside = people_of(campaign)
    row = outside[spammer.pk]
    assert row.data["is_excluded"]
    assert row.ratings == 80
    assert row.sensitivity > 0.85
    assert row.specificity < 0.2
    assert row.trust == pytest.approx(0.5, abs=0.1)
    assert "spammer" in flags(row)
    assert row.agreement == pytest.approx(inside[spammer.pk].agreement, abs=0.1)
    assert not any(outside[person.pk].data["is_excluded"] for person in campaign.people)


def test_accuracy_on_gold_has_an_interval_and_low_accuracy_a_flag():
    campaign = crowd(present=12, absent=12, gold=12, good=4, spammers=1)
    found = people_of(campaign)
    [spammer] = campaign.yes_sayers
    gold = found[spammer.pk].data["gold"]
    assert (gold["value"], gold["number"]) == (0.5, 24)
    assert gold["low"] < 0.5 < gold["high"]
    assert "gold" in flags(found[spammer.pk])
    given = Rating.objects.filter(person=campaign.people[0])
    right = sum(rating.answer == campaign.truth[rating.question_id] for rating in given)
    assert found[campaign.people[0].pk].gold_accuracy == pytest.approx(right / 24, abs=1e-5)


def test_repeats_show_who_agrees_with_themselves():
    campaign = crowd(present=10, absent=10, good=4, spammers=0)
    steady, fickle = campaign.people[:2]
    for person in (steady, fickle):
        for rating in Rating.objects.filter(person=person, occasion=0)[:12]:
            other = "no" if rating.answer == "yes" else "yes"
            RatingFactory(
                question=rating.question,
                person=person,
                occasion=1,
                answer=rating.answer if person == steady else other,
            )
    found = people_of(campaign)
    assert found[steady.pk].data["repeats"]["value"] == 1
    assert found[steady.pk].data["repeat_kappa"] == 1
    assert found[fickle.pk].data["repeats"]["value"] == 0
    assert found[fickle.pk].data["repeats"]["number"] == 12
    assert "repeats" in flags(found[fickle.pk])
    assert found[campaign.people[2].pk].data["repeats"]["value"] is None
    assert found[steady.pk].ratings == 20  # repeats do not count as answers of their own


def test_hasty_answers_are_counted_and_flagged():
    campaign = crowd(present=10, absent=10, good=4, spammers=0, min_heard_ms=3000)
    Rating.objects.update(response_ms=7_000, heard_ms=6_900)
    hasty = campaign.people[0]
    Rating.objects.filter(person=hasty).update(response_ms=200, heard_ms=150)
    found = people_of(campaign)
    assert found[hasty.pk].data["habits"]["too_fast"]["value"] == 1
    assert "fast" in flags(found[hasty.pk])
    other = found[campaign.people[1].pk]
    assert other.data["habits"]["too_fast"]["value"] == 0
    assert "fast" not in flags(other)


def test_answers_are_listed_by_day_and_in_windows_of_time():
    campaign = crowd(present=30, absent=30, good=3, spammers=0)
    person = campaign.people[0]
    noon = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)
    for number, rating in enumerate(Rating.objects.filter(person=person)):
        at = noon - timedelta(days=3 if number < 40 else 1, seconds=-number)
        Rating.objects.filter(pk=rating.pk).update(created_at=at)
    row = people_of(campaign)[person.pk]
    assert [each["ratings"] for each in row.data["days"]] == [40, 20]
    windows = row.data["drift"]["windows"]
    assert sum(each["agreement"]["number"] for each in windows) == row.data["agreement"]["number"]
    assert [each["start"] for each in windows] == sorted(each["start"] for each in windows)
    assert not row.data["drift"]["drifted"]


def test_somebody_who_gets_worse_drifts():
    campaign = crowd(present=70, absent=70, good=5, spammers=0, accuracy=0.95)
    tired = annotator()
    begun = timezone.now() - timedelta(days=1)
    for number, question in enumerate(Question.objects.of(campaign).order_by("pk")):
        truth = campaign.truth[question.pk]
        rating = RatingFactory(
            question=question, person=tired, answer=truth if number < 70 or number % 2 else "yes"
        )
        Rating.objects.filter(pk=rating.pk).update(created_at=begun + timedelta(seconds=number))
    Rating.objects.filter(person=tired, created_at__gte=begun + timedelta(seconds=70)).update(
        answer="no"
    )
    row = people_of(campaign)[tired.pk]
    assert row.data["drift"]["drifted"]
    assert row.data["drift"]["direction"] == "worse"
    assert row.data["drift"]["at"] >= begun.isoformat()[:16]
    assert "drift" in flags(row)


def test_two_who_share_their_answers_are_a_suspicious_pair_and_a_cluster():
    rng = np.random.default_rng(8)
    campaign, target = CampaignFactory(), ClassFactory()
    honest = [annotator() for _ in range(6)]
    first, second = annotator(), annotator()
    for number in range(80):
        truth = "yes" if number % 2 else "no"
        other = "no" if number % 2 else "yes"
        question = QuestionFactory(campaign=campaign, target=target)
        for person in honest:
            answer = truth if rng.random() < 0.8 else other
            RatingFactory(question=question, person=person, answer=answer)
        shared = truth if rng.random() < 0.7 else other
        for person in (first, second):
            RatingFactory(question=question, person=person, answer=shared)
    report = refresh_report(campaign=campaign)
    names = Pseudonyms(campaign.collection_id)
    pair = report.data["pairs"][0]
    assert {pair["first"], pair["second"]} == {names.of(first.pk), names.of(second.pk)}
    assert (pair["shared"], pair["equal"]) == (80, 80)
    assert pair["expected"] < 70
    assert pair["cluster"] == 0
    [cluster] = report.data["clusters"]
    assert set(cluster["raters"]) == {pair["first"], pair["second"]}
    found = {row.person_id: row for row in report.people.all()}
    assert found[first.pk].data["cluster"] == found[second.pk].data["cluster"] == 0
    assert all(found[person.pk].data["cluster"] is None for person in honest)
    assert report.data["pairs"][1]["cluster"] is None


def test_a_person_in_a_class_has_skill_and_confusion_of_that_class():
    campaign = crowd(present=10, absent=10, classes=2, good=4, spammers=0)
    deaf = campaign.people[0]
    Rating.objects.filter(person=deaf, question__target__name="class-1").update(answer="no")
    row = people_of(campaign)[deaf.pk]
    one, other = row.data["classes"]
    assert (one["name"], other["name"]) == ("class-0", "class-1")
    assert one["ratings"] == other["ratings"] == 20
    assert one["trust"] > other["trust"]
    assert one["agreement"]["value"] > other["agreement"]["value"] == pytest.approx(0.5, abs=0.1)
    assert one["confusion"][1][1] > other["confusion"][1][1]


def test_gold_in_a_class_is_that_of_the_class():
    campaign = crowd(present=2, absent=2, classes=2)
    question = Question.objects.filter(target__name="class-1").first()
    GoldAnswerFactory(question=question, truth="absent")
    [spammer] = campaign.yes_sayers
    one, other = people_of(campaign)[spammer.pk].data["classes"]
    assert one["gold"]["value"] is None
    assert (other["gold"]["value"], other["gold"]["number"]) == (0, 1)
