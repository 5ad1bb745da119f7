"""Kinds of long work register themselves here; this room knows none of them by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from consonance.errors import ParameterError

Work = Callable[..., dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class JobKind:
    """A kind of long work.

    Attributes
    ----------
    name
        `<room>.<verb>`.
    label
        What a person calls it.
    work
        `work(context, **arguments) -> result`. It must be idempotent: after a killed worker it is
        called again with the same arguments and goes on from what is stored.
    """

    name: str
    label: str
    work: Work


_KINDS: dict[str, JobKind] = {}


def register(name: str, *, label: str) -> Callable[[Work], Work]:
    """Register a function as a kind of job; used as a decorator.

    Raises
    ------
    ParameterError
        If the name is taken.
    """

    def add(work: Work) -> Work:
        if name in _KINDS and _KINDS[name].work.__qualname__ != work.__qualname__:
            raise ParameterError(f"A job kind called {name!r} is registered already.")
        _KINDS[name] = JobKind(name=name, label=label, work=work)
        return work

    return add


def get(name: str) -> JobKind:
    """Return a kind by name.

    Raises
    ------
    ParameterError
        If no room has registered it.
    """
    try:
        return _KINDS[name]
    except KeyError:
        known = ", ".join(sorted(_KINDS)) or "none"
        raise ParameterError(f"No job kind is called {name!r}; registered: {known}.") from None


def label(name: str) -> str:
    """Return what a person calls this kind; the name itself when its room is gone."""
    return _KINDS[name].label if name in _KINDS else name
