from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from annotation.models import Assignment, Question
from consonance.people.models import Role
from tests.annotation.conftest import claim_one, give, welcomed
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    GuidelineFactory,
    MeasureFactory,
    QuestionFactory,
    annotator,
    person_with,
)

pytestmark = pytest.mark.django_db
URL = "/api/v1/questions/claim"


def post(client, **body):
    return client.post(URL, body, format="json")


def test_a_claim_returns_everything_the_page_needs_to_ask(client_of):
    campaign = CampaignFactory()
    question = QuestionFactory(campaign=campaign)
    newest = GuidelineFactory(
        campaign=campaign, target=question.target, version=2, text="Plucked, five strings."
    )
    answer = post(client_of(welcomed(annotator(), campaign)), campaign=str(campaign.pk), count=3)
    assert answer.status_code == 200
    body = answer.json()
    lease = Assignment.objects.get()
    clip = question.clip
    [shown] = body["questions"]
    assert shown == {
        "assignment": str(lease.pk),
        "lease_until": lease.lease_until.isoformat(),
        "question": str(question.pk),
        "class": {"name": question.target.name, "display_name": "banjo", "article": "a"},
        "prompt": "Do you hear a banjo?",
        "guideline": {
            "id": str(newest.pk),
            "version": newest.version,
            "question": "Do you hear a banjo?",
            "text": "Plucked, five strings.",
            "examples": [],
        },
        "clip": {
            "id": str(clip.pk),
            "duration_ms": 10_000,
            "audio_url": reverse("media:clip_audio", args=[clip.pk]),
            "spectrogram_url": reverse("media:clip_spectrogram", args=[clip.pk]),
            "peaks": clip.peaks,
        },
    }
    assert body["progress"] == {"answered_by_you": 0, "remaining_for_you": 1}
    assert "reason" not in body


def test_a_question_tells_nothing_that_would_lead_the_answer(client_of):
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign, log_odds=1.5)
    text = post(
        client_of(welcomed(annotator(), campaign)), campaign=str(campaign.pk)
    ).content.decode()
    for word in ("log_odds", "posterior", "likelihood", "tail", "track", "title", "artist"):
        assert word not in text


def test_progress_counts_what_is_answered_in_hand_and_still_to_come(client_of):
    campaign = CampaignFactory()
    QuestionFactory.create_batch(4, campaign=campaign)
    QuestionFactory(campaign=campaign, state="decided")
    ana = annotator()
    give(ana, claim_one(campaign, ana))
    body = post(client_of(ana), campaign=str(campaign.pk), count=2).json()
    assert body["progress"] == {"answered_by_you": 1, "remaining_for_you": 3}


@pytest.mark.parametrize(
    ("state", "reason"), [("open", "nothing_left"), ("paused", "paused"), ("closed", "closed")]
)
def test_without_questions_the_reason_is_told(client_of, state, reason):
    campaign = CampaignFactory(state=state)
    answer = post(client_of(welcomed(annotator(), campaign)), campaign=str(campaign.pk))
    assert answer.status_code == 200
    assert (answer.json()["questions"], answer.json()["reason"]) == ([], reason)


def test_what_the_client_holds_is_not_returned(client_of):
    campaign = CampaignFactory()
    QuestionFactory.create_batch(2, campaign=campaign)
    client = client_of(welcomed(annotator(), campaign))
    [first] = post(client, campaign=str(campaign.pk)).json()["questions"]
    body = post(client, campaign=str(campaign.pk), holding=[first["assignment"]]).json()
    assert body["questions"][0]["question"] != first["question"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"campaign": "not a uuid"},
        {"campaign": None},
        {"campaign": str(uuid.uuid4()), "count": 0},
        {"campaign": str(uuid.uuid4()), "count": 21},
        {"campaign": str(uuid.uuid4()), "count": "many"},
        {"campaign": str(uuid.uuid4()), "count": 10**30},
        {"campaign": str(uuid.uuid4()), "holding": "all"},
        {"campaign": str(uuid.uuid4()), "holding": ["x"]},
        {"campaign": str(uuid.uuid4()), "holding": [str(uuid.uuid4())] * 1001},
        [],
        "text",
        None,
    ],
)
def test_a_malformed_claim_is_answered_with_a_problem_and_changes_nothing(client_of, body):
    QuestionFactory()
    answer = client_of(annotator()).post(URL, body, format="json")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["detail"]
    assert not Assignment.objects.exists()


def test_broken_json_is_answered_with_a_problem(client_of):
    answer = client_of(annotator()).post(URL, "{", content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["status"] == 400


def test_an_unknown_campaign_is_not_found(client_of):
    answer = post(client_of(annotator()), campaign=str(uuid.uuid4()))
    assert answer.status_code == 404


@pytest.mark.parametrize("held", [0, 3])
def test_a_claim_takes_few_queries_however_many_it_returns(
    client_of, django_assert_max_num_queries, held
):
    campaign = CampaignFactory(repeat_share=0, gold_share=0)
    QuestionFactory.create_batch(15, campaign=campaign)
    ana = welcomed(person_with(Role.ANNOTATOR, place=campaign), campaign)
    client = client_of(ana)
    for question in Question.objects.all()[:held]:
        AssignmentFactory(question=question, person=ana)
    # Session and account 2, campaign 1, roles 2, what the person brings 1, in hand 1, classes 1,
    # begun 2, new 1, taken 5 between the 2 ends of the test's savepoint, guideline and examples 2,
    # progress 5; what was in hand is loaded and leased anew with 2; begun questions have no end.
    with django_assert_max_num_queries(25 if not held else 28):
        assert len(post(client, campaign=str(campaign.pk), count=10).json()["questions"]) == 10


@pytest.mark.parametrize(("kind", "reason"), [("pause", "paused_you"), ("requiz", "quiz")])
def test_whoever_is_held_back_is_told_why(client_of, kind, reason):
    campaign = CampaignFactory()
    ana = welcomed(annotator(), campaign)
    QuestionFactory(campaign=campaign)
    MeasureFactory(campaign=campaign, person=ana, kind=kind, reason="Too many quick answers.")
    answer = post(client_of(ana), campaign=str(campaign.pk))
    assert answer.status_code == 200
    body = answer.json()
    assert (body["questions"], body["reason"]) == ([], reason)
    assert "Too many quick answers." in body["detail"]


def test_a_planted_repeat_is_not_recognisable(client_of, monkeypatch):
    monkeypatch.setattr("annotation.allocation.repeats.ANSWERS_BETWEEN", 1)
    monkeypatch.setattr("annotation.allocation.repeats.TIME_BETWEEN", timedelta(0))
    campaign = CampaignFactory(repeat_share=0.5)
    ana = welcomed(annotator(), campaign)
    QuestionFactory.create_batch(20, campaign=campaign)
    client = client_of(ana)
    shapes, repeats = set(), 0
    for _ in range(25):
        [question, *_] = post(client, campaign=str(campaign.pk)).json()["questions"] or [None]
        if question is None:
            break
        shapes.add(json.dumps(shape_of(question), sort_keys=True))
        lease = Assignment.objects.get(pk=question["assignment"])
        repeats += lease.occasion
        assert give(ana, lease).status == "stored"
    assert repeats > 0
    assert len(shapes) == 1


def shape_of(value):
    """Return names and types of a JSON value, without what stands in it."""
    if isinstance(value, dict):
        return {name: shape_of(part) for name, part in value.items()}
    return type(value).__name__
