"""Accept or reject reports of labels, put spam aside, or take such a decision back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role, Scope
from splits.models import LabelReport

LONGEST_REPLY: Final = 1_000
#: Reports that are decided at once at most.
MOST: Final = 500
_State = LabelReport.State


def decide_reports(
    *, ids: Iterable[UUID], state: str, reply: str = "", actor: Any
) -> list[LabelReport]:
    """Decide about reports; all of them, or none.

    Parameters
    ----------
    ids
        Which.
    state
        `accepted`, `rejected` or `spam` for open ones; `open` takes a decision back.
    reply
        Shown with the reports; a decision that is taken back loses its own.
    actor
        Who decides: a curator of each report's collection.

    Returns
    -------
    list of LabelReport
        Those that changed; a report that was so already is left as it is.

    Raises
    ------
    ParameterError
        If no or too many reports are named, one is not there, or state or reply is ill-formed.
    NotAllowedError
        If the actor does not curate the collection of one of them.
    StateError
        If somebody has decided otherwise meanwhile.
    """
    wanted = set(ids)
    if not wanted:
        raise ParameterError("No report was chosen.")
    if len(wanted) > MOST:
        raise ParameterError(f"{len(wanted):,} reports at once are too many: {MOST} is the most.")
    if state not in _State.values:
        raise ParameterError(f"A report cannot be {state!r}: use {', '.join(_State.values)}.")
    reply = reply.strip()
    if len(reply) > LONGEST_REPLY:
        raise ParameterError(
            f"The reply has {len(reply):,} characters; {LONGEST_REPLY:,} is the most."
        )
    with transaction.atomic():
        rows = list(
            LabelReport.objects.select_for_update(of=("self",))
            .select_related("release", "release_clip")
            .filter(pk__in=wanted)
            .order_by("pk")
        )
        if len(rows) != len(wanted):
            raise ParameterError("One of these reports is not there.")
        for collection in sorted({row.release.collection_id for row in rows}, key=str):
            require(actor, Role.CURATOR, (Scope.COLLECTION, collection))
        changed = [row for row in rows if row.state != state]
        for row in changed:
            _decide(row, state, reply, actor)
    return changed


def _decide(row: LabelReport, state: str, reply: str, actor: Any) -> None:
    if state != _State.OPEN and row.state != _State.OPEN:
        raise StateError(
            f"The report about {row.class_name} in {row.release_clip.sample_key} is "
            f"{row.get_state_display().lower()} already: take that back first."
        )
    before, row.state = row.state, state
    is_open = state == _State.OPEN
    row.reply = "" if is_open else reply
    row.decided_by = None if is_open else actor
    row.decided_at = None if is_open else timezone.now()
    row.save(update_fields=["state", "reply", "decided_by", "decided_at"])
    record("decide_report", target=row, actor=actor, before=before, after=state, reply=row.reply)
