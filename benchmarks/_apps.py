"""The servers that the web benchmark compares, each as `benchmarks._raters.App`."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks._http import Line, Reply
from benchmarks._raters import CLAIM, RATINGS, rating_of, session_headers, token_headers
from benchmarks._servers import ServerError

#: What is installed for the peer, in an environment of its own.
PINS: Final = ("label-studio==1.23.2", "gunicorn==27.0.1")
#: People whose answers are random would be sent to the quiz; these are right as often as raters.
_CHANCE: Final = random.Random(4)


class Ours:
    """The app as it is served: sessions, page data, progress.

    Parameters
    ----------
    port
        Of the server.
    campaign
        Where.
    people
        As `benchmarks._rating_data` made them.
    """

    def __init__(self, port: int, campaign: str, people: Sequence[Mapping[str, str]]) -> None:
        self._port, self._campaign, self._people = port, campaign, people

    def line(self, place: int) -> Line:
        """Return the connection of one of its people."""
        return Line(self._port, session_headers(self._people[place]))

    async def take(self, line: Line) -> tuple[Reply, Any]:
        """Claim one question."""
        reply = await line.send("POST", CLAIM, {"campaign": self._campaign, "count": 1})
        questions = reply.json()["questions"] if reply.is_good else []
        return reply, questions[0] if questions else None

    async def give(self, line: Line, task: Any) -> Reply:
        """Answer it."""
        return await line.send("POST", RATINGS, {"ratings": [rating_of(task, _CHANCE)]})


class Raw:
    """`benchmarks._raw_sql` on the same database."""

    def __init__(self, port: int, campaign: str, people: Sequence[Mapping[str, str]]) -> None:
        self._port, self._campaign, self._people = port, campaign, people

    def line(self, place: int) -> Line:
        """Return the connection of one of its people."""
        return Line(self._port, token_headers(self._people[place]))

    async def take(self, line: Line) -> tuple[Reply, Any]:
        """Claim one question."""
        reply = await line.send("POST", "/claim", {"campaign": self._campaign})
        got = reply.json() if reply.is_good else {}
        return reply, got if got.get("assignment") else None

    async def give(self, line: Line, task: Any) -> Reply:
        """Answer it."""
        return await line.send("POST", "/answer", rating_of(task, _CHANCE))


class LabelStudio:
    """Label Studio's own endpoints for the next task and its annotation."""

    def __init__(self, port: int, project: int, tokens: Sequence[str]) -> None:
        self._port, self._project, self._tokens = port, project, tokens

    def line(self, place: int) -> Line:
        """Return the connection of one of its people."""
        return Line(self._port, token_headers({"token": self._tokens[place]}))

    async def take(self, line: Line) -> tuple[Reply, Any]:
        """Ask for the next task."""
        reply = await line.send("GET", f"/api/projects/{self._project}/next/")
        return reply, reply.json() if reply.is_good else None

    async def give(self, line: Line, task: Any) -> Reply:
        """Annotate it."""
        choice = {"choices": [_CHANCE.choice(["yes", "no"])]}
        chosen = {"from_name": "present", "to_name": "audio", "type": "choices", "value": choice}
        return await line.send(
            "POST", f"/api/tasks/{task['id']}/annotations/", {"result": [chosen], "lead_time": 5.0}
        )


def installed_label_studio(folder: Path) -> Path:
    """Return the interpreter of a virtual environment with Label Studio, made if there is none.

    About 1 GB and some minutes, from the package index.
    """
    python = folder / "bin" / "python"
    if not python.exists():
        sys.stderr.write(f"installing {PINS[0]} in {folder}\n")
        venv.create(folder, with_pip=True)
    if not next(folder.glob("lib/*/site-packages/label_studio"), None):
        subprocess.run(  # noqa: S603 - our own words
            [str(python), "-m", "pip", "install", "--quiet", *PINS], check=True, stdout=sys.stderr
        )
    return python


def label_studio_folder(python: Path) -> Path:
    """Return the folder in which its modules lie, as it wants to be started."""
    found = next(python.parent.parent.glob("lib/*/site-packages/label_studio"), None)
    if found is None:
        raise ServerError(f"{python} has no Label Studio.")
    return found


def label_studio_environment(python: Path, database: str, data: Path) -> dict[str, str]:
    """Return the environment of its processes: on PostgreSQL, and sending nothing to anybody."""
    parts = urlsplit(database)
    data.mkdir(parents=True, exist_ok=True)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("DJANGO")},
        "DJANGO_DB": "default",
        "DJANGO_SETTINGS_MODULE": "core.settings.label_studio",
        "POSTGRE_NAME": parts.path[1:],
        "POSTGRE_USER": parts.username or "",
        "POSTGRE_PASSWORD": parts.password or "",
        "POSTGRE_HOST": parts.hostname or "",
        "POSTGRE_PORT": str(parts.port or 5432),
        "LABEL_STUDIO_BASE_DATA_DIR": str(data),
        "COLLECT_ANALYTICS": "0",
        "LATEST_VERSION_CHECK": "0",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "PYTHONPATH": str(label_studio_folder(python)),
        "OMP_NUM_THREADS": "1",
    }


def label_studio_project(
    python: Path, around: Mapping[str, str], *, people: int, tasks: int
) -> dict[str, Any]:
    """Make its tables, a project, people and tasks; return the project's id and their tokens."""
    program = Path(__file__).with_name("_label_studio_project.py")
    done = subprocess.run(  # noqa: S603 - our own words
        [str(python), str(program), str(people), str(tasks)],
        env=dict(around), cwd=label_studio_folder(python), stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return made
