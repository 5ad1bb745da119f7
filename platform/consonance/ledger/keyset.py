"""Pages of a long list that stay right while rows change: each begins after a row.

DRF's own cursor pages count rows of equal value from the start and give up at a thousand: in a
report most people have no flag, so that their pages would never end. Here a value that each row has
for itself breaks ties, and rows without a value come last, whichever way the list is sorted.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from rest_framework.request import Request

from consonance.errors import ParameterError

CURSOR: Final = "cursor"
_LONGEST: Final = 400
_LARGEST: Final = 2**63


@dataclass(frozen=True, kw_only=True)
class Order:
    """A list's order: a field of its rows, and whether large values come first.

    Attributes
    ----------
    field
        Numbers, text or moments; may be null.
    tie
        A field of whole numbers or ids, each once in the list: what tells rows of equal value
        apart.
    is_descending
        Large first.
    """

    field: str
    tie: str = "pk"
    is_descending: bool = False

    @classmethod
    def of(cls, name: str, *, tie: str = "pk") -> Order:
        """Return the order that a parameter names: `-` before it means large first."""
        return cls(field=name.removeprefix("-"), tie=tie, is_descending=name.startswith("-"))

    @property
    def name(self) -> str:
        """The order as a parameter."""
        return f"-{self.field}" if self.is_descending else self.field

    @property
    def is_by_tie(self) -> bool:
        """Whether the field is the tie itself: then one comparison tells where a page begins."""
        return self.field == self.tie


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Before or after which row a page lies."""

    is_back: bool
    value: Any
    tie: Any


def page_of(
    rows: models.QuerySet[Any], *, order: Order, size: int, request: Request
) -> tuple[list[Any], dict[str, str | None]]:
    """Return a page's rows, and the addresses of its neighbours as `next` and `previous`.

    Parameters
    ----------
    rows
        All of the list, in any order.
    order
        Theirs; the caller has checked the field's name.
    size
        Rows at most.
    request
        Whose `cursor` says which page.

    Raises
    ------
    ParameterError
        If the cursor is not one of ours, or of another order.
    """
    place = _read(request.query_params.get(CURSOR, ""), order, rows.model)
    is_back = place is not None and place.is_back
    wanted = rows if place is None else rows.filter(_beyond(place, order))
    found = list(wanted.order_by(*_ordering(order, is_back=is_back))[: size + 1])
    is_more = len(found) > size
    found = found[:size]
    if is_back:
        found.reverse()
    has_next = is_more if not is_back else True
    has_previous = is_more if is_back else place is not None
    return found, {
        "next": _link(request, order, found[-1], is_back=False) if found and has_next else None,
        "previous": (
            _link(request, order, found[0], is_back=True) if found and has_previous else None
        ),
    }


def _ordering(order: Order, *, is_back: bool) -> list[Any]:
    if order.is_by_tie:  # as an index has it: never null, and once
        return [f"{'-' if order.is_descending != is_back else ''}{order.tie}"]
    value = F(order.field)
    if is_back:
        back = value.asc(nulls_first=True) if order.is_descending else value.desc(nulls_first=True)
        return [back, f"-{order.tie}"]
    on = value.desc(nulls_last=True) if order.is_descending else value.asc(nulls_last=True)
    return [on, order.tie]


def _beyond(place: _Place, order: Order) -> Q:
    if order.is_by_tie:
        is_smaller = order.is_descending != place.is_back
        return Q(**{f"{order.tie}__{'lt' if is_smaller else 'gt'}": place.tie})
    field, side = order.field, "lt" if place.is_back else "gt"
    is_null = Q(**{f"{field}__isnull": True})
    after_in_tie = Q(**{f"{order.tie}__{side}": place.tie})
    if place.value is None:
        within = is_null & after_in_tie
        return within | ~is_null if place.is_back else within
    # “Later” is smaller where large comes first, and again the other way when going back.
    is_smaller = order.is_descending != place.is_back
    later = Q(**{f"{field}__{'lt' if is_smaller else 'gt'}": place.value})
    later |= Q(**{field: place.value}) & after_in_tie
    return later if place.is_back else later | is_null


def _link(request: Request, order: Order, row: Any, *, is_back: bool) -> str:
    place = [is_back, order.name, getattr(row, order.field), getattr(row, order.tie)]
    token = json.dumps(place, default=_text)
    query = request.query_params.copy()
    query[CURSOR] = base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")
    return request.build_absolute_uri(f"{request.path}?{urlencode(sorted(query.items()))}")


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"No page can begin after {value!r}.")


def _read(token: str, order: Order, model: type[models.Model]) -> _Place | None:
    if not token:
        return None
    refusal = ParameterError("This cursor is not one of ours. Follow `next` from the first page.")
    if len(token) > _LONGEST:
        raise refusal
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        is_back, name, value, tie = json.loads(text)
        value = _field(model, order.field).to_python(value)
        if isinstance(value, datetime) and value.tzinfo is not None:
            value = value.astimezone(UTC)  # databases take no moment outside of the calendar
        of_tie = _field(model, order.tie)
        # A number is no text that looks like one: what is not of our making is refused.
        if isinstance(of_tie, models.IntegerField) and type(tie) is not int:
            raise ValueError(tie)
        tie = of_tie.to_python(tie)
    except (ValueError, TypeError, OverflowError, RecursionError, ValidationError):
        raise refusal from None
    if isinstance(value, str) and "\x00" in value:
        raise refusal
    if isinstance(value, datetime) and value.tzinfo is None:
        raise refusal
    if type(is_back) is not bool or tie is None:
        raise refusal
    if isinstance(tie, int) and not 0 <= tie < _LARGEST:
        raise refusal
    if name != order.name:
        raise ParameterError(
            f"This cursor belongs to the order {name!r}, not {order.name!r}."
            " Begin at the first page again."
        )
    return _Place(is_back=is_back, value=value, tie=tie)


def _field(model: type[models.Model], name: str) -> Any:
    return model._meta.pk if name == "pk" else model._meta.get_field(name)
