"""The closed loop for programs: suggestions and yields, for the collection's curators only."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from candidates.learning.suggestions import RECALIBRATE, SUGGEST
from candidates.models import SamplingRound
from consonance.jobs.models import Job
from consonance.jobs.runner import run
from consonance.people.models import Role, Scope
from tests.candidates.learning.test_learned import a_round, by_likelihood, freeze
from tests.factories import CollectionFactory, MembershipFactory, UserFactory, curator

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]


def asking(person: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(person)
    return client


@pytest.fixture
def answered() -> SamplingRound:
    drawn = a_round()
    freeze(drawn, by_likelihood)
    return drawn


def suggestion(drawn: SamplingRound) -> str:
    return f"/api/v1/scores/{drawn.score_set_id}/suggestion"


def yields(drawn: SamplingRound) -> str:
    return f"/api/v1/collections/{drawn.score_set.collection.slug}/yields"


def test_yields_are_computed_by_a_job_and_read(answered: SamplingRound) -> None:
    client = asking(curator())
    before = client.get(yields(answered)).json()
    assert (before["made_at"], before["is_current"], before["rounds"]) == (None, False, [])
    started = client.post(yields(answered), {}, format="json")
    assert started.status_code == 202
    assert client.post(yields(answered), {}, format="json").status_code == 409
    assert client.get(started["Location"]).json()["kind"] == RECALIBRATE
    run(started.json()["job"], reraise=True)
    told = client.get(yields(answered)).json()
    [row] = told["rounds"]
    assert (row["questions"], row["positives"], row["found"]["value"]) == (20, 10, 50.0)
    assert told["is_current"] is True
    freeze(answered, lambda _: "present")
    assert client.get(yields(answered)).json()["is_current"] is False


def test_rounds_may_be_filtered_by_what_is_known_and_by_nothing_else(
    answered: SamplingRound,
) -> None:
    client = asking(curator())
    run(client.post(yields(answered), {}, format="json").json()["job"], reraise=True)
    name = answered.score_set.detector.name
    for query, n in (
        ({"detector": name}, 1), ({"detector": "other"}, 0),
        ({"score_set": str(answered.score_set_id)}, 1), ({"score_set": "1" * 32}, 0),
    ):  # fmt: skip
        assert len(client.get(yields(answered), query).json()["rounds"]) == n
    for wrong in ({"colour": "red"}, {"score_set": "what"}, {"detector": "x" * 500}):
        assert client.get(yields(answered), wrong).status_code == 400


def test_a_round_is_suggested_by_a_job_and_read(answered: SamplingRound) -> None:
    client = asking(curator())
    assert client.get(suggestion(answered)).status_code == 409
    body = {"questions": 12, "positives": 30, "labels": 60, "design": "coverage", "seed": 2}
    started = client.post(suggestion(answered), body, format="json")
    assert started.status_code == 202
    assert Job.objects.get(kind=SUGGEST).arguments["aim"]["coverage"] == 0.6
    run(started.json()["job"], reraise=True)
    told = client.get(suggestion(answered)).json()
    assert (told["is_current"], told["is_calibrated"], told["seed"]) == (True, True, 2)
    assert told["aim"]["questions"] == 12
    for row in told["classes"]:
        if row["expected"]:
            expected = row["expected"]
            assert 0 <= expected["low"] <= expected["positives"] <= expected["high"]
    name = told["classes"][0]["name"]
    one = client.get(suggestion(answered), {"name": name}).json()["classes"]
    assert [row["name"] for row in one] == [name]
    assert client.get(suggestion(answered), {"nmae": name}).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"questions": 0},
        {"design": "tails", "coverage": 0.5},
        {"uncertain": 0.9, "coverage": 0.5},
        {"coverage": 0},
        {"question": 5},
        {"design": "none"},
        {"questions": 10**30},
    ],
)
def test_what_makes_no_aim_starts_nothing(answered: SamplingRound, body: dict[str, Any]) -> None:
    assert asking(curator()).post(suggestion(answered), body, format="json").status_code == 400
    assert not Job.objects.exists()


def test_only_curators_of_the_collection_are_let_in(answered: SamplingRound) -> None:
    own, other = UserFactory(), UserFactory()
    here = answered.score_set.collection_id
    for person, place in ((own, here), (other, CollectionFactory().pk)):
        MembershipFactory(person=person, role=Role.CURATOR, scope=Scope.COLLECTION, scope_id=place)
    for path in (suggestion(answered), yields(answered)):
        for person, statuses in ((own, {200, 409}), (other, {403}), (UserFactory(), {403})):
            assert asking(person).get(path).status_code in statuses
            if person is not own:
                assert asking(person).post(path, {}, format="json").status_code == 403
        assert APIClient().get(path).status_code == 401
    assert not Job.objects.exists()
