"""Whatever goes wrong in the API is a problem (RFC 9457) with a sentence, and changes nothing."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from rest_framework.authtoken.models import Token
from rest_framework.settings import api_settings
from rest_framework.test import APIClient

from annotation.models import Assignment, Rating
from consonance.ledger.models import AuditEntry
from consonance.web.views import server_error
from tests.factories import CampaignFactory, QuestionFactory, annotator, curator

pytestmark = pytest.mark.django_db

BACKEND = "consonance.people.backends.AccountBackend"


@pytest.fixture
def client() -> APIClient:
    made = APIClient()
    made.force_login(curator(), backend=BACKEND)
    return made


def assert_problem(answer: Any, status: int, *words: str) -> str:
    """Hold an answer to what every problem has, and return its sentence."""
    assert answer.status_code == status, answer.content[:300]
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = json.loads(answer.content)
    assert told["status"] == status
    assert told["title"]
    detail: str = told["detail"]
    assert detail.endswith((".", "”.", ".)")) or "seconds" in detail, detail
    for word in words:
        assert word in detail
    return detail


@pytest.mark.parametrize(
    "path", ["nothing", "campaigns/not-an-id", "questions/", "ratings/export", "v2/ratings"]
)
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_an_address_that_there_is_not(client: APIClient, path: str, method: str) -> None:
    assert_problem(getattr(client, method)(f"/api/v1/{path}"), 404, "nothing at this address")


def test_an_address_that_there_is_not_is_told_to_strangers_alike() -> None:
    assert_problem(Client().get("/api/v1/nothing"), 404)
    assert_problem(Client().get("/api/"), 404)


def test_a_page_that_there_is_not_stays_a_page() -> None:
    answer = Client().get("/nothing")
    assert (answer.status_code, answer.headers["Content-Type"][:9]) == (404, "text/html")


def test_a_program_that_says_so_gets_problems_from_pages_too() -> None:
    assert_problem(Client().get("/nothing", HTTP_ACCEPT="application/json"), 404)


def test_not_signed_in() -> None:
    answer = Client().get("/api/v1/me")
    assert_problem(answer, 401, "Token")
    assert answer.headers["WWW-Authenticate"] == "Token"


def test_a_token_that_is_no_good() -> None:
    for token in ("nonsense", "x" * 40, "a b c"):
        answer = Client().get("/api/v1/me", HTTP_AUTHORIZATION=f"Token {token}")
        assert_problem(answer, 401)


def test_a_session_without_the_csrf_header() -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(annotator(), backend=BACKEND)
    assert_problem(client.post("/api/v1/me/nothing"), 404)
    campaign = CampaignFactory(joining="anybody")
    answer = client.post(f"/api/v1/campaigns/{campaign.pk}/join")
    assert_problem(answer, 403, "X-CSRFToken")


@pytest.mark.parametrize("method", ["put", "patch", "delete", "get"])
def test_a_method_that_there_is_not(client: APIClient, method: str) -> None:
    answer = getattr(client, method)("/api/v1/questions/claim")
    assert_problem(answer, 405)
    assert answer.headers["Allow"]


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
    ],
)
def test_a_body_that_is_no_json(client: APIClient, kind: str) -> None:
    answer = client.generic("POST", "/api/v1/questions/claim", "a=1", content_type=kind)
    assert_problem(answer, 415, "application/json")


def test_an_answer_in_another_form_than_there_is(client: APIClient) -> None:
    assert_problem(client.get("/api/v1/me", HTTP_ACCEPT="image/png"), 406, "JSON")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[" * 100_000,
        '{"a": NaN}',
        '"text"',
        "[]",
        "null",
        "\xff",
        '{"campaign": "\\u0000"}',
    ],
)
def test_json_that_cannot_be_understood(client: APIClient, body: str) -> None:
    answer = client.generic(
        "POST", "/api/v1/questions/claim", body.encode("latin-1"), content_type="application/json"
    )
    assert_problem(answer, 400)


@pytest.mark.parametrize("path", ["questions/claim", "ratings", "campaigns", "ratings/undo"])
def test_a_body_that_is_too_large_is_refused_unread(client: APIClient, path: str) -> None:
    body = json.dumps({"text": "x" * 1_100_000})
    answer = client.generic("POST", f"/api/v1/{path}", body, content_type="application/json")
    assert_problem(answer, 413, "1,024 KiB")


def test_a_form_that_is_too_large_for_a_page() -> None:
    browser = Client(headers={"accept": "application/json"})
    kind = "application/x-www-form-urlencoded"
    assert_problem(browser.post("/accounts/login/", "a=" + "x" * 1_100_000, kind), 413)


def test_nul_in_an_address(client: APIClient) -> None:
    assert_problem(client.get("/api/v1/campaigns?collection=%00"), 400)


def test_too_many_requests(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from rest_framework.throttling import ScopedRateThrottle

    cache.clear()
    rates = {**api_settings.DEFAULT_THROTTLE_RATES, "exports": "1/min"}
    monkeypatch.setattr(ScopedRateThrottle, "THROTTLE_RATES", rates)
    address = f"/api/v1/campaigns/{CampaignFactory().pk}/ratings/export"
    assert client.get(address).status_code == 200
    answer = client.get(address)
    assert_problem(answer, 429)
    assert int(answer.headers["Retry-After"]) > 0
    cache.clear()


def test_our_own_mistakes_tell_nothing_of_the_inside(rf: Any) -> None:
    answer = server_error(rf.get("/api/v1/me"))
    assert_problem(answer, 500)
    page = server_error(rf.get("/"))
    assert page.headers["Content-Type"].startswith("text/html")


class TestSubmissions:
    """Forged, late, repeated and oversized ratings: a clear answer, and nothing stored changes."""

    @pytest.fixture
    def person(self) -> Any:
        return annotator()

    @pytest.fixture
    def send(self, person: Any) -> Any:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=person).key}")

        def post(path: str, body: Any) -> Any:
            return client.post(f"/api/v1/{path}", body, format="json")

        return post

    @pytest.fixture
    def somebody_elses(self) -> Assignment:
        from tests.factories import AssignmentFactory

        lease: Assignment = AssignmentFactory()
        return lease

    def stored(self) -> tuple[Any, ...]:
        return (
            list(Rating.objects.order_by("pk").values()),
            list(Assignment.objects.order_by("pk").values()),
            AuditEntry.objects.count(),
        )

    def rating(self, assignment: Any, **fields: Any) -> dict[str, Any]:
        return {"key": str(uuid.uuid4()), "assignment": str(assignment), "answer": "yes", **fields}

    def test_for_somebody_else(self, send: Any, somebody_elses: Assignment) -> None:
        before = self.stored()
        answer = send("ratings", {"ratings": [self.rating(somebody_elses.pk)]})
        detail = assert_problem(answer, 400, "not in your hands")
        [result] = answer.json()["results"]
        assert (result["status"], result["detail"]) == ("rejected", detail)
        assert self.stored() == before

    def test_made_up(self, send: Any, somebody_elses: Assignment) -> None:
        before = self.stored()
        answer = send("ratings", {"ratings": [self.rating(uuid.uuid4()) for _ in range(3)]})
        assert_problem(answer, 400, "not in your hands")
        assert [one["status"] for one in answer.json()["results"]] == ["rejected"] * 3
        for path in ("ratings/undo", "questions/skip", "questions/flag"):
            body = {"key": str(uuid.uuid4()), "assignment": str(somebody_elses.pk)}
            extra = {"questions/skip": {"reason": "other"}, "questions/flag": {"kind": "other"}}
            assert_problem(send(path, body | extra.get(path, {})), 400)
        assert self.stored() == before

    @pytest.mark.parametrize(
        "wrong",
        [
            {"key": "1"}, {"assignment": "x"}, {"answer": None}, {"response_ms": -1},
            {"response_ms": 2**31}, {"heard_ms": "long"}, {"replays": 10**9},
            {"ui_version": "x" * 33}, {"answer": "y" * 33},
        ],
    )  # fmt: skip
    def test_out_of_form(self, send: Any, somebody_elses: Assignment, wrong: Any) -> None:
        before = self.stored()
        answer = send("ratings", {"ratings": [self.rating(somebody_elses.pk) | wrong]})
        assert_problem(answer, 400)
        assert answer.json()["errors"]
        assert self.stored() == before

    def test_too_many_at_a_time(self, send: Any, somebody_elses: Assignment) -> None:
        before = self.stored()
        body = {"ratings": [self.rating(somebody_elses.pk) for _ in range(101)]}
        assert_problem(send("ratings", body), 400)
        assert_problem(send("ratings", {"ratings": []}), 400)
        assert self.stored() == before

    def test_repeated_and_late_ones_are_stored_once(self, send: Any, person: Any) -> None:
        from tests.annotation.conftest import let_run_out
        from tests.factories import AssignmentFactory

        lease = AssignmentFactory(question=QuestionFactory(), person=person)
        let_run_out(lease)
        body = {"ratings": [self.rating(lease.pk)]}
        statuses = [send("ratings", body).json()["results"][0]["status"] for _ in range(3)]
        assert statuses == ["late", "already_stored", "already_stored"]
        [stored] = Rating.objects.all()
        assert stored.is_late


def test_a_body_that_is_too_long_is_refused_before_it_is_read_whole(client, settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    answer = client.post(
        "/api/v1/questions/claim",
        data=b'{"campaign": "' + b"x" * 2_000,
        content_type="application/json",
    )
    assert_problem(answer, 413)
