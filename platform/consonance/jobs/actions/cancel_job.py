"""Ask a job to stop."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from consonance.errors import StateError
from consonance.jobs.models import Job, JobState
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role


def cancel_job(*, job_id: UUID, actor: Any) -> Job:
    """Ask a job to stop: a waiting one stops at once, a running one at its next sign of life.

    Raises
    ------
    NotAllowedError
        If the person is no curator and did not start the job.
    StateError
        If the job has ended already.
    """
    if not Job.objects.get(pk=job_id).is_of(actor):
        require(actor, Role.CURATOR)
    with transaction.atomic():
        Job.objects.filter(pk=job_id, state=JobState.QUEUED).update(
            state=JobState.CANCELLED,
            finished_at=timezone.now(),
            cancel_requested=True,
            message="Cancelled before it began.",
        )
        Job.objects.filter(pk=job_id, state=JobState.RUNNING).update(cancel_requested=True)
        job = Job.objects.get(pk=job_id)
        if not job.cancel_requested:
            raise StateError(f"“{job.title}” has ended already ({job.get_state_display()}).")
        record("cancel_job", target=job, actor=actor)
    return job
