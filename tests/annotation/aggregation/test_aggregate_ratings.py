from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from annotation.actions.aggregate_ratings import aggregate_ratings
from annotation.aggregation.settings import RunSettings
from annotation.deciding import MAX_WEIGHT
from annotation.models import ConsensusRun, Question, Rating, SkillSnapshot
from annotation.pseudonyms import Pseudonyms
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import AuditEntry
from consonance.tables.schemas import LABELS, RATINGS, SKILLS
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    QuestionFactory,
    RatingFactory,
    admin,
    annotator,
    curator,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tables(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"


def crowd(
    *, present: int = 6, absent: int = 6, good: int = 4, spammers: int = 1, classes: int = 1
) -> Any:
    """Make a campaign answered by good people, right nine times in ten, and by yes-sayers."""
    rng = np.random.default_rng(3)
    campaign = CampaignFactory()
    people = [annotator() for _ in range(good)]
    yes_sayers = [annotator() for _ in range(spammers)]
    for position in range(classes):
        target = ClassFactory(position=position, name=f"class-{position}")
        for truth in ["yes"] * present + ["no"] * absent:
            question = QuestionFactory(campaign=campaign, target=target)
            other = "no" if truth == "yes" else "yes"
            for person in people:
                answer = truth if rng.random() < 0.9 else other
                RatingFactory(question=question, person=person, answer=answer)
            for person in yes_sayers:
                RatingFactory(question=question, person=person, answer="yes")
    campaign.people, campaign.yes_sayers = people, yes_sayers
    return campaign


def aggregate(campaign, **fields) -> ConsensusRun:
    return aggregate_ratings(campaign=campaign, settings=RunSettings(**fields)).run


def rows(frozen) -> list[dict[str, Any]]:
    return frozen.open().read().to_pylist()


# --- tables --------------------------------------------------------------------------------
def test_a_run_freezes_ratings_labels_and_skills_in_their_schemas():
    run = aggregate(crowd())
    for row, schema in ((run.ratings, RATINGS), (run.labels, LABELS), (run.skills, SKILLS)):
        table = row.open().read()
        assert table.schema.remove_metadata() == schema
    assert run.ratings.rows == Rating.objects.count() == 60
    assert run.labels.rows == 12
    assert run.skills.rows == 5
    assert run.number == 1


def test_labels_name_the_tables_and_settings_they_came_from():
    campaign = crowd()
    campaign.provenance = {"simulated": "made up"}
    campaign.save()
    run = aggregate(campaign, present_from=0.7)
    facts = run.labels.open().facts
    assert facts["ratings"] == run.ratings.sha256
    assert facts["skills"] == run.skills.sha256
    assert facts["method"] == "dawid_skene"
    assert facts["parameters"]["present_from"] == 0.7
    assert facts["campaign"]["simulated"] == "made up"


def test_labels_find_the_truth_in_spite_of_a_yes_sayer():
    campaign = crowd(good=4, spammers=2)
    labels = rows(aggregate(campaign).labels)
    decisions = [row["decision"] for row in labels]
    assert decisions.count("present") == 6
    assert decisions.count("absent") == 6
    for row in labels:
        assert 0 <= row["posterior_crowd"] <= 1
        assert row["posterior_with_detector"] is None
        assert row["majority"] == row["n_yes"] / (row["n_yes"] + row["n_no"])
        assert row["relevance"] <= 0.25 or row["relevance"] >= 0.75
        assert row["stop_reason"] == "open"


def test_accounts_leave_the_database_only_as_pseudonyms():
    campaign = crowd(present=1, absent=1)
    run = aggregate(campaign)
    names = {row["rater"] for row in rows(run.ratings)}
    assert names == {row["rater"] for row in rows(run.skills)}
    text = str(rows(run.ratings)) + str(rows(run.skills)) + str(run.labels.open().facts)
    for person in campaign.people + campaign.yes_sayers:
        assert str(person.pk) not in text
        assert person.username not in text


def test_pseudonyms_hold_within_a_collection_and_differ_between_collections(settings):
    ana, ben = annotator(), annotator()
    here, there = CampaignFactory().collection_id, CampaignFactory().collection_id
    name = Pseudonyms(here).of(ana.pk)
    assert Pseudonyms(here).of(ana.pk) == name
    assert len({name, Pseudonyms(here).of(ben.pk), Pseudonyms(there).of(ana.pk)}) == 3
    settings.SECRET_KEY = "another"
    assert Pseudonyms(here).of(ana.pk) != name


def test_simulated_ratings_are_marked_in_every_table():
    campaign = CampaignFactory()
    question = QuestionFactory(campaign=campaign)
    RatingFactory(question=question, person=annotator(is_simulated=True))
    RatingFactory(question=question, person=annotator())
    run = aggregate(campaign)
    for table in (run.ratings, run.skills):
        assert sorted(row["rater_is_simulated"] for row in rows(table)) == [False, True]
    assert run.ratings.open().facts["simulated_raters"] == 1
    assert (run.report["ratings_simulated"], run.report["raters_simulated"]) == (1, 1)


def test_withdrawn_and_superseded_ratings_are_left_out_and_late_ones_are_not():
    campaign = CampaignFactory()
    question = QuestionFactory(campaign=campaign)
    RatingFactory(question=question, is_late=True, answer="yes")
    RatingFactory(question=question, is_withdrawn=True, answer="no")
    newer = RatingFactory(question=question, answer="yes")
    RatingFactory(question=question, superseded_by=newer, answer="no")
    [label] = rows(aggregate(campaign).labels)
    assert (label["n_yes"], label["n_no"]) == (2, 0)


def test_a_question_nobody_answered_has_no_label():
    campaign = crowd(present=1, absent=1)
    QuestionFactory(campaign=campaign)
    assert aggregate(campaign).labels.rows == 2


def test_the_same_ratings_give_the_same_bytes_and_no_second_run():
    campaign = crowd()
    first = aggregate_ratings(campaign=campaign, settings=RunSettings())
    again = aggregate_ratings(campaign=campaign, settings=RunSettings())
    assert first.is_new
    assert not again.is_new
    assert again.run == first.run
    ConsensusRun.objects.all().delete()
    afresh = aggregate(campaign)
    for name in ("ratings", "labels", "skills"):
        assert getattr(afresh, name).sha256 == getattr(first.run, name).sha256
    assert afresh.report == first.run.report


def test_other_settings_or_one_more_rating_make_the_next_run():
    campaign = crowd()
    aggregate(campaign)
    assert aggregate(campaign, method="majority").number == 2
    RatingFactory(question=Question.objects.first())
    assert aggregate(campaign, method="majority").number == 3


# --- decisions -----------------------------------------------------------------------------
def test_thresholds_decide_and_what_lies_between_them_is_undecided():
    campaign = CampaignFactory()
    for yes, no in ((4, 0), (3, 1), (2, 2), (1, 3), (0, 4)):
        question = QuestionFactory(campaign=campaign)
        for answer in ["yes"] * yes + ["no"] * no:
            RatingFactory(question=question, answer=answer)

    def decided(**fields):
        labels = rows(aggregate(campaign, method="majority", **fields).labels)
        return {row["majority"]: row["decision"] for row in labels}

    assert decided() == {
        1.0: "present", 0.75: "undecided", 0.5: "undecided", 0.25: "undecided", 0.0: "absent",
    }  # fmt: skip
    assert decided(present_from=0.75, absent_to=0.25) == {
        1.0: "present", 0.75: "present", 0.5: "undecided", 0.25: "absent", 0.0: "absent",
    }  # fmt: skip


def test_a_label_without_a_definite_answer_is_undecided_and_has_no_majority():
    campaign = crowd()
    unsure = QuestionFactory(campaign=campaign, target=ClassFactory(position=9))
    for person in campaign.people:
        RatingFactory(question=unsure, person=person, answer="unsure")
    labels = {row["clip_id"]: row for row in rows(aggregate(campaign).labels)}
    label = labels[str(unsure.clip_id)]
    assert (label["decision"], label["n_unsure"]) == ("undecided", 4)
    assert label["majority"] is None
    assert label["relevance"] is None
    assert math.isfinite(label["posterior_crowd"])


@pytest.mark.parametrize(
    "fields",
    [
        {"method": "wawa"},
        {"present_from": 0.5},
        {"absent_to": 0.5},
        {"present_from": 1.1},
        {"absent_to": -0.1},
        {"present_from": float("nan")},
    ],
)
def test_settings_that_make_no_sense_are_refused(fields):
    with pytest.raises(ParameterError):
        RunSettings(**fields)


# --- too little ----------------------------------------------------------------------------
def test_a_campaign_without_ratings_is_refused_with_a_sentence():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    with pytest.raises(StateError, match="no ratings yet"):
        aggregate(campaign)


@pytest.mark.parametrize("answer", ["yes", "no", "unsure"])
def test_one_rating_gives_a_finite_result_and_judges_nobody(answer):
    campaign = CampaignFactory()
    RatingFactory(question__campaign=campaign, answer=answer)
    run = aggregate(campaign)
    assert "not enough data" in run.report["consensus"]["shortage"]
    assert run.report["alpha"]["value"] is None
    assert not SkillSnapshot.objects.exists()
    [label], [skill] = rows(run.labels), rows(run.skills)
    numbers = [label["posterior_crowd"], skill["trust"], skill["sensitivity"]]
    assert np.isfinite(numbers).all()


# --- skills --------------------------------------------------------------------------------
def test_a_yes_sayer_is_trusted_less_and_his_yes_weighs_little():
    campaign = crowd(present=15, absent=15)
    run = aggregate(campaign)
    skill = {row.person: row for row in run.skill_rows.filter(target=None)}
    [spammer] = campaign.yes_sayers
    for person in campaign.people:
        assert skill[person].trust > skill[spammer].trust + 0.2
        assert skill[person].weight_yes > 1 > abs(skill[spammer].weight_yes)
        assert skill[person].weight_no < -1
    assert skill[spammer].support == 30


def test_skills_within_a_class_need_support_and_every_weight_is_bounded():
    campaign = crowd(present=6, absent=6, classes=2)
    few = QuestionFactory(campaign=campaign, target=ClassFactory(position=7))
    for person in campaign.people:
        RatingFactory(question=few, person=person, answer="yes")
    run = aggregate(campaign)
    by_class = run.skill_rows.exclude(target=None)
    assert set(by_class.values_list("target__name", flat=True)) == {"class-0", "class-1"}
    assert by_class.count() == 10
    for row in run.skill_rows.all():
        assert 0 <= row.trust <= 1
        for weight in (row.weight_yes, row.weight_no, row.weight_unsure):
            assert abs(weight) <= MAX_WEIGHT


# --- who and what is recorded --------------------------------------------------------------
def test_only_an_admin_may_aggregate_and_it_is_audited():
    campaign, ada = crowd(present=1, absent=1), admin()
    with pytest.raises(NotAllowedError):
        aggregate_ratings(campaign=campaign, settings=RunSettings(), actor=curator())
    run = aggregate_ratings(campaign=campaign, settings=RunSettings(), actor=ada).run
    assert run.created_by == ada
    assert AuditEntry.objects.get(action="aggregate_ratings").object_id == str(run.pk)


# --- report --------------------------------------------------------------------------------
def test_the_report_adds_up():
    campaign = crowd(classes=2)
    QuestionFactory(campaign=campaign, target=ClassFactory(position=5, name="unasked"))
    Question.objects.filter(pk=Question.objects.first().pk).update(state="disputed")
    report = aggregate(campaign).report
    assert report["ratings"] == sum(row["ratings"] for row in report["classes"]) == 120
    assert report["ratings"] == sum(row["ratings"] for row in report["people"])
    assert sum(report["labels"].values()) == sum(report["posteriors"]) == 24
    assert [row["name"] for row in report["classes"]] == ["class-0", "class-1", "unasked"]
    for row in report["classes"]:
        assert row["open"] + row["decided"] + row["disputed"] == row["questions"]
        assert row["yes"] + row["no"] + row["unsure"] == row["ratings"]
        assert sum(row["labels"].values()) == row["rated"]
    assert sum(row["disputed"] for row in report["classes"]) == 1
    unasked = report["classes"][2]
    assert unasked["alpha"]["value"] is None
    assert "not enough data" in unasked["alpha"]["note"]


def test_alpha_is_high_where_people_agree_and_its_interval_holds_it():
    campaign = crowd(present=15, absent=15, spammers=0)
    alpha = aggregate(campaign).report["alpha"]
    assert 0.4 < alpha["value"] < 0.9
    assert alpha["low"] <= alpha["value"] <= alpha["high"]


def test_each_person_has_agreement_without_the_own_vote_and_a_median_time():
    campaign = crowd(present=15, absent=15)
    report = aggregate(campaign).report
    people = {row["person"]: row for row in report["people"]}
    [spammer] = campaign.yes_sayers
    for person in campaign.people:
        row = people[str(person.pk)]
        assert row["agreement"]["value"] > 0.7 > people[str(spammer.pk)]["agreement"]["value"]
        assert row["agreement"]["low"] < row["agreement"]["value"] < row["agreement"]["high"]
        assert row["median_response_ms"] == 2500
        assert row["unsure_share"] == 0
    assert [row["ratings"] for row in report["people"]] == [30] * 5


def test_a_person_whose_page_measured_nothing_has_no_median():
    campaign = CampaignFactory()
    RatingFactory(question__campaign=campaign, response_ms=None)
    [person] = aggregate(campaign).report["people"]
    assert person["median_response_ms"] is None
