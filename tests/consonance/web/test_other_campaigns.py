"""A role in one campaign opens nothing of another: every address with an id, pages and API.

The addresses come from the site's own list, so a new one cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from consonance.people.models import Role
from tests.annotation.reporting_data import live_report, report_data
from tests.consonance.web.test_access import EVERYBODYS, EVERYBODYS_TOO, TABLE, ask, routes
from tests.consonance.web.world import World, make_world
from tests.factories import CampaignFactory, person_with

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folders")]

BACKEND = "consonance.people.backends.AccountBackend"
#: What is everybody's: releases, and what a secret link or one's own account opens.
PUBLIC = ("releases/", "api/v1/releases", "accounts/", *EVERYBODYS)
BODIES = {("POST", "api/v1/campaigns/<uuid:campaign_id>/messages"): {"text": "Hello."}}
#: Nothing is there, or it is not theirs; some addresses are not asked this way at all.
REFUSED = {403, 404, 405}
#: Rows that looking at a page may write: sessions, jobs of its own, tries at a door.
UNWATCHED = {"sessions.session", "axes.accessattempt"}


def private() -> Iterator[tuple[str, str]]:
    """Yield each address that names somebody's object, with GET, POST and what else it has."""
    for route in sorted(set(routes())):
        if "<" in route and not route.startswith(PUBLIC) and route not in EVERYBODYS_TOO:
            more = {method for method, known in TABLE if known == route}
            for method in sorted({"GET", "POST"} | more):
                yield method, route


def named(route: str) -> int:
    """Return how many objects an address names."""
    return route.count("<")


def ask_well(client: Client, method: str, route: str, world: World) -> int:
    """Return the answer's status; where an empty body is refused first, a good one is sent."""
    if (method, route) in BODIES:
        sent = BODIES[method, route]
        return client.post(world.address(route), sent, content_type="application/json").status_code
    return int(ask(client, method, route, world).status_code)


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend=BACKEND)
    return client


def everything() -> dict[str, list[Any]]:
    """Return all rows of the database."""
    return {
        model._meta.label_lower: list(model._default_manager.order_by("pk").values())
        for model in apps.get_models()
        if model._meta.label_lower not in UNWATCHED and model._meta.managed
    }


@pytest.fixture
def world() -> World:
    return make_world()


def test_every_address_with_an_id_is_asked_for_or_public() -> None:
    asked = {route for _, route in private()}
    known = {route for route in routes() if "<uuid:" in route and not route.startswith(PUBLIC)}
    assert known - asked == {route for route in EVERYBODYS_TOO if "<uuid:" in route}
    assert len(asked) > 60


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("wide", [False, True], ids=["of a campaign", "of a collection"])
def test_a_role_elsewhere_opens_nothing_here(world: World, role: str, wide: bool) -> None:
    elsewhere = CampaignFactory()
    place = elsewhere.collection if wide else elsewhere
    person = person_with(Role(role), place=place)
    client = signed_in(person)
    before = everything()
    opened = {}
    for method, route in private():
        status = ask_well(client, method, route, world)
        if status not in REFUSED:
            opened[method, route] = status
    assert opened == {}
    assert_same(everything(), before)


@pytest.mark.parametrize("role", ["curator", "admin"])
def test_an_object_of_another_campaign_is_not_reached_through_ones_own(
    world: World, role: str
) -> None:
    """The campaign in the address is the person's own, everything else is the other one's."""
    own = CampaignFactory()
    live_report(own, report_data(classes=("harp",)))
    client = signed_in(person_with(Role(role), place=own.collection))
    # Somebody who takes part there, and not everywhere.
    other = person_with(Role.ANNOTATOR, place=world.campaign)
    mixed = replace(world, campaign=own, person=other)
    before = everything()
    reached = {}
    for method, route in private():
        if "<uuid:campaign_id>" in route and named(route) > 1:
            status = ask_well(client, method, route, mixed)
            if status not in REFUSED:
                reached[method, route] = status
    assert reached == {}
    assert_same(everything(), before)


def assert_same(now: dict[str, list[Any]], before: dict[str, list[Any]]) -> None:
    changed = {name for name in now if now[name] != before[name]}
    assert changed <= {"people.user"}, changed  # `last_login`
