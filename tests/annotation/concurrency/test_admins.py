"""Several admins pause and un-pause the same people at the same moment."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.annotation.concurrency.test_crowd import environment, finish, start

PEOPLE, ADMINS = 25, 3
START_S = 5.0  # a process of ours needs about two to get ready
CHECK = """
import json, django
django.setup()
from annotation.models import Assignment, Measure, Question
from consonance.ledger.models import AuditEntry
print(json.dumps({
    "measures": Measure.objects.count(),
    "in_force": Measure.objects.filter(lifted_at__isnull=True).count(),
    "leases": list(Assignment.objects.values_list("state", flat=True)),
    "places": list(Question.objects.values_list("free", "wanted")),
    "audit": list(AuditEntry.objects.values_list("action", flat=True)),
}))
"""


def admins(*words: object) -> list[str]:
    return ["-m", "tests.annotation.concurrency.admins", *map(str, words)]


def assert_each_pause_is_taken_and_lifted_once(url: str, data: Path) -> None:
    env = environment(url, data)
    campaign = finish(start(admins("prepare", PEOPLE), env))
    everybody = sorted(f"person{number:03d}" for number in range(PEOPLE))
    for what, said in (("pause", "is paused already"), ("lift", "was lifted for")):
        moment = time.time() + START_S
        working = [start(admins(what, campaign, moment), env) for _ in range(ADMINS)]
        told = [finish(worker) for worker in working]  # none met an error
        assert sorted(name for worker in told for name in worker["done"]) == everybody
        refused = [sentence for worker in told for sentence in worker["refused"]]
        assert len(refused) == PEOPLE * (ADMINS - 1)
        assert all(said in sentence for sentence in refused)
    found = finish(start(["-c", CHECK], env))
    assert (found["measures"], found["in_force"]) == (PEOPLE, 0)
    assert set(found["leases"]) == {"expired"}
    assert all(free == wanted for free, wanted in found["places"])
    assert found["audit"].count("pause_person") == PEOPLE
    assert found["audit"].count("resume_person") == PEOPLE


@pytest.mark.slow
def test_admins_at_the_same_time_never_take_or_lift_one_thing_twice_on_sqlite(tmp_path):
    url = f"sqlite:///{tmp_path / 'admins.sqlite3'}"
    assert_each_pause_is_taken_and_lifted_once(url, tmp_path)


@pytest.mark.slow
@pytest.mark.postgresql
def test_admins_at_the_same_time_never_take_or_lift_one_thing_twice_on_postgresql(
    tmp_path, postgresql_url
):
    import psycopg

    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE annotation_admins")
    url = urlunsplit(urlsplit(postgresql_url)._replace(path="/annotation_admins"))
    try:
        assert_each_pause_is_taken_and_lifted_once(url, tmp_path)
    finally:
        with psycopg.connect(postgresql_url, autocommit=True) as connection:
            connection.execute("DROP DATABASE annotation_admins WITH (FORCE)")
