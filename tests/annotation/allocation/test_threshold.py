"""What comes before the first question: instructions, headphones, a quiz; and a study's end."""

from __future__ import annotations

import pytest
from django.utils import timezone

from annotation.actions.answer_quiz import answer_quiz
from annotation.actions.claim_questions import claim_questions
from annotation.actions.finish_welcome import finish_welcome
from annotation.actions.start_quiz import start_quiz
from annotation.models import (
    Assignment,
    Participant,
    Question,
    QuizAttempt,
    QuizItem,
    Study,
    Workload,
)
from consonance.errors import StateError
from tests.annotation.conftest import give, welcomed
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    ClipFactory,
    GoldAnswerFactory,
    QuestionFactory,
    annotator,
)

pytestmark = pytest.mark.django_db


def claim(campaign, person, count=1, **fields):
    return claim_questions(
        campaign=campaign, person=person, count=count, checks_welcome=True, **fields
    )


def asking(**fields):
    campaign = CampaignFactory(**({"gold_share": 0, "repeat_share": 0} | fields))
    QuestionFactory.create_batch(20, campaign=campaign)
    return campaign


# --- welcome and headphones ------------------------------------------------------------------
def test_instructions_come_before_the_first_question_and_once():
    campaign, ana = asking(), annotator()
    found = claim(campaign, ana)
    assert (found.assignments, found.reason) == ([], "welcome")
    assert "instructions" in found.detail
    finish_welcome(campaign=campaign, person=ana)
    assert claim(campaign, ana).assignments
    first = Workload.objects.get(person=ana).welcomed_at
    finish_welcome(campaign=campaign, person=ana)
    assert Workload.objects.get(person=ana).welcomed_at == first


def test_whoever_has_answered_here_is_not_sent_back_to_them():
    campaign, ana = asking(), annotator()
    [lease] = claim_questions(campaign=campaign, person=ana, count=1).assignments
    give(ana, lease)
    assert claim(campaign, ana).assignments


def test_having_been_welcomed_elsewhere_is_not_enough():
    campaign, other, ana = asking(), asking(), annotator()
    welcomed(ana, other)
    assert claim(campaign, ana).reason == "welcome"


def test_headphones_come_after_the_instructions_where_a_campaign_wants_them():
    campaign = asking(checks_headphones=True)
    ana = annotator()
    assert claim(campaign, ana).reason == "welcome"
    welcomed(ana, campaign)
    assert claim(campaign, ana).reason == "headphones"
    Workload.objects.update(headphones_at=timezone.now())
    assert claim(campaign, ana).assignments


def test_a_program_says_over_the_api_that_it_showed_them(client_of):
    campaign = asking()
    client = client_of(annotator())
    url = f"/api/v1/campaigns/{campaign.pk}/welcome/"
    body = {"campaign": str(campaign.pk)}
    refused = client.post("/api/v1/questions/claim", body, format="json").json()
    assert (refused["questions"], refused["reason"]) == ([], "welcome")
    told = [client.post(url, {}, format="json") for _ in range(2)]
    assert [answer.status_code for answer in told] == [200, 200]
    assert told[0].json() == told[1].json()
    assert client.post("/api/v1/questions/claim", body, format="json").json()["questions"]
    stranger = client_of(None).post(url, {}, format="json")
    assert stranger.status_code == 401


# --- the quiz before a class -----------------------------------------------------------------
def quizzed(**fields):
    """Make a campaign whose quiz comes first, with gold for one of its two classes."""
    campaign = asking(requires_quiz=True, **fields)
    banjo = Question.objects.first().target
    for truth in ("present", "absent"):
        for _ in range(4):
            GoldAnswerFactory(
                collection=campaign.collection,
                clip=ClipFactory(track__collection=campaign.collection),
                target=banjo,
                truth=truth,
                is_quiz=True,
            )
    cello = ClassFactory()
    QuestionFactory.create_batch(5, campaign=campaign, target=cello)
    return campaign, banjo, cello


def pass_quiz(campaign, person, target):
    attempt = start_quiz(campaign=campaign, person=person, target=target)
    for item in attempt.items.select_related("gold"):
        answer = "yes" if item.gold.truth == "present" else "no"
        answer_quiz(campaign=campaign, person=person, item_id=item.pk, answer=answer)
    return attempt


def test_the_quiz_of_a_class_comes_before_its_first_question():
    campaign, banjo, cello = quizzed()
    ana = welcomed(annotator(), campaign)
    found = claim(campaign, ana, class_name=banjo.name)
    assert (found.assignments, found.reason) == ([], "quiz")
    assert found.quiz.target == banjo
    assert found.quiz.url == f"/campaigns/{campaign.pk}/quiz/?class={banjo.name}"
    attempt = pass_quiz(campaign, ana, banjo)
    assert attempt.target == banjo
    assert set(attempt.items.values_list("gold__target", flat=True)) == {banjo.pk}
    assert claim(campaign, ana, class_name=banjo.name).assignments
    # Without gold for a quiz a class is asked about as it is.
    assert claim(campaign, annotator_of(campaign), class_name=cello.name).assignments


def annotator_of(campaign):
    return welcomed(annotator(), campaign)


def test_a_failed_quiz_and_one_of_another_class_open_nothing():
    campaign, banjo, cello = quizzed()
    ana = annotator_of(campaign)
    now = timezone.now()
    for target, has_passed in ((banjo, False), (cello, True)):
        QuizAttempt.objects.create(
            campaign=campaign, person=ana, target=target, has_passed=has_passed, finished_at=now
        )
    assert claim(campaign, ana, class_name=banjo.name).reason == "quiz"
    QuizAttempt.objects.create(campaign=campaign, person=ana, has_passed=True, finished_at=now)
    assert claim(campaign, ana, class_name=banjo.name).assignments


def test_nobody_takes_the_quiz_of_a_class_twice_or_where_none_is_wanted():
    campaign, banjo, _ = quizzed()
    ana = annotator_of(campaign)
    pass_quiz(campaign, ana, banjo)
    with pytest.raises(StateError, match="Nobody asked you"):
        start_quiz(campaign=campaign, person=ana, target=banjo)
    campaign.requires_quiz = False
    campaign.save()
    with pytest.raises(StateError, match="Nobody asked you"):
        start_quiz(campaign=campaign, person=annotator(), target=banjo)


def test_in_clip_mode_the_quiz_comes_before_a_clip_that_asks_about_its_class():
    campaign, banjo, _ = quizzed(asks="clip")
    ana = annotator_of(campaign)
    Question.objects.exclude(target=banjo).update(state="decided")
    assert claim(campaign, ana).quiz.target == banjo
    pass_quiz(campaign, ana, banjo)
    assert claim(campaign, ana).assignments


def test_what_the_quiz_told_is_never_asked_whichever_queue_it_stands_in():
    campaign, banjo, _ = quizzed()
    ana = annotator_of(campaign)
    new, begun = Question.objects.filter(target=banjo)[:2]
    Question.objects.filter(pk=begun.pk).update(answered=1, free=2)
    attempt = pass_quiz(campaign, ana, banjo)
    for place, question in enumerate((new, begun), start=20):
        gold = GoldAnswerFactory(question=question)
        QuizItem.objects.create(attempt=attempt, place=place, gold=gold, answer="yes")
    came = set()
    while leases := claim(campaign, ana, 5, class_name=banjo.name).assignments:
        came |= {lease.question_id for lease in leases}
        for lease in leases:
            give(ana, lease)
    assert len(came) == 18
    assert not came & {new.pk, begun.pk}


def test_the_api_names_the_quiz(client_of):
    campaign, banjo, _ = quizzed()
    client = client_of(annotator_of(campaign))
    body = {"campaign": str(campaign.pk), "class": banjo.name}
    answer = client.post("/api/v1/questions/claim", body, format="json").json()
    assert answer["reason"] == "quiz"
    assert answer["quiz"] == {
        "class": banjo.name,
        "url": f"/campaigns/{campaign.pk}/quiz/?class={banjo.name}",
    }


# --- studies ---------------------------------------------------------------------------------
def in_study(campaign, *, wanted):
    study = Study.objects.create(
        campaign=campaign, provider="prolific", name="Pilot", ratings_wanted=wanted,
        completion_code="C1", screened_out_code="S1",
    )  # fmt: skip
    person = annotator_of(campaign)
    Participant.objects.create(study=study, person=person, external_id="w1")
    return person


def test_a_participant_is_never_handed_more_than_they_owe():
    campaign = asking()
    ana = in_study(campaign, wanted=5)
    first = claim(campaign, ana, 3).assignments
    held = [lease.pk for lease in first]
    second = claim(campaign, ana, 10, holding=held).assignments
    assert (len(first), len(second)) == (3, 2)
    held += [lease.pk for lease in second]
    assert claim(campaign, ana, 10, holding=held).reason == "hands_full"
    for lease in first:
        give(ana, lease)
    assert claim(campaign, ana, 10, holding=held).reason == "hands_full"
    for lease in second:
        give(ana, lease)
    assert claim(campaign, ana).reason == "study_done"
    assert Assignment.objects.filter(person=ana).count() == 5


@pytest.mark.parametrize("asks", ["class", "clip"])
def test_gold_and_repeats_count_among_what_is_owed(asks):
    campaign = asking(gold_share=0.5, asks=asks)
    target = Question.objects.first().target
    for truth in ("present", "absent"):
        for _ in range(5):
            question = QuestionFactory(
                campaign=campaign, target=target, is_gold=True, wanted=30_000, free=30_000
            )
            GoldAnswerFactory(question=question, truth=truth)
    ana = in_study(campaign, wanted=7)
    while leases := claim(campaign, ana, 2).assignments:
        for lease in leases:
            give(ana, lease)
    assert Assignment.objects.filter(person=ana).count() == 7
    assert claim(campaign, ana).reason == "study_done"
