"""Run a job once more."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from consonance.errors import StateError
from consonance.jobs.models import Job, JobState
from consonance.jobs.tasks import publish
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role


def retry_job(*, job_id: UUID, actor: Any) -> Job:
    """Queue a failed or cancelled job again; it goes on from what it has stored.

    Raises
    ------
    NotAllowedError
        If the person is no curator.
    StateError
        If the job waits, runs, or is done.
    """
    require(actor, Role.CURATOR)
    with transaction.atomic():
        changed = Job.objects.filter(
            pk=job_id, state__in=[JobState.FAILED, JobState.CANCELLED]
        ).update(
            state=JobState.QUEUED,
            cancel_requested=False,
            attempts=0,
            error="",
            message="",
            finished_at=None,
        )
        job = Job.objects.get(pk=job_id)
        if not changed:
            raise StateError(
                f"“{job.title}” is {job.get_state_display().lower()}: nothing to retry."
            )
        record("retry_job", target=job, actor=actor)
        publish(job)
    return job
