"""Give back the places of leases that ran out."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import models, transaction

from annotation.models import Assignment, Campaign, Question
from consonance.ledger.prepared import Prepared, PreparedUpdate, Several

#: How many are given back at a time: a claim does this first, and must stay quick.
BATCH: Final = 32


def _run_out(campaign: UUID | None, now: datetime) -> Any:
    due = Assignment.objects.run_out(now)
    return due if campaign is None else due.of(campaign)


_OLDEST: Final = Prepared[Assignment](
    lambda campaign, now: (
        _run_out(campaign, now).order_by("lease_until").values_list("question_id")[:BATCH]
    ),
    campaign=UUID,
    now=datetime,
)
_NOT_IN_USE: Final = Prepared[Question](
    lambda keys: (
        Question.objects.filter(pk__in=keys).select_for_update(skip_locked=True).values_list("pk")
    ),
    keys=Several(UUID),
)
_LEASES: Final = Prepared[Assignment](
    lambda campaign, now, questions: (
        _run_out(campaign, now)
        .filter(question__in=questions)
        .select_for_update(of=("self",), skip_locked=True)
        .values_list("pk", "question_id", "occasion")
    ),
    campaign=UUID,
    now=datetime,
    questions=Several(UUID),
)
_EXPIRE: Final = PreparedUpdate(
    lambda keys: (Assignment.objects.filter(pk__in=keys), {"state": Assignment.State.EXPIRED}),
    keys=Several(UUID),
)
_GIVE_BACK: Final = PreparedUpdate(
    lambda keys, places: (
        Question.objects.filter(pk__in=keys),
        {"free": models.F("free") + models.Value(places, models.SmallIntegerField())},
    ),
    keys=Several(UUID),
    places=int,
)


def return_expired(*, now: datetime, campaign: Campaign | None = None) -> int:
    """End up to `BATCH` leases that ran out, and return how many.

    Each gives the place back that it held.

    Parameters
    ----------
    now
        The time by which they have run out.
    campaign
        Of this one only; of whichever if None.
    """
    where = None if campaign is None else campaign.pk
    if not (wanted := _OLDEST.values(campaign=where, now=now)):
        return 0
    with transaction.atomic():
        # The question's row is the lock of everything about it, here as when answering. Nothing is
        # waited for: rows in use are for the next time.
        ours = [pk for (pk,) in _NOT_IN_USE.values(keys=[question for (question,) in wanted])]
        leases = _LEASES.values(campaign=where, now=now, questions=ours)
        _EXPIRE.run(keys=[lease for lease, _, _ in leases])
        by_count = defaultdict(list)
        # A planted repeat never held a place, so it gives none back.
        held = Counter(question for _, question, occasion in leases if occasion == 0)
        for question, count in held.items():
            by_count[count].append(question)
        for count, questions in by_count.items():
            _GIVE_BACK.run(keys=questions, places=count)
    return len(leases)
