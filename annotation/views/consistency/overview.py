"""Campaigns with their reports, and the first page of one."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import F, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotation.models import Campaign, ConsistencyReport
from annotation.presenting import overview as present
from annotation.presenting.campaigns import campaign_rows
from annotation.presenting.sorting import Column, sort_links
from annotation.views.consistency.frame import frame
from consonance.people.models import Role
from consonance.people.views import needs

_PAGE = 25
_SORT = "opened"
#: What the list of campaigns can be sorted by; the database sorts.
_SORTS: Final = {
    "name": Column(label="Campaign", value=None),
    "collection": Column(label="Collection", value=None),
    "opened": Column(label="Opened", value=None, large_first=True),
}
_FIELDS: Final = {"name": "name", "collection": "collection__name", "opened": "created_at"}


@require_GET
@needs(Role.ADMIN)
def campaign_list(request: HttpRequest) -> HttpResponse:
    """List campaigns with the report that their pages show: the live one, or the newest run's."""
    words = request.GET.get("q", "").strip()
    sort = request.GET.get("sort", "")
    campaigns = Campaign.objects.select_related("collection").order_by(*_order(sort))
    if words:
        campaigns = campaigns.filter(name__icontains=words)
    reports = ConsistencyReport.objects.filter(campaign=OuterRef("pk"))
    newest = reports.order_by(F("run__number").desc(nulls_first=True)).values("pk")[:1]
    campaigns = campaigns.annotate(shown_report=Subquery(newest))
    page = Paginator(campaigns, _PAGE).get_page(request.GET.get("page"))
    shown: list[Any] = list(page)  # campaigns with the annotation `shown_report`
    context = {
        "page": page,
        "rows": campaign_rows(shown, _reports([row.shown_report for row in shown])),
        "query": words,
        "sort": sort,
        "sorts": sort_links(_SORTS, sort, default=_SORT, keep={"q": words}),
        "clear_url": request.path,
    }
    return render(request, "annotation/consistency/campaigns.html", context)


@require_GET
@login_required
def overview(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Show a campaign's report: totals, charts, calibration, pace and forecast."""
    shown = frame(request, campaign_id, tab="overview")
    context = shown.context
    if shown.data is not None:
        context = context | present.overview(shown.data, campaign_id, run=shown.run_number)
    return render(request, "annotation/consistency/overview.html", context)


def _order(sort: str) -> tuple[str, str]:
    name = sort.removeprefix("-")
    if name not in _SORTS:
        name, sort = _SORT, _SORT
    down = _SORTS[name].large_first != sort.startswith("-")
    return f"{'-' if down else ''}{_FIELDS[name]}", "pk"


def _reports(keys: list[UUID | None]) -> dict[UUID, dict[str, Any]]:
    names = ("campaign_id", "cutoff", "run__number", "data__version", "data__counts", "data__alpha")
    rows = ConsistencyReport.objects.filter(pk__in=[key for key in keys if key]).values_list(*names)
    return {
        campaign: {
            "cutoff": cutoff, "run": number, "version": version, "counts": counts, "alpha": alpha,
        }
        for campaign, cutoff, number, version, counts, alpha in rows
    }  # fmt: skip
