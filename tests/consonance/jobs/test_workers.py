"""Workers as processes: they race, they are killed, and nothing is lost or done twice."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.consonance.jobs.conftest import KINDS, LEASE_SECONDS, PREPARE, Installation

pytestmark = pytest.mark.slow

PATIENCE = 90.0  # seconds; a loaded machine takes long to start a worker


def wait_for(ready: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > deadline:
            pytest.fail(f"waited in vain for {what}")
        time.sleep(0.1)


def enqueue(installation: Installation, kind: str, **arguments: object) -> str:
    """Create a job and send it; return its id."""
    words = f"kind={kind!r}, title='Test', arguments={arguments!r}"
    return installation.python(f"print(enqueue_job({words}).pk)")


def job(installation: Installation, pk: str) -> dict[str, Any]:
    """Return a job's row, read past Django, which takes seconds to start."""
    with closing(sqlite3.connect(installation.data / "consonance.sqlite3", timeout=30)) as database:
        database.row_factory = sqlite3.Row
        found = database.execute("SELECT * FROM jobs_job WHERE id = ?", [uuid.UUID(pk).hex])
        row = dict(found.fetchone())
    return {**row, "result": json.loads(row["result"])}


CLAIM_ALL = (
    PREPARE
    + """
print("ready", flush=True)
sys.stdin.readline()
print(json.dumps([str(job.pk) for job in Job.objects.order_by("created_at") if claim(job.pk)]))
"""
)


def race(installation: Installation, *, jobs: int, workers: int) -> None:
    """Let workers claim the same jobs at the same moment; each must go to exactly one."""
    installation.python(
        f"for n in range({jobs}): Job.objects.create(kind='test.silence', title=str(n))"
    )
    racers = [installation.start("-c", CLAIM_ALL, stdin=subprocess.PIPE) for _ in range(workers)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    won = [json.loads(racer.communicate(timeout=PATIENCE)[0]) for racer in racers]
    claimed = [pk for each in won for pk in each]
    assert len(claimed) == len(set(claimed)) == jobs


def test_racing_workers_never_claim_a_job_twice(installation: Installation) -> None:
    race(installation, jobs=30, workers=4)


@pytest.mark.postgresql
def test_racing_workers_never_claim_a_job_twice_on_postgresql(
    postgresql_installation: Installation,
) -> None:
    race(postgresql_installation, jobs=30, workers=4)


def test_a_killed_workers_job_is_swept_and_finished_by_another(
    installation: Installation, tmp_path: Path
) -> None:
    folder = tmp_path / "steps"
    folder.mkdir()
    pk = installation.python(
        "print(enqueue_job(kind='test.steps', title='Steps', send=False, arguments="
        f"{{'folder': {str(folder)!r}, 'total': 4, 'seconds': 0.4}}).pk)"
    )
    worker = installation.start("-c", f"{PREPARE}run({pk!r})")
    wait_for((folder / "step-1").exists, "the second step")
    worker.kill()
    worker.wait()
    assert worker.stdout is not None
    worker.stdout.close()
    done_before = sorted(path.name for path in folder.iterdir())
    assert job(installation, pk)["state"] == "running"
    time.sleep(LEASE_SECONDS + 0.2)
    assert installation.python("print(sweep())") == "1"
    assert job(installation, pk)["state"] == "queued"
    installation.python(f"run({pk!r})")
    ended = job(installation, pk)
    assert (ended["state"], ended["attempts"]) == ("done", 2)
    assert ended["result"]["made"] == 4 - len(done_before)
    assert len(list(folder.iterdir())) == 4


def test_silent_work_keeps_its_lease(installation: Installation) -> None:
    pk = installation.python(
        "print(enqueue_job(kind='test.silence', title='Silence', send=False, "
        f"arguments={{'seconds': {2 * LEASE_SECONDS}}}).pk)"
    )
    worker = installation.start("-c", f"{PREPARE}run({pk!r})")
    wait_for(lambda: job(installation, pk)["state"] == "running", "the worker")
    time.sleep(LEASE_SECONDS)
    assert installation.python("print(sweep())") == "0"
    worker.communicate(timeout=PATIENCE)
    assert (job(installation, pk)["state"], job(installation, pk)["attempts"]) == ("done", 1)


@contextmanager
def celery(installation: Installation, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Celery worker over the default queue, in a process group of its own."""
    with log.open("ab") as lines:
        worker = subprocess.Popen(
            [
                sys.executable, "-m", "celery", "--app", "consonance.web.celery", "worker",
                "--concurrency=1", "--pool=prefork", f"--include={KINDS}", "--loglevel=INFO",
            ],
            env=installation.environment, stdout=lines, stderr=lines, start_new_session=True,
        )  # fmt: skip
    try:
        yield worker
    finally:
        kill_group(worker)


def kill_group(worker: subprocess.Popen[bytes]) -> None:
    """End a worker and its children without a word, as a power cut does."""
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


@pytest.mark.parametrize("queue", ["filesystem", pytest.param("redis", marks=pytest.mark.redis)])
def test_celery_imports_an_archive_over_either_queue(
    queue: str, installation: Installation, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    import numpy as np
    import soundfile as sf

    if queue == "redis":
        installation.environment["CELERY_BROKER_URL"] = request.getfixturevalue("redis_url")
    archive = tmp_path / "archive"
    archive.mkdir()
    sf.write(archive / "1.wav", 0.3 * np.sin(np.arange(88_000) * 0.2), 8_000)
    (archive / "2.mp3").write_text("<html>not audio</html>")
    pk = enqueue(installation, "catalog.import_tracks", folder=str(archive), slug="attic")
    assert job(installation, pk)["state"] == "queued"
    with celery(installation, tmp_path / "log"):
        wait_for(lambda: job(installation, pk)["state"] not in {"queued", "running"}, "Celery")
    ended = job(installation, pk)
    assert ended["state"] == "done", (ended, (tmp_path / "log").read_text())
    assert "1 of 2 tracks are ready" in str(ended["message"])


def test_a_killed_celery_workers_job_is_finished_by_the_next(
    installation: Installation, tmp_path: Path
) -> None:
    folder = tmp_path / "steps"
    folder.mkdir()
    pk = enqueue(installation, "test.steps", folder=str(folder), total=4, seconds=0.4)
    with celery(installation, tmp_path / "log") as worker:
        wait_for((folder / "step-1").exists, "the second step")
        kill_group(worker)
    time.sleep(LEASE_SECONDS + 0.2)
    assert installation.python("print(sweep())") == "1"
    with celery(installation, tmp_path / "log"):
        wait_for(lambda: job(installation, pk)["state"] == "done", "the second worker")
    assert job(installation, pk)["attempts"] == 2
    assert len(list(folder.iterdir())) == 4
