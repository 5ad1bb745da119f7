"""Schemathesis against the API's own document: requests made up from it, answers held to it."""

from __future__ import annotations

import copy
import itertools
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from rest_framework.authtoken.models import Token
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_schema_conformance,
    status_code_conformance,
)

from consonance.web.wsgi import application
from tests.consonance.web.world import World, make_world
from tests.factories import ClipFlagFactory, admin, annotator, curator, researcher

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folders"), pytest.mark.slow]

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance, ignored_auth,
]  # fmt: skip
#: Requests of each operation; whoever may do more is asked more.
EXAMPLES = {"annotator": 2, "researcher": 2, "curator": 3, "admin": 6}
MAKERS = {"annotator": annotator, "researcher": researcher, "curator": curator, "admin": admin}


@pytest.fixture
def world() -> World:
    made = make_world()
    ClipFlagFactory(question=made.question, clip=made.clip, person=made.person)
    return made


@pytest.fixture
def schema() -> Any:
    return schemathesis.openapi.from_wsgi("/api/v1/schema", application)


def known(world: World) -> dict[str, Any]:
    """Return real values for names in paths, parameters and bodies: without them all is 404."""
    return {
        "campaign_id": world.campaign.pk, "campaign": world.campaign.pk,
        "clip_id": world.clip.pk, "clip": world.clip.pk,
        "question_id": world.question.pk, "question": world.question.pk,
        "questions": [world.question.pk], "rounds": [world.round.pk],
        "class_name": world.question.target.name, "class": world.question.target.name,
        "person": world.person.pk, "people": [world.person.pk],
        "adjudication_id": world.adjudication.pk, "gold_id": world.gold.pk,
        "measure_id": world.measure.pk, "invitation_id": world.invitation.pk,
        "study_id": world.study.pk, "id": world.job.pk, "number": world.run.number,
        "run": world.run.number, "from": world.run.number, "to": world.run.number,
        "rater": world.rater, "name": world.release.name, "version": world.release.version,
        "assignment": world.rating.assignment_id, "rating": world.rating.pk,
        "place": 1, "cursor": "", "If-Match": "*",
    }  # fmt: skip


def with_real(given: Any, real: dict[str, Any], only: set[str] | None = None) -> Any:
    """Return what was made up, with real values where there are any of that name."""
    if not isinstance(given, dict):
        return given
    changed = copy.copy(given)
    for name in given:
        if name in real and (only is None or name in only):
            value = real[name]
            changed[name] = (
                [str(one) if isinstance(one, uuid.UUID) else one for one in value]
                if isinstance(value, list)
                else str(value)
                if isinstance(value, uuid.UUID)
                else value
            )
    return changed


def operations(schema: Any) -> Iterator[Any]:
    for result in schema.get_all_operations():
        yield result.ok()


class Asking:
    """One person's requests, held to the document.

    Attributes
    ----------
    failures
        What was not as the document says.
    seen
        By operation, the statuses that were met.
    """

    def __init__(self, who: str, real: dict[str, Any]) -> None:
        token = Token.objects.create(user=MAKERS[who]()).key
        self.headers = {"Authorization": f"Token {token}"}
        self.examples = EXAMPLES[who]
        self.real = real
        self.failures: list[str] = []
        self.seen: dict[str, set[int]] = {}

    def ask(self, operation: Any) -> None:
        """Make up requests of one operation, the same ones on every run, and send them."""
        numbers = itertools.count()

        @settings(
            max_examples=self.examples, derandomize=True, database=None,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def some(case: Any) -> None:
            if next(numbers) % 3 < 2:  # else what was made up stays so
                case.path_parameters = with_real(case.path_parameters, self.real)
                case.headers = with_real(case.headers, self.real, {"If-Match"})
                case.query = with_real(case.query, self.real)
                case.body = with_real(case.body, self.real)
            with transaction.atomic():  # each meets the same world
                self._send(case)
                transaction.set_rollback(True)

        some()

    def _send(self, case: Any) -> None:
        label = case.operation.label
        try:
            answer = case.call(headers=self.headers)
            self.seen.setdefault(label, set()).add(answer.status_code)
            case.validate_response(answer, checks=CHECKS, headers=self.headers)
        except (FailureGroup, Exception) as error:  # noqa: BLE001 - every operation is asked
            self.failures.append(f"{label}: {error}")


@pytest.mark.parametrize("who", list(EXAMPLES))
def test_every_operation_answers_as_its_document_says(world: World, schema: Any, who: str) -> None:
    asking = Asking(who, known(world))
    for operation in operations(schema):
        cache.clear()  # throttles
        asking.ask(operation)
    assert not asking.failures, "\n\n".join(dict.fromkeys(asking.failures))
    refused = {401, 403, 404}
    reached = [label for label, statuses in asking.seen.items() if statuses - refused]
    assert len(reached) > {"annotator": 10, "researcher": 15, "curator": 40, "admin": 50}[who]


@pytest.mark.parametrize("lie", ["status", "shape", "open"])
def test_a_document_that_lies_is_found_out(world: World, schema: Any, lie: str) -> None:
    document = copy.deepcopy(schema.raw_schema)
    operation = document["paths"]["/api/v1/me"]["get"]
    if lie == "status":
        del operation["responses"]["200"]
    elif lie == "shape":
        document["components"]["schemas"]["MeShown"]["properties"]["id"] = {"type": "integer"}
    else:
        document["paths"] = {"/api/v1/releases": document["paths"]["/api/v1/releases"]}
        document["paths"]["/api/v1/releases"]["get"]["security"] = [{"tokenAuth": []}]
    told = schemathesis.openapi.from_dict(document)
    told.app = application
    asking = Asking("admin", known(world))
    for one in operations(told):
        if one.label in {"GET /api/v1/me", "GET /api/v1/releases"}:
            asking.ask(one)
    assert asking.failures
