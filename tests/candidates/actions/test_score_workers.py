"""Several workers score one collection over Redis; some are killed, and nobody can tell."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from tests.consonance.jobs.conftest import (
    LEASE_SECONDS,
    Installation,
    empty_database,
    environment,
    installation,
)

__all__ = ["empty_database", "installation"]  # fixtures of the jobs' tests

pytestmark = [pytest.mark.slow, pytest.mark.redis]

PATIENCE = 150.0  # seconds; a loaded machine takes long to start a worker
N_TRACKS, SECONDS, RATE = 36, 60, 8_000
SHARD_TRACKS = 2

IMPORT = """
taken = enqueue_job(kind="catalog.import_tracks", title="Import", send=False,
    arguments=dict(folder={archive!r}, slug="noise", processes=1))
assert run(taken.pk).state == "done"
from consonance.catalog.models import Collection
def asked(**more):
    return dict(kind="candidates.score", title="Score", arguments=dict(
        collection=str(Collection.objects.get().pk), detector="default", processes=1,
        hop_ms=960, shard_tracks={shard_tracks}, **more))
"""
START = "print(enqueue_job(**asked(fan_out=True)).pk)"
ALONE = "print(json.dumps(run(enqueue_job(**asked(), send=False).pk, reraise=True).result))"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    chance = np.random.default_rng(3)
    for number in range(1, N_TRACKS + 1):
        noise = chance.normal(0, 0.1, SECONDS * RATE) * np.linspace(0.1, 1, SECONDS * RATE)
        sf.write(folder / f"{number:06d}.wav", noise, RATE)
    return folder


def shards_of(data: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in sorted(data.glob("scores/*/*")) if path.is_file()
    }


def prepared(archive: Path) -> str:
    return IMPORT.format(archive=str(archive), shard_tracks=SHARD_TRACKS)


def worker(made: Installation, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as lines:
        return subprocess.Popen(
            [
                sys.executable, "-m", "celery", "--app", "consonance.web.celery", "worker",
                "--pool", "solo", "--loglevel", "INFO", "--without-gossip", "--without-mingle",
            ],
            env=made.environment, stdout=lines, stderr=lines, start_new_session=True,
        )  # fmt: skip


def kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > deadline:
            pytest.fail(f"waited in vain for {what}")
        time.sleep(0.05)


@pytest.fixture(scope="module")
def undisturbed(
    archive: Path, empty_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """Score the archive in one process that nobody disturbs."""
    data = tmp_path_factory.mktemp("alone")
    shutil.copy(empty_database, data / "consonance.sqlite3")
    made = Installation(data, environment(data, f"sqlite:///{data / 'consonance.sqlite3'}"))
    told = json.loads(made.python(prepared(archive) + ALONE).splitlines()[-1])
    assert told["excerpts"] == N_TRACKS * 53
    return shards_of(made.data)


@pytest.mark.parametrize("kills", [0, 2])
def test_two_workers_write_what_one_process_writes_whoever_is_killed(
    kills: int,
    archive: Path,
    undisturbed: dict[str, bytes],
    installation: Installation,
    redis_url: str,
    tmp_path: Path,
) -> None:
    installation.environment["CELERY_BROKER_URL"] = f"{redis_url[:-1]}{3 + kills}"
    chance = random.Random(20 + kills)
    pk = installation.python(prepared(archive) + START).splitlines()[-1]
    log = tmp_path / "log"
    workers = [worker(installation, log) for _ in range(2)]

    def written() -> int:
        return len(list(installation.data.glob("scores/*/shard-*.parquet")))

    def state() -> str:
        path = installation.data / "consonance.sqlite3"
        with closing(sqlite3.connect(path, timeout=30)) as database:
            [found] = database.execute(
                "SELECT state FROM jobs_job WHERE id = ?", [uuid.UUID(pk).hex]
            ).fetchone()
        return str(found)

    try:
        for _ in range(kills):
            at_least = written() + chance.randint(1, 3)
            wait_for(lambda at_least=at_least: written() >= at_least, f"{at_least} shards")
            time.sleep(chance.random() * 0.2)
            kill(workers.pop(chance.randrange(len(workers))))
        if kills:
            assert written() < N_TRACKS // SHARD_TRACKS, "there was something left to do"
            assert state() == "running"
            time.sleep(LEASE_SECONDS + 0.5)
            assert installation.python("print(sweep())") == "1"
            workers = [worker(installation, log) for _ in range(2)]
        wait_for(lambda: state() not in {"running", "queued"}, "the job")
    finally:
        for process in workers:
            kill(process)
    assert state() == "done", log.read_text()[-2_000:]
    found = shards_of(installation.data)
    assert sorted(found) == sorted(undisturbed)
    assert found == undisturbed
    helped = log.read_text().count("candidates.score_shard")
    assert helped, "the other worker was asked"
