"""The least that a rating can cost: two paths without a framework on our own tables.

`gunicorn benchmarks._raw_sql`, on the database that `DATABASE_URL` names. A claim looks up the
token, takes one place of a new question by one conditional statement and writes the lease; an
answer ends the lease, writes the rating and moves the question's counters. No gold, no repeats, no
posterior but one addition, no page data but ids, no check of what is sent: a floor, not an app.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg

_URL: Final = os.environ["DATABASE_URL"]
_IS_SQLITE: Final = _URL.startswith("sqlite:")
_LEASE: Final = timedelta(seconds=600)
_mine = threading.local()

_WHO = "SELECT user_id FROM authtoken_token WHERE key = {p}"
_CLASSES = "SELECT id FROM catalog_taxonomyclass ORDER BY position"
_PICK = """
    SELECT q.id FROM annotation_question q
    WHERE q.campaign_id = {p} AND q.target_id = {p} AND q.state = 'open' AND q.free > 0
      AND q.answered = 0 AND NOT q.is_gold AND NOT EXISTS (
        SELECT 1 FROM annotation_assignment a WHERE a.question_id = q.id AND a.person_id = {p})
    ORDER BY q.priority LIMIT 1
"""
_TAKE = "UPDATE annotation_question SET free = free - 1 WHERE id = ({pick}) RETURNING id"
_LEASE_ROW = """
    INSERT INTO annotation_assignment
      (id, question_id, person_id, occasion, state, leased_at, lease_until)
    VALUES ({p}, {p}, {p}, 0, 'leased', {p}, {p})
"""
_END = """
    UPDATE annotation_assignment SET state = 'answered'
    WHERE id = {p} AND person_id = {p} AND state = 'leased' RETURNING question_id
"""
_COUNT = """
    UPDATE annotation_question SET answered = answered + 1, log_odds = log_odds + {p}
    WHERE id = {p} RETURNING campaign_id
"""


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one request."""
    path = environ["PATH_INFO"]
    if path == "/health":
        start("200 OK", [("Content-Length", "0")])
        return [b""]
    sent = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    token = environ["HTTP_AUTHORIZATION"].removeprefix("Token ")
    body = json.dumps((_claim if path == "/claim" else _answer)(token, sent)).encode()
    start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _claim(token: str, sent: dict[str, str]) -> dict[str, Any]:
    now, lease = datetime.now(UTC), uuid.uuid4()
    with _Transaction() as ask:
        person = ask(_WHO, token)[0]
        campaign = _id(uuid.UUID(sent["campaign"]))
        classes = _classes(ask)
        target = classes[int(str(person)[-2:], 16) % len(classes)]
        lock = "" if _IS_SQLITE else " FOR UPDATE OF q SKIP LOCKED"
        found = ask(_TAKE.format(pick=_PICK + lock), campaign, target, person)
        if found is None:
            return {"assignment": None}
        ask(_LEASE_ROW, _id(lease), found[0], person, _time(now), _time(now + _LEASE))
    return {"assignment": str(lease), "question": str(found[0])}


def _answer(token: str, sent: dict[str, Any]) -> dict[str, Any]:
    with _Transaction() as ask:
        person = ask(_WHO, token)[0]
        ended = ask(_END, _id(uuid.UUID(sent["assignment"])), person)
        if ended is None:
            return {"status": "rejected"}
        weight = 1.0 if sent["answer"] == "yes" else -1.0
        campaign = ask(_COUNT, weight, ended[0])[0]
        row = {
            "id": _id(uuid.uuid4()),
            "key": _id(uuid.UUID(sent["key"])),
            "question_id": ended[0],
            "campaign_id": campaign,
            "assignment_id": _id(uuid.UUID(sent["assignment"])),
            "person_id": person,
            "answer": sent["answer"],
            "ui_version": sent["ui_version"],
            "detector": "",
            "response_ms": sent["response_ms"],
            "heard_ms": sent["heard_ms"],
            "replays": 0,
            "is_late": False,
            "occasion": 0,
            "is_withdrawn": False,
            "weight": weight,
            "created_at": _time(datetime.now(UTC)),
        }
        names, places = ", ".join(row), ", ".join(["{p}"] * len(row))
        ask(
            f"INSERT INTO annotation_rating ({names}) VALUES ({places})",  # noqa: S608 - our names
            *row.values(),
        )
    return {"status": "stored"}


def _classes(ask: Callable[..., Any]) -> list[Any]:
    known: list[Any] | None = getattr(_mine, "classes", None)
    if known is None:
        known = _mine.classes = [row[0] for row in ask.__self__.all(_CLASSES)]  # type: ignore[attr-defined]
    return known


class _Transaction:
    """One transaction on this thread's connection; gives `ask`."""

    def __enter__(self) -> Callable[..., Any]:
        if not hasattr(_mine, "connection"):
            _mine.connection = _connected()
        self._connection = _mine.connection
        if _IS_SQLITE:
            self._connection.execute("BEGIN IMMEDIATE")
        return self.ask

    def ask(self, statement: str, *values: Any) -> Any:
        """Run a statement; return its first row, if it gives any."""
        cursor = self._run(statement, values)
        return cursor.fetchone() if cursor.description else None

    def all(self, statement: str) -> list[Any]:
        """Run a statement; return its rows."""
        return list(self._run(statement, ()).fetchall())

    def _run(self, statement: str, values: Iterable[Any]) -> Any:
        place = "?" if _IS_SQLITE else "%s"
        return self._connection.execute(statement.replace("{p}", place), tuple(values))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._connection.rollback() if kind else self._connection.commit()


def _connected() -> Any:
    if not _IS_SQLITE:
        return psycopg.connect(_URL)
    name = _URL.removeprefix("sqlite:///")
    connection = sqlite3.connect(name, timeout=30, isolation_level=None)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
    return connection


def _id(value: uuid.UUID) -> Any:
    return value.hex if _IS_SQLITE else value


def _time(value: datetime) -> Any:
    return value.replace(tzinfo=None).isoformat(" ", "microseconds") if _IS_SQLITE else value
