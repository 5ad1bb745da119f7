"""A data folder made by another version: what commands say of it, and how a demo takes it over.

In processes of their own, because a process has one database.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from consonance.errors import ParameterError, StateError

ROOT = Path(__file__).resolve().parents[3]


def manage(*words: str, default: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    environment["CONSONANCE_DATA"] = str(default)
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *words],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=300,
    )


def applied(database: Path) -> set[tuple[str, str]]:
    with closing(sqlite3.connect(database)) as connection:
        return set(connection.execute("SELECT app, name FROM django_migrations"))


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder whose database has only the first tables."""
    folder = tmp_path_factory.mktemp("old")
    made = manage("migrate", "people", "0001", "--data", str(folder), default=folder / "unused")
    assert made.returncode == 0, made.stderr
    return folder


def test_a_command_refuses_an_older_database_and_names_the_remedy(
    old: Path, tmp_path: Path
) -> None:
    refused = manage("score", "--collection", "any", "--data", str(old), default=tmp_path)
    assert refused.returncode == StateError.exit_code
    assert f"{old / 'consonance.sqlite3'} was made by an older version" in refused.stderr
    assert f"./consonance migrate --data {old}." in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_demo_brings_its_own_folder_up_to_date_and_never_looks_at_the_default_one(
    old: Path, tmp_path: Path
) -> None:
    before = applied(old / "consonance.sqlite3")
    default, silence = tmp_path / "default", tmp_path / "silence"
    silence.mkdir()
    words = ("demo", "--no-serve", "--audio", str(silence), "--data", str(old))
    ended = manage(*words, default=default)
    # A folder without recordings ends the demo at its first step, after the database.
    assert ended.returncode == ParameterError.exit_code, ended.stderr
    assert "An older version made this data folder" in ended.stderr
    now = applied(old / "consonance.sqlite3")
    assert {"annotation", "splits"} <= {app for app, _ in now - before}
    (copy,) = old.glob("consonance.sqlite3.before-*")
    assert applied(copy) == before
    assert not default.exists()


def test_a_database_of_a_newer_version_is_refused_rather_than_guessed_at(
    old: Path, tmp_path: Path
) -> None:
    newer = tmp_path / "newer"
    newer.mkdir()
    database = newer / "consonance.sqlite3"
    shutil.copy(old / "consonance.sqlite3", database)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(
            "INSERT INTO django_migrations (app, name, applied) "
            "VALUES ('annotation', '9999_from_tomorrow', '2099-01-01')"
        )
        connection.commit()
    refused = manage("demo", "--no-serve", "--data", str(newer), default=tmp_path / "default")
    assert refused.returncode == StateError.exit_code
    assert "does not know annotation.9999_from_tomorrow" in refused.stderr
