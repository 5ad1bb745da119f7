"""What is kept of classes and people is what their rows add up to, whatever happens."""

from __future__ import annotations

import contextlib
import uuid

import numpy as np
import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation.actions.adjudicate import adjudicate, withdraw_adjudication
from annotation.actions.claim_questions import claim_questions
from annotation.actions.correct_rating import correct_rating
from annotation.actions.plant_gold import plant_gold
from annotation.actions.refit_questions import refit_questions
from annotation.actions.retire_gold import retire_gold
from annotation.actions.set_gold import set_gold
from annotation.actions.skip_question import skip_question
from annotation.actions.undo_rating import undo_rating
from annotation.allocation.tallies import recount
from annotation.allocation.workloads import workload_of
from annotation.models import Assignment, ClassTally, Question, Rating, Workload
from consonance.errors import ConsonanceError
from tests.annotation.conftest import assert_counters_are_right, claim_one, give, let_run_out
from tests.factories import (
    AdjudicationFactory,
    CampaignFactory,
    ClassFactory,
    ConsensusRunFactory,
    GoldAnswerFactory,
    QuestionFactory,
    RatingFactory,
    SkillSnapshotFactory,
    annotator,
    curator,
)

pytestmark = pytest.mark.django_db
STEPS = ("answer", "answer", "answer", "late", "undo", "correct", "skip", "adjudicate", "withdraw",
         "refit")  # fmt: skip


def asking(**fields):
    fields = {"min_ratings": 2, "max_ratings": 3, "repeat_share": 0, "gold_share": 0.3} | fields
    campaign = CampaignFactory(**fields)
    for _ in range(2):
        target = ClassFactory()
        QuestionFactory.create_batch(4, campaign=campaign, target=target)
        for truth in ("present", "absent"):
            gold = QuestionFactory(
                campaign=campaign, target=target, is_gold=True, wanted=30_000, free=30_000
            )
            GoldAnswerFactory(question=gold, truth=truth)
    return campaign


class Life:
    """Does what people and curators do, one thing after the other, by lot."""

    def __init__(self, campaign, seed):
        self.campaign, self.rng = campaign, np.random.default_rng(seed)
        self.people = [annotator() for _ in range(4)]
        self.root = curator()

    def do(self, step):
        person = self.people[self.rng.integers(len(self.people))]
        with contextlib.suppress(ConsonanceError):  # refused: then nothing may have changed
            getattr(self, step)(person)

    def answer(self, person, *, late=False):
        leases = claim_questions(campaign=self.campaign, person=person, count=2).assignments
        for lease in leases:
            if late:
                let_run_out(lease)
            give(person, lease, str(self.rng.choice(["yes", "yes", "no", "unsure"])))

    def late(self, person):
        self.answer(person, late=True)

    def one_of(self, person):
        mine = list(Rating.objects.in_force().filter(person=person).order_by("pk"))
        return mine[self.rng.integers(len(mine))] if mine else None

    def undo(self, person):
        if rating := self.one_of(person):
            undo_rating(person=person, assignment=rating.assignment_id, key=rating.key)

    def correct(self, person):
        if rating := self.one_of(person):
            answer = str(self.rng.choice(["yes", "no", "unsure"]))
            correct_rating(person=person, rating_id=rating.pk, answer=answer, key=uuid.uuid4())

    def skip(self, person):
        for lease in Assignment.objects.filter(person=person, state="leased")[:1]:
            skip_question(person=person, assignment=lease.pk, reason="other")

    def adjudicate(self, person):
        for question in Question.objects.filter(state__in=["disputed", "adjudicated"])[:1]:
            decision = str(self.rng.choice(["present", "absent", "undecidable"]))
            adjudicate(question_id=question.pk, decision=decision, actor=self.root)

    def withdraw(self, person):
        for question in Question.objects.filter(state="adjudicated")[:1]:
            row = question.adjudications.get(withdrawn_at=None)
            withdraw_adjudication(adjudication_id=row.pk, actor=self.root)

    def refit(self, person):
        number = self.campaign.runs.count() + 1
        run = ConsensusRunFactory(campaign=self.campaign, number=number)
        for one in self.people:
            yes, no = self.rng.uniform(-0.5, 3, 2)
            SkillSnapshotFactory(
                run=run, person=one, support=20, weight_yes=yes, weight_no=-no, weight_unsure=0.0
            )
        refit_questions(run=run)


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.lists(st.sampled_from(STEPS), min_size=10, max_size=40),
    seed=st.integers(0, 2**16),
)
def test_counters_are_what_their_rows_add_up_to_whatever_happens(steps, seed):
    campaign = asking()
    life = Life(campaign, seed)
    for step in steps:
        life.do(step)
    assert_counters_are_right(campaign)
    for question in Question.objects.of(campaign):
        held = question.assignments.filter(state="leased", occasion=0).count()
        in_time = question.ratings.in_force().filter(is_late=False, occasion=0).count()
        assert question.answered == in_time
        assert question.free + held + in_time == question.wanted


def decided(campaign, people=3, answer="yes"):
    target = QuestionFactory(campaign=campaign).target
    for _ in range(people):
        person = annotator()
        give(person, claim_one(campaign, person), answer)
    return target


def tally_of(campaign):
    return ClassTally.objects.values_list("decided", "positives").get(campaign=campaign)


@pytest.mark.parametrize(("answer", "positives"), [("yes", 1), ("no", 0)])
def test_a_decided_question_counts_once_and_as_what_it_is(answer, positives):
    campaign = CampaignFactory(repeat_share=0, gold_share=0)
    decided(campaign, answer=answer)
    assert tally_of(campaign) == (1, positives)


def test_what_was_decided_before_there_were_tallies_is_counted_with_the_first():
    campaign = CampaignFactory(repeat_share=0, gold_share=0)
    target = ClassFactory()
    QuestionFactory.create_batch(3, campaign=campaign, target=target, state="decided", log_odds=4)
    QuestionFactory(campaign=campaign, target=target, state="decided", log_odds=-4)
    decided(campaign)
    assert tally_of(campaign) == (5, 4)


@pytest.mark.parametrize(
    ("decision", "expected"), [("present", (1, 1)), ("absent", (1, 0)), ("undecidable", (0, 0))]
)
def test_a_curators_decision_counts_and_taking_it_back_does_not(decision, expected):
    campaign = CampaignFactory(repeat_share=0, gold_share=0)
    question = QuestionFactory(campaign=campaign, state="disputed")
    ClassTally.objects.create(campaign=campaign, target=question.target, counted_at=timezone.now())
    row = adjudicate(question_id=question.pk, decision=decision, actor=curator())
    assert tally_of(campaign) == expected
    withdraw_adjudication(adjudication_id=row.pk, actor=curator())
    assert tally_of(campaign) == (0, 0)


def test_what_becomes_gold_counts_no_more_and_what_is_gold_no_longer_does_again(
    django_capture_on_commit_callbacks,
):
    campaign = CampaignFactory(repeat_share=0, gold_share=0)
    decided(campaign)
    question = Question.objects.get()
    gold = set_gold(clip=question.clip, target=question.target, truth="present")
    with django_capture_on_commit_callbacks(execute=True):
        plant_gold(campaign=campaign)
    assert tally_of(campaign) == (0, 0)
    with django_capture_on_commit_callbacks(execute=True):
        retire_gold(gold=gold)
    assert Question.objects.get().state == "decided"
    assert tally_of(campaign) == (1, 1)


def test_recounting_mends_what_is_wrong_and_adds_what_is_missing():
    campaign = CampaignFactory()
    banjo, cello, flute = (ClassFactory() for _ in range(3))
    QuestionFactory.create_batch(2, campaign=campaign, target=banjo, state="decided", log_odds=2)
    ruled = QuestionFactory(campaign=campaign, target=cello, state="adjudicated")
    AdjudicationFactory(question=ruled, decision="absent")
    for target in (banjo, flute):
        ClassTally.objects.create(
            campaign=campaign, target=target, decided=9, positives=7, counted_at=timezone.now()
        )
    recount(campaign)
    rows = ClassTally.objects.values_list("target", "decided", "positives")
    assert set(rows) == {(banjo.pk, 2, 2), (flute.pk, 0, 0), (cello.pk, 1, 0)}


def test_a_new_workload_holds_what_was_answered_before_it():
    campaign, ana = CampaignFactory(), annotator()
    question = QuestionFactory(campaign=campaign)
    RatingFactory(question=question, person=ana)
    RatingFactory(question=QuestionFactory(campaign=campaign, is_gold=True), person=ana)
    work = workload_of(campaign, ana)
    assert (work.answered, work.answered_gold) == (2, 1)
    assert workload_of(campaign, ana).pk == work.pk


def test_answers_of_whom_nothing_is_kept_yet_are_counted_with_the_next():
    campaign, ana = CampaignFactory(repeat_share=0, gold_share=0), annotator()
    RatingFactory(question=QuestionFactory(campaign=campaign), person=ana)
    QuestionFactory(campaign=campaign)
    lease = claim_one(campaign, ana)
    Workload.objects.all().delete()
    give(ana, lease)
    assert Workload.objects.get().answered == 2
