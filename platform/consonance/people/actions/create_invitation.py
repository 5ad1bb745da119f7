"""Make a link by which people join."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.invitations import fingerprint
from consonance.people.models import Invitation, Role, Scope
from consonance.people.places import place_of

MAX_USES: Final = 1_000
MAX_DAYS: Final = 365
MAX_NOTE: Final = 200
_BYTES: Final = 24


def create_invitation(
    *,
    scope: str,
    scope_id: UUID | None,
    actor: Any,
    role: str = Role.ANNOTATOR,
    note: str = "",
    max_uses: int = 1,
    days: int = 14,
) -> tuple[Invitation, str]:
    """Make an invitation and return it with its token, which is nowhere to be read again.

    Parameters
    ----------
    scope, scope_id
        Where whoever follows the link gets the role.
    actor
        A curator of that place, or an admin where the role is one of those two; None for the
        command line.
    role
        A value of `Role`.
    note
        For whom it is, up to `MAX_NOTE` characters; seen by curators only.
    max_uses
        How many people may use it, 1 to `MAX_USES`.
    days
        After how many days it runs out, 1 to `MAX_DAYS`.

    Raises
    ------
    NotAllowedError
        If the actor may not invite to this, or has no say there.
    ParameterError
        If an argument is out of range or there is no such place.
    StateError
        If nobody can join there by invitation.
    """
    if role not in Role.values or scope not in Scope.values:
        raise ParameterError(f"Nobody can be invited as {role!r} of {scope!r}.")
    if not 1 <= max_uses <= MAX_USES:
        raise ParameterError(f"A link serves 1 to {MAX_USES:,} people, not {max_uses:,}.")
    if not 1 <= days <= MAX_DAYS:
        raise ParameterError(f"A link lasts 1 to {MAX_DAYS} days, not {days:,}.")
    note = " ".join(note.replace("\x00", " ").split())
    if len(note) > MAX_NOTE:
        raise ParameterError(f"The note has {len(note)} characters, at most {MAX_NOTE} fit.")
    place = place_of(scope, scope_id)
    if actor is not None:
        # Nobody hands out more than they hold.
        needed = Role.ADMIN if role in {Role.ADMIN, Role.CURATOR} else Role.CURATOR
        require(actor, needed, *place.places)
    if place.refusal:
        raise StateError(place.refusal)
    token = secrets.token_urlsafe(_BYTES)
    with transaction.atomic():
        invitation = Invitation.objects.create(
            token_sha256=fingerprint(token),
            role=role,
            scope=scope,
            scope_id=scope_id,
            note=note,
            max_uses=max_uses,
            expires_at=timezone.now() + timedelta(days=days),
            created_by=actor,
        )
        record(
            "create_invitation",
            target=invitation,
            actor=actor,
            role=role,
            scope=scope,
            scope_id=str(scope_id or ""),
            max_uses=max_uses,
            days=days,
        )
    return invitation, token
