"""One person takes a quiz in several windows at once: there is one attempt, answered once."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.annotation.concurrency.test_crowd import environment, finish, start

WINDOWS = 4
CHECK = """
import json, django
django.setup()
from annotation.models import Measure, QuizAttempt, QuizItem
from consonance.ledger.models import AuditEntry
attempts = QuizAttempt.objects.values("id", "finished_at", "has_passed")
print(json.dumps({
    "attempts": list(attempts),
    "items": {str(row.pk): [row.attempt_id, row.answer] for row in QuizItem.objects.all()},
    "finished": AuditEntry.objects.filter(action="finish_quiz").count(),
    "lifted": Measure.objects.filter(lifted_at__isnull=False).count(),
}, default=str))
"""


def assert_one_attempt_is_answered_once(url: str, data: Path) -> None:
    env = environment(url, data)
    module = ["-m", "tests.annotation.concurrency.quiz"]
    campaign = finish(start([*module, "prepare"], env))
    windows = [start([*module, "work", str(campaign), str(seed)], env) for seed in range(WINDOWS)]
    told = [answers for window in windows if (answers := dict(finish(window)))]
    assert told
    found = finish(start(["-c", CHECK], env))
    finished = [row for row in found["attempts"] if row["finished_at"]]
    assert found["finished"] == len(finished) >= 1
    assert found["lifted"] == sum(row["has_passed"] for row in finished)
    # A window that came after the end was given an attempt of its own: never two at once.
    answered = set().union(*(attempts_of(one, found) for one in told))
    assert answered == {row["id"] for row in found["attempts"]}
    # Every window was told the answer that stands, its own or the faster one's.
    for one in told:
        assert len(one) == 8
        for item, answer in one.items():
            assert found["items"][item][1] == answer


def attempts_of(told: dict[str, str], found: dict) -> set[str]:
    """Return the attempts that a window answered in."""
    attempts = {found["items"][item][0] for item in told}
    assert len(attempts) == 1
    return attempts


@pytest.mark.slow
def test_windows_of_one_person_share_one_attempt_on_sqlite(tmp_path):
    assert_one_attempt_is_answered_once(f"sqlite:///{tmp_path / 'quiz.sqlite3'}", tmp_path)


@pytest.mark.slow
@pytest.mark.postgresql
def test_windows_of_one_person_share_one_attempt_on_postgresql(tmp_path, postgresql_url):
    import psycopg

    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE annotation_quiz")
    url = urlunsplit(urlsplit(postgresql_url)._replace(path="/annotation_quiz"))
    try:
        assert_one_attempt_is_answered_once(url, tmp_path)
    finally:
        with psycopg.connect(postgresql_url, autocommit=True) as connection:
            connection.execute("DROP DATABASE annotation_quiz WITH (FORCE)")
