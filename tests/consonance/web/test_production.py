"""How an installation starts: safe in production or not at all; SQLite as it has to be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.consonance.web.conftest import PRODUCTION, Run

CHECK = ("manage.py", "check", "--deploy", "--fail-level", "WARNING")


def test_production_passes_djangos_deployment_check_without_a_warning(run_python: Run) -> None:
    done = run_python(*CHECK, **PRODUCTION)
    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout + done.stderr


def test_several_processes_without_a_shared_cache_are_warned_about(run_python: Run) -> None:
    done = run_python(*CHECK, **{**PRODUCTION, "CONSONANCE_CACHE": ""})
    assert done.returncode != 0
    assert "consonance.W001" in done.stderr
    assert "CONSONANCE_CACHE=redis://" in done.stderr
    alone = run_python(*CHECK, **{**PRODUCTION, "CONSONANCE_CACHE": "", "WEB_CONCURRENCY": "1"})
    assert alone.returncode == 0, alone.stderr


def test_a_laptop_would_not_pass_that_check(run_python: Run) -> None:
    done = run_python(*CHECK)
    assert done.returncode != 0
    assert "SECURE_SSL_REDIRECT" in done.stderr


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"CONSONANCE_SECRET_KEY": ""}, "CONSONANCE_SECRET_KEY is not set"),
        ({"CONSONANCE_SECRET_KEY": "short"}, "50 characters or more"),
        ({"CONSONANCE_HOSTS": ""}, "CONSONANCE_HOSTS"),
        ({"DATABASE_URL": "mysql://host/name"}, "use sqlite:/// or postgresql://"),
        ({"CONSONANCE_THREADS": "many"}, "use a whole number"),
        ({"CONSONANCE_CACHE": "memcached://x"}, "use redis://host:port/number"),
    ],
)
def test_production_refuses_to_start_with_one_sentence(
    run_python: Run, tmp_path: Path, missing: dict[str, str], words: str
) -> None:
    done = run_python("manage.py", "migrate", "--check", **{**PRODUCTION, **missing})
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    [line] = done.stderr.strip().splitlines()
    assert words in line
    assert not (tmp_path / "data").exists(), "it made something before it refused"


def test_no_web_server_starts_in_production_without_a_key(run_python: Run) -> None:
    done = run_python("-c", "import consonance.web.wsgi", CONSONANCE_PRODUCTION="1")
    assert done.returncode != 0
    assert "Production never starts with a made-up key" in done.stderr


def test_an_installation_whose_key_is_set_makes_its_data_folder(
    run_python: Run, tmp_path: Path
) -> None:
    done = run_python("manage.py", "migrate", "--check", **PRODUCTION)
    assert "Traceback" not in done.stderr
    assert (tmp_path / "data").is_dir()


OPTIONS = """
import json, django
django.setup()
from django.db import connection, transaction
def ask(name):
    with connection.cursor() as cursor:
        return cursor.execute(f"PRAGMA {name}").fetchone()[0]
told = {name: ask(name) for name in ("journal_mode", "synchronous", "busy_timeout",
                                     "foreign_keys", "temp_store", "cache_size")}
said = []
connection.connection.set_trace_callback(said.append)
with transaction.atomic():
    pass
print(json.dumps([told, said]))
"""


def test_sqlite_writes_ahead_waits_and_locks_at_once(run_python: Run) -> None:
    (told, said) = json.loads(run_python("-c", OPTIONS).stdout)
    assert told == {
        "journal_mode": "wal",
        "synchronous": 1,
        "busy_timeout": 30_000,
        "foreign_keys": 1,
        "temp_store": 2,
        "cache_size": -16_384,
    }
    assert said[0] == "BEGIN IMMEDIATE"
