"""The virtual environment: made when missing, mended when half made, else left alone."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from launcher import torch_wheel
from launcher.console import Refusal, confirm, say
from launcher.process import Outcome, capture, run_telling

FOLDER_VARIABLE = "CONSONANCE_VENV"
NEEDED_BYTES = 3_000_000_000  # measured: 2.6 GB with the tests' packages
STAMP = "consonance-stamp.json"
UNFINISHED = "consonance-unfinished"

_NETWORK_SIGNS = (
    "Temporary failure in name resolution",
    "Name or service not known",
    "nodename nor servname",
    "getaddrinfo failed",
    "NewConnectionError",
    "ConnectTimeoutError",
    "Network is unreachable",
    "Connection refused",
    "ReadTimeoutError",
    "ProxyError",
    "(from versions: none)",  # all that pip says of a pinned package when no index answered
)


@dataclass(frozen=True)
class LockFile:
    """One of the files in requirements/ and what it is for."""

    name: str
    purpose: str
    duration: str
    with_dependencies: bool = True


BASE = LockFile("base.lock", "what Consonance runs on", "one or two minutes")
NO_DEPS = LockFile("no-deps.txt", "the demo's synthesiser", "some seconds", with_dependencies=False)
TESTS = LockFile("test.lock", "what the tests need", "about half a minute")
PEERS = LockFile("peers.txt", "what is measured against", "some seconds", with_dependencies=False)
LOCKS = (BASE, NO_DEPS, TESTS, PEERS)
TORCH = "torch.txt"

NO_NETWORK = (
    "the network or the package index does not answer. Connect this machine (or set a proxy or "
    "PIP_FIND_LINKS) and run the same command again."
)

_CHECK = "import sys, pip; sys.exit(0 if sys.version_info >= (3, 11) else 1)"


def default_folder(root: Path) -> Path:
    """Return where the environment of a checkout lives; CONSONANCE_VENV overrides."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named).expanduser().absolute() if named else root / ".venv"


def venv_command(
    *,
    has_ensurepip: bool = importlib.util.find_spec("ensurepip") is not None,
    has_venv: bool = importlib.util.find_spec("venv") is not None,
    virtualenv: str | None = None,
) -> list[str]:
    """Return the command that makes an environment with pip in it.

    Parameters
    ----------
    has_ensurepip, has_venv
        Whether this Python has the modules; Debian puts them in a package of their own.
    virtualenv
        The `virtualenv` program, used where Python's own means are missing.

    Raises
    ------
    Refusal
        There is no means at all; the sentence names the package to install.
    """
    if has_ensurepip and has_venv:
        return [sys.executable, "-m", "venv"]
    if virtualenv:
        return [virtualenv, "--python", sys.executable]
    missing = "ensurepip" if has_venv else "venv"
    major, minor = sys.version_info[:2]
    raise Refusal(
        f"this Python ({sys.executable}) has no `{missing}` module, so it cannot make a virtual "
        f"environment. On Debian or Ubuntu run `sudo apt-get install python3-venv` (or "
        f"python{major}.{minor}-venv); elsewhere put `virtualenv` on the PATH or use a Python from "
        f"python.org. Then run the same command again."
    )


@dataclass(frozen=True)
class Environment:
    """A virtual environment that holds exactly what the lock files say.

    Parameters
    ----------
    root
        The checkout whose requirements/ count.
    folder
        Where the environment is or shall be.
    """

    root: Path
    folder: Path

    @property
    def programs(self) -> Path:
        """The folder of installed programs."""
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.programs / ("python.exe" if os.name == "nt" else "python")

    def wanted(self, *, with_tests: bool, with_peers: bool = False) -> dict[str, str]:
        """Return the digest of each requirements file that must have been installed."""
        names = [TORCH, BASE.name, NO_DEPS.name]
        names += [TESTS.name] if with_tests else []
        names += [PEERS.name] if with_peers else []
        folder = self.root / "requirements"
        return {name: _digest(folder / name) for name in names if (folder / name).exists()}

    def installed(self) -> dict[str, str]:
        """Return what the stamp says is installed: digests by file name, empty without a stamp."""
        try:
            stamp = json.loads((self.folder / STAMP).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return stamp if isinstance(stamp, dict) else {}

    def missing(self, *, with_tests: bool, with_peers: bool = False) -> list[str]:
        """Return the names of the requirements files that are not, or no longer, installed."""
        installed = self.installed()
        wanted = self.wanted(with_tests=with_tests, with_peers=with_peers)
        return [name for name, digest in wanted.items() if installed.get(name) != digest]

    def is_ready(self, *, with_tests: bool, with_peers: bool = False) -> bool:
        """Say whether nothing has to be done."""
        whole = self.python.exists() and not (self.folder / UNFINISHED).exists()
        return whole and not self.missing(with_tests=with_tests, with_peers=with_peers)

    def prepare(self, *, with_tests: bool, with_peers: bool = False) -> None:
        """Make the environment complete; return at once when it is.

        Parameters
        ----------
        with_tests
            Whether what only the tests need belongs to it.
        with_peers
            Whether the libraries that benchmarks measure ours against belong to it.

        Raises
        ------
        Refusal
            It cannot be made: no network, no room on the disk, no `ensurepip`.
        """
        if self.is_ready(with_tests=with_tests, with_peers=with_peers):
            return
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(self.folder.parent):
            if not self.is_ready(with_tests=with_tests, with_peers=with_peers):
                self._complete(with_tests=with_tests, with_peers=with_peers)

    def _complete(self, *, with_tests: bool, with_peers: bool) -> None:
        begun = time.monotonic()
        self._clear_if_broken()
        if not self.python.exists():
            self._create()
        missing = self.missing(with_tests=with_tests, with_peers=with_peers)
        unfinished = self.folder / UNFINISHED
        unfinished.touch()
        stamp = self.installed()
        try:
            for name in missing:
                if name == TORCH:
                    self._install_torch()
                else:
                    self._install(next(lock for lock in LOCKS if lock.name == name))
                stamp[name] = self.wanted(with_tests=True, with_peers=True)[name]
                self._write_stamp(stamp)
        except Refusal:
            unfinished.unlink()  # pip ended by itself: what it did is whole, and need not be redone
            raise
        unfinished.unlink()
        say(f"The environment is ready after {time.monotonic() - begun:.0f} s.")

    def _clear_if_broken(self) -> None:
        if not self.folder.exists() or not any(self.folder.iterdir()):
            return
        if (self.folder / UNFINISHED).exists():
            why = "An earlier installation was interrupted"
        elif not (self.folder / "pyvenv.cfg").exists():
            raise Refusal(
                f"{self.folder} exists and is not a virtual environment: move it away, or name "
                f"another folder in {FOLDER_VARIABLE}."
            )
        elif not self.python.exists() or capture([self.python, "-c", _CHECK]).returncode != 0:
            why = "The environment's Python does not start, has no pip, or is older than 3.11"
        else:
            return
        say(f"{why}: making {self.folder} anew.")
        shutil.rmtree(self.folder)

    def _create(self) -> None:
        free = shutil.disk_usage(self.folder.parent).free
        if free < NEEDED_BYTES:
            raise Refusal(
                f"{self.folder.parent} has {free / 1e9:.1f} GB free and about "
                f"{NEEDED_BYTES / 1e9:.0f} GB are needed: free some, or name a folder on another "
                f"disk in {FOLDER_VARIABLE}."
            )
        command = venv_command(virtualenv=shutil.which("virtualenv"))
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / UNFINISHED).touch()  # an interrupted start is recognised by this file
        doing = f"Making a virtual environment in {self.folder} (once, some seconds)"
        outcome = run_telling([*command, self.folder], doing=doing)
        if outcome.code != 0:
            raise Refusal(
                f"the virtual environment could not be made; {_last_words(outcome)} On Debian or "
                f"Ubuntu `sudo apt-get install python3-venv` usually mends this."
            )
        (self.folder / UNFINISHED).unlink()

    @property
    def _pip_command(self) -> list[str]:
        return [str(self.python), "-m", "pip", "--disable-pip-version-check", "--no-input"]

    def _pip(self, *arguments: str, doing: str) -> Outcome:
        return run_telling([*self._pip_command, *arguments], doing=doing)

    def _install(self, lock: LockFile) -> None:
        folder = self.root / "requirements"
        packages = sum(1 for _ in _lines(folder / lock.name))
        arguments = ["install", "--progress-bar", "off", "--requirement", str(folder / lock.name)]
        if (folder / TORCH).exists():
            arguments += ["--constraint", str(folder / TORCH)]  # never replaces torch
        if not lock.with_dependencies:
            arguments.append("--no-deps")
        many = "1 package" if packages == 1 else f"{packages} packages"
        doing = f"Installing {lock.purpose}: {many} ({lock.duration})"
        outcome = self._pip(*arguments, doing=doing)
        if outcome.code != 0:
            raise pip_refusal(outcome, what=f"the packages in requirements/{lock.name}")

    def _install_torch(self) -> None:
        requirement = next(_lines(self.root / "requirements" / TORCH), None)
        if requirement is None or self._has(requirement):
            return
        say(f"Looking where {requirement} comes from ...")
        choice = torch_wheel.choose(
            self._offer(requirement),
            lambda: self._offer(requirement, "--index-url", torch_wheel.PUBLISHER_INDEX),
        )
        if choice is None:
            raise Refusal(
                f"{requirement} is to be had neither from pip's index nor from "
                f"{torch_wheel.PUBLISHER_INDEX}: {NO_NETWORK}"
            )
        if choice.large:
            _agree_to_large_download(requirement)
        arguments = ["install", "--progress-bar", "off", requirement]
        if choice.index is not None:
            arguments += ["--index-url", choice.index]
        if not choice.large:
            arguments.append("--no-deps")  # what it needs is pinned in base.lock
        outcome = self._pip(*arguments, doing=f"Installing {requirement} (about half a minute)")
        if outcome.code != 0:
            raise pip_refusal(outcome, what=requirement)

    def _has(self, requirement: str) -> bool:
        """Say whether the package is there in this version, whatever its build ("+cpu")."""
        name, _, version = requirement.partition("==")
        program = f"import importlib.metadata as m; print(m.version({name!r}))"
        found = capture([self.python, "-c", program])
        return found.returncode == 0 and found.stdout.strip().split("+")[0] == version

    def _offer(self, requirement: str, *where: str) -> torch_wheel.Offer:
        dry_run = ["--dry-run", "--no-deps", "--ignore-installed", "--report", "-", "--quiet"]
        answer = capture([*self._pip_command, "install", *dry_run, *where, requirement])
        try:
            report = json.loads(answer.stdout) if answer.returncode == 0 else None
        except ValueError:
            report = None
        return torch_wheel.read_offer(report, system=platform.system(), machine=platform.machine())

    def _write_stamp(self, stamp: dict[str, str]) -> None:
        part = self.folder / (STAMP + ".part")
        part.write_text(json.dumps(stamp, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        part.replace(self.folder / STAMP)


def _agree_to_large_download(requirement: str) -> None:
    if os.environ.get(torch_wheel.ACCEPT_VARIABLE, "").lower() in {"1", "yes", "true"}:
        return
    say(f"PyTorch's index of CPU wheels cannot be reached, and the other {requirement} is")
    say(f"{torch_wheel.LARGE}.")
    if not confirm("Download it?"):
        raise Refusal(
            f"{requirement} was not installed: reach {torch_wheel.PUBLISHER_INDEX}, put a wheel "
            f"into a folder that pip knows (PIP_FIND_LINKS), or set "
            f"{torch_wheel.ACCEPT_VARIABLE}=1 to take the large one."
        )


def pip_refusal(outcome: Outcome, *, what: str) -> Refusal:
    """Return the sentence for a failed pip: no network, no room, or pip's own last words."""
    if any(sign in outcome.output for sign in _NETWORK_SIGNS):
        return Refusal(f"{what} could not be downloaded: {NO_NETWORK}")
    if "No space left" in outcome.output:
        return Refusal(f"{what} could not be installed: the disk is full.")
    return Refusal(f"pip could not install {what}; {_last_words(outcome)}")


def _last_words(outcome: Outcome) -> str:
    lines = [line.strip() for line in outcome.output.splitlines() if line.strip()]
    errors = [line for line in lines if line.upper().startswith("ERROR")]
    said = (errors or lines or ["nothing"])[-1]
    return f"its last words: {said.rstrip('.')}."


def _lines(path: Path) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()


def _digest(path: Path) -> str:
    """Return the digest of what a requirements file asks for; comments do not count."""
    return hashlib.sha256("\n".join(_lines(path)).encode()).hexdigest()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder, so that two commands started at once do not install into each other."""
    try:
        import fcntl
    except ImportError:  # Windows: two first starts at once are the person's to avoid
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another consonance command is installing: waiting for it ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
