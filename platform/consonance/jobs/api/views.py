"""Read jobs."""

from __future__ import annotations

from rest_framework import generics, serializers
from rest_framework.pagination import CursorPagination

from consonance.jobs.models import Job
from consonance.people.api import IsCurator


class JobSerializer(serializers.ModelSerializer):
    """A job's state and figures."""

    class Meta:
        model = Job
        fields = [
            "id", "kind", "title", "state", "progress_done", "progress_total", "progress_unit",
            "message", "error", "result", "disk_bytes", "created_at", "started_at", "finished_at",
        ]  # fmt: skip


class _ByTime(CursorPagination):
    ordering = "-created_at"
    page_size = 50


class JobListView(generics.ListAPIView):
    """Jobs, newest first."""

    queryset = Job.objects.all()
    serializer_class = JobSerializer
    permission_classes = [IsCurator]
    pagination_class = _ByTime
    filterset_fields = ["state", "kind"]


class JobView(generics.RetrieveAPIView):
    """One job."""

    queryset = Job.objects.all()
    serializer_class = JobSerializer
    permission_classes = [IsCurator]
