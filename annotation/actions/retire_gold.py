"""Take gold out of use."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from annotation.actions.plant_gold import uproot
from annotation.gold.known import is_known
from annotation.models import GoldAnswer
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role, Scope


def retire_gold(*, gold: GoldAnswer, reason: str = "", actor: Any = None) -> GoldAnswer:
    """Let somebody's word on a clip and a class count no more; the row stays.

    Runs that used it stay as they are. Where nothing is known of the pair any more, it is asked as
    gold no more. Retiring twice is retiring once.

    Parameters
    ----------
    gold
        Which.
    reason
        Why, for the audit trail.
    actor
        A curator of the collection; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator there.
    """
    if actor is not None:
        require(actor, Role.CURATOR, (Scope.COLLECTION, gold.collection_id))
    with transaction.atomic():
        row = GoldAnswer.objects.select_for_update().get(pk=gold.pk)
        if row.retired_at is None:
            row.retired_at = timezone.now()
            row.save(update_fields=["retired_at"])
            if not is_known(row.clip_id, row.target_id):
                uproot(row.clip_id, row.target_id)
            record("retire_gold", target=row, actor=actor, truth=row.truth, reason=reason)
    return row
