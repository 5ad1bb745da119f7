"""Hear random excerpts of a bin of a histogram, before anything is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import numpy as np
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_GET, require_safe

from candidates.forms.excerpts import HEARD_AT_ONCE, ListenForm
from candidates.forms.refusals import first_problem, refuse_unknown
from candidates.listening.excerpt_sound import excerpt_sound, require_excerpt
from candidates.models import ScoreSet
from candidates.presenting.spread import Spread, range_words
from candidates.rounds.previews import class_labels, is_silent
from candidates.scoring.lookup import Place, excerpts_between
from consonance.catalog.models import Clip, Track
from consonance.catalog.ranged_response import ranged_response
from consonance.catalog.sound_sources import PLAYBACK_TYPE, SoundSource, sound_sources
from consonance.errors import ParameterError
from consonance.people.models import Role
from consonance.people.views import needs

_CACHE_SECONDS = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Heard:
    """An excerpt in a list: its recording, what the detector says, and where it is heard."""

    track: Track
    start_ms: int
    key: str
    likelihood: float | None
    sources: Sequence[SoundSource]
    note: str = ""


def score_set_of(score_set_id: UUID) -> ScoreSet:
    """Return a complete score set with what its pages show of it."""
    return get_object_or_404(
        ScoreSet.objects.select_related("collection", "detector__taxonomy"),
        pk=score_set_id,
        is_complete=True,
    )


@require_GET
@needs(Role.CURATOR)
def listen(request: HttpRequest, score_set_id: UUID) -> HttpResponse:
    """Show random excerpts of a bin: a page of its own, or a part of one."""
    score_set = score_set_of(score_set_id)
    refuse_unknown(request.GET, ("class", "bin", "seed", "n"))
    labels = {
        name: label
        for name, label in class_labels(score_set).items()
        if not is_silent(score_set, name)
    }
    form = ListenForm(request.GET, classes=list(labels))
    if not form.is_valid():
        raise ParameterError(first_problem(form))
    name, index = form.cleaned_data["class"], form.cleaned_data["bin"]
    spread = Spread.of(score_set.figures[name])
    if index >= len(spread.counts):
        raise ParameterError(f"There is no bin {index}: the last is {len(spread.counts) - 1}.")
    seed = form.cleaned_data["seed"] or 0
    low, high = spread.bounds(index)
    ready = Track.objects.of(score_set.collection).ready().order_by("track_no")
    found = excerpts_between(
        score_set.folder,
        name,
        low,
        high,
        n=form.cleaned_data["n"] or HEARD_AT_ONCE,
        seed=seed,
        tracks=np.fromiter(ready.values_list("track_no", flat=True), np.int64),
    )
    again = {"class": name, "bin": index, "seed": seed + 1, "n": form.cleaned_data["n"] or ""}
    context = {
        "score_set": score_set,
        "label": labels[name],
        "class_name": name,
        "range": range_words(low, high),
        "among": found.among,
        "heard": heard(score_set, found.places),
        "others": reverse(
            "candidates:listen",
            args=[score_set.pk],
            query={key: value for key, value in again.items() if value != ""},
        ),
        "back": reverse("candidates:draw", query={"score_set": str(score_set.pk), "class": name}),
    }
    part = bool(getattr(request, "htmx", False))
    return render(request, "candidates/_heard.html" if part else "candidates/listen.html", context)


def heard(score_set: ScoreSet, places: Sequence[Place]) -> list[Heard]:
    """Return excerpts as a list shows them; those that are clips are heard as clips."""
    numbers = {place.track_no for place in places}
    tracks = {
        track.track_no: track
        for track in Track.objects.of(score_set.collection)
        .filter(track_no__in=numbers)
        .select_related("collection")
    }
    clips = {
        (clip.track_id, clip.start_ms): clip
        for clip in Clip.objects.filter(
            track__in=tracks.values(), duration_ms=score_set.window_ms
        )
    }
    found = []
    for place in places:
        track = tracks.get(place.track_no)
        if track is None:
            continue  # the archive was imported anew without it
        clip = clips.get((track.pk, place.start_ms))
        if clip is not None and clip.is_withdrawn:
            continue
        found.append(
            Heard(
                track=track,
                start_ms=place.start_ms,
                key=f"{place.track_no:06d}_{place.start_ms}",
                likelihood=place.likelihood,
                sources=sound_sources(clip)
                if clip
                else [excerpt_source(score_set, place.track_no, place.start_ms)],
            )
        )
    return found


def excerpt_source(score_set: ScoreSet, track_no: int, start_ms: int) -> SoundSource:
    """Return where an excerpt is heard that is no clip."""
    url = reverse("candidates:excerpt_sound", args=[score_set.pk, track_no, start_ms])
    return SoundSource(url=url, type=PLAYBACK_TYPE)


@require_safe
@needs(Role.CURATOR)
def sound(
    request: HttpRequest, score_set_id: UUID, track_no: int, start_ms: int
) -> HttpResponseBase:
    """Serve an excerpt's sound, in parts where asked."""
    score_set = score_set_of(score_set_id)
    track = get_object_or_404(
        Track.objects.select_related("collection"),
        collection=score_set.collection,
        track_no=track_no,
    )
    require_excerpt(score_set, track, start_ms)
    of_it = Clip.objects.filter(track=track, start_ms=start_ms, duration_ms=score_set.window_ms)
    if of_it.filter(is_withdrawn=True).exists():
        return HttpResponse(
            "This clip was withdrawn.", status=410, content_type="text/plain",
            headers={"Cache-Control": "no-store"},
        )  # fmt: skip
    path = excerpt_sound(track, start_ms, score_set.window_ms)
    headers: dict[str, Any] = {
        "ETag": f'"{path.stem}"',
        "Cache-Control": f"private, max-age={_CACHE_SECONDS}",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": "inline",
    }
    bare = HttpResponse(headers=headers)
    early = get_conditional_response(request, headers["ETag"], None, bare)
    if early is not None and early is not bare:
        return early
    return ranged_response(
        request,
        open_file=partial(path.open, "rb"),
        size=path.stat().st_size,
        content_type=PLAYBACK_TYPE,
        headers=headers,
    )
