"""Say what a review of a drawn round found: to be asked, or rejected."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from candidates.models import SamplingRound
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role

_State = SamplingRound.State
_LONGEST_NOTE = 2_000


def review_round(
    *, round_id: UUID, reject: bool, note: str = "", actor: Any = None
) -> SamplingRound:
    """Approve or reject a round; a rejected one is never asked, and a later draw may use its clips.

    Parameters
    ----------
    round_id
        The round.
    reject
        Whether it is rejected; a rejected round may be approved again.
    note
        What the review found; a rejection needs it.
    actor
        A curator; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator.
    ParameterError
        If a rejection gives no reason, or the note is too long.
    StateError
        If the round is still being drawn, or a campaign asks it already.
    """
    text = note.strip()
    if reject and not text:
        raise ParameterError("Say in a few words why the round is rejected.")
    if len(text) > _LONGEST_NOTE:
        raise ParameterError(f"The note is longer than {_LONGEST_NOTE:,} characters: shorten it.")
    if actor is not None:
        require(actor, Role.CURATOR)
    with transaction.atomic():
        drawn = SamplingRound.objects.select_for_update(no_key=True).get(pk=round_id)
        if drawn.state == _State.DRAWING:
            raise StateError(f"{drawn} is still being drawn: review it when the job is done.")
        if reject and _is_asked(drawn):
            raise StateError(f"{drawn} is asked by a campaign already: close the campaign instead.")
        drawn.state = _State.REJECTED if reject else _State.DRAWN
        drawn.review_note = text
        drawn.reviewed_at = timezone.now()
        drawn.reviewed_by = actor if getattr(actor, "pk", None) else None
        drawn.save(update_fields=["state", "review_note", "reviewed_at", "reviewed_by"])
        record("reject_round" if reject else "approve_round", target=drawn, actor=actor, note=text)
    return drawn


def _is_asked(drawn: SamplingRound) -> bool:
    # Campaigns stand above this room: they are known by their relation only.
    return bool(drawn.campaigns.exists())
