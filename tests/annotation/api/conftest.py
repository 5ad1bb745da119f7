"""What tests of the API share."""

from __future__ import annotations

from typing import Any

import pytest

from consonance.people.models import Role
from tests.factories import person_with


def role_in(role: Role, place: Any) -> Any:
    """Return somebody with a role in one place only."""
    return person_with(role, place=place)


@pytest.fixture
def api(client_of: Any) -> Any:
    """Return a caller: `api(person, "get", "campaigns/…", body)` answers with the response.

    Who called once stays signed in, so that queries of a call are those of the endpoint.
    """
    clients: dict[Any, Any] = {}

    def call(person: Any, method: str, path: str, body: Any = None, **headers: str) -> Any:
        who = getattr(person, "pk", None)
        client = clients.setdefault(who, None) or client_of(person)
        clients[who] = client
        address = f"/api/v1/{path}"
        if method == "get":
            return client.get(address, body, **headers)
        return getattr(client, method)(address, body or {}, format="json", **headers)

    return call
