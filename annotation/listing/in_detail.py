"""What stands in the lists of `PersonReport.data`, asked for in SQL.

Lists of people are chosen and sorted there. Both databases take JSON apart, each in its own words.
"""

from __future__ import annotations

from typing import Any, Final

from django.db.models import BooleanField, F, FloatField, Func, Value

#: By which key an entry of each list is known.
_KNOWN_BY: Final = {"classes": "name", "flags": "code"}


class _Entry(Func):
    """Something about one entry of a list."""

    _sqlite = ""
    _postgresql = ""

    def __init__(self, entries: str, name: str, *path: str | int, **extra: Any) -> None:
        self._entries, self._path = entries, path
        super().__init__(F("data"), Value(name), **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return it as SQLite says it."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self._path)
        return self._sql(compiler, self._sqlite, "".join(steps))

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return it as PostgreSQL says it."""
        return self._sql(compiler, self._postgresql, ",".join(map(str, self._path)))

    def _sql(self, compiler: Any, template: str, path: str) -> Any:
        data, name = (compiler.compile(part) for part in self.source_expressions)
        # Path and keys are ours, never a visitor's; the name travels as a parameter.
        sql = template % {
            "path": path,
            "entries": self._entries,
            "key": _KNOWN_BY[self._entries],
            "data": data[0],
            "name": name[0],
        }
        return sql, (*data[1], *name[1])


class InEntry(_Entry):
    """A number of one entry of a person's `classes`; null where there is no such entry.

    Parameters
    ----------
    entries
        The list: `classes` or `flags`.
    name
        Which entry: the name of a class, the code of a flag.
    path
        Keys and places down to the number: `("gold", "value")`.
    """

    output_field = FloatField()
    _sqlite = (
        "(SELECT json_extract(value, '$%(path)s') FROM json_each(%(data)s, '$.%(entries)s') "
        "WHERE json_extract(value, '$.%(key)s') = %(name)s LIMIT 1)"
    )
    _postgresql = (
        "(SELECT (entry #>> '{%(path)s}')::double precision "
        "FROM jsonb_array_elements(%(data)s -> '%(entries)s') AS entry "
        "WHERE entry ->> '%(key)s' = %(name)s LIMIT 1)"
    )


class HasEntry(_Entry):
    """Whether a person's `classes` or `flags` have an entry of this name or code.

    Parameters
    ----------
    entries
        The list: `classes` or `flags`.
    name
        Which entry: the name of a class, the code of a flag.
    """

    output_field = BooleanField()
    _sqlite = (
        "EXISTS (SELECT 1 FROM json_each(%(data)s, '$.%(entries)s') "
        "WHERE json_extract(value, '$.%(key)s') = %(name)s)"
    )
    _postgresql = (
        "EXISTS (SELECT 1 FROM jsonb_array_elements(%(data)s -> '%(entries)s') AS entry "
        "WHERE entry ->> '%(key)s' = %(name)s)"
    )
