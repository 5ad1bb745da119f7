"""What tests of the annotation room share."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from rest_framework.test import APIClient

from annotation.actions.claim_questions import claim_questions
from annotation.actions.submit_ratings import GivenAnswer, Result, submit_ratings
from annotation.models import (
    Adjudication,
    Assignment,
    Campaign,
    ClassTally,
    Question,
    Rating,
    Workload,
)


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Forget what an earlier test left in the cache: who swept last, where a reading got to."""
    cache.clear()


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


def welcomed(person: Any, campaign: Campaign) -> Any:
    """Let a person have read a campaign's instructions; return the person."""
    Workload.objects.update_or_create(
        campaign=campaign, person=person, defaults={"welcomed_at": timezone.now()}
    )
    return person


def assert_counters_are_right(campaign: Campaign) -> None:
    """What is kept of people and classes is what their rows add up to."""
    for work in Workload.objects.filter(campaign=campaign):
        mine = Rating.objects.in_force().filter(campaign=campaign, person=work.person_id)
        assert work.answered == mine.count()
        first = mine.filter(occasion=0, question__is_gold=False).count()
        assert work.answered_gold == work.answered - first
    people = Rating.objects.in_force().filter(campaign=campaign).values_list("person", flat=True)
    counted = Workload.objects.filter(campaign=campaign).values_list("person", flat=True)
    assert set(people) <= set(counted)
    for tally in ClassTally.objects.filter(campaign=campaign):
        asked = Question.objects.of(campaign).not_gold().filter(target=tally.target_id)
        by_people = asked.filter(state="decided")
        said = Adjudication.objects.filter(
            question__in=asked.filter(state="adjudicated"), withdrawn_at=None
        )
        present = said.filter(decision="present").count()
        absent = said.filter(decision="absent").count()
        assert tally.decided == by_people.count() + present + absent
        assert tally.positives == by_people.filter(log_odds__gt=0).count() + present
    decided = Question.objects.of(campaign).not_gold().filter(state="decided")
    has_tally = ClassTally.objects.filter(campaign=campaign).values_list("target", flat=True)
    assert set(decided.values_list("target", flat=True)) <= set(has_tally)


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
                person, backend="consonance.people.backends.AccountBackend"
            )
        return client

    return make
