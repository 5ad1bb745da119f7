"""The page of a clip in a release, and the report of a wrong label on it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from consonance.errors import ConsonanceError
from consonance.people.access import roles
from consonance.people.models import Role, Scope
from splits.actions.report_label import report_label
from splits.models import ReleaseClip
from splits.presenting.clip import attribution_of, label_rows, same_sound, versions_with
from splits.reporting.forms import ReportForm
from splits.reporting.limits import seconds_to_wait
from splits.reporting.queue import public_reports


@require_GET
def clip_page(request: HttpRequest, name: str, version: str, key: str) -> HttpResponse:
    """Show a clip: its sound, labels, credit, where it comes from and which versions hold it."""
    row = _row(name, version, key)
    chosen = request.GET.get("class", "")
    form = ReportForm(row, initial={"class_name": chosen})
    return _page(request, row, form)


@require_POST
def report(request: HttpRequest, name: str, version: str, key: str) -> HttpResponse:
    """Take a report of a wrong label from anybody."""
    row = _row(name, version, key)
    form = ReportForm(row, request.POST)
    if not form.is_valid():
        return _page(request, row, form, status=400)
    wait = seconds_to_wait(request, request.user)
    if wait:
        return _slowed(request, wait)
    try:
        report_label(
            release_clip=row,
            class_name=form.cleaned_data["class_name"],
            says=form.cleaned_data["says"],
            note=form.cleaned_data["note"],
            reporter=request.user,
            is_spam=form.is_trapped,
        )
    except ConsonanceError as error:
        form.add_error(None, str(error))
        return _page(request, row, form, status=400)
    # A program that filled the trap is told the same.
    messages.success(request, "Thank you. A curator will listen and decide.")
    return redirect(f"{reverse('splits:clip', args=[name, version, key])}#reports")


def _row(name: str, version: str, key: str) -> ReleaseClip:
    rows = ReleaseClip.objects.select_related(
        "release__plan__groups", "release__labels", "release__collection", "clip__track"
    )
    return get_object_or_404(rows, release__name=name, release__version=version, sample_key=key)


def _page(
    request: HttpRequest, row: ReleaseClip, form: ReportForm, *, status: int = 200
) -> HttpResponse:
    release, clip = row.release, row.clip
    audio = f"audio/{row.sample_key[:3]}/{row.sample_key}.ogg"
    context: dict[str, Any] = {
        "row": row,
        "release": release,
        "clip": clip,
        "labels": label_rows(row),
        "attribution": attribution_of(row),
        "audio_name": audio,
        "facts": _facts(row),
        "copies": same_sound(row),
        "versions": versions_with(row),
        "reports": public_reports(release).filter(release_clip=row),
        "form": form,
        "may_curate": Role.CURATOR
        in roles(request.user, (Scope.COLLECTION, release.collection_id)),
        "neighbours": _neighbours(row),
        "crumbs": [
            {"label": "Releases", "url": reverse("splits:releases")},
            {"label": str(release), "url": release.get_absolute_url()},
        ],
    }
    return render(request, "splits/clip.html", context, status=status)


def _facts(row: ReleaseClip) -> list[dict[str, Any]]:
    clip = row.clip
    end = (clip.start_ms + clip.duration_ms) / 1000
    channels = {1: "mono", 2: "stereo"}.get(clip.channels, f"{clip.channels} channels")
    return [
        {"label": "Partition", "value": row.partition},
        {"label": "Key", "value": row.sample_key, "code": True},
        {
            "label": "Cut from",
            "value": f"recording {clip.track.track_no}, {clip.start_ms / 1000:g} to {end:g} s",
        },
        {"label": "Sound", "value": f"{clip.sample_rate:,} Hz, {channels}"},
        {"label": "Collection", "value": row.release.collection.name},
        {"label": "Audio SHA-256", "value": clip.audio_sha256, "code": True},
    ]


def _neighbours(row: ReleaseClip) -> dict[str, str]:
    """Return the addresses of the clips before and after, in the order of keys."""
    rows = ReleaseClip.objects.filter(release=row.release_id).order_by("sample_key")
    found = {
        "previous": rows.filter(sample_key__lt=row.sample_key).order_by(F("sample_key").desc()),
        "next": rows.filter(sample_key__gt=row.sample_key),
    }
    release = row.release
    return {
        side: reverse("splits:clip", args=[release.name, release.version, key])
        for side, others in found.items()
        if (key := others.values_list("sample_key", flat=True).first())
    }


def _slowed(request: HttpRequest, seconds: int) -> HttpResponse:
    page = {
        "status": 429,
        "heading": _("Too many requests"),
        "detail": f"So many reports came from where you are that you have to wait "
        f"{-(-seconds // 60)} minute(s). Sign in to report more.",
    }
    response = render(request, "errors/problem.html", page, status=429)
    response["Retry-After"] = str(seconds)
    return response
