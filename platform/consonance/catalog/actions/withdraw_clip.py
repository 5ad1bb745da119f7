"""Stop serving a clip in every version of every release, or serve it again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from consonance.catalog.models import Clip, Withdrawal
from consonance.catalog.withdrawals import (
    follow_lift,
    follow_withdrawal,
    in_force,
    write_lift,
    write_withdrawal,
)
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role, Scope

_LONGEST_NOTE = 500


def withdraw_clip(*, clip_id: UUID, reason: str, note: str = "", actor: Any = None) -> Withdrawal:
    """Withdraw a clip: nobody is served its sound or asked about it, whatever published it.

    Manifests, tables and the clip's own page stay. Saying it twice is saying it once; another
    reason takes the place of the last one, and the withdrawal goes on.

    Parameters
    ----------
    clip_id
        Which clip.
    reason
        One of `Withdrawal.Reason`; published.
    note
        For curators, up to 500 characters; not published.
    actor
        A curator of the clip's collection; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator of the collection.
    ParameterError
        If there is no such clip or reason, or the note is too long.
    """
    if reason not in Withdrawal.Reason.values:
        known = ", ".join(Withdrawal.Reason.values)
        raise ParameterError(f"{reason!r} is no reason to withdraw a clip. Use one of {known}.")
    note = " ".join(note.split())
    if len(note) > _LONGEST_NOTE:
        raise ParameterError(f"The note has {len(note)} characters of {_LONGEST_NOTE}: shorten it.")
    clip = _clip(clip_id, actor)
    now = timezone.now()
    with transaction.atomic():
        before = in_force(clip.pk)
        moment = before.withdrawn_at if before else now
        follow_withdrawal(clip.pk, moment, actor)
        row = write_withdrawal(clip, reason=reason, note=note, actor=actor, moment=moment)
        if before is None or before.pk != row.pk:
            record("withdraw_clip", target=clip, actor=actor, reason=reason, note=note)
    return row


def lift_withdrawal(*, clip_id: UUID, actor: Any = None) -> Withdrawal:
    """Serve a withdrawn clip again, in every version that holds it, and go on asking about it.

    Parameters
    ----------
    clip_id, actor
        As for `withdraw_clip`.

    Raises
    ------
    NotAllowedError
        If the actor is no curator of the collection.
    ParameterError
        If there is no such clip.
    StateError
        If the clip is not withdrawn, or its sound could not be made and still cannot.
    """
    clip = _clip(clip_id, actor)
    held = in_force(clip.pk)
    if held is None:
        if clip.is_withdrawn:
            raise StateError(f"{clip} is withdrawn because its sound could not be made.")
        raise StateError(f"{clip} is not withdrawn.")
    with transaction.atomic():
        follow_lift(clip.pk, held.withdrawn_at, actor)
        write_lift(clip, actor=actor)
        record("lift_withdrawal", target=clip, actor=actor, reason=held.reason)
    held.refresh_from_db()
    return held


def _clip(clip_id: UUID, actor: Any) -> Clip:
    clip = Clip.objects.select_related("track").filter(pk=clip_id).first()
    if clip is None:
        raise ParameterError("There is no such clip. Load the page again.")
    if actor is not None:
        require(actor, Role.CURATOR, (Scope.COLLECTION, clip.track.collection_id))
    return clip
