from __future__ import annotations

import uuid

import pytest

from annotation.people.pseudonyms import Pseudonyms, generation
from consonance.people.models import User
from consonance.people.models.accounts import new_key
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
HERE, THERE = uuid.UUID(int=1), uuid.UUID(int=2)


def test_a_name_follows_from_the_persons_own_key_and_the_collection_alone():
    ana = UserFactory(pseudonym_key="0" * 64)
    ben = UserFactory(pseudonym_key="0" * 64)
    assert Pseudonyms(HERE).of(ana.pk) == Pseudonyms(HERE).of(ben.pk) == "rcc919b18c63b5287"
    assert Pseudonyms(THERE).of(ana.pk) != Pseudonyms(HERE).of(ana.pk)


def test_a_changed_secret_of_the_site_changes_no_name(settings):
    ana = UserFactory()
    name = Pseudonyms(HERE).of(ana.pk)
    settings.SECRET_KEY = "another"
    assert Pseudonyms(HERE).of(ana.pk) == name


def test_many_names_cost_one_query_and_are_remembered(django_assert_num_queries):
    people = [person.pk for person in UserFactory.create_batch(5)]
    names = Pseudonyms(HERE)
    with django_assert_num_queries(1):
        found = names.of_all([*people, *people, uuid.UUID(int=3)])
    assert list(found) == people
    with django_assert_num_queries(0):
        assert names.of_all(people) == found
        assert names.of(people[2]) == found[people[2]]
    assert len(set(found.values())) == 5


def test_whoever_has_no_account_has_no_name():
    with pytest.raises(KeyError):
        Pseudonyms(HERE).of(uuid.UUID(int=3))


def test_the_generation_differs_once_somebody_is_erased():
    ana = UserFactory()
    before = generation()
    assert generation() == before
    User.objects.filter(pk=ana.pk).update(pseudonym_key=new_key(), erased_at="2026-01-01T00:00:00Z")
    assert generation() != before
