"""Statements that PostgreSQL plans once a connection.

Django writes values into the SQL it sends, so that PostgreSQL parses and plans every statement
anew. For a read of one row by its index that takes several times as long as the read itself. What
is asked under `planned` is sent with its values apart: a connection that has asked it
twice keeps its plan. On SQLite, whose driver does so by itself, it is Django's own cursor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, connections

_PLACE: Final = re.compile(r"%[%s]")


def keeps_plans() -> bool:
    """Return whether the database is one that keeps the plans of what it is asked."""
    connection = connections[DEFAULT_DB_ALIAS]
    options = connection.settings_dict["OPTIONS"]
    return connection.vendor == "postgresql" and options.get("prepare_threshold") is not None


@contextmanager
def planned() -> Iterator[None]:
    """Let every cursor that is opened meanwhile keep the plans of what it is asked.

    For statements that are asked often and always with the same words. Values that decide which
    index can be used, such as those in a partial index's condition or a limit, stand in the SQL
    itself: a kept plan knows nothing of the others.
    """
    if not keeps_plans():
        yield
        return
    from django.db.backends.postgresql.base import ServerBindingCursor

    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    psycopg = connection.connection
    usual = psycopg.cursor_factory
    psycopg.cursor_factory = ServerBindingCursor
    try:
        yield
    finally:
        psycopg.cursor_factory = usual


@contextmanager
def planned_cursor() -> Iterator[Any]:
    """Open a cursor whose statements keep their plans."""
    with planned():
        cursor = connections[DEFAULT_DB_ALIAS].cursor()
    with cursor:
        yield cursor


def with_constants(
    sql: str, places: Sequence[str | None], values: Sequence[Any]
) -> tuple[str, tuple[bool, ...]]:
    """Write constants into SQL where the database keeps plans, and leave the other places open.

    Parameters
    ----------
    sql
        With `%s` for each value.
    places
        For each `%s` None where a constant stands, else anything.
    values
        The constants; what belongs to the other places is not looked at.

    Returns
    -------
    str
        The SQL, with `%s` where it still has a place.
    tuple of bool
        For each `%s` of the given SQL whether it is still there.
    """
    if not keeps_plans():
        return sql, (True,) * len(places)
    from psycopg import ClientCursor

    connections[DEFAULT_DB_ALIAS].ensure_connection()
    cursor = ClientCursor(connections[DEFAULT_DB_ALIAS].connection)
    number = iter(range(len(places)))
    stays = tuple(place is not None for place in places)

    def written(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%%"
        index = next(number)
        if stays[index]:
            return "%s"
        return str(cursor.mogrify("%s", [values[index]])).replace("%", "%%")

    return _PLACE.sub(written, sql), stays
