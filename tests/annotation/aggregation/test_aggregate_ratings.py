from __future__ import annotations

import math
import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from annotation.actions.aggregate_ratings import aggregate_ratings
from annotation.actions.refresh_report import refresh_report
from annotation.actions.retire_gold import retire_gold
from annotation.aggregation.collected import collect
from annotation.aggregation.settings import RunSettings
from annotation.models import ConsensusRun, ConsistencyReport, Question, Rating, SkillSnapshot
from annotation.people.pseudonyms import Pseudonyms
from annotation.stopping.policy import MAX_WEIGHT
from candidates.models import Candidate
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import AuditEntry
from consonance.tables.schemas import LABELS, RATINGS, SKILLS
from tests.annotation.aggregation.crowds import aggregate, crowd, rows
from tests.factories import (
    AdjudicationFactory,
    CampaignFactory,
    CandidateFactory,
    ClassFactory,
    GoldAnswerFactory,
    MeasureFactory,
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


def test_pseudonyms_hold_within_a_collection_and_differ_between_collections():
    ana, ben = annotator(), annotator()
    here, there = CampaignFactory().collection_id, CampaignFactory().collection_id
    name = Pseudonyms(here).of(ana.pk)
    assert Pseudonyms(here).of(ana.pk) == name
    assert len({name, Pseudonyms(here).of(ben.pk), Pseudonyms(there).of(ana.pk)}) == 3


def test_simulated_ratings_are_marked_in_every_table():
    campaign = CampaignFactory()
    question = QuestionFactory(campaign=campaign)
    RatingFactory(question=question, person=annotator(is_simulated=True))
    RatingFactory(question=question, person=annotator())
    run = aggregate(campaign)
    for table in (run.ratings, run.skills):
        assert sorted(row["rater_is_simulated"] for row in rows(table)) == [False, True]
    assert run.ratings.open().facts["simulated_raters"] == 1
    assert (run.summary["ratings_simulated"], run.summary["raters_simulated"]) == (1, 1)


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
    report = dict(first.run.consistency.data)
    ConsensusRun.objects.all().delete()
    afresh = aggregate(campaign)
    for name in ("ratings", "labels", "skills"):
        assert getattr(afresh, name).sha256 == getattr(first.run, name).sha256
    assert (afresh.summary, afresh.calibration) == (first.run.summary, first.run.calibration)
    anew = dict(afresh.consistency.data)
    assert anew.pop("basis") | {"seconds": 0, "cutoff": ""} == (
        report.pop("basis") | {"seconds": 0, "cutoff": ""}
    )
    assert anew == report


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
    assert "not enough data" in run.summary["consensus"]["shortage"]
    assert run.summary["alpha"]["value"] is None
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


# --- who and what counts -------------------------------------------------------------------
def test_an_excluded_persons_ratings_are_left_out_listed_and_kept():
    campaign = crowd(good=4, spammers=0)
    before = aggregate(campaign)
    [spammer] = [annotator()]
    for question in Question.objects.of(campaign):
        RatingFactory(question=question, person=spammer, answer="yes")
    assert aggregate(campaign).ratings.rows == 60
    measure = MeasureFactory(
        campaign=campaign, person=spammer, kind="exclude", reason="Says yes.", rule="spammer"
    )
    without = aggregate(campaign)
    assert rows(without.ratings) == rows(before.ratings)
    assert rows(without.labels) == rows(before.labels)
    assert rows(without.skills) == rows(before.skills)
    name = Pseudonyms(campaign.collection_id).of(spammer.pk)
    assert without.exclusions == [
        {
            "rater": name,
            "reason": "Says yes.",
            "rule": "spammer",
            "since": measure.created_at.isoformat(),
            "ratings": 12,
        }
    ]
    assert without.ratings.open().facts["excluded_raters"] == [name]
    assert (without.summary["excluded_raters"], without.summary["excluded_ratings"]) == (1, 12)
    assert not without.skill_rows.filter(person=spammer).exists()
    assert Rating.objects.filter(person=spammer).count() == 12


def test_a_readmitted_person_counts_again_as_if_nothing_had_been():
    campaign = crowd(good=3, spammers=1)
    first = aggregate(campaign)
    [spammer] = campaign.yes_sayers
    measure = MeasureFactory(campaign=campaign, person=spammer, kind="exclude")
    assert aggregate(campaign).ratings.sha256 != first.ratings.sha256
    measure.lifted_at = timezone.now()
    measure.save()
    again = aggregate(campaign)
    assert again.number == 3
    for name in ("ratings", "labels", "skills"):
        assert getattr(again, name).sha256 == getattr(first, name).sha256
    assert again.exclusions == []


def test_a_pause_or_another_campaigns_exclusion_leaves_nobody_out():
    campaign = crowd(present=1, absent=1)
    MeasureFactory(campaign=campaign, person=campaign.people[0], kind="pause")
    MeasureFactory(person=campaign.people[0], kind="exclude")
    assert aggregate(campaign).exclusions == []


def test_a_campaign_of_which_everybody_is_excluded_is_refused_with_a_sentence():
    campaign = crowd(present=1, absent=1, good=2, spammers=0)
    for person in campaign.people:
        MeasureFactory(campaign=campaign, person=person, kind="exclude")
    with pytest.raises(StateError, match="Everybody who rated in"):
        aggregate(campaign)
    assert not ConsensusRun.objects.exists()


def test_what_a_curator_decided_keeps_its_label_when_all_who_rated_are_excluded():
    campaign = crowd(good=4, spammers=0)
    before = rows(aggregate(campaign).labels)
    alone = QuestionFactory(campaign=campaign, state="adjudicated", stop_reason="curator")
    spammer = annotator()
    RatingFactory(question=alone, person=spammer, answer="yes")
    AdjudicationFactory(question=alone, decision="absent")
    MeasureFactory(campaign=campaign, person=spammer, kind="exclude")
    withdrawn = QuestionFactory(campaign=campaign)
    AdjudicationFactory(question=withdrawn, withdrawn_at=timezone.now())
    run = aggregate(campaign)
    labels = rows(run.labels)
    assert len(labels) == 13
    assert labels == sorted(labels, key=lambda row: uuid.UUID(row["clip_id"]).bytes)
    [label] = [row for row in labels if row["clip_id"] == str(alone.clip_id)]
    assert (label["decision"], label["stop_reason"]) == ("absent", "curator")
    assert (label["n_yes"], label["n_no"], label["n_unsure"]) == (0, 0, 0)
    assert label["posterior_crowd"] == 0.5
    assert label["majority"] is label["relevance"] is label["posterior_with_detector"] is None
    assert [row for row in labels if row != label] == before
    assert not aggregate_ratings(campaign=campaign, settings=RunSettings()).is_new


def test_planted_repeats_do_not_count():
    campaign = crowd(present=2, absent=2)
    first = aggregate(campaign)
    question = Question.objects.first()
    RatingFactory(question=question, person=campaign.people[0], answer="unsure", occasion=1)
    assert aggregate(campaign) == first


def test_a_cut_off_gives_what_was_in_force_then():
    campaign = crowd(present=3, absent=3, spammers=0)
    early = timezone.now() - timedelta(days=2)
    Rating.objects.update(created_at=early)
    then = aggregate(campaign)
    late = RatingFactory(question=Question.objects.first(), answer="no")
    gone = Rating.objects.exclude(pk=late.pk).first()
    gone.is_withdrawn, gone.withdrawn_at = True, timezone.now()
    gone.save()
    now = aggregate(campaign)
    names = {row["rating_id"] for row in rows(now.ratings)}
    assert str(late.pk) in names
    assert str(gone.pk) not in names
    again = aggregate_ratings(
        campaign=campaign, settings=RunSettings(), cutoff=early + timedelta(days=1)
    ).run
    assert again.number == 3
    assert again.ratings.sha256 == then.ratings.sha256
    assert again.cutoff == early + timedelta(days=1)


def test_a_cut_off_in_the_future_is_refused():
    with pytest.raises(ParameterError, match="has not come yet"):
        aggregate_ratings(
            campaign=crowd(present=1, absent=1),
            settings=RunSettings(),
            cutoff=timezone.now() + timedelta(hours=1),
        )


# --- gold ----------------------------------------------------------------------------------
def test_gold_holds_whatever_people_say_and_is_told_only_when_it_is_retired():
    campaign = CampaignFactory()
    known = QuestionFactory(campaign=campaign)
    for person in [annotator() for _ in range(4)]:
        RatingFactory(question=known, person=person, answer="yes")
        RatingFactory(question=QuestionFactory(campaign=campaign), person=person, answer="no")
    gold = GoldAnswerFactory(question=known, truth="absent")
    run = aggregate(campaign)
    label = next(row for row in rows(run.labels) if row["clip_id"] == str(known.clip_id))
    assert (label["decision"], label["posterior_crowd"]) == ("absent", 0.0)
    assert label["majority"] == 1.0
    assert (run.summary["gold"], run.summary["gold_contradicting"]) == (1, 0)
    assert not any(row["is_gold"] for row in rows(run.ratings))
    assert run.ratings.facts["gold"] == "retired only"
    retire_gold(gold=gold)
    marked = {row["clip_id"]: row["is_gold"] for row in rows(aggregate(campaign).ratings)}
    assert [clip for clip, is_gold in marked.items() if is_gold] == [str(known.clip_id)]


def test_gold_that_one_retires_and_another_still_gives_is_in_use_and_not_told():
    campaign = crowd(present=3, absent=3)
    question = campaign.questions.first()
    gold = GoldAnswerFactory(question=question, truth="present")
    GoldAnswerFactory(question=question, truth="present")
    retire_gold(gold=gold)
    assert not any(row["is_gold"] for row in rows(aggregate(campaign).ratings))


def test_contradicting_gold_counts_for_nothing_and_is_reported():
    campaign = crowd(present=3, absent=3)
    without = aggregate(campaign)
    question = Question.objects.first()
    GoldAnswerFactory(question=question, truth="present")
    other = GoldAnswerFactory(question=question, truth="absent")
    run = aggregate(campaign)
    assert run == without  # the same ratings, the same labels: no run of its own
    GoldAnswerFactory(question=Question.objects.last(), truth="absent")
    run = aggregate(campaign)
    assert (run.summary["gold"], run.summary["gold_contradicting"]) == (1, 1)
    other.retired_at = timezone.now()
    other.save()
    run = aggregate(campaign)
    assert (run.summary["gold"], run.summary["gold_contradicting"]) == (2, 0)


def test_enough_gold_calibrates_and_little_says_how_much_is_missing():
    campaign = crowd(present=12, absent=12, gold=4)
    calibration = aggregate(campaign).calibration
    assert calibration["gold"] == 8
    assert "20 needed" in calibration["note"]
    assert calibration["after"] is None
    campaign = crowd(present=14, absent=14, gold=12)
    calibration = aggregate(campaign).calibration
    assert calibration["temperature"] >= 1
    for part in ("before", "after"):
        assert 0 <= calibration[part]["ece"] <= 1
        assert sum(each["number"] for each in calibration[part]["bins"]) == 24


# --- the detector --------------------------------------------------------------------------
def with_detector(campaign, *, right: bool = True) -> None:
    """Give every question a likelihood that says, or contradicts, the truth."""
    for question in Question.objects.of(campaign):
        is_present = campaign.truth[question.pk] == "yes"
        candidate = CandidateFactory(
            clip=question.clip,
            target=question.target,
            likelihood=0.9 if is_present == right else 0.1,
        )
        campaign.rounds.add(candidate.round)


def test_a_second_posterior_knows_the_detector_and_decides_nothing():
    campaign = crowd(present=10, absent=10, good=2, spammers=1)
    plain = aggregate(campaign, use_detector=False)
    with_detector(campaign)
    run = aggregate(campaign)
    assert run.uses_prior
    assert not plain.uses_prior
    moved = 0
    for with_one, without in zip(rows(run.labels), rows(plain.labels), strict=True):
        assert without["posterior_with_detector"] is None
        assert with_one["posterior_crowd"] == without["posterior_crowd"]
        assert with_one["decision"] == without["decision"]
        moved += with_one["posterior_with_detector"] != with_one["posterior_crowd"]
    assert moved > 10
    skills = [rows(each.skills) for each in (run, plain)]
    assert skills[0] == skills[1]


def test_a_question_without_a_likelihood_has_no_posterior_with_the_detector():
    campaign = crowd(present=4, absent=4)
    with_detector(campaign)
    lone = QuestionFactory(campaign=campaign, target=Question.objects.first().target)
    for person in campaign.people:
        RatingFactory(question=lone, person=person, answer="yes")
    labels = {row["clip_id"]: row for row in rows(aggregate(campaign).labels)}
    assert labels[str(lone.clip_id)]["posterior_with_detector"] is None
    others = [row for clip, row in labels.items() if clip != str(lone.clip_id)]
    assert all(0 <= row["posterior_with_detector"] <= 1 for row in others)


def test_the_newest_round_that_drew_a_pair_speaks_for_the_detector():
    campaign = CampaignFactory()
    question = QuestionFactory(campaign=campaign)
    RatingFactory(question=question)
    for number, likelihood in ((2, 0.8), (1, 0.3)):
        candidate = CandidateFactory(
            clip=question.clip,
            target=question.target,
            likelihood=likelihood,
            round__number=number,
        )
        campaign.rounds.add(candidate.round)
    CandidateFactory(clip=question.clip, target=question.target, likelihood=0.99)  # of no round
    assert collect(campaign).likelihood.tolist() == [0.8]


# --- methods -------------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["dawid_skene", "one_coin", "majority"])
def test_every_method_decides_by_its_own_posterior(method):
    campaign = crowd(present=8, absent=8, good=5, spammers=0)
    run = aggregate(campaign, method=method)
    assert (run.method, run.parameters["method"]) == (method, method)
    labels = {(row["clip_id"]): row["decision"] for row in rows(run.labels)}
    right = 0
    for question in Question.objects.of(campaign):
        word = "present" if campaign.truth[question.pk] == "yes" else "absent"
        right += labels[str(question.clip_id)] == word
    assert right >= 13


# --- what a run keeps ----------------------------------------------------------------------
def test_a_run_keeps_what_a_list_of_runs_tells():
    run = aggregate(crowd(present=8, absent=8))
    assert run.summary["ratings"] == 80
    assert run.summary["raters"] == 5
    assert sum(run.summary["labels"].values()) == 16
    assert run.summary["consensus"]["converged"]
    assert run.summary["alpha"]["low"] <= run.summary["alpha"]["value"]
    assert run.parameters["code"]
    assert run.parameters["engine"]["strength"] > 0
    assert run.cutoff <= timezone.now()


def test_a_runs_report_is_stored_with_it_and_follows_into_a_live_one_that_exists():
    campaign = crowd(present=2, absent=2)
    first = aggregate(campaign)
    assert first.consistency.ratings == 20
    assert first.consistency.data["basis"]["ratings_table"] == first.ratings.sha256
    assert not ConsistencyReport.objects.filter(run=None).exists()
    live = refresh_report(campaign=campaign)
    MeasureFactory(campaign=campaign, person=campaign.yes_sayers[0], kind="exclude")
    second = aggregate(campaign)
    assert first.consistency.ratings == 20
    assert second.consistency.ratings == 16
    live.refresh_from_db()
    assert live.ratings == 16
    assert live.people.count() == second.consistency.people.count() == 5


def test_a_pair_from_a_stratum_of_a_curators_own_is_read_like_any_other():
    campaign = crowd(present=3, absent=3)
    with_detector(campaign)
    Candidate.objects.filter(round__in=campaign.rounds.all()).update(tail="middle")
    questions = collect(campaign).questions
    assert set(questions.tail.tolist()) == {-1}
    assert np.isfinite(questions.likelihood).all()
    assert aggregate(campaign).uses_prior
