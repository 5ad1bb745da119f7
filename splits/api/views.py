"""Read releases; open to everybody, as the pages are."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from consonance.ledger.asked import NothingAsked, parameters_of, problems
from consonance.ledger.keyset import Order, page_of
from splits.api import shapes
from splits.models import DownloadCount, Release, ReleaseClip
from splits.presenting.clip import attribution_of, label_rows, same_sound, versions_with
from splits.serving.answers import file_response, part_response, served
from splits.serving.selection import Selection

_NEWEST: Final = Order(field="published_at", tie="id", is_descending=True)
_BY_KEY: Final = Order(field="sample_key", tie="id")
_BY_DAY: Final = Order(field="day", tie="id", is_descending=True)
_BYTES: Final = {
    (200, "application/x-tar"): OpenApiTypes.BINARY,
    (206, "application/x-tar"): OpenApiTypes.BINARY,
}
_SEVERAL: Final = [
    OpenApiParameter(name, OpenApiTypes.STR, many=True, description=told)
    for name, told in (
        ("class", "Only clips with a label of one of these classes."),
        ("licence", "Only clips under one of these licences."),
        ("partition", "Only clips of these partitions."),
    )
]
_WHAT: Final = OpenApiParameter(
    "what", OpenApiTypes.STR, enum=["all", "labels", "metadata"],
    description="All of it, labels only, or metadata only.",
)  # fmt: skip


class AnyForm(BaseContentNegotiation):
    """Bytes are sent whatever `Accept` says: there is one form of them."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Return the first."""
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        """Return the first."""
        return renderers[0], renderers[0].media_type


def release_of(name: str, version: str) -> Release:
    """Return a release, or 404."""
    return get_object_or_404(Release.objects.select_related("previous"), name=name, version=version)


class ReleaseListView(APIView):
    """Releases."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="releases_list",
        parameters=[shapes.ReleasesAsked],
        responses={200: shapes.ReleasesShown, **problems(400)},
    )
    def get(self, request: Request) -> Response:
        """Return releases page by page, the newest first."""
        asked = parameters_of(request, shapes.ReleasesAsked)
        rows = Release.objects.select_related("previous").defer("manifest", "previous__manifest")
        if "name" in asked:
            rows = rows.filter(name=asked["name"])
        found, links = page_of(rows, order=_NEWEST, size=asked["page_size"], request=request)
        return Response({**links, "results": shapes.ReleaseSerializer(found, many=True).data})


class ReleaseView(APIView):
    """One release."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="releases_read",
        responses={200: shapes.ReleaseSerializer, **problems(400, 404)},
    )
    def get(self, request: Request, name: str, version: str) -> Response:
        """Return the release of this name and version."""
        parameters_of(request, NothingAsked)
        return Response(shapes.ReleaseSerializer(release_of(name, version)).data)


class FileListView(APIView):
    """Files of a release, or of a part of it."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="releases_files",
        parameters=[
            _WHAT,
            *_SEVERAL,
            OpenApiParameter("page_size", OpenApiTypes.INT),
            OpenApiParameter("after", OpenApiTypes.STR, description="The name of the file before."),
        ],
        responses={200: shapes.FilesShown, **problems(400, 404)},
    )
    def get(self, request: Request, name: str, version: str) -> Response:
        """Return the files that are served now, by name; `next` goes on."""
        asked = parameters_of(request, shapes.FilesAsked)
        release = release_of(name, version)
        contents = Selection.of(release, _filters(request)).choose(served(release))
        names = [found for found in contents.files if found > asked.get("after", "")]
        shown = names[: asked["page_size"]]
        rows = [
            {
                "name": found,
                "size": contents.files[found].size,
                "sha256": contents.files[found].sha256,
                "url": request.build_absolute_uri(
                    reverse("api:release_file", args=[name, version, found])
                ),
            }
            for found in shown
        ]
        after = None
        if len(shown) < len(names):
            query = [(key, value) for key, values in request.query_params.lists()
                     for value in values if key != "after"]  # fmt: skip
            link = f"{request.path}?{urlencode([*query, ('after', shown[-1])])}"
            after = request.build_absolute_uri(link)
        shown_rows = shapes.FileShown(rows, many=True).data
        return Response({"next": after, "previous": None, "results": shown_rows})


class FileView(APIView):
    """One file."""

    permission_classes = [AllowAny]
    content_negotiation_class = AnyForm

    @extend_schema(
        operation_id="releases_file",
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            (206, "application/octet-stream"): OpenApiTypes.BINARY,
            410: OpenApiResponse(description="It holds the sound of a withdrawn clip."),
            **problems(400, 404),
        },
    )
    def get(self, request: Request, name: str, version: str, path: str) -> HttpResponseBase:
        """Send a file of the release; `Range` and `If-Range` go on with a broken download."""
        parameters_of(request, NothingAsked)
        return file_response(request._request, release_of(name, version), path)


class DownloadView(APIView):
    """A release, or a part of it, as one tar file."""

    permission_classes = [AllowAny]
    content_negotiation_class = AnyForm

    @extend_schema(
        operation_id="releases_download",
        parameters=[_WHAT, *_SEVERAL],
        responses={**_BYTES, **problems(400, 404)},
    )
    def get(self, request: Request, name: str, version: str) -> HttpResponseBase:
        """Send a tar file; `Range` and `If-Range` go on with a broken download."""
        release = release_of(name, version)
        selection = Selection.of(release, _filters(request))
        return part_response(request._request, release, selection)


class ClipListView(APIView):
    """Clips of a release."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="releases_clips",
        parameters=[shapes.ClipsAsked],
        responses={200: shapes.ClipsShown, **problems(400, 404)},
    )
    def get(self, request: Request, name: str, version: str) -> Response:
        """Return clips page by page, by key."""
        asked = parameters_of(request, shapes.ClipsAsked)
        rows = release_of(name, version).clips.select_related("clip__track")
        if "partition" in asked:
            rows = rows.filter(partition=asked["partition"])
        found, links = page_of(rows, order=_BY_KEY, size=asked["page_size"], request=request)
        shown = shapes.ReleasedClip(found, many=True, context={"request": request})
        return Response({**links, "results": shown.data})


class ClipView(APIView):
    """One clip of a release."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="releases_clip",
        responses={200: shapes.WholeReleasedClip, **problems(400, 404)},
    )
    def get(self, request: Request, name: str, version: str, key: str) -> Response:
        """Return a clip: its labels with their answers, credit, copies, versions."""
        parameters_of(request, NothingAsked)
        row = clip_of(name, version, key)
        shown = shapes.ReleasedClip(row, context={"request": request}).data
        told = {
            "labels": shapes.LabelShown(label_rows(row), many=True).data,
            "attribution": attribution_of(row),
            "duplicates": [other.sample_key for other in same_sound(row)],
            "versions": [str(other.release) for other in versions_with(row)],
        }
        return Response({**shown, **told})


class CountsView(APIView):
    """How often a release was fetched."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="releases_downloads",
        parameters=[shapes.PageAsked],
        responses={200: shapes.CountsShown, **problems(400, 404)},
    )
    def get(self, request: Request, name: str, version: str) -> Response:
        """Return counts by day and part, the newest first; nobody is told apart."""
        asked = parameters_of(request, shapes.PageAsked)
        rows = DownloadCount.objects.filter(release=release_of(name, version))
        found, links = page_of(rows, order=_BY_DAY, size=asked["page_size"], request=request)
        return Response({**links, "results": shapes.CountShown(found, many=True).data})


def clip_of(name: str, version: str, key: str) -> ReleaseClip:
    """Return a clip of a release, or 404."""
    rows = ReleaseClip.objects.select_related(
        "release__plan__groups", "release__labels", "release__collection", "clip__track"
    )
    return get_object_or_404(rows, release__name=name, release__version=version, sample_key=key)


def _filters(request: Request) -> dict[str, list[str]]:
    """Return the parameters that choose a part."""
    return {
        key: values
        for key, values in request.query_params.lists()
        if key not in ("page_size", "after")
    }
