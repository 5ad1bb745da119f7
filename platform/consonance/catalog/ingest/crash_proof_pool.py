"""Call a function for many things in other processes, and outlive those that die.

A decoder is C code that reads files from anywhere: one that brings its process down must cost one
recording, not an archive.

The processes are started as programs and spoken to in lines of JSON. `multiprocessing` would not
do: Celery's workers may not have children by it, it takes the whole pool down with one process,
and its children outlive a killed parent. Ours end when their input does.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import Any

_PROGRAM = "consonance.catalog.ingest.pool_worker"
#: One process per core does better than threads inside each.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Outcome:
    """What became of an item: `result`, or `crashed` when a process died or hung over it."""

    item: Any
    result: Any = None
    crashed: bool = False


class WorkerError(RuntimeError):
    """The function raised; the message is its traceback."""


def run_each(
    function: Callable[[Any], Any],
    items: Iterable[Any],
    *,
    processes: int,
    seconds: float | None = None,
) -> Iterator[Outcome]:
    """Yield the outcome of each item as it comes, in any order.

    Parameters
    ----------
    function
        A function of an importable module; it takes and returns JSON values.
    items
        JSON values, taken as needed.
    processes
        How many processes work at a time, at least 1. Closing the iterator ends them.
    seconds
        How long an item may take; a process that takes longer is ended, as if it had died. None
        for as long as it likes.

    Yields
    ------
    Outcome
        Each item once.

    Raises
    ------
    WorkerError
        If the function raises.
    """
    upcoming = iter(items)
    crew = [_Process(function, seconds) for _ in range(max(1, processes))]
    idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
    for process in crew:
        idle.put(process)

    def work(item: Any) -> Outcome:
        process = idle.get()
        try:
            return process.call(item)
        finally:
            idle.put(process)

    threads = ThreadPoolExecutor(len(crew), thread_name_prefix="pool")
    running: set[Future[Outcome]] = set()
    try:
        while True:
            wanted = len(crew) - len(running)
            running |= {threads.submit(work, item) for item in islice(upcoming, wanted)}
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    finally:
        for process in crew:
            process.kill()
        threads.shutdown(wait=True, cancel_futures=True)


class _Process:
    """A worker process, started when first needed and again after it died."""

    def __init__(self, function: Callable[[Any], Any], seconds: float | None) -> None:
        self._seconds = seconds
        self._name = f"{function.__module__}:{function.__qualname__}"
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def call(self, item: Any) -> Outcome:
        answer = self._ask(json.dumps(item).encode() + b"\n")
        if answer is None:
            return Outcome(item, crashed=True)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return Outcome(item, answer["result"])

    def _ask(self, line: bytes) -> dict[str, Any] | None:
        process = self._running()
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        clock = threading.Timer(self._seconds, process.kill) if self._seconds else None
        if clock is not None:
            clock.start()
        try:
            process.stdin.write(line)
            process.stdin.flush()
            answer = process.stdout.readline()
        except (BrokenPipeError, ValueError):
            answer = b""
        finally:
            if clock is not None:
                clock.cancel()
        if answer.endswith(b"\n"):
            found: dict[str, Any] = json.loads(answer)
            return found
        self.kill(for_good=False)
        return None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise WorkerError("The pool was closed.")
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", _PROGRAM, self._name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # libmpg123 comments on every file it dislikes
                env={
                    **os.environ,
                    **dict.fromkeys(_THREADS, "1"),
                    "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                },
                # Ctrl-C in the terminal is the parent's to deal with.
                start_new_session=True,
            )
        return self._process

    def kill(self, *, for_good: bool = True) -> None:
        """End the process and take back what it held."""
        self._closed = self._closed or for_good
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
