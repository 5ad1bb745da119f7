"""Tries at the headphone test: which is open, what it plays, and when the next may begin."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from django.db.models import QuerySet
from django.utils import timezone

from annotation.allocation.chance import chance
from annotation.models import Campaign, Workload
from annotation.welcome.screening import Trial, draw_trials
from consonance.ledger.models import AuditEntry

#: Whoever guesses passes once in 56 tries. After so many a break comes before each further one,
#: the longer the more there were.
FREE_TRIES: Final = 3
BREAK_A_TRY: Final = timedelta(minutes=10)
#: What the ledger calls a try that begins, and one that is judged.
BEGUN: Final = "begin_headphones"
JUDGED: Final = "screen_headphones"


def trials_of(campaign: Campaign, person: Any, number: int) -> list[Trial]:
    """Return what a person's try plays: the same on page and API, and nowhere to be read.

    Parameters
    ----------
    campaign
        Where.
    person
        Who listens.
    number
        Of the try, from 1.
    """
    drawn = chance("headphones", campaign.pk, person.pk, number)
    return draw_trials(np.random.default_rng(int(drawn * 2**53)))


def open_try(work: Workload | None) -> int | None:
    """Return the number of the try that was begun and not judged; None where there is none."""
    if work is None or work.headphones_at is not None or not work.headphone_tries:
        return None
    judged = _entries(work, JUDGED)
    if judged.filter(detail__number=work.headphone_tries).exists():
        return None
    # Those of older versions have no number.
    return work.headphone_tries if judged.count() < work.headphone_tries else None


def rests_until(work: Workload | None) -> datetime | None:
    """Return when a person's next try may begin; None: now, or they have one open or passed."""
    if work is None or work.headphones_at is not None or work.headphone_tries < FREE_TRIES:
        return None
    if open_try(work) is not None:
        return None
    last = _entries(work, BEGUN, JUDGED).order_by("-at").values_list("at", flat=True).first()
    until = None if last is None else last + BREAK_A_TRY * work.headphone_tries
    return until if until is not None and until > timezone.now() else None


def minutes_until(moment: datetime) -> int:
    """Return the minutes that are left, rounded up."""
    return -(-(moment - timezone.now()) // timedelta(minutes=1))


def _entries(work: Workload, *actions: str) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(
        object_type=Campaign._meta.label, object_id=str(work.campaign_id),
        actor=work.person_id, action__in=actions,
    )  # fmt: skip
