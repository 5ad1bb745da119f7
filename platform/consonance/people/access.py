"""Who may do what: the one place where roles are compared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from consonance.errors import NotAllowedError
from consonance.ledger.prepared import Prepared, Several
from consonance.people.models import Membership, Role, Scope

if TYPE_CHECKING:
    from consonance.people.models import User

#: What each role implies.
_IMPLIES = {
    Role.ADMIN: {Role.ADMIN, Role.CURATOR, Role.RESEARCHER, Role.ANNOTATOR},
    Role.CURATOR: {Role.CURATOR, Role.RESEARCHER, Role.ANNOTATOR},
    Role.RESEARCHER: {Role.RESEARCHER},
    Role.ANNOTATOR: {Role.ANNOTATOR},
}
_NEEDED = {
    Role.ADMIN: _("You need to be an admin here."),
    Role.CURATOR: _("You need to be a curator here."),
    Role.RESEARCHER: _("You need to be a researcher here."),
    Role.ANNOTATOR: _("You need to be an annotator here."),
}
_SIGN_IN = {
    Role.ADMIN: _("Sign in as an admin to see this."),
    Role.CURATOR: _("Sign in as a curator to see this."),
    Role.RESEARCHER: _("Sign in as a researcher to see this."),
    Role.ANNOTATOR: _("Sign in as an annotator to see this."),
}
Place = tuple[Scope, UUID]
_COLUMNS: Final = ("scope", "scope_id", "role")
_OF_THE_SITE: Final = Prepared(
    lambda person: Membership.objects.filter(person=person, scope=Scope.SITE).values_list(
        *_COLUMNS
    ),
    person=UUID,
)
_MEMBERSHIPS: Final = Prepared(
    lambda person, ids: Membership.objects.filter(
        Q(scope=Scope.SITE) | Q(scope_id__in=ids), person=person
    ).values_list(*_COLUMNS),
    person=UUID,
    ids=Several(UUID),
)


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
    return {implied for role in _held(person, places) for implied in _IMPLIES[role]}


def _held(person: User, places: Iterable[Place]) -> set[Role]:
    # Asked several times a request (navigation, view, template): what holds everywhere is looked up
    # once, together with the first places.
    everywhere: set[Role] | None = getattr(person, "_site_roles", None)
    wanted = set(places)
    if everywhere is not None and not wanted:
        return everywhere
    ids = [scope_id for _, scope_id in wanted]
    query = _MEMBERSHIPS if ids else _OF_THE_SITE
    found = query.values(person=person.pk, **({"ids": ids} if ids else {}))
    if everywhere is None:
        everywhere = {Role(role) for scope, _, role in found if scope == Scope.SITE}
        person._site_roles = everywhere  # type: ignore[attr-defined]
    here = {Role(role) for scope, scope_id, role in found if (scope, scope_id) in wanted}
    return everywhere | here


def implied(role: str) -> set[Role]:
    """Return a role and those that it brings with it."""
    return _IMPLIES[Role(role)]


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
    is_known = getattr(person, "is_authenticated", False)
    return str((_NEEDED if is_known else _SIGN_IN)[role])
