"""Running other programs: with signs of life while they work, or in our place."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher.console import say

SIGN_OF_LIFE_S = 15.0  # a person begins to doubt after about this long
KEPT_LINES = 400


@dataclass(frozen=True)
class Outcome:
    """How a program ended.

    Parameters
    ----------
    code
        Its exit status.
    output
        The last lines that it wrote, stdout and stderr together.
    seconds
        Wall time.
    """

    code: int
    output: str
    seconds: float


def source_path(root: Path, existing: str | None) -> str:
    """Return the PYTHONPATH under which a checkout runs without being installed.

    Parameters
    ----------
    root
        The checkout.
    existing
        The value already set, kept behind ours.
    """
    parts = [str(root / "platform"), str(root)]
    for part in (existing or "").split(os.pathsep):
        if part and part not in parts:
            parts.append(part)
    return os.pathsep.join(parts)


def child_environment(root: Path, **more: str) -> dict[str, str]:
    """Return the environment that every program of ours is started with."""
    return {
        **os.environ,
        "PYTHONPATH": source_path(root, os.environ.get("PYTHONPATH")),
        **more,
    }


def run_telling(
    command: Sequence[str | os.PathLike[str]],
    *,
    doing: str,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Outcome:
    """Run a program quietly, say what is being done, and give a sign of life while it lasts.

    Parameters
    ----------
    command
        Program and arguments.
    doing
        What to tell the person, as in "Installing 84 packages".
    environment, directory
        What the program starts with; ours by default.
    """
    say(f"{doing} ...")
    begun = time.monotonic()
    lines: deque[str] = deque(maxlen=KEPT_LINES)
    ended = threading.Event()

    def tell() -> None:
        while not ended.wait(SIGN_OF_LIFE_S):
            latest = lines[-1].strip()[:90] if lines else "working"
            say(f"  {time.monotonic() - begun:4.0f} s  {latest}")

    program = subprocess.Popen(  # noqa: S603 - our own command lines, never a person's text
        [os.fspath(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        env=environment,
        cwd=directory,
    )
    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        if program.stdout is not None:
            lines.extend(line.rstrip("\n") for line in program.stdout)
        code = program.wait()
    except BaseException:
        program.terminate()
        program.wait()
        raise
    finally:
        ended.set()
        teller.join()
    seconds = time.monotonic() - begun
    say(f"  {'done' if code == 0 else 'failed'} after {seconds:.0f} s")
    return Outcome(code, "\n".join(lines), seconds)


def capture(command: Sequence[str | os.PathLike[str]]) -> subprocess.CompletedProcess[str]:
    """Run a short program and return what it wrote."""
    return subprocess.run(  # noqa: S603 - our own command lines, never a person's text
        [os.fspath(part) for part in command],
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        check=False,
    )


def run_in_view(
    command: Sequence[str | os.PathLike[str]],
    *,
    environment: Mapping[str, str],
    directory: Path | None = None,
) -> int:
    """Run a program whose output the person sees as it comes; return its exit status."""
    return subprocess.run(  # noqa: S603 - our own command lines, never a person's text
        [os.fspath(part) for part in command],
        env=environment,
        cwd=directory,
        check=False,
    ).returncode


def become(command: Sequence[str | os.PathLike[str]], *, environment: Mapping[str, str]) -> int:
    """Turn this process into another program, so that signals and exit status are its own.

    Windows has no true exec (the shell would return while the program still runs): there the
    program runs beneath us.
    """
    arguments = [os.fspath(part) for part in command]
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":
        return run_in_view(arguments, environment=environment)
    os.execve(arguments[0], arguments, dict(environment))  # noqa: S606 - no shell is wanted
