"""Read releases; open to everybody, as the pages are."""

from __future__ import annotations

from typing import Final

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from consonance.ledger.asked import NothingAsked, PageAsked, PageShown, parameters_of, problems
from consonance.ledger.keyset import Order, page_of
from splits.models import Release

_NEWEST: Final = Order(field="published_at", tie="id", is_descending=True)


class ReleasesAsked(PageAsked):
    """Which releases."""

    name = serializers.SlugField(required=False, help_text="Only versions of this one.")


class ReleaseSerializer(serializers.ModelSerializer[Release]):
    """A release and its figures."""

    class Meta:
        model = Release
        fields = [
            "name", "version", "title", "is_simulated", "published_at", "figures",
            "manifest_sha256", "archive_bytes", "archive_sha256", "downloads",
        ]  # fmt: skip


class ReleasesShown(PageShown):
    """A page of releases."""

    results = ReleaseSerializer(many=True)


class ReleaseListView(APIView):
    """Releases."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="releases_list",
        parameters=[ReleasesAsked],
        responses={200: ReleasesShown, **problems(400)},
    )
    def get(self, request: Request) -> Response:
        """Return releases page by page, the newest first."""
        asked = parameters_of(request, ReleasesAsked)
        rows = Release.objects.all()
        if "name" in asked:
            rows = rows.filter(name=asked["name"])
        found, links = page_of(rows, order=_NEWEST, size=asked["page_size"], request=request)
        return Response({**links, "results": ReleaseSerializer(found, many=True).data})


class ReleaseView(APIView):
    """One release."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="releases_read", responses={200: ReleaseSerializer, **problems(400, 404)}
    )
    def get(self, request: Request, name: str, version: str) -> Response:
        """Return the release of this name and version."""
        parameters_of(request, NothingAsked)
        release = get_object_or_404(Release, name=name, version=version)
        return Response(ReleaseSerializer(release).data)
