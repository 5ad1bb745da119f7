"""Make a link useless. Whoever joined by it stays."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Invitation, Role
from consonance.people.places import place_of


def revoke_invitation(*, invitation: Invitation, actor: Any) -> None:
    """Revoke an invitation; revoking twice is revoking once.

    Parameters
    ----------
    invitation
        Which.
    actor
        A curator of its place; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor has no say there.
    """
    if actor is not None:
        place = place_of(invitation.scope, invitation.scope_id)
        require(actor, Role.CURATOR, *place.places)
    now = timezone.now()
    with transaction.atomic():
        changed = Invitation.objects.filter(pk=invitation.pk, revoked_at__isnull=True).update(
            revoked_at=now
        )
        if changed:
            record("revoke_invitation", target=invitation, actor=actor)
