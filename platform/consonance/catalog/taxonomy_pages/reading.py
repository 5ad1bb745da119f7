"""Taxonomies to look at: the list, one, its file, two versions compared."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from consonance.catalog.models import Taxonomy
from consonance.catalog.panels import panels_of
from consonance.catalog.taxonomies import definition_of
from consonance.catalog.taxonomy_pages import rows
from consonance.people.models import Role
from consonance.people.views import needs
from consonance.taxonomies.checking import notes_of
from consonance.taxonomies.comparing import compare
from consonance.taxonomies.file import written

_PAGE: Final = 50
_SORTS: Final = {
    "name": ("name", "-created_at"),
    "classes": ("n_classes", "name"),
    "created": ("created_at", "name"),
}
_HEADINGS: Final = (("name", "Taxonomy", False), ("classes", "Classes", True),
                    ("created", "Begun", False))  # fmt: skip


@require_GET
@needs(Role.CURATOR)
def taxonomy_list(request: HttpRequest) -> HttpResponse:
    """List taxonomies, every version of each."""
    words = request.GET.get("q", "").replace("\x00", "").strip()
    state = request.GET.get("state", "")
    sort = request.GET.get("sort", "name")
    key = sort.removeprefix("-")
    if key not in _SORTS:
        sort = key = "name"
    found = Taxonomy.objects.select_related("created_by").annotate(n_classes=Count("classes"))
    if words:
        named = Taxonomy.objects.filter(
            Q(name__icontains=words) | Q(classes__display_name__icontains=words)
        )
        found = found.filter(pk__in=named.values("pk"))
    if state in ("draft", "published"):
        found = found.filter(is_published=state == "published")
    order = [*_SORTS[key], "pk"]
    if sort.startswith("-"):
        order[0] = f"-{order[0]}"
    page = Paginator(found.order_by(*order), _PAGE).get_page(request.GET.get("page"))
    kept = {name: value for name, value in (("q", words), ("state", state)) if value}
    context = {
        "page": page,
        "query": words,
        "sort": sort,
        "headings": [_heading(*heading, sort, kept) for heading in _HEADINGS],
        "filters": [
            {
                "name": "state",
                "label": "State",
                "value": state,
                "options": [
                    {"value": "", "label": "All states"},
                    {"value": "published", "label": "Published"},
                    {"value": "draft", "label": "Drafts"},
                ],
            }
        ],
        "is_filtered": bool(kept),
    }
    return render(request, "catalog/taxonomies/list.html", context)


def _heading(key: str, label: str, num: bool, sort: str, kept: dict[str, str]) -> dict[str, Any]:
    order = {key: "ascending", f"-{key}": "descending"}.get(sort, "")
    # Of numbers one wants the largest first, of moments the newest.
    other = f"-{key}" if order == "ascending" or (key != "name" and not order) else key
    url = reverse("taxonomies:list", query={"sort": other, **kept})
    return {"label": label, "url": url, "order": order, "num": num}


@require_GET
@needs(Role.CURATOR)
def taxonomy_detail(request: HttpRequest, taxonomy_id: UUID) -> HttpResponse:
    """Show a taxonomy: its classes, what they stand for, where it is used, what was done to it."""
    row = get_object_or_404(
        Taxonomy.objects.select_related("created_by").prefetch_related("classes"), pk=taxonomy_id
    )
    definition = definition_of(row)
    tree = rows.tree(definition)
    versions = list(Taxonomy.objects.filter(name=row.name).order_by("-created_at"))
    context = {
        "taxonomy": row,
        "rows": tree,
        "n_heard": sum(bool(one.counts) for one in tree),
        "n_silent": sum(not one.counts for one in tree),
        "n_undefined": sum(not one.entry.definition for one in tree),
        "notes": notes_of(definition) if not row.is_published else [],
        "versions": [_version(one, row) for one in versions],
        "panels": panels_of("taxonomy", row, request.user),
        "history": rows.history(row),
    }
    return render(request, "catalog/taxonomies/detail.html", context)


def _version(one: Taxonomy, here: Taxonomy) -> dict[str, Any]:
    pair = sorted((one, here), key=lambda row: row.created_at)
    query = {"from": str(pair[0].pk), "to": str(pair[1].pk)}
    return {
        "row": one,
        "is_here": one.pk == here.pk,
        "compare_url": reverse("taxonomies:compare", query=query),
    }


@require_GET
@needs(Role.CURATOR)
def taxonomy_file(request: HttpRequest, taxonomy_id: UUID) -> HttpResponse:
    """Send a taxonomy's file."""
    row = get_object_or_404(Taxonomy.objects.prefetch_related("classes"), pk=taxonomy_id)
    return HttpResponse(
        written(definition_of(row)),
        content_type="application/json; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{row.name}-{row.version}.json"'},
    )


@require_GET
@needs(Role.CURATOR)
def taxonomy_compare(request: HttpRequest) -> HttpResponse:
    """Show what the second of two versions has otherwise than the first."""
    known = {str(row.pk): row for row in Taxonomy.objects.order_by("name", "created_at")}
    first = known.get(request.GET.get("from", ""))
    second = known.get(request.GET.get("to", ""))
    found = compare(definition_of(first), definition_of(second)) if first and second else None
    context = {
        "first": first,
        "second": second,
        "known": known.values(),
        "found": found,
        "turned_url": (
            reverse("taxonomies:compare", query={"from": str(second.pk), "to": str(first.pk)})
            if first and second
            else ""
        ),
    }
    return render(request, "catalog/taxonomies/compare.html", context)
