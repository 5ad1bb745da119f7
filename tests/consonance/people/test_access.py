from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import AnonymousUser

from consonance.errors import NotAllowedError, StateError
from consonance.people.access import require, roles
from consonance.people.actions.create_person import create_person
from consonance.people.models import Membership, Role, Scope

pytestmark = pytest.mark.django_db


def test_a_stranger_has_no_role() -> None:
    assert roles(AnonymousUser()) == set()
    with pytest.raises(NotAllowedError, match="Sign in as a curator"):
        require(AnonymousUser(), Role.CURATOR)


def test_a_curator_may_do_what_annotators_and_researchers_may_but_is_no_admin() -> None:
    person = create_person(username="ada", roles=[Role.CURATOR])
    assert roles(person) == {Role.CURATOR, Role.ANNOTATOR, Role.RESEARCHER}
    with pytest.raises(NotAllowedError, match="need to be an admin"):
        require(person, Role.ADMIN)


def test_a_role_in_one_campaign_holds_there_and_nowhere_else() -> None:
    person = create_person(username="ben", roles=[])
    here, elsewhere = uuid.uuid4(), uuid.uuid4()
    Membership.objects.create(
        person=person, role=Role.ANNOTATOR, scope=Scope.CAMPAIGN, scope_id=here
    )
    assert Role.ANNOTATOR in roles(person, (Scope.CAMPAIGN, here))
    assert roles(person, (Scope.CAMPAIGN, elsewhere)) == set()
    assert roles(person, (Scope.COLLECTION, here)) == set()
    assert roles(person) == set()


def test_somebody_who_was_deactivated_has_no_role() -> None:
    person = create_person(username="cleo", roles=[Role.CURATOR])
    person.is_active = False
    assert roles(person) == set()


def test_creating_somebody_twice_adds_roles_and_keeps_the_password() -> None:
    create_person(username="dan", roles=[Role.ANNOTATOR], password="first password")
    person = create_person(username="dan", roles=[Role.RESEARCHER], password="second password")
    assert person.check_password("first password")
    assert roles(person) == {Role.ANNOTATOR, Role.RESEARCHER}


def test_a_real_person_never_becomes_a_simulated_one() -> None:
    create_person(username="eve", roles=[Role.ANNOTATOR])
    with pytest.raises(StateError, match="real person"):
        create_person(username="eve", roles=[], is_simulated=True)
