"""A small crowd pulls at allocation over HTTP, as `./consonance bench allocation` lets big ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "benchmarks" / "allocation.py"
RATERS, ANSWERS, LEASE_S = 8, 150, 3
#: So often that among so few answers each mishap comes several times.
MISHAPS = 10


def crowd_of(database: str, **more: str) -> dict[str, object]:
    """Run the benchmark and return what it tells."""
    known = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run(
        [
            sys.executable, str(PROGRAM), "--database", database, "--raters", str(RATERS),
            "--answers", str(ANSWERS), "--lease", str(LEASE_S), "--mishaps", str(MISHAPS),
        ],
        cwd=ROOT, env={**known, **more}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr[-3000:]
    told: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 0, f"{told}\n{done.stderr[-3000:]}"
    return told


def assert_every_promise_is_kept(told: dict[str, object]) -> None:
    """Assert that nothing went wrong though everything was done that could make it go wrong."""
    broken = ("over_assigned", "repeats", "lost", "miscounted", "errors")
    assert {name: told[name] for name in broken} == dict.fromkeys(broken, 0)
    assert told["is_exact"]
    assert told["answers"] >= ANSWERS
    assert told["looks_at_the_database"] > 0
    exercised = told["exercised"]
    assert isinstance(exercised, dict)
    assert exercised.keys() >= {
        "already_stored", "late", "vanished", "leases_expired", "questions_stopped", "gold_answers",
    }  # fmt: skip
    assert [name for name, number in exercised.items() if not number] == []


@pytest.mark.slow
def test_a_crowd_over_http_is_served_exactly_on_sqlite() -> None:
    assert_every_promise_is_kept(crowd_of("sqlite"))


@pytest.mark.slow
@pytest.mark.postgresql
def test_a_crowd_over_http_is_served_exactly_on_postgresql(postgresql_url: str) -> None:
    import psycopg

    # A database of its own: others use the session's too.
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE benchmark_crowd")
    url = urlunsplit(urlsplit(postgresql_url)._replace(path="/benchmark_crowd"))
    try:
        assert_every_promise_is_kept(crowd_of("postgresql", DATABASE_URL=url))
    finally:
        with psycopg.connect(postgresql_url, autocommit=True) as connection:
            connection.execute("DROP DATABASE benchmark_crowd WITH (FORCE)")
