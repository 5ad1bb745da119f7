"""The processes of an installation on one machine: web server, worker, sweep."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from django.conf import settings

from consonance.errors import StateError

#: Of the web server, where nobody asks for another number.
WORKERS = 2
#: Of each of its processes.
THREADS = 4
_START_SECONDS = 60
_STOP_SECONDS = 10
_SWEEP_SECONDS = 20


def free_port(wanted: int = 0) -> int:
    """Return a free loopback port: the wanted one if it is free.

    Raises
    ------
    StateError
        If the wanted port is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise StateError(
                f"Port {wanted} is taken. Choose another one with --port, or stop what uses it."
            ) from error
        return int(probe.getsockname()[1])


def _environment() -> dict[str, str]:
    paths = [str(settings.ROOT / "platform"), str(settings.ROOT)]
    known = os.environ.get("PYTHONPATH")
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths + ([known] if known else [])),
        "DJANGO_SETTINGS_MODULE": "consonance.web.settings",
        "CONSONANCE_DATA": str(settings.DATA),
    }


def _log(name: str) -> Path:
    folder = Path(settings.DATA) / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"


def start_web(*, host: str, port: int, workers: int) -> subprocess.Popen[bytes]:
    """Start gunicorn and return once it answers.

    Raises
    ------
    StateError
        If it does not answer; its log's last line is in the message.
    """
    log = _log("web")
    with log.open("ab") as sink:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own words
            [
                sys.executable, "-m", "gunicorn", "consonance.web.wsgi",
                "--bind", f"{host}:{port}", "--workers", str(workers),
                "--threads", str(THREADS),
                "--worker-tmp-dir", "/dev/shm" if Path("/dev/shm").is_dir() else "/tmp",  # noqa: S108
                "--graceful-timeout", "5",
            ],
            env=_environment(), stdout=sink, stderr=sink, start_new_session=True,
        )  # fmt: skip
    deadline = time.monotonic() + _START_SECONDS
    # By a name the app answers to; /health is never redirected to HTTPS.
    name = settings.ALLOWED_HOSTS[0] if settings.ALLOWED_HOSTS else "localhost"
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/health", headers={"Host": name.removeprefix(".")}
    )
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(asked, timeout=2):  # noqa: S310 - as above
                return process
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    stop(process)
    lines = log.read_text(errors="replace").strip().splitlines() or ["(no output)"]
    raise StateError(f"The web server did not start: {lines[-1]} (more in {log}).")


def start_worker() -> subprocess.Popen[bytes]:
    """Start one Celery worker; its jobs start further processes themselves."""
    with _log("worker").open("ab") as sink:
        return subprocess.Popen(
            [
                sys.executable, "-m", "celery", "-A", "consonance.web.celery", "worker",
                # Solo: a prefork child may not have children, and scoring wants a pool of its own.
                "--pool", "solo", "--loglevel", "WARNING", "--without-gossip", "--without-mingle",
            ],
            env=_environment(), stdout=sink, stderr=sink, start_new_session=True,
        )  # fmt: skip


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and everything it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def web(*, port: int = 0, host: str = "127.0.0.1", workers: int = WORKERS) -> Iterator[str]:
    """Run the web server for the length of a `with` block; gives its address."""
    port = free_port(port)
    process = start_web(host=host, port=port, workers=workers)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(process)


def supervise(*, host: str, port: int, workers: int, announce: str) -> None:
    """Serve until interrupted: keep web server and worker alive, sweep the jobs."""
    from consonance.jobs.tasks import sweep

    free_port(port)
    _end_on_signal(signal.SIGTERM)
    running = {"web": start_web(host=host, port=port, workers=workers), "worker": start_worker()}
    sys.stdout.write(announce + "\n")
    sys.stdout.flush()
    swept = time.monotonic()
    try:
        while True:
            time.sleep(1)
            if running["web"].poll() is not None:
                running["web"] = start_web(host=host, port=port, workers=workers)
            if running["worker"].poll() is not None:
                running["worker"] = start_worker()
            if time.monotonic() - swept > _SWEEP_SECONDS:
                sweep()
                swept = time.monotonic()
    except KeyboardInterrupt:
        sys.stderr.write("\nStopping …\n")
    finally:
        for process in running.values():
            stop(process)


def _end_on_signal(number: signal.Signals) -> None:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(number, interrupt)
