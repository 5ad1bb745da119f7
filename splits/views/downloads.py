"""A release as files: whole, in parts, or one by one; its manifest."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from splits.models import Release
from splits.serving.answers import file_response, part_response
from splits.serving.selection import Selection


@require_safe
def release_download(request: HttpRequest, name: str, version: str) -> HttpResponseBase:
    """Send a part of the release, or all of it, as one tar file."""
    release = get_object_or_404(Release, name=name, version=version)
    asked = {key: request.GET.getlist(key) for key in request.GET}
    return part_response(request, release, Selection.of(release, asked))


@require_safe
def release_file(request: HttpRequest, name: str, version: str, path: str) -> HttpResponseBase:
    """Send one file of the release."""
    release = get_object_or_404(Release, name=name, version=version)
    return file_response(request, release, path)


@require_safe
def release_manifest(request: HttpRequest, name: str, version: str) -> JsonResponse:
    """Answer the release's manifest as published."""
    release = get_object_or_404(Release, name=name, version=version)
    return JsonResponse(release.manifest)
