"""Decide about a reported clip: it is fine, or it is withdrawn. Either can be turned round."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from annotation.allocation.setting_aside import ask_again, locked, set_aside
from annotation.gold.with_clip import bring_back, retire_with
from annotation.models import ClipFlag, Question
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

_Resolution = ClipFlag.Resolution
_VERBS: Final = {_Resolution.KEPT: "keep_clip", _Resolution.WITHDRAWN: "withdraw_clip"}


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """What a decision changed: reports, questions that stopped or go on, and gold answers."""

    reports: int
    questions: int
    gold: int


def resolve_flags(*, clip_id: UUID, resolution: str, actor: Any = None) -> Resolved:
    """Decide about all reports of a clip.

    A clip that is kept is asked about again. One that is withdrawn is served no more, in whatever
    campaign or release to come: its unsettled questions are set aside and its gold is retired. To
    say the other thing later undoes what was done; gold comes back as new rows. Saying the same
    twice is saying it once.

    Parameters
    ----------
    clip_id
        Which clip; somebody has reported it.
    resolution
        `kept` or `withdrawn`.
    actor
        A curator of the clip's collection, because all of its campaigns are concerned; None for
        the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator of the collection.
    ParameterError
        If there is no such clip or resolution.
    StateError
        If nobody reported the clip, or it was withdrawn for another reason and cannot be kept.
    """
    if resolution not in _VERBS:
        raise ParameterError(f"{resolution!r} is no decision. Use kept or withdrawn.")
    with transaction.atomic():
        # Questions before their clip, as everybody who answers or reports takes them.
        questions = locked(clip_id)
        clip = Clip.objects.select_related("track").filter(pk=clip_id).first()
        if clip is None:
            raise ParameterError("There is no such clip. Load the page again.")
        if actor is not None:
            require(actor, Role.CURATOR, (Scope.COLLECTION, clip.track.collection_id))
        flags = list(ClipFlag.objects.select_for_update().filter(clip=clip).order_by("pk"))
        if not flags:
            raise StateError(f"Nobody has reported {clip}.")
        changed = [flag for flag in flags if flag.resolution != resolution]
        if not changed:
            return Resolved(reports=0, questions=0, gold=0)
        now = timezone.now()
        if resolution == _Resolution.WITHDRAWN:
            done = _withdraw(clip, questions, changed, now, actor)
        else:
            done = _keep(clip, questions, changed, now, actor)
        for flag in changed:
            flag.resolution, flag.resolved_by, flag.resolved_at = resolution, actor, now
        ClipFlag.objects.bulk_update(changed, ["resolution", "resolved_by", "resolved_at"])
        record(
            _VERBS[_Resolution(resolution)],
            target=clip,
            actor=actor,
            reports=done.reports,
            questions=done.questions,
            gold=done.gold,
        )
    return done


def _withdraw(
    clip: Clip, questions: list[Question], flags: list[ClipFlag], now: datetime, actor: Any
) -> Resolved:
    held = in_force(clip.pk)
    stopped = set_aside(questions, now)
    # The moment marks what was retired with the clip, and comes back with it.
    gold = retire_with(clip.pk, now)
    follow_withdrawal(clip.pk, now, actor)
    if held is None:  # withdrawn for another reason, it stays so for that one
        write_withdrawal(clip, reason=Withdrawal.Reason.DAMAGED, actor=actor, moment=now)
    return Resolved(reports=len(flags), questions=len(stopped), gold=gold)


def _keep(
    clip: Clip, questions: list[Question], flags: list[ClipFlag], now: datetime, actor: Any
) -> Resolved:
    moments = {
        flag.resolved_at
        for flag in flags
        if flag.resolution == _Resolution.WITHDRAWN and flag.resolved_at is not None
    }
    held = in_force(clip.pk)
    if held is not None and held.reason != Withdrawal.Reason.DAMAGED:
        raise StateError(
            f"{clip} was withdrawn for another reason ({held.get_reason_display().lower()})."
            " Lift its withdrawal on the page of its recording first."
        )
    if clip.is_withdrawn and not moments:
        raise StateError(
            f"{clip} was withdrawn for another reason: its sound could not be made. Cut it again"
            " before it is asked about."
        )
    back = ask_again(questions, now)
    if held is not None:
        moments.add(held.withdrawn_at)
    gold = bring_back(clip.pk, moments)
    if held is not None:
        follow_lift(clip.pk, held.withdrawn_at, actor)
    write_lift(clip, actor=actor)
    return Resolved(reports=len(flags), questions=len(back), gold=gold)
