"""The API's description: kept in docs/openapi.yaml, so that a change of the API is seen."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from django.core.management import call_command

from annotation.api.examples import EXAMPLES
from annotation.api.serializers import REASONS

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


@pytest.fixture(scope="module")
def document(described: str) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load(described)
    return told


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_every_operation_says_what_it_does_and_needs(document: dict[str, Any]) -> None:
    release = "/api/v1/releases/{name}/{version}"
    open_to_all = {
        "get /api/v1/releases", f"get {release}", f"get {release}/clips",
        f"get {release}/clips/{{key}}", f"post {release}/clips/{{key}}/reports",
        f"get {release}/download", f"get {release}/downloads", f"get {release}/files",
        f"get {release}/files/{{path}}", f"get {release}/reports",
    }  # fmt: skip
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), f"{method} {path}"
            is_open = f"{method} {path}" in open_to_all
            assert ({} in operation["security"]) == is_open, path
    assert set(document["paths"]) >= {
        "/api/v1/questions/claim", "/api/v1/ratings", "/api/v1/ratings/undo", "/api/v1/jobs",
    }  # fmt: skip


def test_every_refusal_is_a_problem(document: dict[str, Any]) -> None:
    shared = document["components"]["responses"]
    for label, operation in operations(document):
        for status, answer in operation["responses"].items():
            if int(status) < 400:
                continue
            told = shared[answer["$ref"].rsplit("/", 1)[1]] if "$ref" in answer else answer
            assert list(told["content"]) == ["application/problem+json"], f"{label} {status}"
            assert told["description"], f"{label} {status}"


def test_whatever_takes_a_body_refuses_what_is_none_or_too_large(
    document: dict[str, Any],
) -> None:
    for label, operation in operations(document):
        if "requestBody" in operation:
            assert {"400", "413", "415"} <= set(operation["responses"]), label
        if {} not in operation["security"]:
            assert "401" in operation["responses"], label


def test_a_claims_reasons_are_an_enumeration(document: dict[str, Any]) -> None:
    shown = document["components"]["schemas"]["ClaimResponse"]["properties"]["reason"]
    [name] = [one["$ref"].rsplit("/", 1)[1] for one in shown["allOf"]]
    assert set(document["components"]["schemas"][name]["enum"]) == set(REASONS)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_of_the_form_that_is_asked_for(document: dict[str, Any], name: str) -> None:
    [operation] = [one for _, one in operations(document) if one["operationId"] == name]
    for part, example in EXAMPLES[name].items():
        told = operation["requestBody"] if part == "request" else operation["responses"][part]
        content = told["content"]["application/json"]
        assert content["example"] == example
        schema = {**content["schema"], "components": document["components"]}
        jsonschema.validate(example, schema)
