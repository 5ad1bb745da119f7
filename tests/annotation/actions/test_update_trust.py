from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db.models import F
from django.urls import reverse

from annotation.actions.answer_quiz import answer_quiz
from annotation.actions.correct_rating import correct_rating
from annotation.actions.lift_measure import lift_measure
from annotation.actions.plant_gold import plant_gold
from annotation.actions.start_quiz import start_quiz
from annotation.actions.undo_rating import undo_rating
from annotation.actions.update_trust import hold_back_untrusted
from annotation.aggregation.collected import collect
from annotation.gold.own import own_accuracy, settled_gold
from annotation.gold.trust import trust_of
from annotation.models import GoldAnswer, GoldTrust, Measure, Question, QuizItem, Rating
from consonance.ledger.models import AuditEntry
from tests.annotation.conftest import assert_places_add_up, claim_one, give
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    ClassFactory,
    ClipFactory,
    GoldAnswerFactory,
    MeasureFactory,
    QuestionFactory,
    RatingFactory,
    admin,
    annotator,
)

pytestmark = pytest.mark.django_db
YES, NO = {"present": "yes", "absent": "no"}, {"present": "no", "absent": "yes"}


@pytest.fixture
def campaign():
    """A campaign with one ordinary question and twelve gold ones, half of them present."""
    made = CampaignFactory(repeat_share=0, gold_share=0)
    target = ClassFactory(display_name="banjo")
    QuestionFactory(campaign=made, target=target)
    for place in range(12):
        truth = ("present", "absent")[place % 2]
        clip = ClipFactory(track__collection=made.collection)
        GoldAnswerFactory(clip=clip, target=target, truth=truth)
    plant_gold(campaign=made)
    return made


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """Do what follows a commit at once."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def hold(question, person, **fields):
    Question.objects.filter(pk=question.pk).update(free=question.free - 1)
    return AssignmentFactory(question=question, person=person, **fields)


def answer_gold(campaign, person, number, *, right):
    """Let a person answer some gold that they had not; return the leases."""
    leases = []
    fresh = Question.objects.of(campaign).gold().not_asked_of(person).order_by("pk")
    for question in fresh[:number]:
        truth = GoldAnswer.objects.get(clip=question.clip, target=question.target).truth
        lease = hold(question, person)
        assert give(person, lease, (YES if right else NO)[truth]).status == "stored"
        leases.append(lease)
    return leases


def counts(person):
    return [(row.right, row.wrong) for row in GoldTrust.objects.filter(person=person)]


def kinds(person):
    held = Measure.objects.filter(person=person, lifted_at__isnull=True)
    return sorted(held.values_list("kind", "rule"))


HELD = [("exclude", "gold_trust"), ("requiz", "gold_trust")]


def test_right_and_wrong_answers_to_gold_are_counted_per_class(campaign):
    ana = annotator()
    answer_gold(campaign, ana, 3, right=True)
    answer_gold(campaign, ana, 1, right=False)
    assert counts(ana) == [(3, 1)]
    [row] = trust_of(ana, campaign)
    assert (row.trust.right, row.trust.wrong) == (3, 1)


def test_ordinary_questions_repeats_and_unsure_count_for_nothing(campaign):
    ana = annotator()
    give(ana, claim_one(campaign, ana))
    gold = Question.objects.gold().first()
    give(ana, AssignmentFactory(question=gold, person=ana, occasion=1))
    give(ana, hold(Question.objects.gold().last(), ana), "unsure")
    assert counts(ana) == [(0, 0)]
    assert trust_of(ana, campaign) == []


def test_gold_that_is_contradicted_counts_for_nothing(campaign):
    ana, question = annotator(), Question.objects.gold().first()
    GoldAnswerFactory(question=question, truth="absent")
    GoldAnswerFactory(question=question, truth="present")
    give(ana, hold(question, ana))
    assert counts(ana) == [(0, 0)]


def test_the_same_answer_sent_twice_counts_once_and_an_undo_takes_it_back(campaign):
    ana = annotator()
    [lease] = answer_gold(campaign, ana, 1, right=True)
    rating = Rating.objects.get(assignment=lease)
    give(ana, lease, rating.answer, key=rating.key)
    assert counts(ana) == [(1, 0)]
    for _ in range(2):
        undo_rating(person=ana, assignment=lease.pk, key=rating.key)
    assert counts(ana) == [(0, 0)]
    question = Question.objects.get(pk=lease.question_id)
    assert (question.state, question.answered) == ("open", 0)
    other = "no" if rating.answer == "yes" else "yes"
    give(ana, lease, other)
    assert counts(ana) == [(0, 1)]


def test_who_is_surely_below_the_floor_is_asked_for_the_quiz_and_left_out(campaign, committed):
    ana = annotator()
    in_hand = claim_one(campaign, ana)
    with committed():
        answer_gold(campaign, ana, 4, right=False)
    assert kinds(ana) == []
    with committed():
        answer_gold(campaign, ana, 1, right=False)
    assert kinds(ana) == HELD
    reason = Measure.objects.get(kind="requiz").reason
    assert "Of 5 of your answers" in reason
    assert "banjo" in reason
    in_hand.refresh_from_db()
    assert in_hand.state == "expired"  # its place is another's
    ordinary = Question.objects.not_gold().get()
    assert ordinary.free == ordinary.wanted
    assert Rating.objects.filter(person=ana).count() == 5
    assert [row["rater"] for row in (one.as_dict() for one in collect(campaign).exclusions)]
    with committed():
        answer_gold(campaign, ana, 1, right=False)
    assert kinds(ana) == HELD


def test_who_is_good_enough_is_left_alone(campaign, committed):
    ana = annotator()
    with committed():
        answer_gold(campaign, ana, 9, right=True)
        answer_gold(campaign, ana, 3, right=False)
    assert kinds(ana) == []


def test_a_lower_floor_is_more_patient(campaign, committed):
    campaign.trust_floor = 0.0
    campaign.save()
    ana = annotator()
    with committed():
        answer_gold(campaign, ana, 12, right=False)
    assert kinds(ana) == []


def pass_quiz(campaign, person):
    attempt = start_quiz(campaign=campaign, person=person)
    for item in attempt.items.select_related("gold").order_by("place"):
        answer_quiz(campaign=campaign, person=person, item_id=item.pk, answer=YES[item.gold.truth])


def test_passing_the_quiz_lifts_all_of_it_and_trust_begins_anew(campaign, committed):
    ana = annotator()
    with committed():
        answer_gold(campaign, ana, 6, right=False)
    pass_quiz(campaign, ana)
    assert kinds(ana) == []
    assert counts(ana) == [(0, 0)]
    assert trust_of(ana, campaign) == []
    entry = AuditEntry.objects.get(action="restore_trust")
    assert (entry.detail["wrong"], entry.object_id) == (6, str(ana.pk))
    with committed():
        answer_gold(campaign, ana, 1, right=False)
    assert kinds(ana) == []


def test_an_undo_after_the_quiz_does_not_count_below_nothing(campaign, committed):
    ana = annotator()
    with committed():
        lease = answer_gold(campaign, ana, 6, right=False)[0]
    pass_quiz(campaign, ana)
    rating = Rating.objects.get(assignment=lease)
    undo_rating(person=ana, assignment=lease.pk, key=rating.key)
    assert counts(ana) == [(0, 0)]


def test_an_admin_who_lifts_one_lifts_both_and_the_rule_does_not_strike_at_once(
    campaign, committed
):
    ana = annotator()
    with committed():
        answer_gold(campaign, ana, 6, right=False)
    held = Measure.objects.get(person=ana, kind="exclude")
    lift_measure(measure_id=held.pk, reason="A broken cable.", actor=admin())
    assert kinds(ana) == []
    with committed():
        answer_gold(campaign, ana, 1, right=False)
    assert kinds(ana) == []


def test_a_quiz_that_an_admin_asked_for_lifts_what_the_rule_added(campaign, committed):
    ana = annotator()
    MeasureFactory(campaign=campaign, person=ana, kind="requiz")
    with committed():
        answer_gold(campaign, ana, 6, right=False)
    assert kinds(ana) == [("exclude", "gold_trust"), ("requiz", "")]
    pass_quiz(campaign, ana)
    assert kinds(ana) == []


def test_what_an_admin_left_out_by_hand_stays_left_out(campaign, committed):
    ana = annotator()
    MeasureFactory(campaign=campaign, person=ana, kind="exclude")
    with committed():
        answer_gold(campaign, ana, 6, right=False)
    pass_quiz(campaign, ana)
    assert kinds(ana) == [("exclude", "")]


def test_without_enough_gold_for_a_quiz_the_person_is_paused_for_an_admin(campaign):
    ana = annotator()
    target = campaign.guidelines.get().target
    GoldTrust.objects.create(
        person=ana, collection=campaign.collection, target=target, right=0, wrong=9
    )
    GoldAnswer.objects.filter(truth="absent").update(retired_at=campaign.created_at)
    hold_back_untrusted(campaign=campaign, person=ana)
    assert kinds(ana) == [("exclude", "gold_trust"), ("pause", "gold_trust")]
    lift_measure(
        measure_id=Measure.objects.get(kind="pause").pk, reason="Talked to.", actor=admin()
    )
    assert kinds(ana) == []


def test_trust_in_classes_of_another_campaign_pauses_nobody_here(campaign):
    ana = annotator()
    GoldTrust.objects.create(
        person=ana, collection=campaign.collection, target=ClassFactory(), wrong=50
    )
    assert hold_back_untrusted(campaign=campaign, person=ana) == []


def test_the_persons_page_shows_trust_class_by_class(campaign, client):
    ana = annotator()
    answer_gold(campaign, ana, 3, right=True)
    client.force_login(admin())
    page = client.get(reverse("annotation:consistency_person", args=[campaign.pk, ana.pk]))
    text = page.content.decode()
    assert "Trust from gold" in text
    [row] = page.context["gold_trust"]
    assert (row["name"], row["right"], row["wrong"]) == ("banjo", 3, 0)
    assert row["mean"] == pytest.approx(7 / 8)
    assert row["low"] < row["mean"] < row["high"]


def test_people_are_told_of_their_own_gold_in_steps_so_that_none_is_given_away(campaign):
    ana = annotator()
    answer_gold(campaign, ana, 8, right=True)
    answer_gold(campaign, ana, 1, right=False)
    settle()
    assert own_accuracy(ana, campaign) is None
    answer_gold(campaign, ana, 1, right=False)
    assert own_accuracy(ana, campaign) is None  # it may still be undone
    settle()
    told = own_accuracy(ana, campaign)
    assert (told.right, told.number, told.share) == (8, 10, 0.8)
    answer_gold(campaign, ana, 2, right=False)
    settle()
    assert own_accuracy(ana, campaign) == told


def test_a_question_counts_once_however_often_it_was_answered_anew(campaign):
    ana = annotator()
    answer_gold(campaign, ana, 1, right=True)
    first = Rating.objects.get()
    for _ in range(10):  # as undone corrections left them, before these had to be quick
        old = first
        old.superseded_by = RatingFactory(
            question=old.question, person=ana, assignment=old.assignment, is_withdrawn=True
        )
        old.save()
        first = RatingFactory(question=old.question, person=ana, assignment=old.assignment)
    settle()
    [told] = settled_gold(ana)
    assert told.is_right
    assert own_accuracy(ana, campaign) is None


def settle():
    """Make all answers older than they can be undone, and than the hour."""
    Rating.objects.update(created_at=F("created_at") - timedelta(hours=2))


def test_an_undo_reopens_nothing_that_a_curator_decided(campaign):
    ana = annotator()
    lease = claim_one(campaign, ana)
    give(ana, lease)
    Question.objects.filter(pk=lease.question_id).update(state="adjudicated", stop_reason="curator")
    rating = Rating.objects.get(assignment=lease)
    undo_rating(person=ana, assignment=lease.pk, key=rating.key)
    question = Question.objects.get(pk=lease.question_id)
    assert (question.state, question.stop_reason) == ("adjudicated", "curator")
    assert give(ana, lease, "no").status == "late"
    Question.objects.gold().delete()
    assert_places_add_up(campaign)


def test_what_a_quiz_has_told_earns_no_trust(campaign, committed):
    ana = annotator()
    with committed():
        answer_gold(campaign, ana, 12, right=0)
    pass_quiz(campaign, ana)
    assert counts(ana) == [(0, 0)]
    told = QuizItem.objects.filter(attempt__person=ana).exclude(answer="")
    for item in told.select_related("gold"):
        rating = Rating.objects.in_force().get(
            person=ana, question__clip=item.gold.clip, question__target=item.gold.target
        )
        answer = YES[item.gold.truth]
        correct_rating(person=ana, rating_id=rating.pk, answer=answer, key=uuid.uuid4())
    assert told.count() == 8
    assert counts(ana) == [(0, 0)]
