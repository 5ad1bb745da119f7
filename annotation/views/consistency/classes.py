"""Classes side by side, and one of them in full."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotation.presenting import classes as present
from annotation.presenting.sorting import sort_links, sorted_rows
from annotation.views.consistency.frame import frame

_PAGE = 50
_SORT = "class"


@require_GET
@login_required
def class_list(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Compare classes: agreement, doubt, gold and quotas."""
    shown = frame(request, campaign_id, tab="classes")
    context = shown.context
    if shown.data is not None:
        words = request.GET.get("q", "").strip()
        sort = request.GET.get("sort", "")
        found = present.matching(shown.data["classes"], words)
        rows = sorted_rows(found, present.CLASS_COLUMNS, sort, default=_SORT)
        page = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
        run = shown.run_number
        context |= {
            "page": page,
            "rows": present.class_rows(list(page), shown.campaign.pk, run=run),
            "plot": present.alpha_plot(shown.data, list(page), shown.campaign.pk, run=run),
            "query": words,
            "sort": sort,
            "sorts": sort_links(
                present.CLASS_COLUMNS, sort, default=_SORT, keep={"q": words, "run": run}
            ),
            "clear_url": shown.url("consistency_classes"),
            "csv_url": shown.url("classes_csv"),
        }
    return render(request, "annotation/consistency/classes.html", context)


@require_GET
@login_required
def class_detail(request: HttpRequest, campaign_id: UUID, class_name: str) -> HttpResponse:
    """Show one class: agreement, answers, posteriors, detector and forecast."""
    shown = frame(request, campaign_id, tab="classes")
    context = shown.context | {"class_name": class_name, "row": None}
    if shown.data is not None:
        classes = shown.data["classes"]
        place = next(
            (place for place, row in enumerate(classes) if row["name"] == class_name), None
        )
        if place is None:
            raise Http404(f"The report has no class {class_name}.")
        run = shown.run_number
        context |= present.class_detail(classes[place], shown.campaign.pk, run=run)
        for key, other in (("before", place - 1), ("after", place + 1)):
            if 0 <= other < len(classes):
                context[key] = {
                    "label": classes[other]["display_name"],
                    "url": shown.url("consistency_class", classes[other]["name"]),
                }
    context["crumbs"] = [
        {"label": shown.campaign.name, "url": shown.url("consistency_campaign")},
        {"label": "Classes", "url": shown.url("consistency_classes")},
    ]
    return render(request, "annotation/consistency/class.html", context)
