"""What this room stores about a person: the account, roles, tokens, sessions, the audit trail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.auth import SESSION_KEY
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from rest_framework.authtoken.models import Token

from consonance.ledger.models import AuditEntry
from consonance.people.models import Invitation, Membership, User
from consonance.people.own_data import erases, exports

_PLAIN = (
    "id", "username", "first_name", "last_name", "email", "is_active", "date_joined", "last_login",
    "accepts_explicit", "consented_at", "consent_version",
)  # fmt: skip


@exports("account", order=0)
def account(person: Any) -> Iterator[Mapping[str, Any]]:
    """Tell the account; of its password and keys only that they are there."""
    yield {name: getattr(person, name) for name in _PLAIN} | {
        "has_password": person.has_usable_password(),
        "has_api_token": Token.objects.filter(user=person).exists(),
        "second_factors": list(
            Authenticator.objects.filter(user=person).values_list("type", flat=True)
        ),
        "addresses": list(EmailAddress.objects.filter(user=person).values_list("email", flat=True)),
    }


@exports("roles", order=10)
def memberships(person: Any) -> Iterator[Mapping[str, Any]]:
    """Tell roles and where they hold."""
    yield from person.memberships.order_by("created_at", "pk").values(
        "role", "scope", "scope_id", "created_at"
    )


@exports("audit_trail", order=90)
def audit_trail(person: Any) -> Iterator[Mapping[str, Any]]:
    """Tell what is written down of what the person did."""
    found = AuditEntry.objects.filter(actor=person).order_by("at", "pk")
    yield from found.values("at", "action", "object_type", "object_id").iterator()


@erases
def forget_account(person: Any) -> dict[str, int]:
    """Delete roles, addresses, tokens, second factors, sessions, and names in other rows."""
    gone = {
        "memberships": Membership.objects.filter(person=person).delete()[0],
        "addresses": EmailAddress.objects.filter(user=person).delete()[0],
        "tokens": Token.objects.filter(user=person).delete()[0],
        "second_factors": Authenticator.objects.filter(user=person).delete()[0],
        "sessions": _end_sessions(person),
        "invitation_notes": _forget_notes(person),
    }
    person.groups.clear()
    person.user_permissions.clear()
    # Django's admin copies the name of what was edited.
    LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User), object_id=str(person.pk)
    ).update(object_repr="an erased account", change_message="")
    return gone


def _end_sessions(person: Any) -> int:
    # A session says whose it is only inside. (A new password would end them as well, but leave
    # their rows.)
    mine = [
        session.pk
        for session in Session.objects.iterator()
        if session.get_decoded().get(SESSION_KEY) == str(person.pk)
    ]
    return Session.objects.filter(pk__in=mine).delete()[0]


def _forget_notes(person: Any) -> int:
    """Empty the notes on links that only this person used: they say for whom they were."""
    used = AuditEntry.objects.filter(
        actor=person, action="accept_invitation", object_type=Invitation._meta.label
    )
    links = [entry.object_id for entry in used]
    return Invitation.objects.filter(pk__in=links, max_uses=1).exclude(note="").update(note="")
