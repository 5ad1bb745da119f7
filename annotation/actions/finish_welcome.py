"""Note that somebody has read a campaign's instructions and checked their sound."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from annotation.allocation.workloads import workload_of
from annotation.models import Campaign, Workload
from consonance.people.access import require
from consonance.people.models import Role


def finish_welcome(*, campaign: Campaign, person: Any) -> Workload:
    """Let a person go on to their first question; the first time stays noted.

    Parameters
    ----------
    campaign
        Whose instructions were read.
    person
        Who read them and heard the check.

    Raises
    ------
    NotAllowedError
        If the person is no annotator here.
    """
    require(person, Role.ANNOTATOR, *campaign.places)
    with transaction.atomic():
        work = workload_of(campaign, person)
        mine = Workload.objects.filter(pk=work.pk, welcomed_at__isnull=True)
        if mine.update(welcomed_at=timezone.now()):
            work.refresh_from_db()
    return work
