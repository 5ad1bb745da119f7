"""Give back the places of leases that ran out."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime

from django.db import models, transaction

from annotation.models import Assignment, Campaign, Question

#: How many are given back at a time: a claim does this first, and must stay quick.
BATCH = 50


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
    due = Assignment.objects.run_out(now)
    if campaign is not None:
        due = due.of(campaign)
    if not due.exists():
        return 0
    with transaction.atomic():
        # The question's row is the lock of everything about it, here as when answering. Nothing is
        # waited for: rows in use are for the next time.
        wanted = list(due.order_by("lease_until").values_list("question_id", flat=True)[:BATCH])
        free_rows = Question.objects.filter(pk__in=wanted).select_for_update(skip_locked=True)
        ours = list(free_rows.values_list("pk", flat=True))
        leases = list(
            due.filter(question__in=ours)
            .select_for_update(of=("self",), skip_locked=True)
            .values_list("pk", "question_id", "occasion")
        )
        Assignment.objects.filter(pk__in=[lease for lease, _, _ in leases]).update(
            state=Assignment.State.EXPIRED
        )
        by_count = defaultdict(list)
        # A planted repeat never held a place, so it gives none back.
        held = Counter(question for _, question, occasion in leases if occasion == 0)
        for question, count in held.items():
            by_count[count].append(question)
        for count, questions in by_count.items():
            Question.objects.filter(pk__in=questions).update(free=models.F("free") + count)
    return len(leases)
