"""Jobs: how far they are, and how to stop them."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from consonance.jobs.actions.cancel_job import cancel_job
from consonance.jobs.models import Job, JobState
from consonance.ledger.asked import NothingAsked, PageAsked, PageShown, parameters_of, problems
from consonance.ledger.keyset import Order, page_of
from consonance.people.access import require
from consonance.people.models import Role

_NEWEST: Final = Order(field="created_at", tie="id", is_descending=True)


class JobsAsked(PageAsked):
    """Which jobs."""

    state = serializers.ChoiceField(choices=JobState.choices, required=False)
    kind = serializers.CharField(required=False, max_length=64)


class JobSerializer(serializers.ModelSerializer[Job]):
    """A job's state and figures."""

    class Meta:
        model = Job
        fields = [
            "id", "kind", "title", "state", "progress_done", "progress_total", "progress_unit",
            "message", "error", "result", "disk_bytes", "created_at", "started_at", "finished_at",
        ]  # fmt: skip


class JobsShown(PageShown):
    """A page of jobs."""

    results = JobSerializer(many=True)


class JobListView(APIView):
    """Jobs."""

    @extend_schema(
        operation_id="jobs_list",
        parameters=[JobsAsked],
        responses={200: JobsShown, **problems(400, 403)},
    )
    def get(self, request: Request) -> Response:
        """Return all jobs page by page, the newest first, to curators of the site."""
        require(request.user, Role.CURATOR)
        asked = parameters_of(request, JobsAsked)
        rows = Job.objects.all()
        for name in ("state", "kind"):
            if name in asked:
                rows = rows.filter(**{name: asked[name]})
        found, links = page_of(rows, order=_NEWEST, size=asked["page_size"], request=request)
        return Response({**links, "results": JobSerializer(found, many=True).data})


class JobView(APIView):
    """One job."""

    @extend_schema(
        operation_id="jobs_read", responses={200: JobSerializer, **problems(400, 403, 404)}
    )
    def get(self, request: Request, pk: UUID) -> Response:
        """Return a job to curators of the site and to whoever started it."""
        job = _job(request, pk)
        parameters_of(request, NothingAsked)
        return Response(JobSerializer(job).data)


class JobCancelView(APIView):
    """Stopping."""

    @extend_schema(
        operation_id="jobs_cancel",
        request=None,
        responses={
            200: JobSerializer,
            **problems(403, 404, 409, on_409="The job has ended already."),
        },
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Ask a job to stop: a waiting one stops at once, a running one at its next step."""
        _job(request, pk)
        return Response(JobSerializer(cancel_job(job_id=pk, actor=request.user)).data)


def _job(request: Request, pk: UUID) -> Job:
    job = get_object_or_404(Job, pk=pk)
    if not job.is_of(request.user):
        require(request.user, Role.CURATOR)
    return job
