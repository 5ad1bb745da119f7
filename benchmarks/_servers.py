"""Servers that a benchmark or a test starts for itself, and what they used."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from consonance.web.processes import THREADS, WORKERS

ROOT: Final = Path(__file__).resolve().parent.parent
START_S: Final = 180.0
STOP_S: Final = 20.0
USER: Final = "consonance"
#: PostgreSQL's own settings but for memory and connections; answers are flushed to disk.
AS_IN_USE: Final[Mapping[str, object]] = {"max_connections": 100, "shared_buffers": "1GB"}
#: For rows that nobody needs tomorrow.
THROWN_AWAY: Final[Mapping[str, object]] = {
    "max_connections": 50, "shared_buffers": "32MB", "fsync": "off",
}  # fmt: skip
#: Fixed, so that sessions in a database that is kept stay good.
SECRET: Final = "nothing but made-up rows on a loopback address is signed with this key"  # noqa: S105
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class ServerError(Exception):
    """A server that is needed does not start."""


class NotInstalledError(ServerError):
    """Its programs are not there."""


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _programs() -> Path:
    beside = shutil.which("initdb")
    if beside and (Path(beside).resolve().parent / "postgres").exists():
        return Path(beside).resolve().parent
    # Debian keeps the servers' programs off the PATH, a folder a version.
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not found:
        raise NotInstalledError(
            "PostgreSQL's programs initdb and postgres are not installed: install them, or name a"
            " server that runs in DATABASE_URL."
        )
    return max(found, key=lambda folder: float(folder.parent.name))


@dataclass(frozen=True, kw_only=True)
class Database:
    """Where a benchmark's rows lie.

    Attributes
    ----------
    url
        As `DATABASE_URL` has it.
    pid
        The server's process; None where there is none (SQLite) or it is not ours.
    """

    url: str
    pid: int | None = None

    def named(self, name: str) -> Database:
        """Return another database of the same server."""
        return Database(url=f"{self.url.rpartition('/')[0]}/{name}", pid=self.pid)


@contextlib.contextmanager
def postgresql(folder: Path, settings: Mapping[str, object] = AS_IN_USE) -> Iterator[Database]:
    """Run a cluster in a folder, made there if there is none; gives its empty first database.

    Raises
    ------
    NotInstalledError
        If PostgreSQL's programs are not there.
    ServerError
        If it does not start.
    """
    programs = _programs()
    # PostgreSQL refuses to run as root: there its own account owns the folder and the processes.
    account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    owner: dict[str, Any] = {}
    folder.mkdir(parents=True, exist_ok=True)
    if account:
        owner = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        os.chown(folder, account.pw_uid, account.pw_gid)
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    data, log = folder / "data", folder / "log"
    if not (data / "PG_VERSION").exists():
        _checked(
            [
                programs / "initdb", "--pgdata", data, f"--username={USER}", "--auth=trust",
                "--encoding=UTF8", "--no-locale", "--no-sync",
            ],
            env=environment, cwd=folder, **owner,
        )  # fmt: skip
    port = free_port()
    where_it_is = {
        "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder,
    }  # fmt: skip
    options = [
        part
        for key, value in {**where_it_is, **settings}.items()
        for part in ("-c", f"{key}={value}")
    ]
    with log.open("wb") as lines:
        server = subprocess.Popen(  # noqa: S603 - a program that was found, our own words
            [str(programs / "postgres"), "-D", str(data), *options],
            stdin=subprocess.DEVNULL, stdout=lines, stderr=lines,
            env=environment, cwd=folder, **owner,
        )  # fmt: skip
    where = ["--host=127.0.0.1", f"--port={port}", f"--username={USER}"]
    probe = [str(programs / "pg_isready"), "--quiet", "--dbname=postgres", *where]
    try:
        wait(
            lambda: subprocess.run(probe, check=False).returncode == 0,  # noqa: S603 - as above
            server,
            log,
        )
        # There already where the folder was used before.
        subprocess.run(  # noqa: S603 - as above
            [str(programs / "createdb"), *where, USER], check=False, capture_output=True
        )
        yield Database(url=f"postgresql://{USER}@127.0.0.1:{port}/{USER}", pid=server.pid)
    finally:
        stop(server, signal.SIGINT)  # "fast": closes sessions, then the server


@contextlib.contextmanager
def gunicorn(
    application: str,
    *,
    environment: Mapping[str, str],
    log: Path,
    health: str,
    python: Path = Path(sys.executable),
    folder: Path = ROOT,
) -> Iterator[Server]:
    """Serve a WSGI application for the length of a `with` block.

    Parameters
    ----------
    application
        `module` or `module:name`.
    environment
        All of the processes' environment.
    log
        Where they write what they have to say.
    health
        A path that answers when it is up.
    python
        The interpreter, for a peer in an environment of its own.
    folder
        Where the processes run.
    """
    port = free_port()
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else "/tmp"  # noqa: S108 - gunicorn's own
    with log.open("wb") as lines:
        process = subprocess.Popen(  # noqa: S603 - an interpreter and our own words
            [
                str(python), "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}",
                "--workers", str(WORKERS), "--threads", str(THREADS),
                "--worker-tmp-dir", memory, "--graceful-timeout", "5", "--timeout", "120",
            ],
            env=dict(environment), cwd=folder, stdout=lines, stderr=lines, start_new_session=True,
        )  # fmt: skip
    try:
        wait(lambda: _answers(f"http://127.0.0.1:{port}{health}"), process, log)
        yield Server(port=port, pid=process.pid, log=log)
    finally:
        stop(process, signal.SIGTERM)


@dataclass(frozen=True, kw_only=True)
class Server:
    """A web server that runs."""

    port: int
    pid: int
    log: Path


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=30):  # noqa: S310 - our own loopback address
            return True
    except (urllib.error.URLError, OSError):
        return False


def wait(ready: Callable[[], bool], server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server is ready.

    Raises
    ------
    ServerError
        If it ends or takes too long; the end of its log is in the message.
    """
    deadline = time.monotonic() + START_S
    while not ready():
        if server.poll() is not None or time.monotonic() > deadline:
            raise ServerError(
                f"{server.args!r} did not start:\n{log.read_text(errors='replace')[-2000:]}"
            )
        time.sleep(0.2)


def stop(server: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """End a server; by force when it does not."""
    if server.poll() is not None:
        return
    server.send_signal(number)
    try:
        server.wait(STOP_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _checked(words: Sequence[object], **options: Any) -> None:
    done = subprocess.run(  # noqa: S603 - our own words
        [str(word) for word in words], capture_output=True, text=True, check=False, **options
    )
    if done.returncode:
        raise ServerError(f"{words[0]} failed:\n{done.stderr}")


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a process and its children used until now.

    Attributes
    ----------
    cpu_s
        CPU seconds, user and system.
    peak_mb
        Sum of the most memory that each held.
    """

    cpu_s: float
    peak_mb: float


def usage(pid: int | None) -> Usage:
    """Return what a process and all below it used; nothing without one."""
    cpu, peak = 0.0, 0.0
    for number in _family(pid) if pid is not None else ():
        with contextlib.suppress(OSError):  # ended meanwhile
            # After the program's name, which may hold spaces; fields of proc(5) counted from there.
            fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
            cpu += sum(map(int, fields[11:15])) / _TICKS  # with children that have ended
            peak += _high_water_kb(number) / 1024
    return Usage(cpu_s=cpu, peak_mb=peak)


def _high_water_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1])
    return 0


def _family(pid: int) -> list[int]:
    found = [pid]
    for one in found:  # grows while it is read
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def environment(database: str, data: Path, **more: str) -> dict[str, str]:
    """Return the environment of a process of ours on a database and a data folder."""
    known = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return {
        **known,
        "DATABASE_URL": database,
        "CONSONANCE_DATA": str(data),
        "CONSONANCE_SECRET_KEY": SECRET,
        "DJANGO_SETTINGS_MODULE": "consonance.web.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "platform"), str(ROOT)]),
        "OMP_NUM_THREADS": "1",
        **more,
    }
