"""Public pages about releases: which there are, what is in one, and what of it was reported."""

from __future__ import annotations

from typing import Any, Final

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from consonance.catalog.panels import panels_of
from consonance.people.access import roles
from consonance.people.models import Role, Scope
from splits.models import Release
from splits.presenting import citing
from splits.presenting.changes import changes_of
from splits.presenting.composition import report_of, summary_of
from splits.presenting.loading import loading_pieces
from splits.presenting.parts import parts_of
from splits.presenting.release import class_rows, facts_of, partition_legend, partitions_of
from splits.presenting.versions import newest_of, versions_of
from splits.reporting.queue import counts_of, public_reports
from splits.serving.counting import downloads_of

_PAGE: Final = 12


@require_GET
def release_list(request: HttpRequest) -> HttpResponse:
    """List releases, newest first; open to everybody."""
    words = request.GET.get("q", "").strip()
    releases = Release.objects.select_related("collection").defer("manifest")
    if words:
        releases = releases.filter(Q(name__icontains=words) | Q(title__icontains=words))
    context = {
        "page": Paginator(releases, _PAGE).get_page(request.GET.get("page")),
        "query": words,
        "may_build": Role.CURATOR in roles(request.user),
    }
    return render(request, "splits/releases.html", context)


@require_GET
def release_newest(request: HttpRequest, name: str) -> HttpResponse:
    """Go to the newest version of a release."""
    release = newest_of(name)
    if release is None:
        raise Http404(f"No release is called {name!r}.")
    return redirect(release)


@require_GET
def release_detail(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Show what is in a release, how to get, load and cite it, and its clips."""
    release = get_object_or_404(
        Release.objects.select_related("collection", "plan", "labels", "previous"),
        name=name,
        version=version,
    )
    clips = release.clips.select_related("clip__track").order_by("sample_key")
    words = request.GET.get("q", "").strip()
    chosen = {key: request.GET.get(key, "") for key in ("class", "partition", "licence")}
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
    if chosen["licence"] in release.figures["licences"]:
        clips = clips.filter(clip__track__licence_spdx=chosen["licence"])
    partitions = partitions_of(release)
    versions = versions_of(name)
    address = request.build_absolute_uri(release.get_absolute_url())
    place = (Scope.COLLECTION, release.collection_id)
    reports = counts_of(public_reports(release))
    context = {
        "release": release,
        "newest": versions[0],
        "versions": versions,
        "changes": changes_of(release),
        "panels": panels_of("release", release, request.user),
        "composition": summary_of(report_of(release)),
        "classes": class_rows(release),
        "legend": partition_legend(partitions),
        "partitions": partitions,
        "licences": release.figures["licences"],
        "withdrawn": release.clips.filter(clip__is_withdrawn=True).count(),
        "facts": facts_of(release),
        "lines": loading_pieces(release, address),
        "parts": parts_of(release),
        "downloads": downloads_of(release)[:8],
        "reports": reports,
        "citations": [
            {"label": "", "code": citing.sentence(release), "wrap": True},
            {"label": "BibTeX", "code": citing.bibtex(release, address)},
            {"label": "CITATION.cff", "code": citing.citation_file(release, address)},
        ],
        "doi_address": citing.doi_address(release.doi) if release.doi else "",
        "badge": citing.badge(release),
        "may_curate": Role.CURATOR in roles(request.user, place),
        "page": Paginator(clips, _PAGE).get_page(request.GET.get("page")),
        "query": words,
        "filters": [
            _filter("class", chosen["class"], list(release.figures["classes"])),
            _filter("partition", chosen["partition"], partitions),
            _filter("licence", chosen["licence"], list(release.figures["licences"])),
        ],
        "is_filtered": bool(words or any(chosen.values())),
    }
    return render(request, "splits/release.html", context)


@require_GET
def release_reports(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """List what people reported of a release, and what came of it; nobody's name is shown."""
    release = get_object_or_404(Release.objects.defer("manifest"), name=name, version=version)
    reports = public_reports(release)
    counts = counts_of(reports)
    state = request.GET.get("state", "")
    if state in counts and state != "spam":
        reports = reports.filter(state=state)
    else:
        state = ""
    here = reverse("splits:reports", args=[name, version])
    tabs = [("", "All"), ("open", "Open"), ("accepted", "Accepted"), ("rejected", "Rejected")]
    context = {
        "release": release,
        "page": Paginator(reports.select_related("release_clip"), 30).get_page(
            request.GET.get("page")
        ),
        "state": state,
        "tabs": [
            {
                "label": label,
                "url": f"{here}?state={value}" if value else here,
                "active": value == state,
                "count": counts[value] if value else sum(counts.values()),
            }
            for value, label in tabs
        ],
        "crumbs": [
            {"label": "Releases", "url": reverse("splits:releases")},
            {"label": str(release), "url": release.get_absolute_url()},
        ],
    }
    return render(request, "splits/reports.html", context)


def _with_class(clips: Any, name: str) -> Any:
    """Keep clips with a label of this class, on either database."""
    # A JSON list of quoted names is searched as text: SQLite has no containment for JSON.
    return clips.filter(Q(present__icontains=f'"{name}"') | Q(absent__icontains=f'"{name}"'))


def _filter(name: str, value: str, names: list[str]) -> dict[str, Any]:
    options = [{"value": "", "label": f"Any {name}"}]
    options += [{"value": entry, "label": entry.replace("_", " ")} for entry in names]
    return {"name": name, "label": name.capitalize(), "value": value, "options": options}
