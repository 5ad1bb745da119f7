"""Two runs against each other, label by label."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotation.aggregation.comparing import Comparison, compare_runs
from annotation.models import Campaign, ConsensusRun
from annotation.presenting import comparison as present
from annotation.presenting.links import page_url
from annotation.presenting.numbers import method_label, percent_text
from annotation.presenting.runs import exclusion_rows
from annotation.views.consistency.frame import frame
from annotation.views.consistency.left_out import people_of
from consonance.errors import StateError

_PAGE = 50


@require_GET
@login_required
def compare(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Compare two runs: decisions, classes, changed labels, parameters, and who was left out.

    `?from=` and `to=` are numbers of runs; the newest two where they are not given.
    """
    shown = frame(request, campaign_id, tab="runs")
    campaign = shown.campaign
    first, second = _runs(campaign, request.GET.get("from", ""), request.GET.get("to", ""))
    found = compare_runs(first, second)
    chosen = request.GET.get("class", "")
    of_class = next((row for row in found.classes if row["name"] == chosen), None)
    page = Paginator(found.changes(chosen or None), _PAGE).get_page(request.GET.get("page"))
    address = page_url(
        "consistency_compare", campaign_id, **{"from": first.number, "to": second.number}
    )
    context: dict[str, Any] = shown.context | {
        "first": first,
        "second": second,
        "methods": (method_label(first.method), method_label(second.method)),
        "found": found,
        "share": percent_text(found.changed / found.labels) if found.labels else "",
        "matrix": present.decision_matrix(
            of_class["matrix"] if of_class else found.matrix, first.number, second.number
        ),
        "parameters": present.parameter_rows(found.parameters),
        "exclusions": _exclusions(campaign, first, second, found),
        "classes": present.class_rows(found.classes, address, chosen),
        "page": page,
        "chosen": of_class["display_name"] if of_class else chosen,
        "all_url": f"{address}#changes",
        "turned_url": page_url(
            "consistency_compare", campaign_id, **{"from": second.number, "to": first.number}
        ),
        "crumbs": [
            {"label": campaign.name, "url": shown.latest_url("consistency_campaign")},
            {"label": "Runs", "url": shown.latest_url("consistency_runs")},
        ],
    }
    return render(request, "annotation/consistency/compare.html", context)


def _exclusions(
    campaign: Campaign, first: ConsensusRun, second: ConsensusRun, found: Comparison
) -> list[dict[str, Any]]:
    reports = campaign.reports.filter(run__in=(first, second)).defer("data")
    rows = found.exclusions["first"] + found.exclusions["second"]
    people = people_of(rows, *reports) if rows else {}
    return [
        row | {"run": run.number}
        for run, left_out in ((first, "first"), (second, "second"))
        for row in exclusion_rows(found.exclusions[left_out], people, campaign.pk)
    ]


def _runs(campaign: Campaign, first: str, second: str) -> tuple[ConsensusRun, ConsensusRun]:
    if not first or not second:
        newest = list(campaign.runs.order_by("-number").values_list("number", flat=True)[:2])
        if len(newest) < 2:
            raise StateError(
                f"{campaign.name} has fewer than two runs. Aggregate again, then compare."
            )
        first, second = first or str(newest[1]), second or str(newest[0])
    return _run(campaign, first), _run(campaign, second)


def _run(campaign: Campaign, number: str) -> ConsensusRun:
    run: ConsensusRun | None = None
    if number.isdecimal() and len(number) < 10:
        run = campaign.runs.select_related("campaign", "labels").filter(number=int(number)).first()
    if run is None:
        raise Http404(f"{campaign.name} has no run {number}.")
    return run
