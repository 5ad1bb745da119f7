"""What a rating records beside the answer, and what of it is refused or cut."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.actions.submit_ratings import MAX_MS
from annotation.models import GuidelineVersion, Question, Rating
from candidates.models import Candidate
from tests.annotation.conftest import assert_places_add_up, claim_one, give
from tests.factories import (
    CampaignFactory,
    CandidateFactory,
    GuidelineFactory,
    QuestionFactory,
    SamplingRoundFactory,
    annotator,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    campaign = CampaignFactory(gold_share=0, repeat_share=0)
    QuestionFactory(campaign=campaign)
    return campaign


@pytest.fixture
def ana():
    return annotator()


# --- guideline -------------------------------------------------------------------------------
def second_version(campaign, *, ago=timedelta(0)):
    target = Question.objects.first().target
    row = GuidelineFactory(campaign=campaign, target=target, version=2)
    GuidelineVersion.objects.filter(pk=row.pk).update(created_at=timezone.now() - ago)
    return row


def test_the_guideline_that_was_shown_is_recorded(campaign, ana):
    first = GuidelineVersion.objects.get()
    lease = claim_one(campaign, ana)
    second_version(campaign)
    give(ana, lease, guideline=first.pk)
    assert Rating.objects.get().guideline == first


def test_without_it_the_one_in_force_when_the_lease_began_is(campaign, ana):
    first = GuidelineVersion.objects.get()
    lease = claim_one(campaign, ana)
    second_version(campaign)
    give(ana, lease)
    assert Rating.objects.get().guideline == first
    second = GuidelineVersion.objects.get(version=2)
    ben = annotator()
    give(ben, claim_one(campaign, ben))
    assert Rating.objects.get(person=ben).guideline == second


def test_a_class_whose_first_guideline_is_younger_than_the_lease_has_that_one(campaign, ana):
    lease = claim_one(campaign, ana)
    GuidelineVersion.objects.update(created_at=timezone.now() + timedelta(hours=1))
    give(ana, lease)
    assert Rating.objects.get().guideline == GuidelineVersion.objects.get()


@pytest.mark.parametrize("whose", ["nobody", "another class", "another campaign"])
def test_a_guideline_of_something_else_is_refused_and_nothing_stored(campaign, ana, whose):
    other = {
        "nobody": uuid.uuid4,
        "another class": lambda: GuidelineFactory(campaign=campaign).pk,
        "another campaign": lambda: GuidelineFactory(target=Question.objects.get().target).pk,
    }[whose]()
    result = give(ana, claim_one(campaign, ana), guideline=other)
    assert result.status == "rejected"
    assert "guideline" in result.detail
    assert not Rating.objects.exists()
    assert_places_add_up(campaign)


# --- detector --------------------------------------------------------------------------------
def test_the_detector_that_drew_the_question_is_recorded(campaign, ana):
    drawn = SamplingRoundFactory(score_set__detector__version="abc123")
    campaign.rounds.add(drawn)
    give(ana, claim_one(campaign, ana))
    assert Rating.objects.get().detector == "abc123"


def test_with_several_it_is_that_of_the_round_that_drew_it(campaign, ana):
    question = Question.objects.get()
    rounds = [SamplingRoundFactory(score_set__detector__version=name) for name in ("one", "two")]
    campaign.rounds.add(*rounds)
    CandidateFactory(round=rounds[1], clip=question.clip, target=question.target)
    give(ana, claim_one(campaign, ana))
    beside = QuestionFactory(campaign=campaign)
    assert not Candidate.objects.filter(clip=beside.clip).exists()
    give(ana, claim_one(campaign, ana))
    said = dict(Rating.objects.values_list("question", "detector"))
    assert said == {question.pk: "two", beside.pk: ""}


def test_without_a_round_there_is_none(campaign, ana):
    give(ana, claim_one(campaign, ana))
    assert Rating.objects.get().detector == ""


# --- confidence and times --------------------------------------------------------------------
def test_confidence_and_times_are_recorded(campaign, ana):
    result = give(
        ana, claim_one(campaign, ana), confidence=3, first_key_ms=900, response_ms=2100,
        heard_ms=4000, replays=2,
    )  # fmt: skip
    row = Rating.objects.get()
    assert (row.confidence, row.first_key_ms, row.response_ms) == (3, 900, 2100)
    assert (row.heard_ms, row.replays) == (4000, 2)
    assert (result.status, result.detail) == ("stored", "")


@pytest.mark.parametrize("confidence", [0, 4, -1, 100])
def test_confidence_out_of_range_is_refused(campaign, ana, confidence):
    result = give(ana, claim_one(campaign, ana), confidence=confidence)
    assert result.status == "rejected"
    assert "1, 2 or 3" in result.detail
    assert not Rating.objects.exists()


@pytest.mark.parametrize("name", ["first_key_ms", "response_ms", "heard_ms", "replays"])
def test_less_than_nothing_is_refused(campaign, ana, name):
    result = give(ana, claim_one(campaign, ana), **{name: -1})
    assert result.status == "rejected"
    assert "-1" in result.detail
    assert not Rating.objects.exists()
    assert_places_add_up(campaign)


@pytest.mark.parametrize("name", ["first_key_ms", "response_ms", "heard_ms"])
def test_longer_than_an_hour_is_stored_as_an_hour_and_said(campaign, ana, name):
    result = give(ana, claim_one(campaign, ana), **{name: MAX_MS + 1})
    assert result.status == "stored"
    assert name in result.detail
    assert getattr(Rating.objects.get(), name) == MAX_MS


def test_over_the_api_too(campaign, ana, client_of):
    lease = claim_one(campaign, ana)
    guideline = GuidelineVersion.objects.get()
    rating = {"key": str(uuid.uuid4()), "assignment": str(lease.pk), "answer": "yes"}
    client = client_of(ana)

    def post(**fields):
        return client.post("/api/v1/ratings", {"ratings": [rating | fields]}, format="json")

    for wrong in ({"confidence": 4}, {"confidence": 0}, {"first_key_ms": -1}, {"guideline": "x"}):
        assert post(**wrong).status_code == 400
    told = post(confidence=2, first_key_ms=700, guideline=str(guideline.pk)).json()
    assert told["results"][0]["status"] == "stored"
    row = Rating.objects.get()
    assert (row.confidence, row.first_key_ms, row.guideline) == (2, 700, guideline)
