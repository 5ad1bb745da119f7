"""Refits run while a crowd claims, answers and undoes; afterwards every count must be right."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.annotation.concurrency.test_crowd import crowd, environment, finish, start

QUESTIONS, PEOPLE, WORKERS, REFITTERS, ROUNDS = 30, 8, 3, 2, 12


def refits(*words: object) -> list[str]:
    return ["-m", "tests.annotation.concurrency.refits", *map(str, words)]


def assert_refits_and_answers_go_together(url: str, data: Path) -> None:
    env = environment(url, data)
    campaign = finish(start(crowd("prepare", QUESTIONS, PEOPLE), env))
    refitting = [start(refits("work", campaign, seed, ROUNDS), env) for seed in range(REFITTERS)]
    working = [start(crowd("work", campaign, seed), env) for seed in range(WORKERS)]
    told = [finish(worker) for worker in working]  # nobody met an error
    changed = sum((Counter(finish(refitter)) for refitter in refitting), Counter())
    assert finish(start(refits("check", campaign), env)) == []
    # And they did meet.
    assert changed["moved"] > QUESTIONS
    assert changed["decided"] > 0
    assert changed["reopened"] > 0
    assert sum(len(worker["kept"]) for worker in told) > QUESTIONS


@pytest.mark.slow
def test_a_crowd_is_served_exactly_while_questions_are_refitted_on_sqlite(tmp_path):
    url = f"sqlite:///{tmp_path / 'refits.sqlite3'}"
    assert_refits_and_answers_go_together(url, tmp_path)


@pytest.mark.slow
@pytest.mark.postgresql
def test_a_crowd_is_served_exactly_while_questions_are_refitted_on_postgresql(
    tmp_path, postgresql_url
):
    import psycopg

    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE annotation_refits")
    url = urlunsplit(urlsplit(postgresql_url)._replace(path="/annotation_refits"))
    try:
        assert_refits_and_answers_go_together(url, tmp_path)
    finally:
        with psycopg.connect(postgresql_url, autocommit=True) as connection:
            connection.execute("DROP DATABASE annotation_refits WITH (FORCE)")
