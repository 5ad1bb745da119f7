"""The first page, the health check, error pages, and the command line's last word."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import base
from django.test import Client

from consonance.errors import ModelError, ParameterError, ReleaseError, StateError
from consonance.web import cli
from tests.factories import (
    CampaignFactory,
    CollectionFactory,
    QuestionFactory,
    ReleaseFactory,
    admin,
    annotator,
    curator,
    researcher,
)

pytestmark = pytest.mark.django_db


def home(person: object = None) -> str:
    client = Client()
    if person is not None:
        client.force_login(person, backend="consonance.people.backends.AccountBackend")
    response = client.get("/")
    assert response.status_code == 200
    return response.content.decode()


def header(page: str) -> str:
    return page.split("<header", 1)[1].split("</header", 1)[0]


@pytest.fixture
def _life() -> None:
    ReleaseFactory(title="Twelve Banjos")
    QuestionFactory(campaign=CampaignFactory(name="Autumn round"))
    CollectionFactory(name="The Attic")


@pytest.mark.usefixtures("_life")
def test_a_stranger_sees_releases_and_nothing_of_the_house() -> None:
    page = home()
    assert "Twelve Banjos" in page
    assert "Autumn round" not in page
    assert "The Attic" not in page
    assert "Sign in" in header(page)
    assert "Jobs" not in header(page)


@pytest.mark.usefixtures("_life")
def test_each_role_is_shown_what_it_can_do_next() -> None:
    of_annotator, of_curator, of_researcher = home(annotator()), home(curator()), home(researcher())
    assert "Autumn round" in of_annotator
    assert "The Attic" not in of_annotator
    assert "The Attic" in of_curator
    assert "Twelve Banjos" in of_researcher
    assert "Autumn round" not in of_researcher
    for page, shown, hidden in (
        (of_annotator, {"Rate", "Releases"}, {"Jobs", "Rounds", "Consistency"}),
        (of_curator, {"Rate", "Collections", "Rounds", "Jobs"}, {"Consistency"}),
        (of_researcher, {"Releases"}, {"Rate", "Jobs", "Consistency"}),
        (home(admin()), {"Rate", "Collections", "Consistency", "Jobs"}, set()),
    ):
        links = header(page)
        for word in shown:
            assert f">{word}</a>" in links
        for word in hidden:
            assert f">{word}</a>" not in links


def test_health_answers_without_an_account_or_a_session() -> None:
    response = Client().get("/health")
    assert response.json() == {"status": "ok"}
    assert "sessionid" not in response.cookies


def test_an_address_that_does_not_exist_is_told_on_a_page_of_ours() -> None:
    response = Client().get("/nothing/here")
    assert response.status_code == 404
    assert "There is nothing at this address." in response.content.decode()


def test_an_error_nobody_expected_is_a_page_without_details() -> None:
    def broken(self: object, *_: object) -> None:
        raise ZeroDivisionError("the secret is 42")

    client = Client(raise_request_exception=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("consonance.web.views.latest_releases", broken)
        response = client.get("/")
    assert response.status_code == 500
    page = response.content.decode()
    assert "<html" in page
    assert "secret" not in page
    assert "ZeroDivisionError" not in page


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ParameterError("What is this?"), 2),
        (StateError("Not now."), 3),
        (ModelError("No weights."), 6),
        (ReleaseError("Not whole."), 7),
        (ImproperlyConfigured("CONSONANCE_X is '?': use 1 or 0."), 2),
    ],
)
def test_a_program_ends_with_one_sentence_and_a_code_that_means_something(
    error: Exception,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(base.BaseCommand, "execute", fail)
    assert cli.main(["migrate"]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"{error}\n"


def test_an_interrupted_program_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(base.BaseCommand, "execute", interrupt)
    assert cli.main(["migrate"]) == 130
    assert capsys.readouterr().err == "Stopped.\n"
