"""Queries that are put together once and asked often.

Django puts a query's SQL together anew each time it is asked. For a read of one row by its index
that takes several times as long as the database takes to answer, and a rating asks dozens of them.
A `Prepared` holds a query as a function that returns it; what Django makes of it is kept, with the
places where the values go, and later calls fill these. The ORM stays the one place where a query is
written, and what comes back is what it would have returned. PostgreSQL keeps its plan as well
(`consonance.ledger.planned`).
"""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators
from django.db.models.sql import UpdateQuery

from consonance.ledger.planned import keeps_plans, planned_cursor, with_constants

_Row = TypeVar("_Row", bound=Model)
_EPOCH: Final = datetime(2001, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Several:
    """A list of values of one kind, for `__in`."""

    kind: type


@dataclass(frozen=True)
class _Statement:
    """SQL, and for each of its places the name and index of a value, or what always stands there.

    `fixed` holds the constants; a place whose name is empty is one of them. `shape` is of a
    query's rows.
    """

    sql: str
    places: tuple[tuple[str, int], ...]
    fixed: tuple[Any, ...]
    shape: _Shape | None

    def filled(self, given: dict[str, list[Any]]) -> list[Any]:
        return [
            given[name][index] if name else constant
            for (name, index), constant in zip(self.places, self.fixed, strict=True)
        ]


class _Shape:
    """How the columns of a query become values and models, as `ModelIterable` makes them."""

    def __init__(self, compiler: Any) -> None:
        found = compiler.get_converters([column for column, _, _ in compiler.select])
        self._converters = [(place, *found[place]) for place in sorted(found)]
        info = compiler.klass_info
        if info is None:  # values
            return
        self._model = info["model"]
        self._start = info["select_fields"][0]
        self._end = info["select_fields"][-1] + 1
        self._names = [
            column[0].target.attname for column in compiler.select[self._start : self._end]
        ]
        beside: Any = get_related_populators  # the stubs know a later Django's
        self._beside = beside(info, compiler.select, DEFAULT_DB_ALIAS)
        self._annotations = list(compiler.annotation_col_map.items())

    def values(self, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Return columns as Python works with them."""
        if not self._converters:
            return list(rows)
        connection = connections[DEFAULT_DB_ALIAS]
        converted = []
        for row in rows:
            columns = list(row)
            for place, convs, expression in self._converters:
                for convert in convs:
                    columns[place] = convert(columns[place], expression, connection)
            converted.append(tuple(columns))
        return converted

    def instances(self, rows: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Return models with what is loaded beside them."""
        made = []
        for row in self.values(rows):
            columns = row[self._start : self._end]
            one = self._model.from_db(DEFAULT_DB_ALIAS, self._names, columns)
            for populator in self._beside:
                populator.populate(row, one)
            for name, place in self._annotations:
                setattr(one, name, row[place])
            made.append(one)
        return made


class _Asked(ABC):
    """What queries and updates have in common: named values and a statement per shape of them."""

    _has_rows = True

    def __init__(self, kinds: dict[str, type | Several]) -> None:
        self._kinds = kinds
        self._statements: dict[tuple[Any, ...], _Statement] = {}

    def _statement(self, values: dict[str, Any]) -> _Statement:
        """Return the statement for values of this shape: numbers in lists, what is None."""
        if values.keys() != self._kinds.keys():
            raise TypeError(f"Wanted: {sorted(self._kinds)}. Given: {sorted(values)}.")
        connection = connections[DEFAULT_DB_ALIAS]
        shape = tuple(
            len(value) if isinstance(self._kinds[name], Several) else value is None
            for name, value in values.items()
        )
        key = (connection.vendor, keeps_plans(), *values, *shape)
        found = self._statements.get(key)
        if found is None:
            found = self._statements[key] = self._prepared(values)
        return found

    def _prepared(self, values: dict[str, Any]) -> _Statement:
        """Put the query together with values that occur nowhere else, and look where they went."""
        stand_ins: dict[str, Any] = {}
        known: dict[Any, tuple[str, int]] = {}
        number = 0
        for name, kind in self._kinds.items():
            several = isinstance(kind, Several)
            if values[name] is None:
                stand_ins[name] = None
                continue
            made = []
            for index in range(len(values[name]) if several else 1):
                number += 1
                stand_in = _stand_in(kind.kind if isinstance(kind, Several) else kind, number)
                known[_as_stored(stand_in)] = (name, index)
                made.append(stand_in)
            stand_ins[name] = made if several else made[0]
        compiler = self._compiler(stand_ins)
        try:
            sql, parameters = compiler.as_sql()
        except EmptyResultSet as error:
            raise TypeError(
                "The query can hold for no row: a value's kind does not fit its column."
            ) from error
        places = [_place(parameter, known) for parameter in parameters]
        missing = set(known.values()) - set(places)
        if missing:
            raise TypeError(f"No place in the query for: {sorted(name for name, _ in missing)}.")
        sql, stays = with_constants(sql, [name or None for name, _ in places], parameters)
        left = [
            (place, None if place[0] else parameter)
            for place, parameter, is_left in zip(places, parameters, stays, strict=True)
            if is_left
        ]
        return _Statement(
            sql=sql,
            places=tuple(place for place, _ in left),
            fixed=tuple(constant for _, constant in left),
            shape=_Shape(compiler) if self._has_rows else None,
        )

    @abstractmethod
    def _compiler(self, stand_ins: dict[str, Any]) -> Any:
        """Return Django's compiler of the query with these values."""

    def _is_empty(self, values: dict[str, Any]) -> bool:
        return any(
            isinstance(self._kinds.get(name), Several) and not values[name] for name in values
        )

    def _padded(self, values: dict[str, Any]) -> dict[str, Any]:
        """Lengthen lists to a power of two by their last value, so that few statements are made.

        It changes nothing: a list says which values hold, not how often.
        """
        padded = {}
        for name, value in values.items():
            if isinstance(self._kinds.get(name), Several):
                value = list(value)
                value += value[-1:] * ((1 << (len(value) - 1).bit_length()) - len(value))
            padded[name] = value
        return padded

    def _filled(self, statement: _Statement, values: dict[str, Any]) -> list[Any]:
        return statement.filled(
            {
                name: [_as_stored(one) for one in value]
                if isinstance(self._kinds[name], Several)
                else [_as_stored(value)]
                for name, value in values.items()
            }
        )


class Prepared(_Asked, Generic[_Row]):
    """A query of rows or values that is put together once.

    Parameters
    ----------
    build
        Takes the values by name and returns a query set; with `values_list`, `values` is asked for,
        else `rows`. It may depend on nothing else.
    kinds
        Name → type of a value (`UUID`, `int`, `str`, `datetime`, `bytes`), or `Several` of a type.
        A value may be None; the query is put together anew for that.

    Notes
    -----
    No row comes where a list is empty: an empty `__in` holds for none.
    """

    def __init__(self, build: Callable[..., QuerySet[_Row, Any]], **kinds: type | Several) -> None:
        super().__init__(kinds)
        self._build = build

    def values(self, **values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a `values_list`, whose columns are all a model's own."""
        shape, rows = self._asked(values)
        return shape.values(rows) if rows else []

    def rows(self, **values: Any) -> list[_Row]:
        """Return rows as the query set would, with what it loads beside them."""
        shape, rows = self._asked(values)
        return shape.instances(rows) if rows else []

    def first(self, **values: Any) -> _Row | None:
        """Return the first row; None where there is none."""
        rows = self.rows(**values)
        return rows[0] if rows else None

    def exists(self, **values: Any) -> bool:
        """Return whether there is any row."""
        return bool(self._asked(values)[1])

    def _asked(self, values: dict[str, Any]) -> tuple[Any, Sequence[tuple[Any, ...]]]:
        if self._is_empty(values):
            return None, []
        values = self._padded(values)
        statement = self._statement(values)
        with planned_cursor() as cursor:
            cursor.execute(statement.sql, self._filled(statement, values))
            return statement.shape, cursor.fetchall()

    def _compiler(self, stand_ins: dict[str, Any]) -> Any:
        return self._build(**stand_ins).query.get_compiler(DEFAULT_DB_ALIAS)


class PreparedUpdate(_Asked):
    """An update that is put together once.

    Parameters
    ----------
    build
        Takes the values by name and returns a query set and what is changed: field → value or
        expression.
    kinds
        As of `Prepared`.
    """

    _has_rows = False

    def __init__(
        self,
        build: Callable[..., tuple[QuerySet[Any, Any], dict[str, Any]]],
        **kinds: type | Several,
    ) -> None:
        super().__init__(kinds)
        self._build = build

    def run(self, **values: Any) -> int:
        """Change the rows; return how many there were."""
        if self._is_empty(values):
            return 0
        values = self._padded(values)
        statement = self._statement(values)
        with planned_cursor() as cursor:
            cursor.execute(statement.sql, self._filled(statement, values))
            return int(cursor.rowcount)

    def _compiler(self, stand_ins: dict[str, Any]) -> Any:
        rows, changes = self._build(**stand_ins)
        query: Any = rows.query.chain(UpdateQuery)
        query.clear_ordering(force=True)
        query.add_update_values(changes)
        return query.get_compiler(DEFAULT_DB_ALIAS)


def _stand_in(kind: type, number: int) -> Any:
    """Return a value of a kind that no query holds by itself."""
    if kind is uuid.UUID:
        return uuid.uuid5(uuid.NAMESPACE_OID, f"consonance.prepared:{number}")
    if kind is int:
        return 31_000 + number  # fits the smallest column, and is no number of ours
    if kind is float:
        return 31_000.25 + number
    if kind is str:
        return f"\x01{number}"
    if kind is datetime:
        return _EPOCH + timedelta(microseconds=number)
    raise TypeError(f"{kind} cannot be a value of a prepared query.")


def _as_stored(value: Any) -> Any:
    """Return a value as this database's driver takes it."""
    connection = connections[DEFAULT_DB_ALIAS]
    if isinstance(value, uuid.UUID):
        return value if connection.features.has_native_uuid_field else value.hex
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value


def _place(parameter: Any, known: dict[Any, tuple[str, int]]) -> tuple[str, int]:
    try:
        return known.get(parameter, ("", 0))
    except TypeError:  # a constant that cannot be a key is nobody's stand-in
        return ("", 0)
