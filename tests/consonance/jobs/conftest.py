"""Kinds of work for tests, and an installation of its own for programs that are killed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from consonance.jobs import registry

ROOT = Path(__file__).resolve().parents[3]
LEASE_SECONDS = 2
KINDS = "tests.consonance.jobs.slow_kinds"


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], str]:
    """Return a function that registers work for one test and returns its kind's name."""
    monkeypatch.setattr(registry, "_KINDS", dict(registry._KINDS))

    def add(work: Callable[..., Any]) -> str:
        registry.register("test.work", label="Work of a test")(work)
        return "test.work"

    return add


@dataclass(frozen=True)
class Installation:
    """A data folder and a database that other processes may use."""

    data: Path
    environment: dict[str, str]

    def start(self, *words: str, **fields: Any) -> subprocess.Popen[str]:
        """Start a program beside this one."""
        return subprocess.Popen(
            [sys.executable, *words], cwd=ROOT, env=self.environment, text=True,
            stdout=subprocess.PIPE, **fields,
        )  # fmt: skip

    def python(self, program: str) -> str:
        """Run a program in which Django and the slow kinds are ready; return what it prints."""
        done = self.start("-c", PREPARE + program)
        output, _ = done.communicate(timeout=120)
        assert done.returncode == 0, output
        return output.strip()


PREPARE = f"""
import json, sys, time, uuid
import django
django.setup()
import {KINDS}
from consonance.jobs.actions.enqueue_job import enqueue_job
from consonance.jobs.models import Job
from consonance.jobs.runner import claim, run
from consonance.jobs.tasks import sweep
"""


def environment(data: Path, database_url: str) -> dict[str, str]:
    """Return the environment of an installation's programs."""
    return {
        **os.environ,
        "CONSONANCE_DATA": str(data),
        "CONSONANCE_MEDIA": "",
        "DATABASE_URL": database_url,
        "CELERY_BROKER_URL": "filesystem://",
        "CONSONANCE_JOB_LEASE_SECONDS": str(LEASE_SECONDS),
        "DJANGO_SETTINGS_MODULE": "consonance.web.settings",
        "PYTHONPATH": f"{ROOT / 'platform'}{os.pathsep}{ROOT}",
    }


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SQLite file with empty tables, to be copied."""
    data = tmp_path_factory.mktemp("migrated")
    path = data / "empty.sqlite3"
    made = environment(data, f"sqlite:///{path}")
    subprocess.run([sys.executable, "-m", "tests.plugins.tables"], cwd=ROOT, env=made, check=True)
    return path


@pytest.fixture
def installation(tmp_path: Path, empty_database: Path) -> Installation:
    """Return an installation with a SQLite database of its own."""
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(empty_database, data / "consonance.sqlite3")
    return Installation(data, environment(data, f"sqlite:///{data / 'consonance.sqlite3'}"))


@pytest.fixture
def postgresql_installation(tmp_path: Path, postgresql_url: str) -> Installation:
    """Return an installation on PostgreSQL."""
    data = tmp_path / "data"
    data.mkdir()
    made = Installation(data, environment(data, postgresql_url))
    subprocess.run(
        [sys.executable, "-m", "tests.plugins.tables"], cwd=ROOT, env=made.environment, check=True
    )
    return made
