"""After a run: answers weigh what it says, and questions stand as that makes them."""

from __future__ import annotations

import pytest
from django.utils import timezone

from annotation.actions import refit_questions as module
from annotation.actions.refit_questions import Refitted, refit_questions
from annotation.actions.undo_rating import undo_rating
from annotation.allocation.deciding import UNKNOWN
from annotation.models import Assignment, Campaign, Measure, Question, Rating
from consonance.errors import NotAllowedError
from consonance.ledger.models import AuditEntry
from tests.annotation.conftest import assert_places_add_up, claim_one, give
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    ConsensusRunFactory,
    MeasureFactory,
    QuestionFactory,
    RatingFactory,
    SkillSnapshotFactory,
    admin,
    annotator,
    curator,
)

pytestmark = pytest.mark.django_db


class World:
    """A campaign with people whose weights a run states."""

    def __init__(self, **fields):
        self.campaign = CampaignFactory(**fields)
        self.target = ClassFactory()
        self.run = ConsensusRunFactory(campaign=self.campaign)
        self.people = []

    def person(self, yes, no=None, *, support=20, target=None):
        """Add somebody whose yes and no weigh this by the run."""
        someone = annotator()
        SkillSnapshotFactory(
            run=self.run, person=someone, target=target, support=support,
            weight_yes=yes, weight_no=-yes if no is None else no,
        )  # fmt: skip
        return someone

    def question(self, **fields):
        return QuestionFactory(campaign=self.campaign, target=self.target, **fields)

    def asked(self, *answers, **fields):
        """Let people answer a new question through the actions; before the run they are new."""
        question = self.question(**fields)
        waiting = Question.objects.exclude(pk=question.pk).filter(free__gt=0)
        held = {row.pk: row.free for row in waiting}
        waiting.update(free=0)  # claims hand out begun questions first
        for person, answer in answers:
            assert give(person, claim_one(self.campaign, person), answer).status == "stored"
        for pk, free in held.items():
            Question.objects.filter(pk=pk).update(free=free)
        question.refresh_from_db()
        return question

    def refit(self, **arguments):
        return refit_questions(run=self.run, **arguments)


@pytest.fixture
def world():
    return World(min_ratings=3, max_ratings=5)


def answers_of_strangers(question, *answers, **fields):
    """Add answers as if they had been given before any run."""
    given = []
    for answer in answers:
        given.append(
            RatingFactory(question=question, answer=answer, weight=UNKNOWN.of(answer), **fields)
        )
        question.log_odds += UNKNOWN.of(answer)
        question.answered += 1
        question.free -= 1
    question.save()
    return given


def judge(world, ratings, *weights, support=20):
    """Let the run judge the authors of answers."""
    for rating, weight in zip(ratings, weights, strict=True):
        SkillSnapshotFactory(
            run=world.run, person=rating.person, support=support,
            weight_yes=weight, weight_no=-weight,
        )  # fmt: skip


# --- weights -------------------------------------------------------------------------------
def test_answers_weigh_what_the_run_says_and_questions_are_their_sum(world):
    question = world.question(prior_log_odds=0.5, log_odds=0.5)
    given = answers_of_strangers(question, "yes", "no")
    judge(world, given, 2.0, 0.3)
    done = world.refit()
    question.refresh_from_db()
    assert [rating.weight for rating in question.ratings.order_by("created_at")] == [2.0, -0.3]
    assert question.log_odds == pytest.approx(0.5 + 2.0 - 0.3)
    assert (done.questions, done.answers, done.moved) == (1, 2, 1)


def test_a_person_weighs_in_a_class_what_the_run_says_of_that_class(world):
    question = world.question()
    [rating] = answers_of_strangers(question, "yes")
    judge(world, [rating], 1.0)
    SkillSnapshotFactory(run=world.run, person=rating.person, target=world.target, weight_yes=3.0)
    world.refit()
    rating.refresh_from_db()
    assert rating.weight == 3.0


def test_answers_taken_back_and_repeats_change_nothing(world):
    question = world.question()
    [rating] = answers_of_strangers(question, "yes")
    gone = RatingFactory(question=question, answer="no", weight=-1.0, is_withdrawn=True)
    repeat = RatingFactory(question=question, person=rating.person, answer="no", occasion=1)
    judge(world, [rating], 2.0)
    world.refit()
    question.refresh_from_db()
    assert question.log_odds == 2.0
    assert question.answered == 1
    gone.refresh_from_db()
    repeat.refresh_from_db()
    assert (gone.weight, repeat.weight) == (-1.0, 0.0)


def test_a_late_answer_counts_for_the_posterior_and_not_for_the_number(world):
    question = world.question()
    given = answers_of_strangers(question, "yes")
    late = RatingFactory(question=question, answer="yes", weight=UNKNOWN.yes, is_late=True)
    judge(world, [*given, late], 1.0, 1.5)
    world.refit()
    question.refresh_from_db()
    assert question.log_odds == 2.5
    assert question.answered == 1


def test_whoever_is_left_out_weighs_nothing_and_weighs_again_when_let_in(world):
    question = world.question()
    given = answers_of_strangers(question, "yes", "yes", "yes")
    judge(world, given, 2.0, 2.0, 2.0)
    world.refit()
    measure = MeasureFactory(
        campaign=world.campaign, person=given[0].person, kind=Measure.Kind.EXCLUDE
    )
    assert world.refit().answers == 1
    question.refresh_from_db()
    assert question.log_odds == 4.0
    measure.lifted_at = timezone.now()
    measure.save()
    world.refit()
    question.refresh_from_db()
    assert question.log_odds == 6.0


def test_undoing_after_a_refit_takes_back_exactly_what_is_there(world):
    ana, ben = world.person(2.0), annotator()
    question = world.question()
    lease = claim_one(world.campaign, ana)
    key = give(ana, lease).key
    give(ben, claim_one(world.campaign, ben))
    SkillSnapshotFactory(run=world.run, person=ben, weight_yes=0.7)
    world.refit()
    assert undo_rating(person=ana, assignment=lease.pk, key=key) == "undone"
    question.refresh_from_db()
    assert question.log_odds == pytest.approx(0.7, abs=1e-12)
    assert_places_add_up(world.campaign)


# --- states --------------------------------------------------------------------------------
def test_an_open_question_that_now_passes_is_decided(world):
    question = world.question()
    given = answers_of_strangers(question, "yes", "no", "yes")
    judge(world, given, 2.5, 0.1, 2.5)
    before = timezone.now()
    done = world.refit()
    question.refresh_from_db()
    assert (question.state, question.stop_reason) == ("decided", "posterior")
    assert question.stopped_at >= before
    assert done.decided == 1
    assert_places_add_up(world.campaign)


def test_a_decided_question_that_no_longer_passes_is_asked_again(world):
    people = [annotator() for _ in range(3)]
    question = world.asked(*((person, "yes") for person in people))
    assert question.state == "decided"
    for person in people:
        SkillSnapshotFactory(run=world.run, person=person, weight_yes=0.2, weight_no=-0.2)
    done = world.refit()
    question.refresh_from_db()
    assert (question.state, question.stop_reason, question.stopped_at) == ("open", "", None)
    assert (question.answered, question.wanted, question.free) == (3, 4, 1)
    assert done.reopened == 1
    assert_places_add_up(world.campaign)
    # And somebody is given it.
    cem = annotator()
    assert claim_one(world.campaign, cem).question_id == question.pk


def test_a_lease_that_still_holds_a_place_is_the_place_of_a_question_asked_again(world):
    question = world.question(wanted=4, free=4)
    slow = annotator()
    claim_one(world.campaign, slow)
    people = [annotator() for _ in range(3)]
    for person in people:
        give(person, claim_one(world.campaign, person))
        SkillSnapshotFactory(run=world.run, person=person, weight_yes=0.2)
    question.refresh_from_db()
    assert (question.state, question.free) == ("decided", 0)
    world.refit()
    question.refresh_from_db()
    assert (question.state, question.wanted, question.free) == ("open", 4, 0)
    assert_places_add_up(world.campaign)
    lease = Assignment.objects.get(person=slow)
    assert give(slow, lease).status == "stored"
    assert_places_add_up(world.campaign)


def test_at_the_maximum_a_question_that_no_longer_passes_is_disputed(world):
    question = world.question(wanted=5, free=5)
    given = answers_of_strangers(question, *["yes"] * 5)
    question.state, question.stop_reason = "decided", "posterior"
    question.save()
    judge(world, given, *[0.1] * 5)
    done = world.refit()
    question.refresh_from_db()
    assert (question.state, question.stop_reason) == ("disputed", "maximum")
    assert (done.disputed, done.reopened) == (1, 0)
    assert_places_add_up(world.campaign)


def test_what_is_disputed_stays_so_for_people_to_look_at(world):
    stopped = timezone.now()
    question = world.question(wanted=5, free=5, state="disputed", stop_reason="maximum")
    given = answers_of_strangers(question, "yes", "no", "yes", "no", "yes")
    Question.objects.update(stopped_at=stopped)
    judge(world, given, 3.0, 0.1, 3.0, 0.1, 3.0)
    done = world.refit()
    question.refresh_from_db()
    assert (question.state, question.stop_reason) == ("disputed", "maximum")
    assert question.stopped_at == stopped
    assert question.log_odds == pytest.approx(8.8)
    assert (done.moved, done.decided) == (1, 0)


def test_an_audit_question_is_asked_on_however_sure_the_run_is(world):
    question = world.question(is_audit=True, wanted=5, free=5)
    given = answers_of_strangers(question, "yes", "yes", "yes")
    judge(world, given, 3.0, 3.0, 3.0)
    done = world.refit()
    question.refresh_from_db()
    assert question.state == "open"
    assert done.decided == 0
    assert_places_add_up(world.campaign)


def test_strangers_who_did_not_suffice_do_once_the_run_knows_them(world):
    """The same posterior, at the minimum: support alone makes the difference."""
    question = world.question()
    given = answers_of_strangers(question, "yes", "yes", "yes")
    judge(world, given, 1.05, 1.05, 1.05, support=5)  # .959: enough for known people only
    assert world.refit().decided == 0
    world.run.skill_rows.update(support=10)
    assert world.refit().decided == 1


def test_a_temperature_keeps_open_what_would_have_passed(world):
    question = world.question()
    judge(world, answers_of_strangers(question, "yes", "yes", "yes"), 1.05, 1.05, 1.05)
    world.run.calibration = {"temperature": 2.0}
    world.run.save()
    assert world.refit().decided == 0
    world.run.calibration = {}
    world.run.save()
    assert world.refit().decided == 1


def test_in_a_closed_campaign_nothing_is_asked_again():
    world = World(state=Campaign.State.CLOSED)
    question = world.question(state="decided", stop_reason="posterior")
    judge(world, answers_of_strangers(question, "yes", "yes", "yes"), 0.1, 0.1, 0.1)
    done = world.refit()
    question.refresh_from_db()
    assert (question.state, question.free) == ("decided", 0)
    assert question.log_odds == pytest.approx(0.3)
    assert done.reopened == 0


# --- twice, newer runs, stopping midway ----------------------------------------------------
def test_done_twice_is_done_once(world):
    question = world.question()
    judge(world, answers_of_strangers(question, "yes", "no", "yes"), 2.1, 0.3, 2.7)
    assert world.refit().has_changed
    before = list(Question.objects.values()), list(Rating.objects.values())
    again = world.refit()
    assert again == Refitted(questions=1)
    assert (list(Question.objects.values()), list(Rating.objects.values())) == before
    assert AuditEntry.objects.filter(action="refit_questions").count() == 1


def test_an_older_run_changes_nothing(world):
    question = world.question()
    judge(world, answers_of_strangers(question, "yes"), 2.0)
    ConsensusRunFactory(campaign=world.campaign, number=world.run.number + 1)
    assert world.refit() == Refitted(is_superseded=True)
    question.refresh_from_db()
    assert question.log_odds == UNKNOWN.yes


def test_a_refit_goes_batch_by_batch_and_keeps_what_is_done(world, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    questions = [world.question() for _ in range(5)]
    for question in questions:
        judge(world, answers_of_strangers(question, "yes"), 2.0)
    calls = []

    def check():
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.refit(check=check)
    assert Question.objects.filter(log_odds=2.0).count() == 4
    [entry] = AuditEntry.objects.filter(action="refit_questions")
    assert entry.detail["moved"] == 4
    assert world.refit().moved == 1


def test_the_ledger_tells_what_a_refit_did_and_who_asked(world):
    question = world.question()
    judge(world, answers_of_strangers(question, "yes", "yes", "yes"), 2.0, 2.0, 2.0)
    boss = admin()
    world.refit(actor=boss)
    [entry] = AuditEntry.objects.filter(action="refit_questions")
    assert (entry.actor, entry.object_id) == (boss, str(world.run.pk))
    assert entry.detail == {
        "questions": 1, "answers": 3, "moved": 1, "decided": 1, "reopened": 0, "disputed": 0,
        "is_superseded": False,
    }  # fmt: skip


def test_only_an_admin_may_ask_for_it(world):
    with pytest.raises(NotAllowedError):
        world.refit(actor=curator())


def test_a_run_that_judged_nobody_makes_everybody_a_stranger(world):
    question = world.question()
    [rating] = answers_of_strangers(question, "yes")
    Rating.objects.update(weight=3.0)
    world.refit()
    rating.refresh_from_db()
    question.refresh_from_db()
    assert rating.weight == question.log_odds == UNKNOWN.yes


def test_other_campaigns_and_questions_without_an_answer_are_left_alone(world):
    world.question()
    beside = QuestionFactory(
        campaign=CampaignFactory(collection=world.campaign.collection), log_odds=1.25
    )
    RatingFactory(question=beside, weight=1.25)
    assert world.refit() == Refitted()
    beside.refresh_from_db()
    assert beside.log_odds == 1.25


def test_queries_do_not_grow_with_questions_or_people(world, django_assert_max_num_queries):
    for _ in range(12):
        question = world.question()
        judge(world, answers_of_strangers(question, "yes", "no", "yes"), 2.5, 0.1, 2.5)
    # Campaign and batches 3; rows, run, ratings, left out, skills 2; updates 3 in savepoints;
    # the transaction's ends; the ledger; tallies held, counted and stored 5.
    with django_assert_max_num_queries(25):
        world.refit()
