"""A job as a person reads it: speed, time left, what may be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from consonance.jobs import registry
from consonance.jobs.context import DONE_BEFORE
from consonance.jobs.models import Job, JobState


@dataclass(frozen=True, kw_only=True)
class JobRow:
    """What a page shows of a job."""

    job: Job
    kind: str
    elapsed: timedelta | None
    speed: float | None
    seconds_left: int | None
    can_cancel: bool
    can_retry: bool


def describe(job: Job) -> JobRow:
    """Return the job with figures derived from its times and counts."""
    end = job.finished_at or timezone.now()
    elapsed = end - job.started_at if job.started_at else None
    seconds = elapsed.total_seconds() if elapsed else 0.0
    done_now = job.progress_done - job.result.get(DONE_BEFORE, 0)
    speed = done_now / seconds if seconds > 1 and done_now > 0 else None
    left = None
    if speed and job.progress_total and job.state == JobState.RUNNING:
        left = round(max(0, job.progress_total - job.progress_done) / speed)
    return JobRow(
        job=job,
        kind=registry.label(job.kind),
        elapsed=elapsed,
        speed=speed,
        seconds_left=left,
        can_cancel=not job.is_final and not job.cancel_requested,
        can_retry=job.state in {JobState.FAILED, JobState.CANCELLED},
    )
