from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.actions.adjudicate import adjudicate
from annotation.actions.correct_rating import correct_rating
from annotation.actions.undo_rating import UNDO_WITHIN, undo_rating
from annotation.models import Assignment, Question, Rating
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import AuditEntry
from consonance.people.actions.erase_person import erase_person
from tests.annotation.conftest import (
    assert_counters_are_right,
    assert_places_add_up,
    claim_one,
    give,
    let_run_out,
)
from tests.factories import CampaignFactory, MeasureFactory, QuestionFactory, annotator, curator

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    campaign = CampaignFactory(gold_share=0, repeat_share=0)
    QuestionFactory(campaign=campaign)
    return campaign


def said(campaign, person, answer="yes"):
    lease, key = claim_one(campaign, person), uuid.uuid4()
    give(person, lease, answer, key=key)
    return Rating.objects.get(key=key)


def correct(person, rating, answer="no", key=None):
    return correct_rating(
        person=person, rating_id=rating.pk, answer=answer, key=key or uuid.uuid4()
    )


def assert_sums_are_right(campaign):
    for question in Question.objects.of(campaign):
        in_force = question.ratings.in_force().filter(occasion=0)
        weights = sum(in_force.values_list("weight", flat=True))
        assert question.log_odds == pytest.approx(question.prior_log_odds + weights, abs=1e-12)
    assert_counters_are_right(campaign)


def test_a_correction_is_a_new_row_and_the_old_one_stays(campaign):
    ana = annotator()
    old = said(campaign, ana)
    new = correct(ana, old)
    old.refresh_from_db()
    assert old.superseded_by == new
    assert (old.answer, new.answer) == ("yes", "no")
    assert (new.assignment_id, new.guideline_id, new.person_id) == (
        old.assignment_id, old.guideline_id, ana.pk,
    )  # fmt: skip
    assert [row.answer for row in Rating.objects.for_consensus(campaign)] == ["no"]
    assert_sums_are_right(campaign)
    assert_places_add_up(campaign)


def test_the_question_is_as_if_it_had_been_said_from_the_start(campaign):
    other = CampaignFactory(gold_share=0, repeat_share=0)
    QuestionFactory(campaign=other)
    ana, ben = annotator(), annotator()
    correct(ana, said(campaign, ana))
    said(campaign, ben)
    said(other, ana, "no")
    said(other, ben)
    one, two = (Question.objects.get(campaign=place) for place in (campaign, other))
    assert one.log_odds == pytest.approx(two.log_odds, abs=1e-12)
    assert (one.answered, one.free, one.state) == (two.answered, two.free, two.state)


def test_the_same_key_is_one_correction_however_often_it_is_sent(campaign):
    ana, key = annotator(), uuid.uuid4()
    old = said(campaign, ana)
    assert len({correct(ana, old, key=key).pk for _ in range(3)}) == 1
    assert Rating.objects.count() == 2
    with pytest.raises(ParameterError, match="another answer"):
        correct(ana, old, "unsure", key=key)
    with pytest.raises(ParameterError, match="another answer"):
        correct(ana, Rating.objects.get(key=key), "yes", key=old.key)
    assert Rating.objects.count() == 2


def test_a_corrected_answer_can_be_corrected_again_but_not_its_old_row(campaign):
    ana = annotator()
    old = said(campaign, ana)
    new = correct(ana, old)
    with pytest.raises(StateError, match="corrected this answer since"):
        correct(ana, old, "unsure")
    last = correct(ana, new, "yes")
    assert [row.pk for row in Rating.objects.in_force()] == [last.pk]
    assert_sums_are_right(campaign)


def test_a_question_that_the_answer_had_decided_is_asked_on(campaign):
    people = [annotator() for _ in range(3)]
    *_, last = [said(campaign, person) for person in people]
    assert Question.objects.get().state == "decided"
    correct(people[-1], last)
    question = Question.objects.get()
    assert (question.state, question.stop_reason, question.stopped_at) == ("open", "", None)
    assert (question.wanted, question.free) == (4, 1)
    assert_sums_are_right(campaign)
    assert_places_add_up(campaign)
    assert claim_one(campaign, annotator())


def test_a_question_that_is_now_sure_stops(campaign):
    people = [annotator() for _ in range(3)]
    first, *_ = [said(campaign, person, answer) for person, answer in zip(
        people, ("no", "yes", "yes"), strict=True
    )]  # fmt: skip
    assert Question.objects.get().state == "open"
    correct(people[0], first, "yes")
    question = Question.objects.get()
    assert (question.state, question.stop_reason) == ("decided", "posterior")
    assert question.stopped_at is not None
    assert_sums_are_right(campaign)
    assert_places_add_up(campaign)


def test_a_disputed_question_can_be_decided_by_a_correction():
    campaign = CampaignFactory(gold_share=0, repeat_share=0, min_ratings=3, max_ratings=3)
    QuestionFactory(campaign=campaign)
    people = [annotator() for _ in range(3)]
    first, *_ = [said(campaign, person, answer) for person, answer in zip(
        people, ("no", "yes", "yes"), strict=True
    )]  # fmt: skip
    assert Question.objects.get().state == "disputed"
    correct(people[0], first, "yes")
    assert Question.objects.get().state == "decided"
    assert_sums_are_right(campaign)


def test_what_a_curator_decided_stays_so_and_the_row_is_kept():
    campaign = CampaignFactory(gold_share=0, repeat_share=0, min_ratings=3, max_ratings=3)
    question = QuestionFactory(campaign=campaign)
    people = [annotator() for _ in range(3)]
    first, *_ = [said(campaign, person, answer) for person, answer in zip(
        people, ("no", "yes", "yes"), strict=True
    )]  # fmt: skip
    adjudicate(question_id=question.pk, decision="absent", actor=curator())
    before = Question.objects.values("state", "stop_reason", "stopped_at", "free", "wanted").get()
    new = correct(people[0], first, "yes")
    after = Question.objects.values("state", "stop_reason", "stopped_at", "free", "wanted").get()
    assert after == before
    assert new in Rating.objects.in_force()
    assert_sums_are_right(campaign)


def test_a_closed_campaign_takes_corrections_and_asks_nothing_again(campaign):
    people = [annotator() for _ in range(3)]
    *_, last = [said(campaign, person) for person in people]
    campaign.state = "closed"
    campaign.save()
    correct(people[-1], last)
    assert Question.objects.get().state == "decided"
    assert Rating.objects.in_force().filter(answer="no").exists()


def test_a_late_answer_stays_late(campaign):
    ana = annotator()
    lease = claim_one(campaign, ana)
    let_run_out(lease)
    give(ana, lease)
    old = Rating.objects.get()
    assert old.is_late
    new = correct(ana, old)
    assert new.is_late
    assert Question.objects.get().answered == 0
    assert_sums_are_right(campaign)
    assert_places_add_up(campaign)


def test_an_answer_to_a_repeat_weighs_nothing_as_before(campaign):
    ana = annotator()
    question = Question.objects.get()
    now = timezone.now()
    lease = Assignment.objects.create(
        question=question, person=ana, occasion=1, leased_at=now,
        lease_until=now + timezone.timedelta(minutes=5),
    )  # fmt: skip
    give(ana, lease)
    new = correct(ana, Rating.objects.get())
    assert (new.weight, new.occasion) == (0.0, 1)
    assert Question.objects.get().log_odds == 0
    assert_sums_are_right(campaign)


def test_whoever_is_left_out_of_consensus_weighs_nothing(campaign):
    ana = annotator()
    old = said(campaign, ana)
    MeasureFactory(campaign=campaign, person=ana, kind="exclude")
    assert correct(ana, old).weight == 0
    assert_sums_are_right(campaign)


def test_it_works_without_the_role_but_not_without_the_account(campaign):
    ana = annotator()
    old = said(campaign, ana)
    ana.memberships.all().delete()
    new = correct(ana, old)
    erase_person(person=ana, actor=ana)
    ana.refresh_from_db()
    with pytest.raises(NotAllowedError, match="closed"):
        correct(ana, new, "yes")
    assert Rating.objects.count() == 2


def test_a_correction_can_be_undone_like_an_answer(campaign):
    ana = annotator()
    new = correct(ana, said(campaign, ana))
    undo_rating(person=ana, assignment=new.assignment_id, key=new.key)
    question = Question.objects.get()
    assert (question.answered, question.log_odds) == (0, pytest.approx(0))
    assert not Rating.objects.in_force().exists()
    assert_sums_are_right(campaign)
    assert_places_add_up(campaign)


def test_a_correction_gives_no_new_ten_minutes(campaign):
    ana = annotator()
    first = said(campaign, ana)
    Rating.objects.update(created_at=timezone.now() - UNDO_WITHIN - timedelta(seconds=1))
    last = correct(ana, correct(ana, first), "unsure")
    assert undo_rating(person=ana, assignment=last.assignment_id, key=last.key) == "too_late"
    assert Rating.objects.in_force().get() == last
    assert Question.objects.get().answered == 1
    assert_sums_are_right(campaign)
    assert_places_add_up(campaign)


def test_an_answer_given_anew_has_its_own_ten_minutes(campaign):
    ana = annotator()
    first = said(campaign, ana)
    undo_rating(person=ana, assignment=first.assignment_id, key=first.key)
    Rating.objects.update(created_at=timezone.now() - UNDO_WITHIN - timedelta(seconds=1))
    new = correct(ana, said(campaign, ana))
    assert undo_rating(person=ana, assignment=new.assignment_id, key=new.key) == "undone"


def test_it_is_in_the_audit_trail(campaign):
    ana = annotator()
    new = correct(ana, said(campaign, ana))
    entry = AuditEntry.objects.get(action="correct_rating")
    assert (entry.actor, entry.object_id) == (ana, str(new.pk))
    assert (entry.detail["before"], entry.detail["after"]) == ("yes", "no")


@pytest.mark.parametrize(
    ("answer", "told"), [("yes", "already"), ("loud", "'loud' is no answer"), ("", "no answer")]
)
def test_what_is_no_correction_is_refused(campaign, answer, told):
    ana = annotator()
    old = said(campaign, ana)
    with pytest.raises(ParameterError, match=told):
        correct(ana, old, answer)
    assert Rating.objects.count() == 1


def test_nobody_corrects_for_somebody_else_or_what_was_taken_back(campaign):
    ana = annotator()
    old = said(campaign, ana)
    with pytest.raises(ParameterError, match="no such answer of yours"):
        correct(annotator(), old)
    undo_rating(person=ana, assignment=old.assignment_id, key=old.key)
    with pytest.raises(StateError, match="taken this answer back"):
        correct(ana, old)
    assert Rating.objects.count() == 1


# --- over HTTP -------------------------------------------------------------------------------
def test_the_api_corrects_and_says_what_stands(campaign, client_of):
    ana = annotator()
    old = said(campaign, ana)
    body = {"rating": str(old.pk), "answer": "no", "key": str(uuid.uuid4())}
    client = client_of(ana)
    told = [client.post("/api/v1/ratings/correct", body, format="json") for _ in range(2)]
    assert [answer.status_code for answer in told] == [200, 200]
    assert told[0].json() == told[1].json()
    assert told[0].json()["rating"] == str(Rating.objects.get(answer="no").pk)
    body["key"] = str(uuid.uuid4())
    assert client.post("/api/v1/ratings/correct", body, format="json").status_code == 409
    other = client_of(annotator()).post("/api/v1/ratings/correct", body, format="json")
    assert other.status_code == 400
    assert client_of(None).post("/api/v1/ratings/correct", body, format="json").status_code == 401
    assert client.post("/api/v1/ratings/correct", {}, format="json").status_code == 400


def test_the_history_page_corrects(campaign, client_of):
    ana = annotator()
    old = said(campaign, ana)
    client = client_of(ana)
    page = client.get("/me/answers/")
    [row] = page.context["rows"]
    address = f"/me/answers/{old.pk}/correct/"
    assert address in page.content.decode()
    for _ in range(2):  # a double click
        answer = client.post(address, {"key": row["key"], "answer": "unsure"})
        assert answer.status_code == 302
    assert [row.answer for row in Rating.objects.in_force()] == ["unsure"]
    assert Rating.objects.count() == 2
    assert client_of(annotator()).post(address, {"answer": "no"}).status_code == 404
