"""Sound and pictures of clips: permission first, then bytes, in parts where asked.

Django's own file responses ignore `Range`, without which a browser cannot seek. Addresses carry a
clip's random id (122 bits of UUID 4) and are good for nobody who may not hear the clip.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from urllib.parse import quote
from uuid import UUID

import structlog
from django.conf import settings
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from consonance.catalog.media_access import is_public, require_hearing
from consonance.catalog.media_store import size_of
from consonance.catalog.models import Clip
from consonance.catalog.ranged_response import ranged_response
from consonance.catalog.sound_sources import AUDIO_TYPE, PLAYBACK_TYPE
from consonance.people.tokens import person_of

log = structlog.get_logger()

# Content never changes under an address, but a withdrawn clip must fade from caches.
_CACHE_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True)
class _File:
    """A clip's file: where it lies, what it is, and the validators of its content."""

    name: str
    content_type: str
    tag: str
    made_at: datetime


@require_safe
def clip_audio(request: HttpRequest, clip_id: UUID) -> HttpResponseBase:
    """Serve a clip's sound as it is released."""

    def audio(clip: Clip) -> _File:
        return _File(clip.audio_name, AUDIO_TYPE, clip.audio_sha256, clip.created_at)

    return _answer(request, clip_id, audio)


@require_safe
def clip_playback(request: HttpRequest, clip_id: UUID) -> HttpResponseBase:
    """Serve a clip's sound as people hear it; 404 until it was rendered."""

    def playback(clip: Clip) -> _File:
        made_at = clip.rendered_at or clip.created_at
        return _File(clip.playback_name, PLAYBACK_TYPE, clip.playback_sha256, made_at)

    return _answer(request, clip_id, playback)


@require_safe
def clip_spectrogram(request: HttpRequest, clip_id: UUID) -> HttpResponseBase:
    """Serve a clip's picture."""

    def picture(clip: Clip) -> _File:
        tag = f"{clip.audio_sha256}.png"
        return _File(clip.spectrogram_name, "image/png", tag, clip.created_at)

    return _answer(request, clip_id, picture)


def _answer(
    request: HttpRequest, clip_id: UUID, choose: Callable[[Clip], _File]
) -> HttpResponseBase:
    """Serve one of a clip's files to whoever may hear it."""
    clip = get_object_or_404(Clip.objects.select_related("track"), pk=clip_id)
    if clip.is_withdrawn:
        return _gone()
    # Asked first, and without the person: what is everybody's must not vary by cookie.
    public = is_public(clip)
    if not public:
        require_hearing(clip, person_of(request))
    file = choose(clip)
    if not file.name:
        raise Http404(f"Clip {clip.pk} has no rendition yet: run ./consonance render_clips.")
    return _serve(request, file, public=public)


def _gone() -> HttpResponse:
    response = HttpResponse(
        "This clip has been withdrawn.", status=410, content_type="text/plain; charset=utf-8"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _serve(request: HttpRequest, file: _File, *, public: bool) -> HttpResponseBase:
    made_at = int(file.made_at.timestamp())
    headers = {
        "ETag": f'"{file.tag}"',
        "Last-Modified": http_date(made_at),
        "Cache-Control": f"{'public' if public else 'private'}, "
        f"max-age={_CACHE_SECONDS}, immutable",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": "inline",
    }
    # 304 for what the browser has, 412 for what it did not mean; else what it was given.
    bare = HttpResponse(headers=headers)
    early = get_conditional_response(request, headers["ETag"], made_at, bare)
    if early is not None and early is not bare:
        return early
    if settings.MEDIA_ACCEL_PREFIX:
        # The front server reads the file, with ranges and length of its own.
        address = f"{settings.MEDIA_ACCEL_PREFIX.rstrip('/')}/{quote(file.name)}"
        return HttpResponse(
            content_type=file.content_type, headers={**headers, "X-Accel-Redirect": address}
        )
    return _from_storage(request, file, headers)


def _from_storage(request: HttpRequest, file: _File, headers: dict[str, str]) -> HttpResponseBase:
    """Send a file out of whatever storage is set, the cloud's included.

    A redirect to a signed address would leave this site, which the content security policy
    forbids for media.
    """
    size = size_of(file.name)
    if size is None:
        log.error("media.missing", name=file.name)
        raise Http404(file.name)
    return ranged_response(
        request,
        open_file=partial(default_storage.open, file.name, "rb"),
        size=size,
        content_type=file.content_type,
        headers=headers,
    )
