"""What follows when a clip is withdrawn or comes back. Rooms above add what they must do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from consonance.catalog.clip_faults import FAULTS_OF_SOUND
from consonance.catalog.models import Clip, ClipFault, Withdrawal
from consonance.errors import StateError

#: `follow(clip_id, moment, actor)`: the moment of the withdrawal, also when it is lifted.
Follower = Callable[[UUID, datetime, Any], object]

_WITHDRAWN: Final[list[Follower]] = []
_LIFTED: Final[list[Follower]] = []


def when_withdrawn(follow: Follower) -> Follower:
    """Register what is done in the transaction that withdraws a clip; used as a decorator.

    It runs before the clip's own row is locked, so that it may lock rows that others lock before
    a clip, and it may be called for a clip that is withdrawn already.
    """
    if follow not in _WITHDRAWN:
        _WITHDRAWN.append(follow)
    return follow


def when_lifted(follow: Follower) -> Follower:
    """Register what is done in the transaction that lets a clip come back; see above."""
    if follow not in _LIFTED:
        _LIFTED.append(follow)
    return follow


def follow_withdrawal(clip_id: UUID, moment: datetime, actor: Any) -> None:
    """Let every room do what a withdrawal asks of it."""
    for follow in _WITHDRAWN:
        follow(clip_id, moment, actor)


def follow_lift(clip_id: UUID, moment: datetime, actor: Any) -> None:
    """Let every room undo what the withdrawal of that moment did."""
    for follow in _LIFTED:
        follow(clip_id, moment, actor)


def in_force(clip_id: UUID) -> Withdrawal | None:
    """Return the withdrawal that keeps a clip from being served, if any is written down."""
    return Withdrawal.objects.filter(clip=clip_id, lifted_at__isnull=True).first()


@transaction.atomic
def write_withdrawal(
    clip: Clip, *, reason: str, note: str = "", actor: Any = None, moment: datetime | None = None
) -> Withdrawal:
    """Write down why a clip is withdrawn and mark its row; another reason replaces the last one.

    Returns
    -------
    Withdrawal
        The one in force: the same as before where it gives this reason already.
    """
    moment = moment or timezone.now()
    person = actor if getattr(actor, "pk", None) else None
    Clip.objects.select_for_update().get(pk=clip.pk)
    held = in_force(clip.pk)
    if held is not None and held.reason == reason and note in ("", held.note):
        return held
    if held is not None:
        held.lifted_at, held.lifted_by = moment, person
        held.save(update_fields=["lifted_at", "lifted_by"])
    row = Withdrawal.objects.create(clip=clip, reason=reason, note=note, withdrawn_by=person)
    # What was stopped with the clip carries this moment, and is found by it when it comes back.
    row.withdrawn_at = held.withdrawn_at if held is not None else moment
    row.save(update_fields=["withdrawn_at"])
    Clip.objects.filter(pk=clip.pk).update(is_withdrawn=True)
    return row


@transaction.atomic
def write_lift(clip: Clip, *, actor: Any = None) -> Withdrawal | None:
    """Mark a clip as served again and its withdrawal as lifted; return that one, if any.

    Raises
    ------
    StateError
        If its sound was found at fault and was not mended since.
    """
    fault = ClipFault.objects.filter(
        track=clip.track_id, start_ms=clip.start_ms, duration_ms=clip.duration_ms,
        reason__in=FAULTS_OF_SOUND,
    ).first()  # fmt: skip
    if fault is not None:
        raise StateError(f"{clip} cannot be served: {fault.detail} Cut it again first.")
    Clip.objects.select_for_update().get(pk=clip.pk)
    held = in_force(clip.pk)
    if held is not None:
        held.lifted_at = timezone.now()
        held.lifted_by = actor if getattr(actor, "pk", None) else None
        held.save(update_fields=["lifted_at", "lifted_by"])
    Clip.objects.filter(pk=clip.pk).update(is_withdrawn=False)
    return held
