"""Pages about collections and their tracks."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from consonance.catalog import track_list
from consonance.catalog.ingest.track_fields import EXPECTED_MS
from consonance.catalog.licences import parse
from consonance.catalog.models import Collection, Track
from consonance.catalog.overview import collection_overviews
from consonance.catalog.panels import panels_of
from consonance.catalog.wording import length
from consonance.people.access import require, roles
from consonance.people.models import Role, Scope
from consonance.people.views import needs

_PAGE = 50
_LIST_SORTS = {
    "name": lambda row: row.collection.name.casefold(),
    "tracks": lambda row: row.tracks,
    "length": lambda row: row.ready_ms,
    "clips": lambda row: row.clips,
}


@require_GET
@needs(Role.CURATOR)
def collection_list(request: HttpRequest) -> HttpResponse:
    """List the archives."""
    words = request.GET.get("q", "").replace("\x00", "").strip()
    collections = Collection.objects.all()
    if words:
        collections = collections.filter(name__icontains=words)
    sort = request.GET.get("sort", "name")
    key = sort.removeprefix("-")
    if key not in _LIST_SORTS:
        sort = key = "name"
    rows = collection_overviews(collections)
    rows.sort(key=_LIST_SORTS[key], reverse=sort.startswith("-"))
    page = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "query": words,
        "sort": sort,
        "headings": _list_headings(sort, words),
    }
    return render(request, "catalog/collections.html", context)


def _list_headings(sort: str, words: str) -> list[dict[str, Any]]:
    found = []
    for key, label, num in (
        ("name", "Collection", False),
        ("tracks", "Tracks", True),
        ("length", "Ready", True),
        ("clips", "Clips", True),
    ):
        order = {key: "ascending", f"-{key}": "descending"}.get(sort, "")
        # Of numbers one wants the largest first.
        other = f"-{key}" if order == "ascending" or (num and not order) else key
        query = {"sort": other, **({"q": words} if words else {})}
        url = reverse("catalog:collections", query=query)
        found.append({"label": label, "url": url, "order": order, "num": num})
    return found


def _for_curators(request: HttpRequest, slug: str) -> Collection | HttpResponse:
    """Return the collection, or the way to sign in; refuse who does not curate it."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    collection = Collection.objects.filter(slug=slug).first()
    places = [(Scope.COLLECTION, collection.pk)] if collection else []
    # Asked before "not found": who may not look does not learn what exists.
    require(request.user, Role.CURATOR, *places)
    return get_object_or_404(Collection, slug=slug) if collection is None else collection


@require_GET
def collection_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show an archive: what is in it, what may be done with it, what is in quarantine and why."""
    collection = _for_curators(request, slug)
    if isinstance(collection, HttpResponse):
        return collection
    (overview,) = collection_overviews([collection])
    choice = track_list.Choice.of(request.GET)
    page = Paginator(choice.tracks(collection), _PAGE).get_page(request.GET.get("page"))
    counts = {
        "": overview.tracks,
        "ready": overview.ready,
        "quarantined": overview.quarantined,
        "missing": overview.missing,
    }
    context = {
        "collection": collection,
        "overview": overview,
        "panels": panels_of("collection", collection, request.user),
        "reasons": track_list.reasons(collection),
        "artists": track_list.top_artists(collection),
        "n_artists": Track.objects.of(collection).ready().values("artist_key").distinct().count(),
        "page": page,
        "choice": choice,
        "headings": track_list.headings(choice, request.GET),
        "tabs": track_list.tabs(choice, request.GET, counts),
        "filters": track_list.filters(choice, collection),
        "is_curator_everywhere": Role.CURATOR in roles(request.user),
    }
    return render(request, "catalog/collection.html", context)


@require_GET
def track_detail(request: HttpRequest, slug: str, track_no: int) -> HttpResponse:
    """Show a recording: what is known of it, what is wrong with it, and its clips."""
    collection = _for_curators(request, slug)
    if isinstance(collection, HttpResponse):
        return collection
    track = get_object_or_404(
        Track.objects.select_related("collection"), collection=collection, track_no=track_no
    )
    clips = list(track.clips.order_by("start_ms"))
    for clip in clips:
        clip.track = track  # the sample key asks for it
    context = {
        "collection": collection,
        "track": track,
        "licence": parse(track.licence_spdx),
        "facts": _facts(track),
        "file_facts": _file_facts(track),
        "metadata": sorted(
            (name, value) for name, value in track.metadata.items() if not name.startswith("_")
        ),
        "clips": clips,
        "faults": track.clip_faults.order_by("start_ms", "duration_ms"),
    }
    return render(request, "catalog/track.html", context)


def _facts(track: Track) -> list[dict[str, Any]]:
    """Return what the archive says, without what it does not."""
    artist_url = reverse(
        "catalog:collection",
        args=[track.collection.slug],
        query={"artist": track.artist_key},
        fragment="tracks",
    )
    licence = parse(track.licence_spdx)
    explicit = {True: "Yes", False: "No", None: ""}[track.is_explicit]
    rows = [
        ("Artist", track.artist or "Not known", artist_url),
        ("Album", track.album, ""),
        ("Genres", ", ".join(track.genres), ""),
        ("Licence", track.licence_title or licence.title, track.licence_url),
        ("SPDX", track.licence_spdx, ""),
        ("What may be done", licence.terms, ""),
        ("Explicit", explicit, ""),
        ("Published at", track.track_url, track.track_url),
        ("Artist's page", track.artist_url, track.artist_url),
    ]
    return [{"label": label, "value": value, "url": url} for label, value, url in rows if value]


def _file_facts(track: Track) -> list[dict[str, Any]]:
    """Return what was measured."""
    announced = track.metadata.get(EXPECTED_MS)
    channels = {1: "mono", 2: "stereo"}.get(track.channels, f"{track.channels} channels")
    rows = [
        ("File", track.path, True),
        ("Length", length(track.duration_ms) if track.duration_ms else "", False),
        ("Length in the table", length(announced) if announced else "", False),
        ("Sound", f"{track.sample_rate:,} Hz, {channels}" if track.sample_rate else "", False),
        ("Size", f"{track.file_bytes:,} bytes" if track.file_bytes else "", False),
        ("SHA-256 of the file", track.file_sha256, True),
        ("SHA-256 of the sound", track.pcm_sha256, True),
    ]
    return [{"label": label, "value": value, "code": code} for label, value, code in rows if value]
