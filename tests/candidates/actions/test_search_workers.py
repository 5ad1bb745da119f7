"""Workers as processes share a search; one of them is killed, and nothing else changes."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.consonance.jobs.conftest import LEASE_SECONDS, Installation, empty_database, installation

__all__ = ["empty_database", "installation"]

pytestmark = pytest.mark.slow

PATIENCE = 120.0  # seconds; a loaded machine takes long to start a worker
CONFIGURATIONS = 24

START = f"""
from candidates.actions.start_search import send_workers, start_search
from tests.candidates.search import world
score_set, labels = world.scored()
recipe = world.recipe(trials={CONFIGURATIONS}, seeds=2, epochs=27, rungs=3, reduction=3)
search = start_search(recipe=recipe, score_set=score_set, labels=labels)
"""
#: How many jobs have trained something, and how many hold a training now.
SHARED = """
SELECT COUNT(DISTINCT CASE trial.state WHEN 'done' THEN trial.job_id END),
    COUNT(DISTINCT CASE trial.state WHEN 'running' THEN job.id END)
FROM candidates_detectortrial trial LEFT JOIN jobs_job job ON trial.lease_token = job.lease_token
"""
OUTCOME = """
from candidates.models import DetectorSearch
search = DetectorSearch.objects.get()
print(json.dumps({
    "state": search.state, "winner": search.winner, "verdict": search.verdict,
    "standings": search.standings, "configurations": search.material["configurations"],
    "trials": [
        [t.rung, t.number, t.seed, t.state, t.value, t.head_sha256, t.curve]
        for t in search.trials.order_by("rung", "number", "seed")
    ],
    "workers": len(set(search.trials.values_list("job", flat=True))),
    "attempts": sorted(set(search.trials.values_list("attempts", flat=True))),
}))
"""


@contextmanager
def celery(installation: Installation, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Celery worker as `serve` does, in a process group of its own."""
    with log.open("ab") as lines:
        worker = subprocess.Popen(
            [
                sys.executable, "-m", "celery", "--app", "consonance.web.celery", "worker",
                "--pool=solo", "--loglevel=INFO", f"--hostname={log.stem}@%h",
            ],
            env=installation.environment | {"OMP_NUM_THREADS": "1"},
            stdout=lines, stderr=lines, start_new_session=True,
        )  # fmt: skip
    try:
        yield worker
    finally:
        kill(worker)


def kill(worker: subprocess.Popen[bytes]) -> None:
    """End a worker without a word, as a power cut does."""
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def wait_for(ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > deadline:
            pytest.fail(f"waited in vain for {what}")
        time.sleep(0.05)


def rows(installation: Installation, question: str) -> list[Any]:
    """Read past Django, which takes seconds to start."""
    path = installation.data / "consonance.sqlite3"
    with closing(sqlite3.connect(path, timeout=30)) as database:
        return database.execute(question).fetchall()


def undisturbed(data: Path, tmp_path: Path, installation: Installation) -> dict[str, Any]:
    """Return what one worker alone finds in a copy of everything, in another place."""
    import shutil

    copy = tmp_path / "alone"
    shutil.copytree(data, copy)
    database = copy / "consonance.sqlite3"
    alone = Installation(
        copy,
        installation.environment
        | {"CONSONANCE_DATA": str(copy), "DATABASE_URL": f"sqlite:///{database}"},
    )
    told = alone.python(
        "from candidates.models import DetectorSearch\n"
        "from candidates.actions.start_search import send_workers\n"
        "search = DetectorSearch.objects.get()\n"
        "run(send_workers(search, workers=1, send=False)[0].pk, reraise=True)\n" + OUTCOME
    )
    return dict(json.loads(told.splitlines()[-1]))


def test_two_workers_of_which_one_is_killed_find_what_one_alone_finds(
    installation: Installation, tmp_path: Path
) -> None:
    installation.python(START)
    alone = undisturbed(installation.data, tmp_path, installation)
    assert alone["configurations"] == CONFIGURATIONS + 1
    assert alone["state"] == "done"

    logs = [tmp_path / f"worker{number}" for number in (1, 2)]
    with ExitStack() as stack:
        workers = [stack.enter_context(celery(installation, log)) for log in logs]
        for log in logs:
            wait_for(lambda log=log: " ready." in log.read_text(), log.name)
        installation.python(
            "from candidates.models import DetectorSearch\n"
            "from candidates.actions.start_search import send_workers\n"
            "send_workers(DetectorSearch.objects.get(), workers=2)"
        )

        def caught_training() -> bool:
            """Hold both workers still, unless one is just between two trainings."""
            for worker in workers:
                os.killpg(worker.pid, signal.SIGSTOP)
            if rows(installation, SHARED) == [(2, 2)]:
                return True
            for worker in workers:
                os.killpg(worker.pid, signal.SIGCONT)
            return False

        wait_for(caught_training, "both workers to train")
        kill(workers[0])
        os.killpg(workers[1].pid, signal.SIGCONT)
        ended = "SELECT state FROM candidates_detectorsearch"
        wait_for(lambda: rows(installation, ended) == [("done",)], "the other worker")
    found = json.loads(installation.python(OUTCOME).splitlines()[-1])
    assert found["workers"] == 2, "both had a share"
    assert found["attempts"] == [1, 2], "what the dead one held was trained again"
    for what in ("winner", "verdict", "standings", "trials"):
        assert found[what] == alone[what], what
    time.sleep(LEASE_SECONDS + 0.2)
    installation.python("sweep()")  # the dead worker's job goes back into the queue
    with celery(installation, tmp_path / "worker3"):
        unfinished = "SELECT COUNT(*) FROM jobs_job WHERE state IN ('queued', 'running')"
        wait_for(lambda: rows(installation, unfinished) == [(0,)], "the dead worker's job")
