from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from annotation.actions.claim_questions import MAX_CLAIM, MAX_IN_HAND, SWEPT, claim_questions
from annotation.actions.return_expired import BATCH
from annotation.allocation.progress import progress_of
from annotation.models import Assignment, Question, QuizAttempt, QuizItem
from consonance.errors import NotAllowedError, ParameterError
from consonance.people.models import Role
from tests.annotation.conftest import assert_places_add_up, claim_one, give, let_run_out
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    ClassFactory,
    GoldAnswerFactory,
    MeasureFactory,
    QuestionFactory,
    annotator,
    person_with,
    researcher,
)

pytestmark = pytest.mark.django_db


def questions_of(claim):
    return [lease.question_id for lease in claim.assignments]


def test_a_claim_takes_one_place_of_each_question():
    campaign = CampaignFactory()
    QuestionFactory.create_batch(3, campaign=campaign)
    claim = claim_questions(campaign=campaign, person=annotator(), count=2)
    assert len(claim.assignments) == 2
    assert claim.reason == ""
    free = sorted(Question.objects.of(campaign).values_list("free", flat=True))
    assert free == [2, 2, 3]
    assert_places_add_up(campaign)


def test_a_lease_lasts_as_long_as_the_campaign_says():
    campaign = CampaignFactory(lease_seconds=120)
    QuestionFactory(campaign=campaign)
    lease = claim_one(campaign, annotator())
    assert lease.lease_until - lease.leased_at == timedelta(seconds=120)


def test_begun_questions_come_first_then_the_seeded_order():
    campaign = CampaignFactory()
    late, early = (QuestionFactory(campaign=campaign, priority=p) for p in (9, 1))
    begun = QuestionFactory(campaign=campaign, priority=5, answered=1, free=2)
    claim = claim_questions(campaign=campaign, person=annotator(), count=3)
    assert questions_of(claim) == [begun.pk, early.pk, late.pk]


def test_a_reloaded_page_gets_what_was_in_hand_with_a_fresh_lease():
    campaign = CampaignFactory()
    QuestionFactory.create_batch(5, campaign=campaign)
    ana = annotator()
    first = claim_questions(campaign=campaign, person=ana, count=3)
    Assignment.objects.update(lease_until=timezone.now() + timedelta(seconds=5))
    again = claim_questions(campaign=campaign, person=ana, count=3)
    assert [a.pk for a in again.assignments] == [a.pk for a in first.assignments]
    for lease in Assignment.objects.all():
        assert lease.lease_until > timezone.now() + timedelta(seconds=500)
    assert_places_add_up(campaign)


def test_what_the_page_holds_is_not_returned_again():
    campaign = CampaignFactory()
    QuestionFactory.create_batch(5, campaign=campaign)
    ana = annotator()
    first = claim_questions(campaign=campaign, person=ana, count=2)
    held = [lease.pk for lease in first.assignments]
    more = claim_questions(campaign=campaign, person=ana, count=2, holding=held)
    assert len(more.assignments) == 2
    assert not set(questions_of(more)) & set(questions_of(first))


def test_nobody_has_more_than_a_handful_however_often_they_ask():
    campaign = CampaignFactory(repeat_share=0)
    QuestionFactory.create_batch(MAX_IN_HAND + 5, campaign=campaign)
    ana = annotator()
    held = []
    for _ in range(4):
        claim = claim_questions(campaign=campaign, person=ana, count=MAX_CLAIM, holding=held)
        held += [lease.pk for lease in claim.assignments]
    assert len(held) == MAX_IN_HAND
    assert claim.reason == "hands_full"


def test_nobody_gets_a_question_twice_even_after_the_lease_ran_out():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    let_run_out(claim_one(campaign, ana))
    claim = claim_questions(campaign=campaign, person=ana, count=1)
    assert claim.assignments == []
    assert claim.reason == "nothing_left"


def test_a_leased_question_returns_to_the_queue_when_the_lease_expires():
    campaign = CampaignFactory(min_ratings=1, max_ratings=1)
    question = QuestionFactory(campaign=campaign)
    ana, ben = annotator(), annotator()
    lease = claim_one(campaign, ana)
    assert claim_questions(campaign=campaign, person=ben, count=1).reason == "nothing_left"
    let_run_out(lease)
    assert claim_one(campaign, ben).question_id == question.pk
    lease.refresh_from_db()
    assert lease.state == Assignment.State.EXPIRED
    assert_places_add_up(campaign)


def test_two_leases_of_one_question_that_ran_out_give_back_two_places():
    campaign = CampaignFactory(min_ratings=3)
    QuestionFactory(campaign=campaign)
    let_run_out(*(claim_one(campaign, annotator()) for _ in range(3)))
    claim_one(campaign, annotator())
    assert Question.objects.get().free == 2
    assert_places_add_up(campaign)


def test_expired_leases_are_given_back_in_bounded_batches():
    campaign = CampaignFactory(min_ratings=1)
    past = timezone.now() - timedelta(hours=1)
    for _ in range(BATCH + 7):
        question = QuestionFactory(campaign=campaign, free=0)
        AssignmentFactory(question=question, leased_at=past)
    ana = annotator()
    claim_questions(campaign=campaign, person=ana, count=1)
    assert Assignment.objects.filter(state="expired").count() == BATCH
    cache.delete(SWEPT)  # a second later
    claim_questions(campaign=campaign, person=ana, count=1)
    assert Assignment.objects.filter(state="expired").count() == BATCH + 7
    assert_places_add_up(campaign)


def test_one_claim_of_a_second_gives_back_what_ran_out_for_all():
    campaign = CampaignFactory(min_ratings=1)
    for _ in range(2):
        QuestionFactory(campaign=campaign)
    let_run_out(claim_one(campaign, annotator()))
    claim_one(campaign, annotator())
    assert Assignment.objects.filter(state="expired").count() == 1
    let_run_out(claim_one(campaign, annotator()))
    QuestionFactory(campaign=campaign)
    claim_one(campaign, annotator())
    assert Assignment.objects.filter(state="expired").count() == 1


def test_nobody_hears_that_nothing_is_left_while_a_lease_that_ran_out_holds_a_place():
    campaign, elsewhere = CampaignFactory(min_ratings=1), CampaignFactory()
    past = timezone.now() - timedelta(hours=1)
    question = QuestionFactory(campaign=campaign, free=0)
    AssignmentFactory(question=question, leased_at=past)
    AssignmentFactory(
        question=QuestionFactory(campaign=elsewhere, free=0), leased_at=past - timedelta(hours=1)
    )
    cache.set(SWEPT, 1, 60)
    assert claim_one(campaign, annotator()).question == question
    assert Assignment.objects.filter(state="expired").count() == 1
    assert_places_add_up(campaign)


def test_a_claim_anywhere_gives_back_what_ran_out_elsewhere():
    here, there = CampaignFactory(), CampaignFactory()
    QuestionFactory(campaign=here)
    QuestionFactory(campaign=there)
    let_run_out(claim_one(there, annotator()))
    claim_one(here, annotator())
    assert Question.objects.get(campaign=there).free == 3
    assert_places_add_up(there)


def test_a_full_question_is_handed_to_nobody():
    campaign = CampaignFactory(min_ratings=2)
    QuestionFactory(campaign=campaign)
    for _ in range(2):
        claim_one(campaign, annotator())
    claim = claim_questions(campaign=campaign, person=annotator(), count=1)
    assert (claim.assignments, claim.reason) == ([], "nothing_left")


@pytest.mark.parametrize("state", ["decided", "disputed"])
def test_a_stopped_question_is_handed_to_nobody(state):
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign, state=state)
    assert claim_questions(campaign=campaign, person=annotator(), count=1).assignments == []


def test_a_question_that_stopped_while_in_hand_is_not_returned_again():
    campaign = CampaignFactory()
    question = QuestionFactory(campaign=campaign)
    ana = annotator()
    claim_one(campaign, ana)
    Question.objects.filter(pk=question.pk).update(state="decided")
    assert claim_questions(campaign=campaign, person=ana, count=1).reason == "nothing_left"


@pytest.mark.parametrize("state", ["paused", "closed"])
def test_a_campaign_that_is_not_open_hands_out_nothing_and_says_why(state):
    campaign = CampaignFactory(state=state)
    QuestionFactory(campaign=campaign)
    claim = claim_questions(campaign=campaign, person=annotator(), count=1)
    assert (claim.assignments, claim.reason) == ([], state)


def test_explicit_tracks_go_only_to_those_who_accept_them():
    campaign = CampaignFactory()
    question = QuestionFactory(campaign=campaign)
    question.clip.track.is_explicit = True
    question.clip.track.save()
    assert claim_questions(campaign=campaign, person=annotator(), count=1).assignments == []
    willing = annotator(accepts_explicit=True)
    assert claim_one(campaign, willing).question_id == question.pk


def test_a_withdrawn_clip_is_played_to_nobody():
    campaign = CampaignFactory()
    question = QuestionFactory(campaign=campaign)
    question.clip.is_withdrawn = True
    question.clip.save()
    willing = annotator(accepts_explicit=True)
    assert claim_questions(campaign=campaign, person=willing, count=1).assignments == []


def test_an_annotator_of_the_campaign_or_its_collection_may_claim():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    for place in (campaign, campaign.collection):
        claim_one(campaign, person_with(Role.ANNOTATOR, place=place))


def test_a_researcher_and_an_annotator_of_elsewhere_may_not():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    for person in (researcher(), person_with(Role.ANNOTATOR, place=CampaignFactory())):
        with pytest.raises(NotAllowedError, match="annotator"):
            claim_questions(campaign=campaign, person=person, count=1)
    assert not Assignment.objects.exists()


@pytest.mark.parametrize("count", [0, -1, MAX_CLAIM + 1])
def test_a_count_out_of_range_is_refused(count):
    with pytest.raises(ParameterError, match=str(count)):
        claim_questions(campaign=CampaignFactory(), person=annotator(), count=count)


def test_an_answered_question_is_not_returned_again():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    give(ana, claim_one(campaign, ana))
    assert claim_questions(campaign=campaign, person=ana, count=1).reason == "nothing_left"


# --- measures ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "reason", "told"),
    [("pause", "paused_you", "You are paused"), ("requiz", "quiz", "take the quiz")],
)
def test_whoever_is_held_back_gets_nothing_and_is_told_why(kind, reason, told):
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    MeasureFactory(campaign=campaign, person=ana, kind=kind, reason="Too many quick answers.")
    claim = claim_questions(campaign=campaign, person=ana, count=1)
    assert (claim.assignments, claim.reason) == ([], reason)
    assert told in claim.detail
    assert "Too many quick answers." in claim.detail
    assert not Assignment.objects.exists()


def test_a_pause_weighs_more_than_a_quiz():
    campaign = CampaignFactory()
    ana = annotator()
    for kind in ("requiz", "pause"):
        MeasureFactory(campaign=campaign, person=ana, kind=kind)
    assert claim_questions(campaign=campaign, person=ana, count=1).reason == "paused_you"


def test_what_was_in_hand_before_the_pause_is_not_handed_out_again_but_taken():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    lease = claim_one(campaign, ana)
    MeasureFactory(campaign=campaign, person=ana)
    assert claim_questions(campaign=campaign, person=ana, count=1).assignments == []
    assert give(ana, lease).status == "stored"


def test_a_lifted_measure_and_one_elsewhere_and_an_exclusion_hold_nobody_back():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    MeasureFactory(campaign=campaign, person=ana, lifted_at=timezone.now())
    MeasureFactory(person=ana)
    MeasureFactory(campaign=campaign)
    MeasureFactory(campaign=campaign, person=ana, kind="exclude")
    assert claim_one(campaign, ana)


def test_a_closed_campaign_is_closed_for_paused_people_too():
    campaign = CampaignFactory(state="closed")
    ana = annotator()
    MeasureFactory(campaign=campaign, person=ana)
    assert claim_questions(campaign=campaign, person=ana, count=1).reason == "closed"


def test_a_question_whose_answer_a_quiz_has_told_is_not_asked():
    campaign = CampaignFactory()
    told, other = QuestionFactory.create_batch(2, campaign=campaign)
    ana = annotator()
    attempt = QuizAttempt.objects.create(campaign=campaign, person=ana)
    QuizItem.objects.create(attempt=attempt, place=1, gold=GoldAnswerFactory(question=told))
    assert questions_of(claim_questions(campaign=campaign, person=ana, count=5)) == [other.pk]
    assert progress_of(campaign, ana, timezone.now()).remaining_for_you == 1
    everybody_else = claim_questions(campaign=campaign, person=annotator(), count=5)
    assert set(questions_of(everybody_else)) == {told.pk, other.pk}


def test_a_quiz_about_the_clip_in_another_class_hides_no_question():
    campaign = CampaignFactory()
    question = QuestionFactory(campaign=campaign)
    ana = annotator()
    attempt = QuizAttempt.objects.create(campaign=campaign, person=ana)
    gold = GoldAnswerFactory(clip=question.clip, target=ClassFactory())
    QuizItem.objects.create(attempt=attempt, place=1, gold=gold)
    assert claim_one(campaign, ana).question_id == question.pk


@pytest.mark.parametrize("asks", ["class", "clip"])
def test_a_claim_asks_the_database_a_fixed_number_of_times(django_assert_max_num_queries, asks):
    campaign = CampaignFactory(repeat_share=0, gold_share=0, asks=asks)
    QuestionFactory.create_batch(45, campaign=campaign)
    ana = annotator()
    held = [
        lease.pk for lease in claim_questions(campaign=campaign, person=ana, count=1).assignments
    ]
    # Roles 2, what the person brings, in hand, classes, begun 2, new; in one transaction (a
    # savepoint in a test) questions, class in turn, in hand, places and leases. Clips: a query more
    # for what is asked of them.
    with django_assert_max_num_queries(15 if asks == "class" else 16):
        claim_questions(campaign=campaign, person=ana, count=20, holding=held)
