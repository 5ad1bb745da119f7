"""A curator's pages about detectors: every version with its hash, figures and provenance."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from candidates.models import DetectorVersion, ScoreSet
from candidates.presenting.leaderboard import estimate_cell, list_sorts
from consonance.people.models import Role
from consonance.people.views import needs

_PAGE: Final = 20
_SORTS: Final = {
    "newest": ("-created_at",),
    "oldest": ("created_at",),
    "name": ("name", "-created_at"),
    "-name": ("-name", "-created_at"),
}
#: Words for the keys of a provenance that pages show; others are shown as they are.
_WORDS: Final = {
    "weights": "File of weights",
    "weights_sha256": "SHA-256 of the weights",
    "weights_licence": "Licence of the weights",
    "weights_url": "Where they come from",
    "taxonomy": "Taxonomy",
    "taxonomy_version": "Version of the taxonomy",
    "taxonomy_licence": "Licence of the taxonomy",
    "class_score": "How a class’s score comes about",
}


@require_GET
@needs(Role.CURATOR)
def detector_list(request: HttpRequest) -> HttpResponse:
    """List every version of every detector that was ever used or trained here."""
    words = request.GET.get("q", "").strip()
    sort = request.GET.get("sort", "newest")
    versions = DetectorVersion.objects.select_related("taxonomy", "created_by").annotate(
        n_scored=_scored()
    )
    if words:
        versions = versions.filter(
            Q(name__icontains=words)
            | Q(version__icontains=words)
            | Q(taxonomy__name__icontains=words)
        )
    page = Paginator(versions.order_by(*_SORTS.get(sort, _SORTS["newest"])), _PAGE).get_page(
        request.GET.get("page")
    )
    rows = [{"version": version, "mean_ap": _mean_ap(version)} for version in page]
    context = {
        "tab": "detectors",
        "page": page,
        "rows": rows,
        "query": words,
        "sort": sort,
        "sorts": list_sorts(sort, query=words, time="Known since"),
    }
    return render(request, "candidates/detectors.html", context)


@require_GET
@needs(Role.CURATOR)
def detector_detail(request: HttpRequest, detector_id: UUID) -> HttpResponse:
    """Show what a version is, how good, where it comes from, and what it scored."""
    version = get_object_or_404(
        DetectorVersion.objects.select_related("taxonomy", "created_by"), pk=detector_id
    )
    known = {
        key: value
        for key, value in version.provenance.items()
        if not isinstance(value, dict | list)
    }
    context = {
        "version": version,
        "facts": [
            {"label": _WORDS.get(key, key), "value": value, "code": key.endswith("sha256")}
            for key, value in known.items()
            if key != "what" and value not in ("", None)
        ],
        "below": version.provenance.get("below"),
        "uncovered": version.provenance.get("uncovered", []),
        "details": {
            key: version.provenance[key]
            for key in ("data", "training", "measured")
            if version.provenance.get(key)
        },
        "use_command": f"./consonance score --collection my-archive --detector {version.name}",
        "metrics": version.metrics,
        "mean_ap": _mean_ap(version),
        "classes": _classes(version),
        "score_sets": ScoreSet.objects.filter(detector=version).select_related("collection"),
        "searches": version.searches.all(),
    }
    return render(request, "candidates/detector.html", context)


def _scored() -> Coalesce:
    """Count score sets by a subquery: the rows of a detector are not multiplied."""
    counted = (
        ScoreSet.objects.filter(detector=OuterRef("pk"))
        .order_by()
        .values("detector")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return Coalesce(Subquery(counted), 0)


def _mean_ap(version: DetectorVersion) -> dict[str, str]:
    found = version.metrics.get("interval")
    if found:
        return estimate_cell(found)
    value = version.metrics.get("mean_ap")
    return {"text": f"{value:.3f}" if isinstance(value, float) else "", "interval": ""}


def _classes(version: DetectorVersion) -> list[dict[str, Any]]:
    found = version.metrics.get("classes", {})
    return [{"name": name, **entry} for name, entry in sorted(found.items())]
