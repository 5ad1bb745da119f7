"""Rows by the hundred thousand into Django's tables, past its objects: COPY, or one statement."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final
from uuid import UUID

from django.db import connection, models, transaction

_BATCH: Final = 20_000


def insert(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Store rows and return how many.

    Parameters
    ----------
    model
        Whose table.
    columns
        Attribute names (`campaign_id`) in the order of a row's values; every other column gets
        its field's default.
    rows
        Values: UUIDs, datetimes, booleans, numbers, text, and what JSON fields hold.
    """
    fields = {field.attname: field for field in model._meta.concrete_fields}
    constant = {
        name: field.get_default()
        for name, field in fields.items()
        if name not in columns and not isinstance(field, models.AutoField)
    }
    names = [*columns, *constant]
    as_json = [isinstance(fields[name], models.JSONField) for name in names]
    tail = tuple(constant.values())
    adapt = _adapter(as_json)
    number = 0
    quoted = ", ".join(connection.ops.quote_name(fields[name].column or "") for name in names)
    table = connection.ops.quote_name(model._meta.db_table)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({quoted}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(adapt((*row, *tail)))
                    number += 1
            return number
        places = ", ".join("?" * len(names))
        statement = f"INSERT INTO {table} ({quoted}) VALUES ({places})"  # noqa: S608 - our names
        stream = iter(rows)
        while batch := [adapt((*row, *tail)) for row in islice(stream, _BATCH)]:
            connection.connection.executemany(statement, batch)
            number += len(batch)
    return number


def _adapter(as_json: Sequence[bool]) -> Callable[[Sequence[Any]], list[Any]]:
    is_sqlite = connection.vendor == "sqlite"

    def one(value: Any, is_json: bool) -> Any:
        if is_json:
            return value if isinstance(value, str) else json.dumps(value)
        if is_sqlite and isinstance(value, UUID):
            return value.hex
        if is_sqlite and isinstance(value, datetime):
            return value.replace(tzinfo=None).isoformat(" ", "microseconds")
        return value

    def adapt(row: Sequence[Any]) -> list[Any]:
        return [one(value, is_json) for value, is_json in zip(row, as_json, strict=True)]

    return adapt
