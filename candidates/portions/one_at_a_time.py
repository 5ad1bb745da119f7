"""Work on a score set by one job at a time: whoever asks meanwhile is given that one."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from candidates.models import ScoreSet
from consonance.jobs.actions.enqueue_job import enqueue_job
from consonance.jobs.models import Job


def under_way(kind: str, score_set: ScoreSet) -> Job | None:
    """Return the job of a kind that waits or runs for a score set."""
    jobs = Job.objects.filter(kind=kind, arguments__score_set=str(score_set.pk)).unfinished()
    return jobs.order_by("created_at").first()


def ask_for(
    kind: str, score_set: ScoreSet, *, title: str, actor: Any, **arguments: Any
) -> tuple[Job, bool]:
    """Enqueue a job for a score set unless one of its kind is under way.

    Returns
    -------
    tuple
        The job, and whether it is new.
    """
    with transaction.atomic():
        # Two who ask at once get one: a row lock on PostgreSQL, SQLite has one writer.
        ScoreSet.objects.select_for_update().get(pk=score_set.pk)
        running = under_way(kind, score_set)
        if running is not None:
            return running, False
        job = enqueue_job(
            kind=kind,
            title=title,
            arguments={"score_set": str(score_set.pk), **arguments},
            actor=actor,
        )
    return job, True
