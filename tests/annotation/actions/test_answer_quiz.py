from __future__ import annotations

import uuid

import pytest
from django.db.models import F

from annotation.actions.answer_quiz import answer_quiz
from annotation.actions.claim_questions import claim_questions
from annotation.actions.lift_measure import lift_measure
from annotation.actions.start_quiz import start_quiz
from annotation.actions.update_trust import hold_back_untrusted
from annotation.gold.quiz_breaks import RETRY_AFTER
from annotation.models import GoldTrust, Measure, QuizAttempt
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import AuditEntry
from tests.annotation.golden import golden
from tests.factories import MeasureFactory, QuestionFactory, annotator

pytestmark = pytest.mark.django_db
RIGHT = {"present": "yes", "absent": "no"}
WRONG = {"present": "no", "absent": "yes"}


@pytest.fixture
def ana():
    return annotator()


@pytest.fixture
def campaign(ana):
    campaign = golden()
    MeasureFactory(campaign=campaign, person=ana, kind="requiz")
    return campaign


def take(campaign, person, *, right, unsure=0):
    """Take the quiz with so many right answers; return the attempt as it then is."""
    attempt = start_quiz(campaign=campaign, person=person)
    for number, item in enumerate(attempt.items.all()):
        if number < unsure:
            answer = "unsure"
        else:
            answer = (RIGHT if number < unsure + right else WRONG)[item.gold.truth]
        answer_quiz(campaign=campaign, person=person, item_id=item.pk, answer=answer)
    attempt.refresh_from_db()
    return attempt


@pytest.mark.parametrize(("right", "passes"), [(8, True), (6, True), (5, False), (0, False)])
def test_six_of_eight_pass(campaign, ana, right, passes):
    attempt = take(campaign, ana, right=right)
    assert attempt.has_passed is passes
    assert attempt.finished_at is not None
    assert AuditEntry.objects.get(action="finish_quiz").detail["right"] == right


def test_unsure_is_not_right(campaign, ana):
    assert not take(campaign, ana, right=5, unsure=3).has_passed


def test_passing_lifts_the_measure_and_questions_come_again(campaign, ana):
    QuestionFactory(campaign=campaign)
    assert claim_questions(campaign=campaign, person=ana, count=1).reason == "quiz"
    take(campaign, ana, right=7)
    measure = Measure.objects.get()
    assert measure.lifted_at is not None
    assert measure.lifted_by is None
    assert measure.lift_reason == "Passed the quiz: 7 of 8 right."
    assert claim_questions(campaign=campaign, person=ana, count=1).assignments


def test_failing_lifts_nothing_and_can_be_tried_again(campaign, ana):
    first = take(campaign, ana, right=3)
    assert Measure.objects.get().lifted_at is None
    assert claim_questions(campaign=campaign, person=ana, count=1).reason == "quiz"
    QuizAttempt.objects.update(finished_at=F("finished_at") - RETRY_AFTER)
    second = take(campaign, ana, right=8)
    assert second != first
    assert second.has_passed
    assert Measure.objects.get().lifted_at is not None


def test_a_pause_stays_when_the_quiz_is_passed(campaign, ana):
    pause = MeasureFactory(campaign=campaign, person=ana, kind="pause")
    take(campaign, ana, right=8)
    pause.refresh_from_db()
    assert pause.lifted_at is None


def test_passing_after_the_measure_was_lifted_by_hand_is_no_error(campaign, ana):
    attempt = start_quiz(campaign=campaign, person=ana)
    lift_measure(measure_id=Measure.objects.get().pk, reason="Talked about it.")
    for item in attempt.items.all():
        answer_quiz(campaign=campaign, person=ana, item_id=item.pk, answer=RIGHT[item.gold.truth])
    attempt.refresh_from_db()
    assert attempt.has_passed
    assert Measure.objects.get().lift_reason == "Talked about it."


def test_the_first_answer_stands(campaign, ana):
    item = start_quiz(campaign=campaign, person=ana).items.first()
    first = answer_quiz(campaign=campaign, person=ana, item_id=item.pk, answer="yes")
    again = answer_quiz(campaign=campaign, person=ana, item_id=item.pk, answer="no")
    assert (first.answer, again.answer) == ("yes", "yes")
    item.refresh_from_db()
    assert item.answer == "yes"
    assert item.answered_at == first.answered_at


def test_clips_come_in_order(campaign, ana):
    last = start_quiz(campaign=campaign, person=ana).items.last()
    with pytest.raises(StateError, match="Clip 1 comes first"):
        answer_quiz(campaign=campaign, person=ana, item_id=last.pk, answer="yes")
    last.refresh_from_db()
    assert last.answer == ""


def test_an_item_of_somebody_else_or_of_nobody_is_refused(campaign, ana):
    item = start_quiz(campaign=campaign, person=ana).items.first()
    for person, item_id in ((annotator(), item.pk), (ana, uuid.uuid4())):
        with pytest.raises(ParameterError, match="no quiz of yours"):
            answer_quiz(campaign=campaign, person=person, item_id=item_id, answer="yes")
    item.refresh_from_db()
    assert item.answer == ""


@pytest.mark.parametrize("answer", ["", "maybe", "YES", "present"])
def test_what_is_no_answer_is_refused(campaign, ana, answer):
    item = start_quiz(campaign=campaign, person=ana).items.first()
    with pytest.raises(ParameterError, match="no answer"):
        answer_quiz(campaign=campaign, person=ana, item_id=item.pk, answer=answer)


def trusted_little(campaign, person):
    """Let somebody have been wrong on gold, as the rule sees it; return what it takes."""
    target = campaign.guidelines.get().target
    GoldTrust.objects.create(
        person=person, collection=campaign.collection, target=target, right=1, wrong=40
    )
    return hold_back_untrusted(campaign=campaign, person=person)


def answer_all(attempt):
    for item in attempt.items.all():
        answer_quiz(
            campaign=attempt.campaign, person=attempt.person, item_id=item.pk,
            answer=RIGHT[item.gold.truth],
        )  # fmt: skip
    attempt.refresh_from_db()
    return attempt


@pytest.mark.parametrize("of_class", [True, False])
def test_a_quiz_begun_before_it_was_asked_for_lifts_nothing(ana, of_class):
    campaign = golden()
    campaign.requires_quiz = True
    if of_class:
        target = campaign.guidelines.get().target
        attempt = start_quiz(campaign=campaign, person=ana, target=target)
    else:
        MeasureFactory(campaign=campaign, person=ana, kind="requiz")
        attempt = start_quiz(campaign=campaign, person=ana)
        lift_measure(measure_id=Measure.objects.get().pk, reason="Talked about it.")
    taken = trusted_little(campaign, ana)
    assert {row.kind for row in taken} == {"requiz", "exclude"}
    assert answer_all(attempt).has_passed
    assert set(Measure.objects.filter(lifted_at=None)) == set(taken)
    assert GoldTrust.objects.get().wrong == 40
    answer_all(start_quiz(campaign=campaign, person=ana))
    assert not Measure.objects.filter(lifted_at=None).exists()
    assert GoldTrust.objects.get().wrong == 0


def test_a_class_quiz_lifts_nothing_though_it_was_begun_later(campaign, ana):
    target = campaign.guidelines.get().target
    gold = list(start_quiz(campaign=campaign, person=ana).items.values_list("gold", flat=True))
    QuizAttempt.objects.all().delete()
    attempt = QuizAttempt.objects.create(campaign=campaign, person=ana, target=target)
    for place, one in enumerate(gold, start=1):
        attempt.items.create(place=place, gold_id=one)
    assert answer_all(attempt).has_passed
    assert Measure.objects.get().lifted_at is None


def test_a_first_quiz_leaves_trust_as_it_is(ana):
    campaign = golden()
    campaign.requires_quiz = True
    target = campaign.guidelines.get().target
    GoldTrust.objects.create(
        person=ana, collection=campaign.collection, target=target, right=3, wrong=2
    )
    answer_all(start_quiz(campaign=campaign, person=ana, target=target))
    assert (GoldTrust.objects.get().right, GoldTrust.objects.get().wrong) == (3, 2)


def test_what_was_decided_while_the_quiz_was_taken_stays_until_the_next(campaign, ana):
    attempt = start_quiz(campaign=campaign, person=ana)  # asked for by hand
    [excluded] = trusted_little(campaign, ana)
    assert excluded.kind == "exclude"
    answer_all(attempt)
    assert Measure.objects.filter(lifted_at=None).count() == 2
    assert GoldTrust.objects.get().wrong == 40
    answer_all(start_quiz(campaign=campaign, person=ana))
    assert not Measure.objects.filter(lifted_at=None).exists()
