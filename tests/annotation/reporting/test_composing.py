"""Reports have the shape that pages read, add up, and are finite whatever happened."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotation.actions.refresh_report import refresh_report
from annotation.models import ConsistencyReport, Question, Rating
from annotation.reporting.shape import PersonDetail, ReportData
from tests.annotation.aggregation.crowds import aggregate, crowd
from tests.annotation.reporting.shapes import problems
from tests.factories import (
    CampaignFactory,
    CandidateFactory,
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


def assert_sound(report: ConsistencyReport) -> dict[str, Any]:
    """Assert that a report is what its shape says, finite throughout, and adds up."""
    data = report.data
    json.dumps(data, allow_nan=False)
    assert problems(data, ReportData) == []
    people = list(report.people.all())
    for person in people:
        json.dumps(person.data, allow_nan=False)
        assert problems(person.data, PersonDetail, person.rater) == []
        assert person.flag_count == len(person.data["flags"])
        assert sum(row["ratings"] for row in person.data["classes"]) == person.ratings
    counts = data["counts"]
    assert counts["raters"] + counts["excluded_raters"] == len(people)
    assert counts["ratings"] + counts["excluded_ratings"] == sum(row.ratings for row in people)
    assert counts["ratings"] == sum(row["ratings"] for row in data["classes"]) == report.ratings
    assert counts["questions"] == sum(row["questions"] for row in data["classes"])
    assert counts["questions"] == sum(number for _, number in data["campaign"]["coverage"])
    assert sum(counts["labels"].values()) == sum(data["posteriors"])
    for row in data["classes"]:
        assert row["open"] + row["decided"] + row["disputed"] == row["questions"]
        assert row["yes"] + row["no"] + row["unsure"] == row["ratings"]
        assert sum(row["labels"].values()) == row["rated"] == sum(row["posteriors"])
    for key in counts["labels"]:
        assert counts["labels"][key] == sum(row["labels"][key] for row in data["classes"])
    return data


def test_a_full_report_is_sound():
    campaign = crowd(present=14, absent=14, gold=11, classes=2, pay_per_hour=12, max_ratings=5)
    for number, question in enumerate(Question.objects.of(campaign)):
        CandidateFactory(
            clip=question.clip,
            target=question.target,
            likelihood=0.8 if campaign.truth[question.pk] == "yes" else 0.3,
            tail="high" if number % 2 else "low",
        )
        question.campaign.rounds.add(question.clip.candidates.get().round)
    stopped = Question.objects.of(campaign)[:9]
    Question.objects.filter(pk__in=[each.pk for each in stopped]).update(
        state="decided", stop_reason="posterior"
    )
    first = Question.objects.first()
    RatingFactory(question=first, person=campaign.people[0], answer="no", occasion=1)
    MeasureFactory(campaign=campaign, person=campaign.yes_sayers[0], kind="exclude")
    Rating.objects.update(created_at=timezone.now() - timedelta(days=2))
    data = assert_sound(refresh_report(campaign=campaign))
    assert data["calibration"]["after"]["ece"] is not None
    assert data["campaign"]["cost"] > 0
    assert data["campaign"]["days"][0]["people"] == 5
    assert data["classes"][0]["detector"]["auc"]["value"] > 0.5
    assert {row["name"] for row in data["classes"][0]["detector"]["tails"]} == {"high", "low"}
    assert data["shortage"] == ""


def empty() -> Any:
    return CampaignFactory()


def unanswered() -> Any:
    return QuestionFactory().campaign


def one_rating() -> Any:
    return RatingFactory().question.campaign


def one_person() -> Any:
    campaign, person = CampaignFactory(), annotator()
    for _ in range(5):
        RatingFactory(question=QuestionFactory(campaign=campaign), person=person)
    return campaign


def all_unsure() -> Any:
    campaign = crowd(present=4, absent=4)
    Rating.objects.update(answer="unsure")
    return campaign


def a_class_nobody_answered() -> Any:
    campaign = crowd(present=3, absent=3)
    QuestionFactory(campaign=campaign, target=ClassFactory(position=5, name="unasked"))
    return campaign


def contradicting_gold() -> Any:
    campaign = crowd(present=3, absent=3)
    for question in Question.objects.of(campaign):
        GoldAnswerFactory(question=question, truth="present")
        GoldAnswerFactory(question=question, truth="absent")
    return campaign


def everybody_excluded() -> Any:
    campaign = crowd(present=3, absent=3)
    for person in campaign.people + campaign.yes_sayers:
        MeasureFactory(campaign=campaign, person=person, kind="exclude")
    return campaign


def all_yes() -> Any:
    campaign = crowd(present=4, absent=4)
    Rating.objects.update(answer="yes")
    return campaign


def nothing_measured() -> Any:
    campaign = crowd(present=3, absent=3)
    Rating.objects.update(response_ms=None, heard_ms=None, guideline=None)
    return campaign


@pytest.mark.parametrize(
    "make",
    [
        empty, unanswered, one_rating, one_person, all_unsure, a_class_nobody_answered,
        contradicting_gold, everybody_excluded, all_yes, nothing_measured,
    ],
)  # fmt: skip
def test_little_or_odd_data_gives_a_sound_report(make):
    assert_sound(refresh_report(campaign=make()))


@pytest.mark.parametrize("make", [empty, unanswered, one_rating, one_person, everybody_excluded])
def test_a_report_says_why_people_could_not_be_judged(make):
    data = refresh_report(campaign=make()).data
    assert data["shortage"].startswith("not enough data")
    assert data["alpha"]["value"] is None
    assert "needed" in data["alpha"]["note"]


def test_all_unsure_gives_labels_that_are_undecided():
    data = refresh_report(campaign=all_unsure()).data
    assert data["counts"]["labels"] == {"present": 0, "absent": 0, "undecided": 8}
    assert data["classes"][0]["unsure_rate"]["value"] == 1
    assert data["clips"] == []


def test_a_class_nobody_answered_is_listed_with_what_is_missing():
    data = refresh_report(campaign=a_class_nobody_answered()).data
    unasked = data["classes"][1]
    assert (unasked["name"], unasked["rated"], unasked["questions"]) == ("unasked", 0, 1)
    assert "not enough data" in unasked["alpha"]["note"]
    assert unasked["quota"]["days"] is None
    assert unasked["quota"]["note"] == "no positive label yet in 0 answers"


def test_contradicting_gold_is_told_and_counts_for_nothing():
    data = refresh_report(campaign=contradicting_gold()).data
    assert (data["calibration"]["gold"], data["calibration"]["gold_contradicting"]) == (0, 6)
    assert data["classes"][0]["gold_accuracy"]["value"] is None


def test_everybody_excluded_leaves_people_on_the_list_and_no_label():
    report = refresh_report(campaign=everybody_excluded())
    assert report.ratings == 0
    assert report.data["counts"]["excluded_ratings"] == 30
    assert sum(report.data["counts"]["labels"].values()) == 0
    assert all(row.data["is_excluded"] for row in report.people.all())


def test_alpha_is_high_where_people_agree_and_its_interval_holds_it():
    alpha = refresh_report(campaign=crowd(present=15, absent=15, spammers=0)).data["alpha"]
    assert 0.4 < alpha["value"] < 0.9
    assert alpha["low"] <= alpha["value"] <= alpha["high"]


def test_the_same_answers_give_the_same_report():
    campaign = crowd(classes=2)
    one, other = (dict(refresh_report(campaign=campaign).data) for _ in range(2))
    for data in (one, other):
        data["basis"] = {**data["basis"], "seconds": 0, "cutoff": ""}
    assert one == other


def test_a_runs_report_names_its_table_and_its_thresholds():
    run = aggregate(crowd(), present_from=0.9, method="one_coin")
    assert_sound(run.consistency)
    basis = run.consistency.data["basis"]
    assert (basis["method"], basis["present_from"]) == ("one_coin", 0.9)
    assert basis["ratings_table"] == run.ratings.sha256
    assert basis["cutoff"] == run.cutoff.isoformat()


def test_the_live_report_uses_the_latest_runs_thresholds():
    campaign = crowd()
    aggregate(campaign, present_from=0.95)
    assert refresh_report(campaign=campaign).data["basis"]["present_from"] == 0.95
