"""Read releases; open to everybody, as the pages are."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from rest_framework import generics, serializers
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import AllowAny

from splits.models import Release


class ReleaseSerializer(serializers.ModelSerializer):
    """A release and its figures."""

    class Meta:
        model = Release
        fields = [
            "name", "version", "title", "is_simulated", "published_at", "figures",
            "manifest_sha256", "archive_bytes", "archive_sha256", "downloads",
        ]  # fmt: skip


class _ByTime(CursorPagination):
    ordering = "-published_at"
    page_size = 50


class ReleaseListView(generics.ListAPIView):
    """Releases, newest first."""

    queryset = Release.objects.all()
    serializer_class = ReleaseSerializer
    permission_classes = [AllowAny]
    pagination_class = _ByTime


class ReleaseView(generics.RetrieveAPIView):
    """One release."""

    queryset = Release.objects.all()
    serializer_class = ReleaseSerializer
    permission_classes = [AllowAny]

    def get_object(self) -> Release:
        """Return the release of this name and version."""
        return get_object_or_404(Release, **self.kwargs)
