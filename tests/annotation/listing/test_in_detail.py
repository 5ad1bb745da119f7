"""What stands inside a person's stored details, asked for in the words of either database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connections

from annotation.listing.in_detail import HasEntry, InEntry
from annotation.models import PersonReport
from consonance.web.environment import database
from tests.annotation.person_reports import careful, flag, person_class

SECOND = "second"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def alias(request, tmp_path, django_db_blocker) -> Iterator[str]:
    """Return the name of a database that holds nothing but the table of people."""
    url = f"sqlite:///{tmp_path / 'people.sqlite3'}"
    if request.param == "postgresql":
        url = _empty_database(request.getfixturevalue("postgresql_url"))
    connections.databases[SECOND] = {
        **connections["default"].settings_dict,
        "OPTIONS": {},
        **database(url, Path()),
    }
    with django_db_blocker.unblock():
        connection = connections[SECOND]
        try:
            connection.disable_constraint_checking()
            with connection.schema_editor() as editor:
                editor.create_model(PersonReport)
                editor.deferred_sql.clear()  # PostgreSQL's keys to tables that are not here
            connection.disable_constraint_checking()  # SQLite's, which the editor put back
            yield SECOND
            with connection.schema_editor() as editor:
                editor.delete_model(PersonReport)
        finally:
            connection.close()
            del connections.databases[SECOND]
            del connections[SECOND]


def _empty_database(url: str) -> str:
    """Make a database beside the session's, where other tests leave tables; return its URL."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS people_alone WITH (FORCE)")
        connection.execute("CREATE DATABASE people_alone")
    return urlsplit(url)._replace(path="/people_alone").geturl()


def store(alias: str, rater: str, **changes: object) -> None:
    PersonReport.objects.using(alias).create(
        report_id="00000000-0000-0000-0000-000000000000",
        rater=rater,
        ratings=1,
        unsure_share=0,
        data=careful(**changes),
    )


def test_an_entry_is_found_and_its_numbers_are_read_and_sorted_by(alias):
    named = person_class('it\'s a "banjo" %s', trust=0.25)
    named["confusion"] = [[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]]
    store(alias, "one", classes=[person_class("voice", trust=0.75), named])
    store(alias, "two", classes=[person_class("voice", trust=0.5)], flags=[flag("drift")])
    store(alias, "none", classes=[person_class("voice", trust=None)])
    people = PersonReport.objects.using(alias)

    def who(condition: HasEntry) -> set[str]:
        return set(people.filter(condition).values_list("rater", flat=True))

    assert who(HasEntry("classes", named["name"])) == {"one"}
    assert who(HasEntry("classes", "voice")) == {"one", "two", "none"}
    assert who(HasEntry("classes", "voi")) == set()
    assert who(HasEntry("flags", "drift")) == {"two"}
    trust = InEntry("classes", "voice", "trust")
    ordered = people.annotate(trust_there=trust).order_by(trust.asc(nulls_last=True))
    assert list(ordered.values_list("rater", "trust_there")) == [
        ("two", 0.5),
        ("one", 0.75),
        ("none", None),
    ]
    yes_if_present = InEntry("classes", named["name"], "confusion", 1, 1)
    assert dict(people.annotate(yes=yes_if_present).values_list("rater", "yes")) == {
        "one": 0.75,
        "two": None,
        "none": None,
    }
    known = people.alias(number=InEntry("classes", "voice", "agreement", "value"))
    assert known.filter(number__gte=0.9).count() == 3
    assert known.filter(number__gte=0.92).count() == 0
