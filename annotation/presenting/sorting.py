"""Sorting of tables whose rows are in memory already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from consonance.errors import ParameterError

Row = TypeVar("Row")


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column that a table can be sorted by.

    Attributes
    ----------
    label
        Its heading.
    value
        Returns what is compared, None for what stands last either way round; None where a database
        sorts.
    large_first
        Which way round it is sorted at first.
    """

    label: str
    value: Callable[[Any], Any] | None
    large_first: bool = False


def sorted_rows(
    rows: Sequence[Row], columns: Mapping[str, Column], sort: str, *, default: str
) -> list[Row]:
    """Return rows by a column, `-` before its name for the other way round.

    An unknown column is the default one. Equal rows keep their order.

    Raises
    ------
    ParameterError
        If the column is one that only a database can sort by.
    """
    name, turned = _asked(columns, sort, default)
    column = columns[name]
    if column.value is None:
        raise ParameterError(f"Rows in memory cannot be sorted by {name!r}.")
    known = [row for row in rows if column.value(row) is not None]
    unknown = [row for row in rows if column.value(row) is None]
    known.sort(key=column.value, reverse=column.large_first != turned)
    return known + unknown


def sort_links(
    columns: Mapping[str, Column], sort: str, *, default: str, keep: Mapping[str, Any]
) -> dict[str, dict[str, str]]:
    """Return, for each column, what `components/sort_header.html` takes.

    Parameters
    ----------
    keep
        Query parameters that stay; empty ones are left out.
    """
    current, turned = _asked(columns, sort, default)
    links = {}
    kept = {key: value for key, value in keep.items() if value not in (None, "")}
    for name, column in columns.items():
        order = ""
        if name == current:
            order = "descending" if column.large_first != turned else "ascending"
        again = "-" if name == current and not turned else ""
        url = f"?{urlencode({**kept, 'sort': f'{again}{name}'})}"
        links[name] = {"label": column.label, "url": url, "order": order}
    return links


def _asked(columns: Mapping[str, Column], sort: str, default: str) -> tuple[str, bool]:
    name = sort.removeprefix("-")
    return (name, sort.startswith("-")) if name in columns else (default, False)
