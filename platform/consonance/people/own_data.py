"""What is stored about a person, told and destroyed by the rooms that store it.

>>> @exports("ratings", order=30)
... def ratings(person):
...     yield from ({"answer": row.answer} for row in person.ratings.iterator())
>>> @erases
... def forget_messages(person):
...     return {"messages": Message.objects.filter(sender=person).update(text="")}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Exporter = Callable[[Any], Iterable[Mapping[str, Any]]]
Eraser = Callable[[Any], Mapping[str, int]]

_EXPORTERS: dict[str, tuple[int, Exporter]] = {}
_ERASERS: dict[str, Eraser] = {}


def exports(name: str, *, order: int) -> Callable[[Exporter], Exporter]:
    """Register `exporter(person)`, which yields the rows of one section; used as a decorator."""

    def register(exporter: Exporter) -> Exporter:
        _EXPORTERS[name] = (order, exporter)
        return exporter

    return register


def erases(eraser: Eraser) -> Eraser:
    """Register `eraser(person)`, which destroys what tells who a person was; a decorator.

    It runs inside the transaction of the erasure and returns how many rows of what it changed.
    """
    _ERASERS[f"{eraser.__module__}.{eraser.__qualname__}"] = eraser
    return eraser


def sections() -> list[tuple[str, Exporter]]:
    """Return the sections of an export in their order."""
    ordered = sorted(_EXPORTERS.items(), key=lambda entry: (entry[1][0], entry[0]))
    return [(name, exporter) for name, (_, exporter) in ordered]


def erasers() -> list[Eraser]:
    """Return everything that an erasure has to do."""
    return list(_ERASERS.values())
