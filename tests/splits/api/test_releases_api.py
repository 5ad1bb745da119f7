"""Releases through the API: open to everybody, read only."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import ReleaseFactory

pytestmark = pytest.mark.django_db
FIELDS = {
    "name", "version", "title", "is_simulated", "published_at", "figures", "manifest_sha256",
    "archive_bytes", "archive_sha256", "downloads", "doi", "previous", "changes",
}  # fmt: skip


def test_the_list_is_newest_first_and_goes_on_behind_a_cursor() -> None:
    ReleaseFactory.create_batch(51)
    first = Client().get("/api/v1/releases").json()
    assert len(first["results"]) == 50
    assert set(first["results"][0]) == FIELDS
    times = [row["published_at"] for row in first["results"]]
    assert times == sorted(times, reverse=True)
    rest = Client().get(first["next"]).json()
    assert len(rest["results"]) == 1
    assert rest["next"] is None


def test_one_release_is_found_by_name_and_version() -> None:
    ReleaseFactory(name="attic", version="1.0.0")
    second = ReleaseFactory(name="attic", version="2.0.0", archive_bytes=12)
    told = Client().get("/api/v1/releases/attic/2.0.0").json()
    assert (told["manifest_sha256"], told["archive_bytes"]) == (second.manifest_sha256, 12)


def test_what_is_not_published_is_a_problem_in_one_sentence() -> None:
    response = Client().get("/api/v1/releases/attic/1.0.0")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["detail"] == "There is nothing at this address."


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_changed_through_it(method: str) -> None:
    ReleaseFactory(name="attic")
    ask = getattr(Client(), method)
    assert ask("/api/v1/releases/attic/1.0.0").status_code == 405
    assert ask("/api/v1/releases").status_code == 405
