from __future__ import annotations

import uuid

import pytest

from annotation.actions.claim_questions import claim_questions
from annotation.actions.submit_ratings import MAX_BATCH, GivenAnswer, submit_ratings
from annotation.allocation.deciding import UNKNOWN
from annotation.models import Assignment, Question, Rating
from consonance.errors import ParameterError
from consonance.people.models import Role
from tests.annotation.conftest import assert_places_add_up, claim_one, give, let_run_out
from tests.factories import (
    CampaignFactory,
    ConsensusRunFactory,
    GuidelineFactory,
    QuestionFactory,
    SkillSnapshotFactory,
    annotator,
    person_with,
)

pytestmark = pytest.mark.django_db


def asked(campaign, answers):
    """Let new annotators answer a campaign's only question, one after the other."""
    for answer in answers:
        person = annotator()
        assert give(person, claim_one(campaign, person), answer).status == "stored"
    return Question.objects.get(campaign=campaign)


# --- storing -------------------------------------------------------------------------------
def test_an_answer_is_stored_with_what_the_page_measured():
    campaign = CampaignFactory()
    question = QuestionFactory(campaign=campaign)
    ana = annotator()
    lease = claim_one(campaign, ana)
    result = give(ana, lease, "no", response_ms=1200, heard_ms=3400, replays=2, ui_version="0.1.0")
    assert result.status == "stored"
    rating = Rating.objects.get()
    assert (rating.question, rating.person, rating.answer) == (question, ana, "no")
    assert (rating.response_ms, rating.heard_ms, rating.replays) == (1200, 3400, 2)
    assert rating.ui_version == "0.1.0"
    assert not rating.is_late
    question.refresh_from_db()
    assert question.answered == 1
    assert Assignment.objects.get().state == Assignment.State.ANSWERED
    assert_places_add_up(campaign)


def test_an_answer_records_the_newest_guideline_of_its_class():
    campaign = CampaignFactory()
    question = QuestionFactory(campaign=campaign)
    newest = GuidelineFactory(campaign=campaign, target=question.target, version=2)
    GuidelineFactory(campaign=campaign, version=9)  # of another class
    ana = annotator()
    give(ana, claim_one(campaign, ana))
    assert Rating.objects.get().guideline == newest


def test_sending_the_same_answer_again_stores_it_once():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    lease, key = claim_one(campaign, ana), uuid.uuid4()
    assert give(ana, lease, key=key).status == "stored"
    before = Question.objects.values().get()
    assert give(ana, lease, key=key).status == "already_stored"
    assert Rating.objects.count() == 1
    assert Question.objects.values().get() == before


def test_the_same_answer_twice_in_one_batch_is_stored_once():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    answer = GivenAnswer(key=uuid.uuid4(), assignment=claim_one(campaign, ana).pk, answer="yes")
    results = submit_ratings(person=ana, answers=[answer, answer])
    assert [result.status for result in results] == ["stored", "already_stored"]


def test_two_people_may_use_the_same_key():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    key = uuid.uuid4()
    for person in (annotator(), annotator()):
        assert give(person, claim_one(campaign, person), key=key).status == "stored"


def test_results_come_in_the_order_of_the_answers():
    campaign = CampaignFactory()
    QuestionFactory.create_batch(3, campaign=campaign)
    ana = annotator()
    leases = claim_questions(campaign=campaign, person=ana, count=3).assignments
    answers = [
        GivenAnswer(key=uuid.uuid4(), assignment=lease.pk, answer=answer)
        for lease, answer in zip(leases, ["yes", "perhaps", "no"], strict=True)
    ]
    results = submit_ratings(person=ana, answers=answers)
    assert [result.key for result in results] == [answer.key for answer in answers]
    assert [result.status for result in results] == ["stored", "rejected", "stored"]


def test_a_batch_that_is_too_large_is_refused_whole():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    answer = GivenAnswer(key=uuid.uuid4(), assignment=claim_one(campaign, ana).pk, answer="yes")
    with pytest.raises(ParameterError, match=str(MAX_BATCH)):
        submit_ratings(person=ana, answers=[answer] * (MAX_BATCH + 1))
    assert not Rating.objects.exists()


# --- refusing ------------------------------------------------------------------------------
def assert_nothing_changed(campaign):
    assert not Rating.objects.exists()
    assert Question.objects.get(campaign=campaign).log_odds == 0.0
    assert_places_add_up(campaign)


def test_an_answer_that_is_no_answer_is_rejected_with_a_sentence():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    result = give(ana, claim_one(campaign, ana), "maybe")
    assert result.status == "rejected"
    assert "'maybe'" in result.detail
    assert "yes, no or unsure" in result.detail
    assert_nothing_changed(campaign)


def test_nobody_can_answer_what_is_in_somebody_elses_hands():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    lease = claim_one(campaign, annotator())
    result = give(annotator(), lease)
    assert result.status == "rejected"
    assert "not in your hands" in result.detail
    assert_nothing_changed(campaign)


def test_an_unknown_assignment_is_rejected_with_the_same_words_as_a_foreign_one():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ben = annotator()
    foreign = give(ben, claim_one(campaign, annotator()))
    unknown = give(ben, Assignment(pk=uuid.uuid4()))
    assert (unknown.status, unknown.detail) == (foreign.status, foreign.detail)


def test_a_second_answer_with_a_new_key_is_rejected():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    lease = claim_one(campaign, ana)
    give(ana, lease, "yes")
    result = give(ana, lease, "no")
    assert result.status == "rejected"
    assert "already" in result.detail
    assert Rating.objects.get().answer == "yes"


@pytest.mark.parametrize("change", ["answer", "assignment"])
def test_a_key_cannot_be_used_for_something_else(change):
    campaign = CampaignFactory()
    QuestionFactory.create_batch(2, campaign=campaign)
    ana = annotator()
    first, second = claim_questions(campaign=campaign, person=ana, count=2).assignments
    key = uuid.uuid4()
    give(ana, first, "yes", key=key)
    again = give(ana, first, "no", key=key) if change == "answer" else give(ana, second, key=key)
    assert again.status == "rejected"
    assert "key" in again.detail
    assert Rating.objects.count() == 1
    assert_places_add_up(campaign)


def test_who_was_taken_out_of_a_campaign_cannot_answer_any_more():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = person_with(Role.ANNOTATOR, place=campaign)
    lease = claim_one(campaign, ana)
    ana.memberships.all().delete()
    result = give(ana, lease)
    assert result.status == "rejected"
    assert campaign.name in result.detail
    assert_nothing_changed(campaign)


# --- lateness ------------------------------------------------------------------------------
def test_a_late_answer_is_stored_once_and_counts_for_the_posterior_but_not_for_the_target():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    lease, key = claim_one(campaign, ana), uuid.uuid4()
    let_run_out(lease)
    assert give(ana, lease, "yes", key=key).status == "late"
    assert give(ana, lease, "yes", key=key).status == "already_stored"
    assert Rating.objects.get().is_late
    question = Question.objects.get()
    assert question.log_odds == pytest.approx(UNKNOWN.yes)
    assert (question.answered, question.free) == (0, 3)
    assert_places_add_up(campaign)


def test_an_answer_whose_place_went_to_somebody_else_is_late_and_takes_nobodys_place():
    campaign = CampaignFactory(min_ratings=1, max_ratings=1)
    QuestionFactory(campaign=campaign)
    ana, ben = annotator(), annotator()
    lease = claim_one(campaign, ana)
    let_run_out(lease)
    taken = claim_one(campaign, ben)
    assert give(ana, lease).status == "late"
    assert give(ben, taken).status == "stored"
    assert Question.objects.get().answered == 1
    assert_places_add_up(campaign)


def test_an_answer_to_a_question_that_stopped_meanwhile_is_late():
    campaign = CampaignFactory(min_ratings=1, stop_posterior=0.6)
    QuestionFactory(campaign=campaign, wanted=2, free=2)
    ana, ben = annotator(), annotator()
    slow = claim_one(campaign, ana)
    give(ben, claim_one(campaign, ben))
    assert Question.objects.get().state == "decided"
    assert give(ana, slow).status == "late"
    assert Question.objects.get().log_odds == pytest.approx(2 * UNKNOWN.yes)
    assert_places_add_up(campaign)


@pytest.mark.parametrize("state", ["paused", "closed"])
def test_what_is_in_hand_may_be_answered_after_a_pause_or_close(state):
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    lease = claim_one(campaign, ana)
    campaign.state = state
    campaign.save()
    assert give(ana, lease).status == "stored"


# --- stopping ------------------------------------------------------------------------------
@pytest.mark.parametrize("answer", ["yes", "no"])
def test_three_strangers_who_agree_decide_a_question(answer):
    campaign = CampaignFactory(min_ratings=3, max_ratings=5)
    QuestionFactory(campaign=campaign)
    question = asked(campaign, [answer] * 3)
    assert (question.state, question.stop_reason) == ("decided", "posterior")
    assert question.stopped_at is not None
    assert question.log_odds == pytest.approx(3 * UNKNOWN.of(answer))
    assert (question.answered, question.wanted, question.free) == (3, 3, 0)


def test_no_question_stops_before_its_minimum_however_sure():
    campaign = CampaignFactory(min_ratings=3, stop_posterior=0.6)
    QuestionFactory(campaign=campaign)
    question = asked(campaign, ["yes", "yes"])
    assert question.state == "open"
    assert question.stop_reason == ""


def test_people_who_disagree_are_joined_by_one_more_at_a_time():
    campaign = CampaignFactory(min_ratings=3, max_ratings=5)
    QuestionFactory(campaign=campaign)
    question = asked(campaign, ["yes", "no", "yes"])
    assert question.state == "open"
    assert (question.wanted, question.free) == (4, 1)
    assert_places_add_up(campaign)
    assert asked(campaign, ["yes"]).state == "decided"


def test_at_the_maximum_without_a_decision_a_question_is_disputed():
    campaign = CampaignFactory(min_ratings=3, max_ratings=5)
    QuestionFactory(campaign=campaign)
    question = asked(campaign, ["yes", "no", "unsure", "no", "yes"])
    assert (question.state, question.stop_reason) == ("disputed", "maximum")
    assert (question.answered, question.wanted, question.free) == (5, 5, 0)
    assert_places_add_up(campaign)


def test_a_decision_at_the_maximum_is_a_decision_not_a_dispute():
    campaign = CampaignFactory(min_ratings=3, max_ratings=3)
    QuestionFactory(campaign=campaign)
    assert asked(campaign, ["no", "no", "no"]).state == "decided"


def test_nothing_but_unsure_ends_disputed_at_even_odds():
    campaign = CampaignFactory(min_ratings=2, max_ratings=3)
    QuestionFactory(campaign=campaign)
    question = asked(campaign, ["unsure"] * 3)
    assert (question.state, question.log_odds) == ("disputed", 0.0)


# --- weights -------------------------------------------------------------------------------
def weights_used(campaign, person, answer="yes"):
    give(person, claim_one(campaign, person), answer)
    rating = Rating.objects.get(person=person)
    assert Question.objects.get(campaign=campaign).log_odds == pytest.approx(
        sum(Rating.objects.filter(question__campaign=campaign).values_list("weight", flat=True))
    )
    return rating.weight


def test_a_stranger_weighs_what_strangers_weigh():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    assert weights_used(campaign, annotator()) == UNKNOWN.yes


def test_a_known_person_weighs_by_class_first_then_by_person():
    campaign = CampaignFactory()
    question = QuestionFactory(campaign=campaign)
    run = ConsensusRunFactory(campaign=campaign)
    ana, ben = annotator(), annotator()
    SkillSnapshotFactory(run=run, person=ana, target=None, weight_yes=0.5)
    SkillSnapshotFactory(run=run, person=ana, target=question.target, weight_yes=2.25)
    SkillSnapshotFactory(run=run, person=ben, target=None, weight_yes=0.75)
    assert weights_used(campaign, ana) == 2.25
    assert weights_used(campaign, ben) == 0.75


def test_the_latest_run_of_the_collection_decides_and_those_of_others_do_not():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    sibling = CampaignFactory(collection=campaign.collection)
    ana = annotator()
    for place, weight in ((campaign, 0.1), (sibling, 0.2), (CampaignFactory(), 0.3)):
        run = ConsensusRunFactory(campaign=place)
        SkillSnapshotFactory(run=run, person=ana, weight_yes=weight)
    assert weights_used(campaign, ana) == 0.2
