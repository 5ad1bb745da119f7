"""The queue's side of jobs: messages carry an id, the row says what to do."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog
from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from consonance.jobs.models import Job, JobEvent, JobState
from consonance.jobs.runner import run

log = structlog.get_logger()


@shared_task(name="jobs.run", acks_late=True)
def run_job(job_id: str) -> None:
    """Do a job's work, unless it is finished or somebody else holds it."""
    run(UUID(job_id))


@shared_task(name="jobs.sweep")
def sweep() -> int:
    """Requeue what dead workers held and what lost messages forgot; return how many."""
    now = timezone.now()
    revived = 0
    for job in Job.objects.abandoned(now):
        if job.cancel_requested:
            change = {"state": JobState.CANCELLED, "finished_at": now, "lease_token": None}
        elif job.attempts >= job.max_attempts:
            error = f"The worker died {job.attempts} times while doing this."
            change = {"state": JobState.FAILED, "finished_at": now, "error": error,
                      "message": error, "lease_token": None}  # fmt: skip
        else:
            change = {"state": JobState.QUEUED, "lease_token": None}
        # Conditional: a slow but living worker may have renewed its lease meanwhile.
        if not Job.objects.abandoned(now).filter(pk=job.pk).update(lease_until=None, **change):
            continue
        JobEvent.objects.create(
            job=job, text="The worker stopped without a word.", level=JobEvent.Level.WARNING
        )
        if change["state"] == JobState.QUEUED:
            publish(job)
            revived += 1
    patience = timedelta(seconds=settings.JOB_LEASE_SECONDS)
    for job in Job.objects.forgotten(now, after=patience):
        publish(job)
        revived += 1
    return revived


def publish(job: Job) -> None:
    """Send the job's id to the queue once the surrounding transaction is committed."""
    Job.objects.filter(pk=job.pk).update(published_at=timezone.now())
    transaction.on_commit(partial(_send, str(job.pk)))


def _send(job_id: str) -> None:
    try:
        run_job.delay(job_id)
    except (OperationalError, OSError):
        # The row is the truth: a broker that is down delays the job until the next sweep.
        log.exception("job.not_published", job=job_id)
