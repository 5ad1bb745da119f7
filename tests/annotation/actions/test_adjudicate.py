from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.actions.adjudicate import adjudicate, withdraw_adjudication
from annotation.actions.refit_questions import refit_questions
from annotation.models import Adjudication
from consonance.errors import NotAllowedError, ParameterError
from consonance.errors import StateError as NotNow
from consonance.ledger.models import AuditEntry
from consonance.people.models import Role
from tests.annotation.aggregation.crowds import aggregate, rows
from tests.annotation.conftest import assert_places_add_up, claim_one, give
from tests.factories import (
    CampaignFactory,
    QuestionFactory,
    RatingFactory,
    annotator,
    curator,
    person_with,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tables(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"


def disputed(*answers, campaign=None, **fields):
    """Make a question that people could not agree on."""
    question = QuestionFactory(
        campaign=campaign or CampaignFactory(min_ratings=2, max_ratings=2),
        state="disputed", stop_reason="maximum", stopped_at=timezone.now() - timedelta(hours=1),
        answered=len(answers), wanted=2, free=2 - len(answers), **fields,
    )  # fmt: skip
    for answer in answers:
        RatingFactory(question=question, answer=answer, person=annotator())
    return question


@pytest.mark.parametrize("decision", ["present", "absent", "undecidable"])
def test_a_decision_is_stored_with_who_when_and_why(decision):
    question, cleo = disputed("yes", "no"), curator()
    row = adjudicate(question_id=question.pk, decision=decision, note="  at 4 s ", actor=cleo)
    question.refresh_from_db()
    assert (question.state, question.stop_reason) == ("adjudicated", "curator")
    assert question.stopped_at is not None
    assert (row.decision, row.note, row.decided_by) == (decision, "at 4 s", cleo)
    entry = AuditEntry.objects.get(action="adjudicate")
    assert (entry.object_id, entry.actor) == (str(question.pk), cleo)
    assert entry.detail["decision"] == decision


def test_what_people_could_not_agree_on_comes_to_a_curator_from_their_answers():
    campaign = CampaignFactory(min_ratings=2, max_ratings=2)
    question = QuestionFactory(campaign=campaign)
    for answer in ("yes", "no"):
        person = annotator()
        give(person, claim_one(campaign, person), answer)
    question.refresh_from_db()
    assert question.state == "disputed"
    adjudicate(question_id=question.pk, decision="present", actor=curator())
    assert_places_add_up(campaign)


def test_a_later_decision_replaces_an_earlier_one_whose_row_stays():
    question, cleo = disputed("yes", "no"), curator()
    first = adjudicate(question_id=question.pk, decision="present", actor=cleo)
    second = adjudicate(question_id=question.pk, decision="absent", actor=curator())
    first.refresh_from_db()
    assert first.withdrawn_at is not None
    assert Adjudication.objects.get(withdrawn_at__isnull=True) == second
    assert AuditEntry.objects.filter(action="adjudicate").count() == 2


def test_the_same_decision_twice_is_one():
    question, cleo = disputed("yes", "no"), curator()
    first = adjudicate(question_id=question.pk, decision="present", actor=cleo)
    assert adjudicate(question_id=question.pk, decision="present", actor=cleo) == first
    assert AuditEntry.objects.filter(action="adjudicate").count() == 1


def test_a_decision_that_is_taken_back_leaves_the_question_as_it_was():
    question, cleo = disputed("yes", "no"), curator()
    last = question.ratings.latest("created_at").created_at
    row = adjudicate(question_id=question.pk, decision="present", actor=cleo)
    for _ in range(2):
        withdraw_adjudication(adjudication_id=row.pk, actor=cleo)
    question.refresh_from_db()
    assert (question.state, question.stop_reason) == ("disputed", "maximum")
    assert question.stopped_at == last
    assert not Adjudication.objects.filter(withdrawn_at__isnull=True).exists()
    assert AuditEntry.objects.filter(action="withdraw_adjudication").count() == 1


@pytest.mark.parametrize("state", ["open", "decided", "set_aside"])
def test_only_what_is_disputed_is_decided(state):
    question = QuestionFactory(state=state)
    with pytest.raises(NotNow, match="disputed"):
        adjudicate(question_id=question.pk, decision="present", actor=curator())
    assert not Adjudication.objects.exists()


def test_bad_input_is_refused_and_nothing_stored():
    question, cleo = disputed("yes", "no"), curator()
    for fields in ({"decision": "maybe"}, {"decision": "present", "note": "x" * 501}):
        with pytest.raises(ParameterError):
            adjudicate(question_id=question.pk, actor=cleo, **fields)
    with pytest.raises(ParameterError, match="no such question"):
        adjudicate(question_id=uuid.uuid4(), decision="present", actor=cleo)
    with pytest.raises(ParameterError, match="no such decision"):
        withdraw_adjudication(adjudication_id=uuid.uuid4(), actor=cleo)
    question.refresh_from_db()
    assert question.state == "disputed"
    assert not AuditEntry.objects.exists()


def test_only_a_curator_of_this_place_decides():
    question = disputed("yes", "no")
    elsewhere = person_with(Role.CURATOR, place=CampaignFactory())
    for person in (annotator(), elsewhere):
        with pytest.raises(NotAllowedError):
            adjudicate(question_id=question.pk, decision="present", actor=person)
    here = person_with(Role.CURATOR, place=question.campaign)
    row = adjudicate(question_id=question.pk, decision="present", actor=here)
    with pytest.raises(NotAllowedError):
        withdraw_adjudication(adjudication_id=row.pk, actor=elsewhere)


@pytest.mark.parametrize(
    ("decision", "label"),
    [("present", "present"), ("absent", "absent"), ("undecidable", "undecided")],
)
def test_a_run_takes_a_curators_decision_and_keeps_the_crowds_posterior(decision, label):
    campaign = CampaignFactory(min_ratings=2, max_ratings=2)
    questions = [disputed("yes", "no", campaign=campaign) for _ in range(3)]
    before = {row["clip_id"]: row for row in rows(aggregate(campaign).labels)}
    adjudicate(question_id=questions[0].pk, decision=decision, actor=curator())
    run = aggregate(campaign)
    after = {row["clip_id"]: row for row in rows(run.labels)}
    decided = after.pop(str(questions[0].clip_id))
    crowd = before.pop(str(questions[0].clip_id))
    assert (decided["decision"], decided["stop_reason"]) == (label, "curator")
    assert decided["posterior_crowd"] == crowd["posterior_crowd"]
    assert after == before
    withdraw_adjudication(adjudication_id=Adjudication.objects.get().pk, actor=curator())
    again = {row["clip_id"]: row for row in rows(aggregate(campaign).labels)}
    assert again[str(questions[0].clip_id)]["decision"] == crowd["decision"]


def test_judging_people_anew_leaves_a_curators_decision_alone():
    campaign = CampaignFactory(min_ratings=2, max_ratings=2)
    question = disputed("yes", "yes", campaign=campaign)
    disputed("yes", "no", campaign=campaign)
    adjudicate(question_id=question.pk, decision="absent", actor=curator())
    refit_questions(run=aggregate(campaign))
    question.refresh_from_db()
    assert (question.state, question.stop_reason) == ("adjudicated", "curator")
