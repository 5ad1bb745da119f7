"""Claim a job and do its work, whoever calls: a Celery worker or a command in a terminal."""

from __future__ import annotations

import traceback
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import models
from django.utils import timezone

from consonance.errors import ConsonanceError
from consonance.jobs import registry
from consonance.jobs.context import (
    DONE_BEFORE,
    JobCancelledError,
    JobContext,
    LeaseLostError,
    Listener,
)
from consonance.jobs.models import Job, JobEvent, JobState

log = structlog.get_logger()


def claim(job_id: UUID) -> tuple[Job, UUID] | None:
    """Take a job if nobody holds it.

    One conditional update: two workers with the same message cannot both win.

    Returns
    -------
    tuple of Job and UUID, or None
        The job and its lease token; None when it is done, cancelled or held by a living worker.
    """
    now = timezone.now()
    token = uuid.uuid4()
    won = (
        Job.objects.claimable(now)
        .filter(pk=job_id, cancel_requested=False)
        .update(
            state=JobState.RUNNING,
            lease_token=token,
            lease_until=now + timedelta(seconds=settings.JOB_LEASE_SECONDS),
            attempts=models.F("attempts") + 1,
            started_at=now,
            error="",
            result={},
        )
    )
    return (Job.objects.get(pk=job_id), token) if won else None


def run(job_id: UUID, *, listener: Listener | None = None, reraise: bool = False) -> Job | None:
    """Claim a job, do its work and store how it ended.

    Parameters
    ----------
    job_id
        The job.
    listener
        Called with the job after each stored progress.
    reraise
        Raise the work's error after storing it (a command in a terminal wants it).

    Returns
    -------
    Job or None
        The finished job; None when it was not ours to run.
    """
    claimed = claim(job_id)
    if claimed is None:
        return None
    job, token = claimed
    log.info("job.started", job=str(job.pk), kind=job.kind, attempt=job.attempts)
    try:
        with JobContext(job, token, listener) as context:
            context.check()
            work = registry.get(job.kind).work
            result = {**work(context, **job.arguments), **_before(job)}
        _finish(job, token, JobState.DONE, result=result, message=result.get("summary", "Done."))
    except LeaseLostError:
        log.warning("job.lease_lost", job=str(job.pk))
        if reraise:
            raise
    except (JobCancelledError, KeyboardInterrupt):
        _finish(job, token, JobState.CANCELLED, message="Cancelled.")
        if reraise:
            raise
    except ConsonanceError as error:
        _finish(job, token, JobState.FAILED, error=str(error), message=str(error)[:300])
        if reraise:
            raise
    except Exception as error:
        JobEvent.objects.create(job=job, text=traceback.format_exc(), level=JobEvent.Level.ERROR)
        reason = f"{type(error).__name__}: {error}"
        _finish(job, token, JobState.FAILED, error=reason, message="Failed unexpectedly; see log.")
        log.exception("job.crashed", job=str(job.pk))
        if reraise:
            raise
    return Job.objects.get(pk=job_id)


def _before(job: Job) -> dict[str, Any]:
    return {name: done for name, done in job.result.items() if name == DONE_BEFORE}


def _finish(job: Job, token: UUID, state: JobState, **fields: Any) -> None:
    fields["message"] = str(fields.get("message", ""))[:300]
    Job.objects.filter(pk=job.pk, lease_token=token).update(
        state=state,
        finished_at=timezone.now(),
        lease_until=None,
        lease_token=None,
        disk_bytes=sum(_size(Path(path)) for path in job.outputs),
        progress_done=job.progress_done,
        progress_total=job.progress_total,
        **fields,
    )
    log.info("job.finished", job=str(job.pk), kind=job.kind, state=str(state))


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size if path.is_file() else 0
