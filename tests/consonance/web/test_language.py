"""Each person is answered in the language they chose, or their browser asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import translation

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
GERMAN = {"HTTP_ACCEPT_LANGUAGE": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.fixture(autouse=True)
def _english_afterwards() -> Iterator[None]:
    """Leave no language behind: a request's stays with its thread until the next request."""
    yield
    translation.deactivate()


def test_a_browser_s_language_is_followed_and_caches_are_told(client: Client) -> None:
    response = client.get("/accounts/login/", **GERMAN)
    assert "<h1>Anmelden</h1>" in response.text
    assert response.headers["Content-Language"] == "de"
    assert {"Accept-Language", "Cookie"} <= set(response.headers["Vary"].split(", "))


def test_a_choice_counts_more_than_the_browser(client: Client) -> None:
    response = client.post("/language/", {"language": "en", "next": "/accounts/login/"}, **GERMAN)
    assert response.url == "/accounts/login/"  # type: ignore[attr-defined]
    cookie = client.cookies["django_language"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 31_536_000)
    assert "<h1>Sign in</h1>" in client.get("/accounts/login/", **GERMAN).text


def test_a_choice_never_leads_to_another_site(client: Client) -> None:
    response = client.post("/language/", {"language": "de", "next": "https://elsewhere.example/"})
    assert response.url == "/"  # type: ignore[attr-defined]


def test_a_choice_without_our_token_is_refused() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/language/", {"language": "de"}).status_code == 403
    assert "django_language" not in strict.cookies


def test_an_unknown_language_changes_nothing(client: Client) -> None:
    client.post("/language/", {"language": "tlh", "next": "/"})
    assert client.get("/").headers["Content-Language"] == "en"


@pytest.mark.parametrize(
    ("headers", "title", "detail"),
    [
        ({}, "Sign in first", "Sign in, or send your token"),
        (GERMAN, "Melden Sie sich zuerst an", "Melden Sie sich an oder senden"),
    ],
)
def test_the_api_tells_problems_in_the_language_and_keeps_the_codes(
    headers: dict[str, str], title: str, detail: str, client: Client
) -> None:
    response: Any = client.post("/api/v1/questions/claim", **headers)
    told = response.json()
    assert (told["status"], told["title"]) == (401, title)
    assert told["detail"].startswith(detail)


def test_an_error_page_speaks_the_language(client: Client) -> None:
    response = client.get("/nothing/here/", **GERMAN)
    assert response.status_code == 404
    assert "Unter dieser Adresse gibt es nichts." in response.text


def test_mail_is_written_in_the_language_of_whoever_asked_for_it(client: Client) -> None:
    UserFactory(email="ana@example.org")
    client.post("/accounts/password/reset/", {"email": "ana@example.org"}, **GERMAN)
    [letter] = mail.outbox
    assert "Passwort" in letter.subject
    assert "zurückzusetzen" in letter.body or "zurücksetzen" in letter.body
