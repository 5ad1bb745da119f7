"""Requests that would break a database or a parser get a 400."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import PASSWORD, annotator

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/releases/?q=%00", "/releases/?%00=1", "/releases/a%00b/1/"])
def test_a_nul_in_an_address_is_refused(client: Client, address: str) -> None:
    assert client.get(address).status_code == 400


def test_a_nul_in_a_form_is_refused(client: Client) -> None:
    sent = {"login": "ana\x00", "password": "x"}
    assert client.post("/accounts/login/", sent).status_code == 400


def test_json_that_is_nested_too_deeply_is_the_senders_mistake(client: Client) -> None:
    ana = annotator()
    assert client.login(username=ana.username, password=PASSWORD)
    for path in ("ratings", "questions/claim"):
        answer = client.post(
            f"/api/v1/{path}", data="[" * 200_000, content_type="application/json"
        )
        assert answer.status_code == 400
        assert "nested" in answer.json()["detail"]
