"""Long work that a request starts: a job, and where to look how far it is."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.models import Campaign
from annotation.tasks import AGGREGATE, REPORT
from consonance.errors import StateError
from consonance.jobs.actions.enqueue_job import enqueue_job
from consonance.jobs.models import Job


class JobStarted(serializers.Serializer[Any]):
    """A job that waits for a worker."""

    job = serializers.UUIDField()
    url = serializers.URLField(help_text="Where its progress is told, and where it is cancelled.")


def start(
    request: Request, campaign: Campaign, kind: str, title: str, **arguments: Any
) -> Response:
    """Queue a job about a campaign and answer 202 with its address.

    Raises
    ------
    StateError
        If something is being computed for the campaign already.
    """
    busy = Job.objects.unfinished().filter(
        kind__in=(REPORT, AGGREGATE), arguments__campaign=str(campaign.pk)
    )
    if busy.exists():
        raise StateError("Something is being computed already. Ask again when it is done.")
    job = enqueue_job(
        kind=kind,
        title=title[:200],
        arguments={"campaign": str(campaign.pk), **arguments},
        actor=request.user,
    )
    url = request.build_absolute_uri(reverse("api:job", args=[job.pk]))
    return Response({"job": str(job.pk), "url": url}, status=202, headers={"Location": url})
