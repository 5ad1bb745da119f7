"""Create a job."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from consonance.jobs import registry
from consonance.jobs.models import Job
from consonance.jobs.tasks import publish
from consonance.ledger.models import record


def enqueue_job(
    *,
    kind: str,
    title: str,
    arguments: dict[str, Any],
    actor: Any = None,
    send: bool = True,
) -> Job:
    """Create a job and, unless the caller runs it itself, send it to a worker.

    Parameters
    ----------
    kind
        A registered kind.
    title
        What the jobs page shows.
    arguments
        JSON-serialisable keyword arguments of the kind's work.
    actor
        Who asks for it.
    send
        False when the calling command will run the job in its own process.

    Raises
    ------
    ParameterError
        If no such kind is registered.
    """
    registry.get(kind)
    with transaction.atomic():
        job = Job.objects.create(
            kind=kind,
            title=title,
            arguments=arguments,
            created_by=actor if getattr(actor, "pk", None) else None,
        )
        record("enqueue_job", target=job, actor=actor, kind=kind)
        if send:
            publish(job)
    return job
