"""Read rows of a query some at a time, so that all of them are never objects at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db.models import QuerySet


def chunks(rows: QuerySet[Any, Any], size: int) -> Iterator[list[tuple[Any, ...]]]:
    """Yield a query's rows, so many at a time and never none.

    Parameters
    ----------
    rows
        A `values_list`.
    size
        How many; as many are fetched from the database at a time.
    """
    one_by_one = rows.iterator(chunk_size=size)
    while chunk := list(islice(one_by_one, size)):
        yield chunk
