"""Taxonomies through the API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from consonance.catalog.models import Taxonomy
from consonance.ledger.models import AuditEntry
from tests.factories import curator, researcher

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/taxonomies"
SEVEN = json.loads(
    (Path(__file__).resolve().parents[3] / "data" / "taxonomies" / "sounding7.json").read_text()
)


@pytest.fixture
def client() -> APIClient:
    made = APIClient()
    made.force_authenticate(curator())
    return made


def told(response: Any, status: int = 200) -> Any:
    assert response.status_code == status, response.content
    return response.json()


def test_a_taxonomy_is_created_read_published_and_listed(client: APIClient) -> None:
    made = told(client.post(ADDRESS, SEVEN, format="json"), 201)
    assert not made["is_published"]
    by_name = {entry["name"]: entry for entry in made["classes"]}
    assert by_name["rubato"]["counts"] == []
    assert "/m/018vs" not in by_name["plucked"]["counts"]
    assert by_name["bowed"]["parent"] == "strings"
    address = f"{ADDRESS}/{made['id']}"
    assert told(client.get(address)) == made
    assert told(client.post(f"{address}/publish"))["is_published"]
    assert told(client.post(f"{address}/publish"), 409)["detail"].startswith("sounding7 1 is pub")
    (row,) = told(client.get(ADDRESS, {"name": "sounding7", "state": "published"}))["results"]
    assert (row["id"], row["n_classes"]) == (made["id"], 7)
    assert told(client.get(ADDRESS, {"state": "draft"}))["results"] == []
    actions = AuditEntry.objects.order_by("at").values_list("action", flat=True)
    assert list(actions) == ["import_taxonomy", "publish_taxonomy"]


def test_what_was_read_can_be_sent_back(client: APIClient) -> None:
    made = told(client.post(ADDRESS, SEVEN, format="json"), 201)
    for key in ("id", "is_published", "created_at"):
        del made[key]
    for entry in made["classes"]:
        del entry["counts"]
    assert told(client.post(ADDRESS, made, format="json"))["name"] == "sounding7"
    assert Taxonomy.objects.count() == 1


def test_a_version_with_other_content_is_a_conflict_until_it_may_replace_a_draft(
    client: APIClient,
) -> None:
    told(client.post(ADDRESS, SEVEN, format="json"), 201)
    other = {**SEVEN, "licence": "CC0-1.0"}
    assert (
        "Replace it on purpose" in told(client.post(ADDRESS, other, format="json"), 409)["detail"]
    )
    sent = {**other, "replace": True, "publish": True}
    assert told(client.post(ADDRESS, sent, format="json"))["is_published"]
    again = {**SEVEN, "replace": True}
    assert "never edited" in told(client.post(ADDRESS, again, format="json"), 409)["detail"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"classes": []}, "classes"),
        ({"classes": "none"}, "classes"),
        ({"classes": [{"name": "a", "display_name": "A", "audioset_mids": ["Acordion"]}]},
         "Perhaps /m/0mkg (Accordion)?"),
        ({"classes": [{"name": "a", "display_name": "A"}]}, "audioset_mids"),
        ({"classes": [{"name": "a", "display_name": "A", "audioset_mids": [], "color": 1}]},
         "color"),
        ({"name": "Seven"}, "begin with a lower-case letter"),
        ({"version": None}, "version"),
        ({"colour": "red"}, "There is no field 'colour' here"),
        ({"format": 2}, "format"),
    ],
)  # fmt: skip
def test_what_is_no_taxonomy_is_refused(client: APIClient, change: Any, sentence: str) -> None:
    response = client.post(ADDRESS, {**SEVEN, **change}, format="json")
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert not Taxonomy.objects.exists()


def test_others_than_curators_see_nothing(client: APIClient) -> None:
    made = told(client.post(ADDRESS, SEVEN, format="json"), 201)
    other = APIClient()
    other.force_authenticate(researcher())
    address = f"{ADDRESS}/{made['id']}"
    for response in (
        other.get(ADDRESS), other.post(ADDRESS, SEVEN, format="json"), other.get(address),
        other.post(f"{address}/publish"),
    ):  # fmt: skip
        assert response.status_code == 403


def test_a_list_has_pages(client: APIClient) -> None:
    for number in range(3):
        told(client.post(ADDRESS, {**SEVEN, "version": str(number)}, format="json"), 201)
    first = told(client.get(ADDRESS, {"page_size": 2}))
    assert [row["version"] for row in first["results"]] == ["2", "1"]
    second = told(client.get(first["next"]))
    assert [row["version"] for row in second["results"]] == ["0"]
    assert "no parameter 'nam'" in told(client.get(ADDRESS, {"nam": "x"}), 400)["detail"]
