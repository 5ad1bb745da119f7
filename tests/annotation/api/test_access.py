"""Each endpoint × each role × one's own and a foreign campaign."""

from __future__ import annotations

import uuid

import pytest
from rest_framework.throttling import ScopedRateThrottle

from annotation.models import Assignment, Rating
from consonance.people.models import Role
from tests.annotation.conftest import claim_one, welcomed
from tests.factories import CampaignFactory, QuestionFactory, annotator, person_with

pytestmark = pytest.mark.django_db

#: Who may answer, given a role in this place (None: everywhere).
MATRIX = [
    (role, place, role is not Role.RESEARCHER and place != "foreign")
    for role in Role
    for place in ("everywhere", "collection", "campaign", "foreign")
]


def someone(role, place, campaign):
    places = {
        "everywhere": None,
        "collection": campaign.collection,
        "campaign": campaign,
        "foreign": CampaignFactory(),
    }
    return person_with(role, place=places[place])


@pytest.fixture
def campaign():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    return campaign


@pytest.mark.parametrize(("role", "place", "may"), MATRIX)
def test_who_may_claim(client_of, campaign, role, place, may):
    client = client_of(welcomed(someone(role, place, campaign), campaign))
    answer = client.post("/api/v1/questions/claim", {"campaign": str(campaign.pk)}, format="json")
    assert answer.status_code == (200 if may else 403)
    assert Assignment.objects.exists() == may
    if not may:
        assert "annotator" in answer.json()["detail"]


@pytest.mark.parametrize(("role", "place", "may"), MATRIX)
def test_nobody_answers_or_undoes_for_somebody_else(client_of, campaign, role, place, may):
    lease = claim_one(campaign, annotator())
    client = client_of(someone(role, place, campaign))
    body = {"key": str(uuid.uuid4()), "assignment": str(lease.pk), "answer": "yes"}
    answer = client.post("/api/v1/ratings", {"ratings": [body]}, format="json")
    assert answer.status_code == 400
    assert answer.json()["results"][0]["status"] == "rejected"
    del body["answer"]
    assert client.post("/api/v1/ratings/undo", body, format="json").status_code == 400
    assert not Rating.objects.exists()


@pytest.mark.parametrize("path", ["questions/claim", "ratings", "ratings/undo"])
def test_strangers_are_told_to_sign_in(client_of, campaign, path):
    answer = client_of(None).post(f"/api/v1/{path}", {}, format="json")
    assert answer.status_code == 401
    assert answer.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize("path", ["questions/claim", "ratings", "ratings/undo"])
def test_an_account_that_was_closed_gets_nothing(client_of, campaign, path):
    ana = annotator()
    client = client_of(ana)
    ana.is_active = False
    ana.save()
    assert client.post(f"/api/v1/{path}", {}, format="json").status_code == 401


@pytest.mark.parametrize("path", ["questions/claim", "ratings", "ratings/undo"])
def test_reading_these_addresses_is_not_allowed(client_of, path):
    assert client_of(annotator()).get(f"/api/v1/{path}").status_code == 405


def test_a_session_without_a_csrf_token_is_refused(campaign):
    from rest_framework.test import APIClient

    client = APIClient(enforce_csrf_checks=True)
    client.force_login(annotator(), backend="consonance.people.backends.AccountBackend")
    answer = client.post("/api/v1/questions/claim", {"campaign": str(campaign.pk)}, format="json")
    assert answer.status_code == 403
    assert not Assignment.objects.exists()


def test_an_api_token_is_enough(campaign):
    from rest_framework.authtoken.models import Token
    from rest_framework.test import APIClient

    client = APIClient()
    ana = welcomed(annotator(), campaign)
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=ana).key}")
    answer = client.post("/api/v1/questions/claim", {"campaign": str(campaign.pk)}, format="json")
    assert len(answer.json()["questions"]) == 1


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("post", "questions/claim", "ratings"),
        ("post", "ratings/undo", "ratings"),
        ("get", "campaigns/{campaign}/quiz", "ratings"),
        ("post", "campaigns/{campaign}/quiz/answers", "ratings"),
        ("get", "campaigns/{campaign}/headphones", "ratings"),
        ("post", "campaigns/{campaign}/headphones/answers", "ratings"),
        ("get", "campaigns/{campaign}/headphones/sounds/1", "ratings"),
        ("get", "terms", "exports"),
        ("get", "me", "exports"),
        ("get", "me/answers", "exports"),
        ("get", "me/export", "exports"),
    ],
)
def test_nobody_asks_more_often_than_a_person_can(
    client_of, campaign, monkeypatch, method, path, scope
):
    rates = {**ScopedRateThrottle.THROTTLE_RATES, scope: "2/min"}
    monkeypatch.setattr(ScopedRateThrottle, "THROTTLE_RATES", rates)
    body = {
        "questions/claim": {"campaign": str(campaign.pk), "count": 1},
        "ratings/undo": {"assignment": str(uuid.uuid4()), "key": str(uuid.uuid4())},
    }.get(path)
    client, address = client_of(annotator()), f"/api/v1/{path.format(campaign=campaign.pk)}"
    asked = [getattr(client, method)(address, body) for _ in range(3)]
    assert [answer.status_code == 429 for answer in asked] == [False, False, True]
    assert int(asked[-1].headers["Retry-After"]) > 0
