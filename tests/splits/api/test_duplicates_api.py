"""Searches for duplicates through the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from consonance.jobs.models import Job
from consonance.people.models import Role, Scope
from splits.models import DuplicateScan, DuplicateVerdict
from tests.factories import (
    ClipFactory,
    DuplicatePairFactory,
    DuplicateScanFactory,
    MembershipFactory,
    UserFactory,
    curator,
)

pytestmark = pytest.mark.django_db


def caller(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="consonance.people.backends.AccountBackend")
    return client


@pytest.fixture
def scan() -> DuplicateScan:
    """Return a scan with a verified pair and two doubtful ones."""
    found = DuplicateScanFactory()
    DuplicatePairFactory(scan=found, score=0.95, is_verified=True)
    for score in (0.64, 0.66):
        DuplicatePairFactory(scan=found, score=score)
    return found


def test_a_collections_scans_and_their_pairs_are_read(scan: DuplicateScan) -> None:
    api = caller(curator())
    listed = api.get(f"/api/v1/collections/{scan.collection.slug}/duplicates").json()["results"]
    assert [row["id"] for row in listed] == [str(scan.pk)]
    told = api.get(f"/api/v1/duplicates/{scan.pk}").json()
    assert told["facts"]["curve"]["edges"]
    pairs = api.get(f"/api/v1/duplicates/{scan.pk}/pairs?state=waiting&page_size=1").json()
    assert [row["score"] for row in pairs["results"]] == [0.66]
    assert [row["score"] for row in api.get(pairs["next"]).json()["results"]] == [0.64]


def test_a_verdict_is_given_and_seen_in_the_list(scan: DuplicateScan) -> None:
    api, pair = caller(curator()), scan.pairs.last()
    assert pair is not None
    url = f"/api/v1/duplicates/{scan.pk}/pairs/{pair.pk}/verdict"
    told = api.post(url, {"says": "same", "note": "n"}, content_type="application/json")
    assert told.status_code == 200
    assert told.json()["says"] == "same"
    decided = api.get(f"/api/v1/duplicates/{scan.pk}/pairs?state=decided").json()["results"]
    assert [(row["id"], row["says"]) for row in decided] == [(pair.pk, "same")]


def test_a_search_is_started(scan: DuplicateScan) -> None:
    clip = ClipFactory()
    told = caller(curator()).post(
        f"/api/v1/collections/{clip.track.collection.slug}/duplicates",
        {"recordings": True}, content_type="application/json",
    )  # fmt: skip
    assert told.status_code == 202
    assert Job.objects.get(pk=told.json()["job"]).arguments["recordings"] is True


def test_a_collection_without_clips_is_a_conflict() -> None:
    empty = DuplicateScanFactory().collection
    told = caller(curator()).post(
        f"/api/v1/collections/{empty.slug}/duplicates", {}, content_type="application/json"
    )
    assert told.status_code == 409


@pytest.mark.parametrize(
    "sent",
    [{"says": "maybe"}, {}, {"says": "same", "who": "me"}, {"says": "same", "note": 501 * "x"}],
)  # fmt: skip
def test_ill_formed_verdicts_are_refused(scan: DuplicateScan, sent: dict[str, str]) -> None:
    pair = scan.pairs.first()
    assert pair is not None
    url = f"/api/v1/duplicates/{scan.pk}/pairs/{pair.pk}/verdict"
    told = caller(curator()).post(url, sent, content_type="application/json")
    assert told.status_code == 400
    assert not DuplicateVerdict.objects.exists()


def test_it_is_for_curators_of_that_collection(scan: DuplicateScan) -> None:
    person, other = UserFactory(), DuplicateScanFactory()
    MembershipFactory(
        person=person, role=Role.CURATOR, scope=Scope.COLLECTION, scope_id=other.collection_id
    )
    api, pair = caller(person), scan.pairs.first()
    assert pair is not None
    for url in (
        f"/api/v1/collections/{scan.collection.slug}/duplicates",
        f"/api/v1/duplicates/{scan.pk}", f"/api/v1/duplicates/{scan.pk}/pairs",
    ):  # fmt: skip
        assert api.get(url).status_code == 403
    url = f"/api/v1/duplicates/{scan.pk}/pairs/{pair.pk}/verdict"
    told = api.post(url, {"says": "same"}, content_type="application/json")
    assert told.status_code == 403
    assert api.get(f"/api/v1/duplicates/{other.pk}").status_code == 200
