"""The API's description: kept in docs/openapi.yaml, so that a change of the API is seen."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command

STORED = Path(__file__).resolve().parents[3] / "docs" / "openapi.yaml"


@pytest.fixture(scope="module")
def described() -> str:
    out, err = StringIO(), StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=out, stderr=err)
    assert err.getvalue() == ""
    return out.getvalue()


def test_the_stored_description_is_that_of_the_code(described: str) -> None:
    hint = "the API has changed: run ./consonance spectacular --file docs/openapi.yaml"
    assert STORED.read_text(encoding="utf-8") == described, hint


def test_every_operation_says_what_it_does_and_needs(described: str) -> None:
    document = yaml.safe_load(described)
    open_to_all = {"/api/v1/releases", "/api/v1/releases/{name}/{version}"}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation.get("description"), f"{method} {path}"
            assert ({} in operation["security"]) == (path in open_to_all), path
    assert set(document["paths"]) >= {
        "/api/v1/questions/claim", "/api/v1/ratings", "/api/v1/ratings/undo", "/api/v1/jobs",
    }  # fmt: skip
