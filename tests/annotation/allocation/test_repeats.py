from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.actions.claim_questions import MAX_IN_HAND, claim_questions
from annotation.actions.return_expired import return_expired
from annotation.actions.undo_rating import undo_rating
from annotation.allocation import repeats
from annotation.allocation.handing_out import present_questions
from annotation.allocation.progress import progress_of
from annotation.gold.quizzes import taught_to
from annotation.models import Assignment, Question, Rating
from tests.annotation.conftest import assert_places_add_up, give, let_run_out
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    GoldAnswerFactory,
    QuestionFactory,
    RatingFactory,
    annotator,
)

pytestmark = pytest.mark.django_db
OLD = timedelta(hours=1)


@pytest.fixture
def ana():
    return annotator()


def always(**fields):
    """Make a campaign in which every second answer is to a repeat, as soon as one can be had."""
    return CampaignFactory(repeat_share=0.5, seed=7, **fields)


def answered_long_ago(campaign, person, number, *, ago=OLD, answer="yes"):
    """Let a person have answered questions, the newest `ago`; return them, oldest first."""
    now = timezone.now()
    questions = []
    for place in range(number):
        question = QuestionFactory(campaign=campaign, free=2, answered=1, wanted=3, priority=10_000)
        rating = RatingFactory(question=question, person=person, answer=answer)
        at = now - ago - timedelta(seconds=number - place)
        Rating.objects.filter(pk=rating.pk).update(created_at=at)
        questions.append(question)
    return questions


def claim_until_a_repeat_comes(campaign, person, tries=25):
    """Answer what is handed out until a repeat is in hand; return it."""
    for _ in range(tries):
        for lease in claim_questions(campaign=campaign, person=person, count=1).assignments:
            if lease.occasion:
                return lease
            give(person, lease)
    raise AssertionError("No repeat came.")


def lease_repeat(campaign, person, **fields):
    return repeats.lease_repeat(campaign, person, taught_to(campaign, person), **fields)


def fill(campaign, number=30):
    QuestionFactory.create_batch(number, campaign=campaign)


def test_a_question_answered_long_ago_comes_once_more(ana):
    campaign = always()
    asked = answered_long_ago(campaign, ana, 30)
    fill(campaign)
    lease = claim_until_a_repeat_comes(campaign, ana)
    assert lease.occasion == 1
    assert lease.question in asked
    assert give(ana, lease, "no").status == "stored"
    rating = Rating.objects.get(assignment=lease)
    assert (rating.occasion, rating.weight, rating.is_late) == (1, 0.0, False)


def test_a_repeat_changes_nothing_of_its_question(ana):
    campaign = always()
    answered_long_ago(campaign, ana, 30)
    fill(campaign)
    columns = ("free", "wanted", "answered", "log_odds", "state")
    lease = claim_until_a_repeat_comes(campaign, ana)
    before = Question.objects.filter(pk=lease.question_id).values(*columns).get()
    give(ana, lease, "no")
    assert Question.objects.filter(pk=lease.question_id).values(*columns).get() == before
    used = Rating.objects.for_consensus(campaign).filter(question=lease.question_id)
    assert [rating.occasion for rating in used] == [0]


def test_a_decided_question_is_repeated_too(ana):
    campaign = always()
    answered_long_ago(campaign, ana, 30)
    Question.objects.update(state="decided", stop_reason="posterior")
    fill(campaign)
    lease = claim_until_a_repeat_comes(campaign, ana)
    assert lease.question.state == "decided"
    again = claim_questions(campaign=campaign, person=ana, count=20).assignments
    assert lease in again  # still in hand after a reload
    assert give(ana, lease).status == "stored"
    assert Question.objects.get(pk=lease.question_id).state == "decided"


def test_not_before_twenty_other_answers(ana):
    campaign = always()
    answered_long_ago(campaign, ana, repeats.ANSWERS_BETWEEN)
    fill(campaign, 1)
    question = Question.objects.get(answered=0)
    now = timezone.now()
    assert lease_repeat(campaign, ana, after=question.pk, now=now) is None
    answered_long_ago(campaign, ana, 1, ago=2 * OLD)
    first = Rating.objects.order_by("created_at").first()
    lease = lease_repeat(campaign, ana, after=question.pk, now=now)
    assert lease.question_id == first.question_id


def test_not_while_the_first_answer_can_still_be_taken_back(ana):
    campaign = always()
    answered_long_ago(campaign, ana, 40, ago=repeats.TIME_BETWEEN - timedelta(minutes=1))
    now = timezone.now()
    assert lease_repeat(campaign, ana, after=uuid.uuid4(), now=now) is None


def test_never_the_same_question_a_third_time(ana):
    campaign = always()
    answered_long_ago(campaign, ana, repeats.ANSWERS_BETWEEN + 3)
    now = timezone.now()
    had = [lease_repeat(campaign, ana, after=uuid.uuid4(), now=now) for _ in range(6)]
    assert sum(lease is not None for lease in had) == 3
    assert len({lease.question_id for lease in had if lease}) == 3


def test_an_answer_that_was_taken_back_is_not_repeated(ana):
    campaign = always()
    [first, *_] = answered_long_ago(campaign, ana, repeats.ANSWERS_BETWEEN + 1)
    Rating.objects.filter(question=first).update(is_withdrawn=True)
    now = timezone.now()
    assert lease_repeat(campaign, ana, after=uuid.uuid4(), now=now) is None


@pytest.mark.parametrize("change", ["withdrawn", "explicit"])
def test_what_may_not_be_played_is_not_repeated(ana, change):
    campaign = always()
    [first, *_] = answered_long_ago(campaign, ana, repeats.ANSWERS_BETWEEN + 1)
    if change == "withdrawn":
        first.clip.is_withdrawn = True
        first.clip.save()
    else:
        first.clip.track.is_explicit = True
        first.clip.track.save()
    now = timezone.now()
    assert lease_repeat(campaign, ana, after=uuid.uuid4(), now=now) is None


def test_what_a_quiz_has_explained_is_not_repeated(ana):
    from annotation.models import QuizAttempt, QuizItem

    campaign = always()
    [first, *_] = answered_long_ago(campaign, ana, repeats.ANSWERS_BETWEEN + 1)
    attempt = QuizAttempt.objects.create(campaign=campaign, person=ana)
    QuizItem.objects.create(attempt=attempt, place=1, gold=GoldAnswerFactory(question=first))
    now = timezone.now()
    assert lease_repeat(campaign, ana, after=uuid.uuid4(), now=now) is None


def test_other_campaigns_answers_are_not_repeated_here(ana):
    campaign = always()
    answered_long_ago(always(), ana, 40)
    now = timezone.now()
    assert lease_repeat(campaign, ana, after=uuid.uuid4(), now=now) is None


def test_the_share_of_answers_that_bring_a_repeat_is_the_campaigns(ana):
    campaign = CampaignFactory(repeat_share=0.2, seed=3)
    due = [
        repeats.repeat_is_due(campaign, ana.pk, uuid.uuid5(uuid.NAMESPACE_OID, str(number)))
        for number in range(5_000)
    ]
    assert sum(due) / len(due) == pytest.approx(0.2, abs=0.03)


def test_without_a_share_nothing_is_repeated(ana):
    campaign = CampaignFactory(repeat_share=0.0)
    answered_long_ago(campaign, ana, 40)
    fill(campaign)
    for _ in range(30):
        [lease] = claim_questions(campaign=campaign, person=ana, count=1).assignments
        assert lease.occasion == 0
        give(ana, lease)


def test_the_same_seed_and_person_meet_the_same_repeats(ana):
    campaign = always()
    numbers = [uuid.uuid4() for _ in range(200)]
    once = [repeats.repeat_is_due(campaign, ana.pk, number) for number in numbers]
    assert once == [repeats.repeat_is_due(campaign, ana.pk, number) for number in numbers]
    campaign.seed += 1
    assert once != [repeats.repeat_is_due(campaign, ana.pk, number) for number in numbers]
    campaign.seed -= 1
    assert once != [repeats.repeat_is_due(campaign, annotator().pk, number) for number in numbers]


def test_a_claim_never_gives_more_than_was_asked_for(ana):
    campaign = always()
    answered_long_ago(campaign, ana, 40)
    fill(campaign)
    for count in (1, 2, 3, 7):
        leases = claim_questions(campaign=campaign, person=ana, count=count).assignments
        assert len(leases) == count
        for lease in leases:
            give(ana, lease)
    assert Rating.objects.filter(occasion=1).exists()


def test_full_hands_keep_nobody_from_repeats(ana):
    campaign = always()
    answered_long_ago(campaign, ana, 60)
    fill(campaign, 100)
    hoard = []
    while leases := claim_questions(
        campaign=campaign, person=ana, count=20, holding=[lease.pk for lease in hoard]
    ).assignments:
        hoard += leases
    assert MAX_IN_HAND - 1 <= len(hoard) <= MAX_IN_HAND
    hoard = [lease for lease in hoard if not (lease.occasion and give(ana, lease))]
    give(ana, hoard.pop())
    repeated = 0
    for _ in range(30):
        leases = claim_questions(
            campaign=campaign, person=ana, count=2, holding=[lease.pk for lease in hoard]
        ).assignments
        assert leases
        assert len(hoard) + len(leases) <= MAX_IN_HAND
        repeated += sum(lease.occasion for lease in leases)
        for lease in leases:
            give(ana, lease)
    assert repeated >= 3


def test_a_reloaded_page_asks_what_it_asked_before_the_repeat(ana):
    campaign = always()
    answered_long_ago(campaign, ana, 40)
    fill(campaign)
    for _ in range(20):
        [lease] = claim_questions(campaign=campaign, person=ana, count=1).assignments
        [again] = claim_questions(campaign=campaign, person=ana, count=1).assignments
        assert again == lease
        give(ana, lease)


def test_a_repeat_looks_like_any_other_question(ana):
    campaign = always()
    answered_long_ago(campaign, ana, 30)
    fill(campaign)
    repeat = claim_until_a_repeat_comes(campaign, ana)
    give(ana, repeat)
    others = claim_questions(campaign=campaign, person=ana, count=2).assignments
    first = next(lease for lease in others if not lease.occasion)
    one, other = present_questions(campaign, [repeat]), present_questions(campaign, [first])
    assert one[0].keys() == other[0].keys()
    assert one[0]["clip"].keys() == other[0]["clip"].keys()
    assert "occasion" not in str(one)


def test_progress_counts_an_answer_to_a_repeat_like_any_other(ana):
    campaign = always()
    answered_long_ago(campaign, ana, 30)
    fill(campaign)
    lease = claim_until_a_repeat_comes(campaign, ana)
    before = progress_of(campaign, ana, timezone.now())
    give(ana, lease)
    after = progress_of(campaign, ana, timezone.now())
    assert after.answered_by_you == before.answered_by_you + 1
    assert after.remaining_for_you == before.remaining_for_you - 1


def test_the_answer_to_a_repeat_can_be_undone_and_given_again(ana):
    campaign = always()
    answered_long_ago(campaign, ana, 30)
    fill(campaign)
    lease, key = claim_until_a_repeat_comes(campaign, ana), uuid.uuid4()
    before = Question.objects.filter(pk=lease.question_id).values().get()
    give(ana, lease, "no", key=key)
    assert undo_rating(person=ana, assignment=lease.pk, key=key) == "undone"
    rating = Rating.objects.get(key=key)
    assert rating.is_withdrawn
    assert rating.withdrawn_at is not None
    lease.refresh_from_db()
    assert lease.state == Assignment.State.LEASED
    assert give(ana, lease, "yes").status == "stored"
    assert Question.objects.filter(pk=lease.question_id).values().get() == before


def test_a_repeat_that_runs_out_gives_no_place_back(ana):
    campaign = always()
    answered_long_ago(campaign, ana, 30)
    fill(campaign)
    lease = claim_until_a_repeat_comes(campaign, ana)
    before = Question.objects.get(pk=lease.question_id).free
    let_run_out(lease)
    assert return_expired(now=timezone.now()) == 1
    assert Question.objects.get(pk=lease.question_id).free == before
    late = give(ana, lease)
    assert late.status == "late"
    assert Question.objects.get(pk=lease.question_id).free == before


def test_a_late_answer_to_a_repeat_still_in_hand_gives_no_place_back(ana):
    campaign = always()
    answered_long_ago(campaign, ana, 30)
    fill(campaign)
    lease, key = claim_until_a_repeat_comes(campaign, ana), uuid.uuid4()
    before = Question.objects.filter(pk=lease.question_id).values().get()
    let_run_out(lease)
    assert give(ana, lease, key=key).status == "late"
    undo_rating(person=ana, assignment=lease.pk, key=key)
    assert Question.objects.filter(pk=lease.question_id).values().get() == before


def test_places_of_first_answers_add_up_around_repeats(ana):
    campaign = always(min_ratings=2, max_ratings=3)
    fill(campaign, 45)
    past = timezone.now() - OLD
    for _ in range(45):
        leases = claim_questions(campaign=campaign, person=ana, count=1).assignments
        for lease in leases:
            give(ana, lease)
        Rating.objects.update(created_at=past)
    assert Rating.objects.filter(occasion=1).count() > 5
    assert_places_add_up(campaign)


def test_the_same_repeat_is_not_leased_by_two_windows(ana):
    campaign = always()
    [question, *_] = answered_long_ago(campaign, ana, repeats.ANSWERS_BETWEEN + 1)
    AssignmentFactory(question=question, person=ana, occasion=1)
    now = timezone.now()
    assert lease_repeat(campaign, ana, after=uuid.uuid4(), now=now) is None
