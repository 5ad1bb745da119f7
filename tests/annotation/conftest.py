"""What tests of the annotation room share."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from annotation.actions.claim_questions import claim_questions
from annotation.actions.submit_ratings import GivenAnswer, Result, submit_ratings
from annotation.models import Assignment, Campaign, Question


def claim_one(campaign: Campaign, person: Any) -> Assignment:
    """Give a person one question."""
    [lease] = claim_questions(campaign=campaign, person=person, count=1).assignments
    return lease


def give(person: Any, lease: Assignment, answer: str = "yes", **fields: Any) -> Result:
    """Answer a lease and return what became of it."""
    given = GivenAnswer(
        key=fields.pop("key", None) or uuid.uuid4(), assignment=lease.pk, answer=answer, **fields
    )
    return submit_ratings(person=person, answers=[given])[0]


def let_run_out(*leases: Assignment) -> None:
    """Move leases into the past."""
    past = timezone.now() - timedelta(seconds=1)
    Assignment.objects.filter(pk__in=[lease.pk for lease in leases]).update(lease_until=past)


def assert_places_add_up(campaign: Campaign) -> None:
    """Free places, live leases and answers in time make up what each question wants."""
    for question in Question.objects.of(campaign):
        held = question.assignments.filter(state="leased", occasion=0).count()
        in_time = question.ratings.in_force().filter(is_late=False, occasion=0).count()
        assert question.answered == in_time
        assert question.free + held + in_time == question.wanted
        assert question.free >= 0
        assert question.wanted <= campaign.max_ratings


@pytest.fixture
def client_of() -> Callable[[Any], APIClient]:
    """Return a maker of API clients signed in as somebody."""

    def make(person: Any) -> APIClient:
        client = APIClient()
        if person is not None:
            client.force_login(
                person, backend="allauth.account.auth_backends.AuthenticationBackend"
            )
        return client

    return make
