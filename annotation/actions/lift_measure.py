"""Lift a measure: what it did is undone, that it was taken stays written."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from annotation.actions.take_measure import MAX_REASON
from annotation.actions.update_trust import restore_trust
from annotation.models import Measure
from annotation.people.measures import GOLD_TRUST, in_force
from annotation.people.wording import one_line
from consonance.errors import StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role

_Kind = Measure.Kind
_ACTIONS: Final = {
    _Kind.PAUSE: "resume_person",
    _Kind.REQUIZ: "end_requiz",
    _Kind.EXCLUDE: "readmit_person",
}


def lift_measure(*, measure_id: UUID, reason: str, actor: Any = None) -> Measure:
    """End a measure.

    Whoever was paused gets questions again. Whoever was excluded counts again from the next
    aggregation on. What the rule `gold_trust` took is lifted together, and trust begins anew.

    Parameters
    ----------
    measure_id
        Which.
    reason
        Kept with it, 1 to `MAX_REASON` characters.
    actor
        An admin; None for what lifts itself: a quiz that was passed.

    Raises
    ------
    NotAllowedError
        If the actor is no admin there.
    ParameterError
        If there is no reason, or too long a one.
    StateError
        If it was lifted before.
    """
    with transaction.atomic():
        held: Measure = (
            Measure.objects.select_for_update(of=("self",))
            .select_related("campaign", "person", "lifted_by")
            .get(pk=measure_id)
        )
        if actor is not None:
            require(actor, Role.ADMIN, *held.campaign.places)
        reason = one_line(reason, longest=MAX_REASON, what="reason")
        if held.lifted_at is not None:
            by = f" by {held.lifted_by}" if held.lifted_by else ""
            raise StateError(
                f"“{held.get_kind_display()}” was lifted for {held.person} before,"
                f" at {held.lifted_at:%Y-%m-%d %H:%M} UTC{by}."
            )
        held.lifted_at = timezone.now()
        held.lifted_by = actor
        held.lift_reason = reason
        held.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
        record(
            _ACTIONS[_Kind(held.kind)],
            target=held,
            actor=actor,
            campaign=str(held.campaign_id),
            person=str(held.person_id),
            reason=reason,
        )
        if held.rule == GOLD_TRUST:
            _end_rule(held, reason, actor)
    return held


def _end_rule(held: Measure, reason: str, actor: Any) -> None:
    """Lift what the rule took with a measure, and let trust begin anew: else it takes it again."""
    restore_trust(campaign=held.campaign, person=held.person, reason=reason, actor=actor)
    others = in_force(held.campaign, person=held.person).filter(rule=GOLD_TRUST)
    other = others.first()
    if other is not None:
        lift_measure(measure_id=other.pk, reason=reason, actor=actor)
