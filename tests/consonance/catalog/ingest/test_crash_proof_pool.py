"""One bad file costs one recording."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from consonance.catalog.ingest.crash_proof_pool import Outcome, WorkerError, run_each

HERE = Path(__file__).resolve().parent


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))


def functions():
    import pool_functions

    return pool_functions


def test_every_item_has_one_outcome() -> None:
    found = sorted(run_each(functions().square, range(8), processes=2), key=lambda o: o.item)
    assert found == [Outcome(n, n * n) for n in range(8)]


def test_nothing_to_do_is_done_at_once() -> None:
    assert list(run_each(functions().square, [], processes=2)) == []


def test_a_process_that_dies_costs_only_its_item() -> None:
    found = {o.item: o for o in run_each(functions().square, [1, 13, 2, 13, 3], processes=2)}
    assert found[13].crashed
    assert [found[n].result for n in (1, 2, 3)] == [1, 4, 9]


def test_a_process_that_hangs_costs_only_its_item_too() -> None:
    found = {o.item: o for o in run_each(functions().hang, [1, 13, 2], processes=1, seconds=5)}
    assert found[13].crashed
    assert [found[n].result for n in (1, 2)] == [1, 2]


def test_output_of_a_library_does_not_get_between_the_answers() -> None:
    assert [o.result for o in run_each(functions().chatter, [5, 6], processes=1)] == [5, 6]


def test_an_exception_is_raised_with_its_place() -> None:
    with pytest.raises(WorkerError, match="LookupError: no 7"):
        list(run_each(functions().fail, [7], processes=1))


def test_closing_early_ends_the_processes() -> None:
    outcomes = run_each(functions().process_id, range(100), processes=1)
    pid = next(outcomes).result
    outcomes.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_processes_use_one_thread_each() -> None:
    assert next(run_each(functions().threads, [0], processes=1)).result == "1"


def test_processes_end_with_a_killed_parent(tmp_path: Path) -> None:
    program = (
        "import sys, pool_functions\n"
        "from consonance.catalog.ingest.crash_proof_pool import run_each\n"
        "outcomes = run_each(pool_functions.process_id, range(100), processes=1)\n"
        "print(next(outcomes).result, flush=True)\n"
        "sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    for pipe in (parent.stdin, parent.stdout):
        assert pipe is not None
        pipe.close()
    for _ in range(200):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        # Nobody may be left to take the dead child's status: then it stays as a zombie.
        if "State:\tZ" in Path(f"/proc/{child}/status").read_text():
            return
        time.sleep(0.05)
    pytest.fail("the worker outlived its parent")
