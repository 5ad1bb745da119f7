"""Give a person a new key for programs, or take theirs away."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from rest_framework.authtoken.models import Token

from consonance.ledger.models import record


def renew_token(*, person: Any) -> str:
    """Replace a person's API token and return the new one; the old one ends at once.

    Parameters
    ----------
    person
        Whose.
    """
    with transaction.atomic():
        Token.objects.filter(user=person).delete()
        token = Token.objects.create(user=person)
        record("renew_token", target=person, actor=person)
    return str(token.key)


def revoke_token(*, person: Any) -> None:
    """Delete a person's API token; without one nothing happens."""
    with transaction.atomic():
        if Token.objects.filter(user=person).delete()[0]:
            record("revoke_token", target=person, actor=person)
