"""Rooms above add what they know to pages of rooms below, which know none of them.

>>> @register_panel("collection", order=20)
... def rounds(collection, person):
...     return Panel(title="Rounds", facts=[Fact("Drawn", "3")], url="…", action="All rounds")
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fact:
    """A name and its value, with the address of the rows it was counted from."""

    label: str
    value: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A card on a page of a lower room.

    Attributes
    ----------
    title
        Its heading.
    facts
        What it tells.
    note
        A sentence, for instance what to do next.
    command
        That as a command to copy.
    url, action
        That as a link.
    """

    title: str
    facts: Sequence[Fact] = ()
    note: str = ""
    command: str = ""
    url: str = ""
    action: str = ""


PanelMaker = Callable[[Any, Any], Panel | None]

_MAKERS: dict[str, list[tuple[int, str, PanelMaker]]] = {}


def register_panel(page: str, *, order: int) -> Callable[[PanelMaker], PanelMaker]:
    """Register `maker(subject, person) -> Panel | None`; used as a decorator.

    Parameters
    ----------
    page
        The kind of page: `collection`, `round`, `label` (a question about a clip and a class).
    order
        Panels stand in this order: scores 10, rounds 20, campaigns 30, releases 40.
    """

    def add(maker: PanelMaker) -> PanelMaker:
        name = f"{maker.__module__}.{maker.__qualname__}"
        makers = _MAKERS.setdefault(page, [])
        if name not in [known for _, known, _ in makers]:
            makers.append((order, name, maker))
        return maker

    return add


def panels_of(page: str, subject: Any, person: Any) -> list[Panel]:
    """Return the panels that there are for a page's subject and the person who looks."""
    makers = sorted(_MAKERS.get(page, ()), key=lambda row: row[:2])
    made = [maker(subject, person) for _, _, maker in makers]
    return [panel for panel in made if panel is not None]
