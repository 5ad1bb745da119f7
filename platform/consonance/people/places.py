"""What lies behind a place that somebody may be invited to: told by the rooms that own it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from consonance.errors import ParameterError
from consonance.people.access import Place
from consonance.people.models import Scope


@dataclass(frozen=True, kw_only=True)
class Invited:
    """A place as whoever is invited to it sees it.

    Attributes
    ----------
    name
        What it is called.
    about
        What it is about, in paragraphs divided by empty lines.
    facts
        Names and values: what is asked, what is paid.
    url
        Where one goes after joining.
    places
        The place itself and those it lies in; who may invite is asked of all of them.
    refusal
        Why nobody can join by invitation; empty where they can.
    """

    name: str
    about: str = ""
    facts: Sequence[tuple[str, str]] = ()
    url: str = "/"
    places: Sequence[Place] = ()
    refusal: str = ""


Teller = Callable[[UUID], Invited | None]
_TELLERS: dict[str, Teller] = {}


def tells_of(scope: Scope) -> Callable[[Teller], Teller]:
    """Register `teller(scope_id) -> Invited | None` for a kind of place; used as a decorator."""

    def register(teller: Teller) -> Teller:
        _TELLERS[scope] = teller
        return teller

    return register


def place_of(scope: str, scope_id: UUID | None) -> Invited:
    """Return what is known of a place.

    Raises
    ------
    ParameterError
        If there is no such place.
    """
    if scope == Scope.SITE:
        return Invited(
            name="Consonance", about=_("From an archive of recordings to labelled music.")
        )
    teller = _TELLERS.get(scope)
    found = teller(scope_id) if teller is not None and scope_id is not None else None
    if found is None:
        raise ParameterError(_("There is no such place to invite anybody to."))
    return found
