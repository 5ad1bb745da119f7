"""A real server over a small world, and Chromium to look at it with.

The server runs as its own processes on a database file: several requests of one page at once are
then as separate as they are in use, and what a test asserts is what was committed.

Each test begins in the world as it was made, whatever ran before it: the database is put back, and
the server forgets what it remembers.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from benchmarks._servers import free_port
from tests.browser.world import FORGET

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "test-artifacts" / "pages"
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
START_S = 60


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder."""
    for item in items:
        if Path(item.path).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


class Web:
    """The web server; a test may take it away for a while."""

    def __init__(self, port: int, log: Path, environment: dict[str, str]) -> None:
        self._port = port
        self._log = log
        self._environment = environment
        self._program: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self._log.open("ab") as log:
            self._program = subprocess.Popen(
                [
                    sys.executable, "-m", "gunicorn", "tests.browser.application", "--bind",
                    f"127.0.0.1:{self._port}", "--workers", "1", "--threads", "8",
                ],
                cwd=ROOT, env=self._environment, stdout=log, stderr=log,
            )  # fmt: skip
        _wait(self._program, f"{self.address}/health", self._log)

    def stop(self) -> None:
        """Stop it; nothing answers until it is started again."""
        if self._program is not None:
            self._program.terminate()
            self._program.wait(timeout=20)
            self._program = None


class World:
    """The database of a served world, and what was in it when it was made.

    Parameters
    ----------
    database
        The file; the server has it open.
    """

    def __init__(self, database: Path) -> None:
        self._live = sqlite3.connect(database, timeout=30, isolation_level=None)
        self._made = sqlite3.connect(":memory:", isolation_level=None)
        self._live.backup(self._made)
        self._version = self._version_now()

    def put_back(self) -> None:
        """Make everything as it was."""
        if self._version_now() != self._version:
            self._made.backup(self._live)
            self._version = self._version_now()

    def keep_session(self, key: str) -> None:
        """Let a session that was begun since belong to what is put back."""
        query = "SELECT * FROM django_session WHERE session_key = ?"
        [row] = self._live.execute(query, (key,)).fetchall()
        self._made.execute("INSERT OR REPLACE INTO django_session VALUES (?, ?, ?)", row)

    def close(self) -> None:
        """Let go of the database."""
        self._live.close()
        self._made.close()

    def _version_now(self) -> int:
        """Return a number that changes when anybody else changes the database."""
        [(version,)] = self._live.execute("PRAGMA data_version").fetchall()
        return int(version)


@dataclass(frozen=True)
class Site:
    """The served world."""

    address: str
    database: Path
    places: dict[str, Any]
    web: Web
    world: World

    def begin_anew(self) -> None:
        """Put the world back to how it was made."""
        with urllib.request.urlopen(f"{self.address}{FORGET}", timeout=60):  # noqa: S310 - our own
            pass
        self.world.put_back()

    def url(self, name: str, **more: Any) -> str:
        """Return the address of a page; words after a space tell two objects of one page apart."""
        arguments = {**self.places["arguments"].get(name, {}), **more}
        query = self.places.get("queries", {}).get(name, "")
        return self.address + reverse(name.split(" ")[0], kwargs=arguments) + query

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return what is committed."""
        with closing(sqlite3.connect(self.database, timeout=30)) as connection:
            return connection.execute(query, values).fetchall()

    def change(self, query: str, *values: Any) -> None:
        """Change a row as another process would."""
        with closing(sqlite3.connect(self.database, timeout=30)) as connection:
            connection.execute(query, values)
            connection.commit()

    def ratings(self, person: str) -> list[tuple[str, int]]:
        """Return a person's answers, oldest first, each with whether it was taken back."""
        return self.rows(
            "SELECT answer, is_withdrawn FROM annotation_rating JOIN people_user ON "
            "people_user.id = person_id WHERE username = ? ORDER BY annotation_rating.created_at",
            person,
        )


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve the world for as long as the tests run."""
    with served(tmp_path_factory.mktemp("installation"), "world") as made:
        yield made


@pytest.fixture(autouse=True)
def begin_anew(request: pytest.FixtureRequest) -> None:
    """Let no test meet what another has left behind."""
    if "site" in request.fixturenames:
        request.getfixturevalue("site").begin_anew()


@pytest.fixture(scope="package")
def bare_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve an installation that has accounts and nothing else."""
    with served(tmp_path_factory.mktemp("bare"), "bare") as made:
        yield made


@contextmanager
def served(data: Path, what: str, *, worker: bool = False) -> Iterator[Site]:
    """Fill a data folder and serve it; without a worker a job stays as it is."""
    if shutil.which("chromium") is None:
        pytest.skip("no Chromium: the program chromium is not installed")
    ours = {name: value for name, value in os.environ.items() if "CONSONANCE" not in name}
    environment = {
        **ours,
        "CONSONANCE_DATA": str(data),
        "DATABASE_URL": "",
        "CELERY_BROKER_URL": "filesystem://",
        "DJANGO_SETTINGS_MODULE": "consonance.web.settings",
        "PYTHONPATH": f"{ROOT / 'platform'}{os.pathsep}{ROOT}",
        "OMP_NUM_THREADS": "1",
    }
    (data / "queue" / "messages").mkdir(parents=True)

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    run("django", "migrate", "--verbosity=0", "--skip-checks")
    places = json.loads(run("tests.browser.world", what, str(data / "recordings")))
    web = Web(free_port(), data / "web.log", environment)
    programs = []
    if worker:
        with (data / "worker.log").open("wb") as log:
            words = ["-A", "consonance.web.celery", "worker", "--pool", "solo"]
            programs.append(
                subprocess.Popen(
                    [sys.executable, "-m", "celery", *words],
                    cwd=ROOT,
                    env=environment,
                    stdout=log,
                    stderr=log,
                )
            )
    database = data / "consonance.sqlite3"
    with closing(World(database)) as world:
        try:
            web.start()
            yield Site(web.address, database, places, web, world)
        finally:
            web.stop()
            for program in programs:
                program.terminate()
            for program in programs:
                program.wait(timeout=20)


def _wait(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 - our own
                return
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"The server did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.1)


@dataclass
class Visitor:
    """A person at a browser, with everything that the console complains about."""

    site: Site
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def listen(self) -> None:
        """Note errors, warnings and refused content from now on."""
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        told = re.search(r"status of (\d+)", message.text)
        if told and int(told[1]) in self.expected:
            return
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def sign_in(self, name: str) -> None:
        """Sign in through the form."""
        self.page.goto(self.site.url("account_login"))
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(self.site.places["password"])
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_url(f"{self.site.address}/")


@pytest.fixture
def visit(site: Site, chromium: Browser) -> Iterator[Callable[..., Visitor]]:
    """Return a maker of visitors; at the end no console may have complained."""
    visitors: list[Visitor] = []

    def make(name: str = "", *, expected: tuple[int, ...] = (), **options: Any) -> Visitor:
        context = chromium.new_context(**{**DESKTOP, **options})
        visitor = Visitor(site, context, context.new_page(), expected=set(expected))
        visitors.append(visitor)
        visitor.listen()
        if name:
            visitor.sign_in(name)
        return visitor

    yield make
    for visitor in visitors:
        visitor.context.close()
    for visitor in visitors:
        assert visitor.complaints == []


@pytest.fixture(scope="package")
def sessions(site: Site, chromium: Browser) -> Callable[[str], Any]:
    """Return a function that gives the cookies of a role, signed in once a session."""
    known: dict[str, Any] = {"": None}

    def cookies(role: str) -> Any:
        if role not in known:
            context = chromium.new_context()
            Visitor(site, context, context.new_page()).sign_in(role)
            known[role] = context.storage_state()
            [key] = [one["value"] for one in context.cookies() if one["name"] == "sessionid"]
            site.world.keep_session(key)
            context.close()
        return known[role]

    return cookies
