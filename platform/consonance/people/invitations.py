"""Invitations: which are good, and what their secret looks like in the database."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet

from consonance.people.models import Invitation


def fingerprint(token: str) -> str:
    """Return what is stored of a link's secret: it cannot be turned back into the link."""
    return hashlib.sha256(token.encode()).hexdigest()


def good(now: datetime) -> QuerySet[Invitation]:
    """Return invitations that may be used: not revoked, not run out, not used up."""
    return Invitation.objects.filter(
        revoked_at__isnull=True, expires_at__gt=now, uses__lt=F("max_uses")
    )


def state_of(invitation: Any, now: datetime) -> str:
    """Return `open`, `revoked`, `expired` or `used`."""
    if invitation.revoked_at is not None:
        return "revoked"
    if invitation.uses >= invitation.max_uses:
        return "used"
    return "open" if invitation.expires_at > now else "expired"
