from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.actions.claim_questions import claim_questions
from annotation.actions.undo_rating import UNDO_WITHIN, undo_rating
from annotation.models import Assignment, Question, Rating
from consonance.errors import ParameterError
from tests.annotation.conftest import assert_places_add_up, claim_one, give, let_run_out
from tests.factories import CampaignFactory, QuestionFactory, annotator

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    return campaign


def answered(campaign, person, answer="yes"):
    lease, key = claim_one(campaign, person), uuid.uuid4()
    give(person, lease, answer, key=key)
    return lease, key


def undo(person, lease, key):
    return undo_rating(person=person, assignment=lease.pk, key=key)


def test_an_undone_answer_is_withdrawn_and_kept(campaign):
    ana = annotator()
    lease, key = answered(campaign, ana)
    assert undo(ana, lease, key) == "undone"
    rating = Rating.objects.get()
    assert rating.is_withdrawn
    assert rating.answer == "yes"
    assert not Rating.objects.for_consensus(campaign).exists()


def test_undo_gives_back_exactly_what_the_answer_weighed(campaign):
    ana, ben = annotator(), annotator()
    answered(campaign, ben, "no")
    before = Question.objects.get().log_odds
    lease, key = answered(campaign, ana)
    undo(ana, lease, key)
    question = Question.objects.get()
    assert question.log_odds == pytest.approx(before, abs=1e-12)
    assert question.answered == 1
    assert_places_add_up(campaign)


def test_after_undo_the_question_is_in_hand_again_and_can_be_answered_otherwise(campaign):
    ana = annotator()
    lease, key = answered(campaign, ana)
    undo(ana, lease, key)
    lease.refresh_from_db()
    assert lease.state == Assignment.State.LEASED
    assert lease.lease_until > timezone.now()
    [again] = claim_questions(campaign=campaign, person=ana, count=1).assignments
    assert again.pk == lease.pk
    assert give(ana, lease, "no").status == "stored"
    assert Rating.objects.in_force().get().answer == "no"
    assert_places_add_up(campaign)


def test_undoing_twice_is_undoing_once(campaign):
    ana = annotator()
    lease, key = answered(campaign, ana)
    assert [undo(ana, lease, key) for _ in range(2)] == ["undone", "undone"]
    assert Question.objects.get().answered == 0
    assert_places_add_up(campaign)


def test_a_withdrawn_answer_sent_again_stays_withdrawn(campaign):
    ana = annotator()
    lease, key = answered(campaign, ana)
    undo(ana, lease, key)
    assert give(ana, lease, "yes", key=key).status == "already_stored"
    assert Rating.objects.get().is_withdrawn


def test_undoing_the_deciding_answer_reopens_the_question(campaign):
    people = [annotator() for _ in range(3)]
    for person in people[:2]:
        answered(campaign, person)
    lease, key = answered(campaign, people[2])
    assert Question.objects.get().state == "decided"
    undo(people[2], lease, key)
    question = Question.objects.get()
    assert (question.state, question.stop_reason, question.stopped_at) == ("open", "", None)
    assert_places_add_up(campaign)
    assert give(people[2], lease, "yes").status == "stored"
    assert Question.objects.get().state == "decided"


@pytest.mark.parametrize(("last", "stopped"), [("yes", "decided"), ("no", "disputed")])
def test_a_closed_campaign_takes_undos_and_asks_nothing_again(last, stopped):
    campaign = CampaignFactory(min_ratings=2, max_ratings=2)
    QuestionFactory(campaign=campaign)
    ana, ben = annotator(), annotator()
    answered(campaign, ana, "yes")
    before = Question.objects.get()
    lease, key = answered(campaign, ben, last)
    was = Question.objects.get()
    assert was.state == stopped
    campaign.state = "closed"
    campaign.save()
    assert undo(ben, lease, key) == "undone"
    assert Rating.objects.in_force().get().person == ana
    question = Question.objects.get()
    assert (question.state, question.stop_reason, question.stopped_at) == (
        was.state, was.stop_reason, was.stopped_at,
    )  # fmt: skip
    assert question.answered == 1
    assert question.log_odds == pytest.approx(before.log_odds, abs=1e-12)
    assert_places_add_up(campaign)
    assert give(ben, lease, "no").status == "late"
    assert Question.objects.get().state == stopped
    assert_places_add_up(campaign)


def test_undoing_the_answer_that_ended_in_dispute_reopens_the_question():
    campaign = CampaignFactory(min_ratings=1, max_ratings=2)
    QuestionFactory(campaign=campaign)
    ana, ben = annotator(), annotator()
    answered(campaign, ana, "yes")
    lease, key = answered(campaign, ben, "no")
    assert Question.objects.get().state == "disputed"
    undo(ben, lease, key)
    assert Question.objects.get().state == "open"
    assert_places_add_up(campaign)


def test_an_undone_question_nobody_answers_again_returns_to_the_queue(campaign):
    ana, ben = annotator(), annotator()
    lease, key = answered(campaign, ana)
    undo(ana, lease, key)
    let_run_out(lease)
    claim_one(campaign, ben)
    assert_places_add_up(campaign)
    assert Question.objects.get().free == 2


def test_after_ten_minutes_it_is_too_late(campaign):
    ana = annotator()
    lease, key = answered(campaign, ana)
    Rating.objects.update(created_at=timezone.now() - UNDO_WITHIN - timedelta(seconds=1))
    assert undo(ana, lease, key) == "too_late"
    assert not Rating.objects.get().is_withdrawn
    assert_places_add_up(campaign)


def test_a_late_answer_can_be_undone_and_is_late_again_when_answered_again(campaign):
    ana = annotator()
    lease, key = claim_one(campaign, ana), uuid.uuid4()
    let_run_out(lease)
    assert give(ana, lease, "yes", key=key).status == "late"
    assert undo(ana, lease, key) == "undone"
    assert Question.objects.get().log_odds == pytest.approx(0.0, abs=1e-12)
    assert give(ana, lease, "no").status == "late"
    assert_places_add_up(campaign)


def test_nobody_can_undo_the_answer_of_somebody_else(campaign):
    ana = annotator()
    lease, key = answered(campaign, ana)
    with pytest.raises(ParameterError, match="of yours"):
        undo(annotator(), lease, key)
    assert not Rating.objects.get().is_withdrawn


def test_an_unknown_key_is_refused(campaign):
    ana = annotator()
    lease, _ = answered(campaign, ana)
    with pytest.raises(ParameterError, match="of yours"):
        undo(ana, lease, uuid.uuid4())
