"""Queries that are put together once return what Django's own return.

On PostgreSQL, and by many threads at once, they are asked by the crowds of
`tests/annotation/concurrency`.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import F, Q, Value
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from consonance.ledger.prepared import Prepared, PreparedUpdate, Several
from consonance.people.models import Membership, Role, Scope
from tests.factories import annotator, person_with

User = get_user_model()
pytestmark = pytest.mark.django_db


def memberships(person: Any, roles: Any) -> Any:
    return Membership.objects.filter(person=person, role__in=roles).order_by("role", "pk")


OF_ROLES: Any = Prepared(
    lambda person, roles: memberships(person, roles).select_related("person"),
    person=uuid.UUID,
    roles=Several(str),
)


@pytest.fixture
def ana() -> Any:
    person = annotator()
    for role in (Role.CURATOR, Role.RESEARCHER):
        Membership.objects.create(
            person=person, role=role, scope=Scope.COLLECTION, scope_id=uuid.uuid4()
        )
    person_with(Role.CURATOR)
    return person


def test_rows_are_the_same_with_what_is_loaded_beside_them(ana, django_assert_num_queries):
    roles = [Role.ANNOTATOR.value, Role.CURATOR.value]
    with django_assert_num_queries(1):
        rows = OF_ROLES.rows(person=ana.pk, roles=roles)
        assert {row.person.username for row in rows} == {ana.username}
    assert rows == list(memberships(ana.pk, roles))
    fields = [field.attname for field in Membership._meta.concrete_fields]
    for row, expected in zip(rows, memberships(ana.pk, roles), strict=True):
        assert {name: getattr(row, name) for name in fields} == {
            name: getattr(expected, name) for name in fields
        }


def test_a_list_of_another_length_is_another_statement_and_an_empty_one_asks_nothing(
    ana, django_assert_num_queries
):
    for roles in (["annotator"], ["annotator", "curator"], ["researcher", "curator", "x"]):
        assert OF_ROLES.rows(person=ana.pk, roles=roles) == list(memberships(ana.pk, roles))
    with django_assert_num_queries(0):
        assert OF_ROLES.rows(person=ana.pk, roles=[]) == []


def test_the_sql_is_what_django_asks(ana):
    with CaptureQueriesContext(connection) as ours:
        OF_ROLES.rows(person=ana.pk, roles=["curator"])
    with CaptureQueriesContext(connection) as theirs:
        list(memberships(ana.pk, ["curator"]).select_related("person"))
    assert ours[0]["sql"] == theirs[0]["sql"]


def test_values_come_as_python_works_with_them(ana):
    since: Any = Prepared(
        lambda person, moment: (
            Membership.objects.filter(person=person, created_at__gte=moment)
            .order_by("role")
            .values_list("pk", "role", "scope_id", "created_at")
        ),
        person=uuid.UUID,
        moment=datetime,
    )
    an_hour_ago = timezone.now() - timedelta(hours=1)
    expected = Membership.objects.filter(person=ana, created_at__gte=an_hour_ago).order_by("role")
    columns = ("pk", "role", "scope_id", "created_at")
    assert since.values(person=ana.pk, moment=an_hour_ago) == list(expected.values_list(*columns))
    assert since.values(person=ana.pk, moment=timezone.now() + timedelta(hours=1)) == []


def test_none_is_asked_for_as_null(ana):
    where: Any = Prepared(
        lambda person, place: Membership.objects.filter(person=person, scope_id=place),
        person=uuid.UUID,
        place=uuid.UUID,
    )
    [of_site] = where.rows(person=ana.pk, place=None)
    assert of_site.scope == Scope.SITE
    other = Membership.objects.filter(person=ana, scope_id__isnull=False).first()
    assert where.first(person=ana.pk, place=other.scope_id) == other
    assert where.first(person=ana.pk, place=uuid.uuid4()) is None
    assert where.exists(person=ana.pk, place=None)
    assert not where.exists(person=uuid.uuid4(), place=None)


def test_an_update_changes_what_djangos_would_and_says_how_many(ana):
    rename: Any = PreparedUpdate(
        lambda person, roles, role: (memberships(person, roles), {"role": role}),
        person=uuid.UUID,
        roles=Several(str),
        role=str,
    )
    assert rename.run(person=ana.pk, roles=["researcher", "curator"], role="admin") == 2
    assert set(ana.memberships.values_list("role", flat=True)) == {"admin", "annotator"}
    assert rename.run(person=ana.pk, roles=["researcher"], role="curator") == 0
    assert rename.run(person=ana.pk, roles=[], role="curator") == 0


def test_values_go_into_expressions_too(ana):
    User.objects.update(last_login=timezone.now())
    before = User.objects.get(pk=ana.pk).last_login
    later: Any = PreparedUpdate(
        lambda person, moment: (
            User.objects.filter(pk=person).filter(Q(last_login__lt=moment)),
            {"last_login": Value(moment), "first_name": F("username")},
        ),
        person=uuid.UUID,
        moment=datetime,
    )
    assert later.run(person=ana.pk, moment=before + timedelta(days=1)) == 1
    ana.refresh_from_db()
    assert ana.last_login == before + timedelta(days=1)
    assert ana.first_name == ana.username


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "Wanted: .*person.*Given: "),
        ({"person": uuid.uuid4(), "roles": ["a"], "more": 1}, "Given: .*more"),
    ],
)
def test_other_values_than_it_has_are_refused(values, sentence):
    with pytest.raises((TypeError, KeyError), match=sentence):
        OF_ROLES.rows(**values)


def test_a_value_that_the_query_has_no_place_for_is_refused():
    loose: Any = Prepared(
        lambda person, ignored: Membership.objects.filter(person=person),
        person=uuid.UUID,
        ignored=str,
    )
    with pytest.raises(TypeError, match=r"No place in the query for: .*ignored"):
        loose.rows(person=uuid.uuid4(), ignored="x")


def test_a_kind_that_no_column_has_or_not_this_one_is_refused():
    of_group: Any = Prepared(lambda group: Group.objects.filter(pk=group), group=uuid.UUID)
    with pytest.raises(TypeError, match="a value's kind does not fit its column"):
        of_group.rows(group=uuid.uuid4())
    of_complex: Any = Prepared(lambda group: Group.objects.filter(pk=group), group=complex)
    with pytest.raises(TypeError, match="cannot be a value"):
        of_complex.rows(group=1j)
