"""Who may do what: the one place where roles are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Q

from consonance.errors import NotAllowedError
from consonance.people.models import Role, Scope

if TYPE_CHECKING:
    from consonance.people.models import User

#: What each role implies.
_IMPLIES = {
    Role.ADMIN: {Role.ADMIN, Role.CURATOR, Role.RESEARCHER, Role.ANNOTATOR},
    Role.CURATOR: {Role.CURATOR, Role.RESEARCHER, Role.ANNOTATOR},
    Role.RESEARCHER: {Role.RESEARCHER},
    Role.ANNOTATOR: {Role.ANNOTATOR},
}
Place = tuple[Scope, UUID]


def roles(person: Any, *places: Place) -> set[Role]:
    """Return every role a person has in any of these places, implied ones included.

    Parameters
    ----------
    person
        A user; an anonymous or inactive one has no role.
    places
        The object's own place and those it lies in, e.g. a campaign and its collection. Site-wide
        memberships hold in all of them.
    """
    if not getattr(person, "is_authenticated", False) or not person.is_active:
        return set()
    if person.is_superuser:
        return set(Role)
    held = _site_roles(person)
    if places:
        where = Q()
        for scope, scope_id in places:
            where |= Q(scope=scope, scope_id=scope_id)
        held = held | {
            Role(role) for role in person.memberships.filter(where).values_list("role", flat=True)
        }
    return {implied for role in held for implied in _IMPLIES[role]}


def _site_roles(person: User) -> set[Role]:
    # Asked several times a request (navigation, view, template): one query a request is enough.
    cached: set[Role] | None = getattr(person, "_site_roles", None)
    if cached is None:
        found = person.memberships.filter(scope=Scope.SITE).values_list("role", flat=True)
        cached = {Role(role) for role in found}
        person._site_roles = cached  # type: ignore[attr-defined]
    return cached


def require(person: Any, role: Role, *places: Place) -> None:
    """Refuse unless the person has the role in one of the places.

    Raises
    ------
    NotAllowedError
        With the role that is missing.
    """
    if role not in roles(person, *places):
        raise NotAllowedError(_refusal(person, role))


def _refusal(person: Any, role: Role) -> str:
    article = "an" if role.value[0] in "aeiou" else "a"
    if getattr(person, "is_authenticated", False):
        return f"You need to be {article} {role.label.lower()} here."
    return f"Sign in as {article} {role.label.lower()} to see this."
