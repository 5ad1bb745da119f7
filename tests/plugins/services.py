"""Throw-away PostgreSQL and Redis servers, one each a session, gone when it ends.

Both are started from installed programs in folders of their own on free loopback ports; nothing
that runs already is touched. Where the programs are missing, the tests that ask are skipped.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

START_S = 60.0  # a loaded machine takes long to start a cluster
STOP_S = 20.0


def postgresql_programs() -> Path | None:
    """Return the folder with `initdb` and `postgres`, of the newest version installed."""
    beside = shutil.which("initdb")
    if beside and (Path(beside).resolve().parent / "postgres").exists():
        return Path(beside).resolve().parent
    # Debian keeps the servers' programs off the PATH, a folder a version.
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found, key=lambda folder: float(folder.parent.name), default=None)


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(ready: Callable[[], bool], *, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server answers; fail with its log when it ends or takes too long."""
    deadline = time.monotonic() + START_S
    while not ready():
        if server.poll() is not None or time.monotonic() > deadline:
            words = log.read_text(errors="replace")[-2000:]
            pytest.fail(f"{server.args!r} did not start:\n{words}")
        time.sleep(0.1)


def stop(server: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """End a server; by force when it does not."""
    server.send_signal(number)
    try:
        server.wait(timeout=STOP_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@contextlib.contextmanager
def postgresql_server(programs: Path) -> Iterator[str]:
    """Run a cluster of its own; yields the URL of an empty database in it."""
    # PostgreSQL refuses to run as root: there its own account owns the folder and the processes.
    account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    owner: dict[str, Any] = {}
    if account:
        owner = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    with tempfile.TemporaryDirectory(prefix="consonance-pg-") as name:
        folder = Path(name)
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
        data, log = folder / "data", folder / "log"
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "HOME": name}
        made = subprocess.run(
            [
                str(programs / "initdb"), "--pgdata", str(data), "--username=consonance",
                "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync",
            ],
            capture_output=True, text=True, env=environment, cwd=folder, check=False, **owner,
        )  # fmt: skip
        if made.returncode != 0:
            pytest.fail(f"initdb failed:\n{made.stderr}")
        port = free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": folder,
            "fsync": "off",
            "max_connections": 50,
            "shared_buffers": "32MB",
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        with log.open("wb") as lines:
            server = subprocess.Popen(
                [str(programs / "postgres"), "-D", str(data), *options],
                stdin=subprocess.DEVNULL, stdout=lines, stderr=lines,
                env=environment, cwd=folder, **owner,
            )  # fmt: skip
        where = ["--host=127.0.0.1", f"--port={port}", "--username=consonance"]
        try:
            probe = [str(programs / "pg_isready"), "--quiet", "--dbname=postgres", *where]
            wait_until(
                lambda: subprocess.run(probe, cwd=folder, check=False).returncode == 0,
                server=server,
                log=log,
            )
            subprocess.run(
                [str(programs / "createdb"), *where, "consonance"], cwd=folder, check=True
            )
            yield f"postgresql://consonance@127.0.0.1:{port}/consonance"
        finally:
            stop(server, signal.SIGINT)  # "fast": closes sessions, then the server


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
            wait_until(answers, server=server, log=log)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            stop(server, signal.SIGTERM)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """Return the URL of an empty PostgreSQL database that lives as long as the session."""
    programs = postgresql_programs()
    if programs is None:
        pytest.skip("no PostgreSQL: its programs initdb and postgres are not installed")
    with postgresql_server(programs) as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Return the URL of an empty Redis that lives as long as the session."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("no Redis: redis-server is not installed")
    with redis_server(program) as url:
        yield url
