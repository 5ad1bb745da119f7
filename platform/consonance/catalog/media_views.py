"""Sound and pictures of clips: permission first, then bytes, in parts where asked.

Django's own file responses ignore `Range`, without which a browser cannot seek.
"""

from __future__ import annotations

from functools import partial
from urllib.parse import quote
from uuid import UUID

import structlog
from django.conf import settings
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from consonance.catalog.byte_ranges import tag_is_known
from consonance.catalog.media_access import is_public, require_hearing
from consonance.catalog.models import Clip
from consonance.catalog.ranged_response import ranged_response

log = structlog.get_logger()

# Content never changes under an address, but a withdrawn clip must fade from caches.
_CACHE_SECONDS = 7 * 24 * 3600


@require_safe
def clip_audio(request: HttpRequest, clip_id: UUID) -> HttpResponseBase:
    """Serve a clip's sound."""
    clip = _clip(clip_id)
    if clip.is_withdrawn:
        return _gone()
    public = _allowed(clip, request)
    return _serve(
        request, clip.audio_name, content_type="audio/ogg", etag=clip.audio_sha256, public=public
    )


@require_safe
def clip_spectrogram(request: HttpRequest, clip_id: UUID) -> HttpResponseBase:
    """Serve a clip's picture."""
    clip = _clip(clip_id)
    if clip.is_withdrawn:
        return _gone()
    public = _allowed(clip, request)
    return _serve(
        request,
        clip.spectrogram_name,
        content_type="image/png",
        etag=f"{clip.audio_sha256}.png",
        public=public,
    )


def _clip(clip_id: UUID) -> Clip:
    return get_object_or_404(Clip.objects.select_related("track"), pk=clip_id)


def _allowed(clip: Clip, request: HttpRequest) -> bool:
    """Return whether the clip is public; refuse a person who may not hear it."""
    # Asked first, and without the person: what is everybody's must not vary by cookie.
    if is_public(clip):
        return True
    require_hearing(clip, request.user)
    return False


def _gone() -> HttpResponse:
    response = HttpResponse(
        "This clip has been withdrawn.", status=410, content_type="text/plain; charset=utf-8"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _serve(
    request: HttpRequest, name: str, *, content_type: str, etag: str, public: bool
) -> HttpResponseBase:
    headers = {
        "ETag": f'"{etag}"',
        "Cache-Control": f"{'public' if public else 'private'}, "
        f"max-age={_CACHE_SECONDS}, immutable",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": "inline",
    }
    if tag_is_known(request.headers.get("If-None-Match"), headers["ETag"]):
        return HttpResponse(status=304, headers=headers)
    if settings.MEDIA_ACCEL_PREFIX:
        # The front server reads the file, with ranges and length of its own.
        address = f"{settings.MEDIA_ACCEL_PREFIX.rstrip('/')}/{quote(name)}"
        return HttpResponse(
            content_type=content_type, headers={**headers, "X-Accel-Redirect": address}
        )
    return _from_storage(request, name, content_type, headers)


def _from_storage(
    request: HttpRequest, name: str, content_type: str, headers: dict[str, str]
) -> HttpResponseBase:
    """Send a file out of whatever storage is set, the cloud's included.

    A redirect to a signed address would leave this site, which the content security policy
    forbids for media.
    """
    try:
        size = default_storage.size(name)
    except FileNotFoundError:
        log.error("media.missing", name=name)
        raise Http404(name) from None
    return ranged_response(
        request,
        open_file=partial(default_storage.open, name, "rb"),
        size=size,
        content_type=content_type,
        headers=headers,
    )
