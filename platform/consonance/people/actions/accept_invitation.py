"""Join by a link: with the account one has, or with a new one."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import record
from consonance.people import consent
from consonance.people.actions.give_consent import check_consent
from consonance.people.invitations import fingerprint, good
from consonance.people.models import Invitation, Membership, User
from consonance.people.places import place_of

#: One sentence for every link that is no good: nobody learns which ones there are or were.
NO_GOOD: Final = _("This link is not valid, or not any more. Ask whoever sent it for a new one.")
#: One sentence for every name that cannot be had, taken ones among them.
NO_NAME: Final = _("This username cannot be used. Choose another one.")
MAX_USERNAME: Final = 60
#: Names that the site gives by itself.
_RESERVED: Final = ("erased-", "study-", "sim-")


def find_invitation(token: str) -> Invitation:
    """Return the invitation that a link's token stands for.

    Raises
    ------
    StateError
        If it cannot be used; the sentence is the same whatever the reason.
    """
    invitation = good(timezone.now()).filter(token_sha256=fingerprint(token)).first()
    if invitation is None:
        raise StateError(NO_GOOD)
    return invitation


def accept_invitation(*, token: str, person: Any) -> Invitation:
    """Give somebody who has an account the role that a link gives.

    Whoever has it already uses nothing up: the same link may be followed twice.

    Parameters
    ----------
    token
        From the link.
    person
        Who follows it; they have agreed to the terms.

    Raises
    ------
    StateError
        If the link is no good, or nobody joins there by invitation.
    NotAllowedError
        If the person has not agreed to the present terms.
    """
    if not consent.is_given(person):
        raise NotAllowedError(_("Agree to the terms first."))
    held = Invitation.objects.filter(token_sha256=fingerprint(token)).first()
    if held is not None and _has(person, held):
        return held
    try:
        invitation = find_invitation(token)
    except StateError:
        if held is not None and _has(person, held):
            return held  # its last use went to this person's other window at this moment
        raise
    _check_place(invitation)
    with transaction.atomic():
        # The row is the lock: two windows of one person use up one place together.
        Invitation.objects.select_for_update().get(pk=invitation.pk)
        if not _has(person, invitation):
            _use(invitation)
            _join(invitation, person)
    return invitation


def join_with_new_account(
    *, token: str, username: str, password: str, is_adult: bool, agrees: bool, version: int
) -> User:
    """Make an account for whoever follows a link, and give it the link's role.

    Parameters
    ----------
    token
        From the link.
    username
        Up to `MAX_USERNAME` letters, digits and ``@ . + - _``.
    password
        As the site's rules want it.
    is_adult, agrees, version
        As for `give_consent`.

    Raises
    ------
    StateError
        If the link is no good; also when its last use went to somebody else at this moment.
    ParameterError
        If the terms were not agreed to, the password is too weak or the name cannot be used.
    """
    invitation = find_invitation(token)
    _check_place(invitation)
    check_consent(is_adult=is_adult, agrees=agrees, version=version)
    user = User(username=username, consented_at=timezone.now(), consent_version=version)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ParameterError(" ".join(error.messages)) from None
    # Hashed before the transaction: it takes long on purpose, and others wait for the row.
    user.password = make_password(password)
    # Last of all, so that only whoever could join with it learns that a name cannot be had.
    _check_name(username)
    try:
        with transaction.atomic():
            _use(invitation)
            user.save(force_insert=True)
            record("create_person", target=user, actor=user, invitation=str(invitation.pk))
            record("give_consent", target=user, actor=user, version=version)
            _join(invitation, user)
    except IntegrityError:  # the name went to somebody else at this moment
        raise ParameterError(NO_NAME) from None
    return user


def _check_name(username: str) -> None:
    try:
        UnicodeUsernameValidator()(username)
    except ValidationError:
        raise ParameterError(NO_NAME) from None
    if (
        len(username) > MAX_USERNAME
        or username.lower().startswith(_RESERVED)
        or User.objects.filter(username__iexact=username).exists()
    ):
        raise ParameterError(NO_NAME)


def _check_place(invitation: Invitation) -> None:
    try:
        refusal = place_of(invitation.scope, invitation.scope_id).refusal
    except ParameterError:  # the place is gone
        raise StateError(NO_GOOD) from None
    if refusal:
        raise StateError(refusal)


def _has(person: Any, invitation: Invitation) -> bool:
    return Membership.objects.filter(
        person=person,
        role=invitation.role,
        scope=invitation.scope,
        scope_id=invitation.scope_id,
    ).exists()


def _use(invitation: Invitation) -> None:
    # The condition is the guarantee, whatever happens at the same time.
    used = good(timezone.now()).filter(pk=invitation.pk).update(uses=models.F("uses") + 1)
    if not used:
        raise StateError(NO_GOOD)


def _join(invitation: Invitation, person: Any) -> None:
    Membership.objects.get_or_create(
        person=person,
        role=invitation.role,
        scope=invitation.scope,
        scope_id=invitation.scope_id,
    )
    record("accept_invitation", target=invitation, actor=person, role=invitation.role)
