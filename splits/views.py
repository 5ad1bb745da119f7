"""Public pages about releases, and the curator's form that builds one."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from consonance.catalog.models import FrozenTableRow
from consonance.catalog.ranged_response import ranged_response
from consonance.jobs.actions.enqueue_job import enqueue_job
from consonance.people.access import roles
from consonance.people.models import Role
from consonance.people.views import needs
from splits.forms import BuildReleaseForm
from splits.models import Release
from splits.presentation import (
    citation,
    class_rows,
    facts_of,
    loading_lines,
    partition_legend,
    partitions_of,
)

_PAGE = 12


@require_GET
def release_list(request: HttpRequest) -> HttpResponse:
    """List releases, newest first; open to everybody."""
    words = request.GET.get("q", "").strip()
    releases = Release.objects.select_related("collection")
    if words:
        releases = releases.filter(Q(name__icontains=words) | Q(title__icontains=words))
    context = {
        "page": Paginator(releases, _PAGE).get_page(request.GET.get("page")),
        "query": words,
        "may_build": Role.CURATOR in roles(request.user),
    }
    return render(request, "splits/releases.html", context)


@require_GET
def release_detail(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Show what is in a release, how to load it, and its clips."""
    release = get_object_or_404(
        Release.objects.select_related("collection", "plan"), name=name, version=version
    )
    clips = release.clips.select_related("clip__track").order_by("sample_key")
    words = request.GET.get("q", "").strip()
    chosen = {key: request.GET.get(key, "") for key in ("class", "partition")}
    if words:
        clips = clips.filter(
            Q(sample_key__startswith=words)
            | Q(clip__track__title__icontains=words)
            | Q(clip__track__artist__icontains=words)
        )
    if chosen["partition"] in release.figures["partitions"]:
        clips = clips.filter(partition=chosen["partition"])
    if chosen["class"] in release.figures["classes"]:
        clips = _with_class(clips, chosen["class"])
    partitions = partitions_of(release)
    context = {
        "release": release,
        "classes": class_rows(release),
        "legend": partition_legend(partitions),
        "partitions": partitions,
        "licences": release.figures["licences"],
        "facts": facts_of(release),
        "lines": loading_lines(release),
        "citation": citation(release),
        "page": Paginator(clips, _PAGE).get_page(request.GET.get("page")),
        "query": words,
        "filters": [
            _filter("class", chosen["class"], list(release.figures["classes"])),
            _filter("partition", chosen["partition"], partitions),
        ],
        "is_filtered": bool(words or any(chosen.values())),
    }
    return render(request, "splits/release.html", context)


def _with_class(clips: Any, name: str) -> Any:
    """Keep clips with a label of this class, on either database."""
    # A JSON list of quoted names is searched as text: SQLite has no containment for JSON.
    return clips.filter(Q(present__icontains=f'"{name}"') | Q(absent__icontains=f'"{name}"'))


def _filter(name: str, value: str, names: list[str]) -> dict[str, Any]:
    options = [{"value": "", "label": f"Any {name}"}]
    options += [{"value": entry, "label": entry.replace("_", " ")} for entry in names]
    return {"name": name, "label": name.capitalize(), "value": value, "options": options}


@require_safe
def release_download(request: HttpRequest, name: str, version: str) -> HttpResponseBase:
    """Send the release as one tar file; a broken download goes on where it stopped."""
    release = get_object_or_404(Release, name=name, version=version)
    try:
        size = release.archive.stat().st_size
    except FileNotFoundError:
        raise Http404(f"{release} is not on this machine.") from None
    if "range" not in request.headers and request.method == "GET":
        Release.objects.filter(pk=release.pk).update(downloads=F("downloads") + 1)
    return ranged_response(
        request,
        open_file=partial(release.archive.open, "rb"),
        size=size,
        content_type="application/x-tar",
        headers={
            "ETag": f'"{release.archive_sha256}"',
            "Content-Disposition": f'attachment; filename="{release.archive.name}"',
        },
    )


@require_safe
def release_manifest(request: HttpRequest, name: str, version: str) -> JsonResponse:
    """Answer the release's manifest as published."""
    release = get_object_or_404(Release, name=name, version=version)
    return JsonResponse(release.manifest)


@require_http_methods(["GET", "POST"])
@needs(Role.CURATOR)
def release_build(request: HttpRequest) -> HttpResponse:
    """Ask for the recipe and start the build."""
    form = BuildReleaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        recipe = form.recipe()
        job = enqueue_job(
            kind="splits.build_release",
            title=f"Build {recipe.name} {recipe.version}",
            arguments={
                "labels": form.cleaned_data["labels"].sha256,
                "recipe": recipe.as_json(),
            },
            actor=request.user,
        )
        messages.success(request, "The release is being built.")
        return redirect("jobs:detail", job_id=job.pk)
    has_labels = FrozenTableRow.objects.filter(kind="labels").exists()
    return render(
        request,
        "splits/build.html",
        {"form": form, "has_labels": has_labels},
        status=400 if form.is_bound else 200,
    )
