"""Erase a person: what tells who they were is destroyed, what they answered stays."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from consonance.errors import NotAllowedError, StateError
from consonance.ledger.models import record
from consonance.people.models import Membership, Role, Scope, User
from consonance.people.models.accounts import new_key
from consonance.people.own_data import erasers


def erase_person(*, person: Any, actor: Any) -> dict[str, int]:
    """Erase an account for good; there is no way back.

    The key of the person's pseudonyms is overwritten: names in what was published stay as they
    are, and nothing leads from them to this account's row or to names that come later. Ratings
    stay. The account's row stays as well, empty, because rows point to it.

    Parameters
    ----------
    person
        Whose account.
    actor
        The person, an admin of the site, or None for the command line.

    Returns
    -------
    dict
        How many rows of what were deleted or emptied.

    Raises
    ------
    NotAllowedError
        If the actor is somebody else and no admin.
    StateError
        If it was erased before, or is the last one that can administer the site.
    """
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).get(pk=person.pk)
        if user.erased_at is not None:
            raise StateError(_("This account was erased already."))
        if actor is not None and actor.pk != user.pk and not _administers(actor):
            raise NotAllowedError(_("Only admins erase somebody else's account."))
        if _administers(user) and not _is_replaced(user):
            raise StateError(
                _("This is the last account that administers the site. Make another admin first.")
            )
        gone: dict[str, int] = {}
        for erase in erasers():
            gone |= erase(user)
        _empty(user)
        record("erase_person", target=user, actor=actor, **gone)
    return gone


def _administers(person: Any) -> bool:
    return bool(
        person.is_superuser
        or Membership.objects.filter(person=person, role=Role.ADMIN, scope=Scope.SITE).exists()
    )


def _is_replaced(user: User) -> bool:
    others = User.objects.filter(is_active=True).exclude(pk=user.pk)
    as_members = others.filter(memberships__role=Role.ADMIN, memberships__scope=Scope.SITE)
    return others.filter(is_superuser=True).exists() or as_members.exists()


def _empty(user: User) -> None:
    user.username = f"erased-{secrets.token_hex(6)}"
    user.first_name = user.last_name = user.email = ""
    user.password = make_password(None)
    user.is_active = user.is_staff = user.is_superuser = user.accepts_explicit = False
    user.last_login = None
    user.pseudonym_key = new_key()
    user.erased_at = timezone.now()
    user.save()
