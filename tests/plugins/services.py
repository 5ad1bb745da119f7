"""Throw-away PostgreSQL and Redis servers, one each a session, gone when it ends.

Both are started from installed programs in folders of their own on free loopback ports; nothing
that runs already is touched. Where the programs are missing, the tests that ask are skipped.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks._servers import THROWN_AWAY, NotInstalledError, free_port, postgresql, stop, wait


@contextlib.contextmanager
def redis_server(program: str) -> Iterator[str]:
    """Run a Redis of its own that keeps nothing on disk; yields its URL."""
    with tempfile.TemporaryDirectory(prefix="consonance-redis-") as name:
        port = free_port()
        log = Path(name) / "log"
        with log.open("wb") as lines:
            server = subprocess.Popen(
                [
                    program, "--port", str(port), "--bind", "127.0.0.1", "--save", "",
                    "--appendonly", "no", "--dir", name,
                ],
                stdin=subprocess.DEVNULL, stdout=lines, stderr=lines,
            )  # fmt: skip

        def answers() -> bool:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1) as line:
                    line.sendall(b"PING\r\n")
                    return line.recv(16).startswith(b"+PONG")
            except OSError:
                return False

        try:
            wait(answers, server, log)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            stop(server, signal.SIGTERM)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """Return the URL of an empty PostgreSQL database that lives as long as the session."""
    with (
        tempfile.TemporaryDirectory(prefix="consonance-pg-") as folder,
        contextlib.ExitStack() as on,
    ):
        try:
            database = on.enter_context(postgresql(Path(folder), THROWN_AWAY))
        except NotInstalledError as missing:
            pytest.skip(f"no PostgreSQL: {missing}")
        yield database.url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Return the URL of an empty Redis that lives as long as the session."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("no Redis: redis-server is not installed")
    with redis_server(program) as url:
        yield url
