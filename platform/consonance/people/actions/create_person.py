"""Create an account with site-wide roles."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from consonance.errors import StateError
from consonance.ledger.models import record
from consonance.people.models import Membership, Role, Scope, User


def create_person(
    *,
    username: str,
    roles: Iterable[Role],
    password: str | None = None,
    is_simulated: bool = False,
    actor: User | None = None,
) -> User:
    """Create an account, or complete the roles of the one that has this name.

    Nobody agrees to anything for somebody else: the terms of publication are shown to the person
    on their first visit to a rating page (`consonance.people.consent`).

    Parameters
    ----------
    username
        The name to sign in with.
    roles
        Site-wide roles.
    password
        None makes an account that nobody can sign in to.
    is_simulated
        True for simulated annotators.
    actor
        Who does it; None for the command line.

    Raises
    ------
    StateError
        If the name belongs to an account of the other kind (simulated or not).
    """
    with transaction.atomic():
        user, made = User.objects.get_or_create(
            username=username,
            defaults={"is_simulated": is_simulated},
        )
        if user.is_simulated != is_simulated:
            kind = "a simulated annotator" if user.is_simulated else "a real person"
            raise StateError(f"{username!r} is {kind} already. Choose another name.")
        if made:
            user.set_password(password)
            if Role.ADMIN in set(roles):
                user.is_staff = user.is_superuser = True
            user.save()
            record("create_person", target=user, actor=actor, simulated=is_simulated)
        for role in roles:
            Membership.objects.get_or_create(
                person=user, role=role, scope=Scope.SITE, scope_id=None
            )
    return user
