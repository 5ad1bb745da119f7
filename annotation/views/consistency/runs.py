"""Consensus runs: all of them, one of them, a new one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from annotation.campaigns.reached import campaign_of
from annotation.models import Campaign, ConsensusRun, ConsistencyReport
from annotation.presenting import runs as present
from annotation.presenting.numbers import method_label
from annotation.tasks import AGGREGATE
from annotation.views.consistency.frame import Frame, frame, freshness
from annotation.views.consistency.left_out import people_of
from annotation.views.consistency.run_form import AggregateForm
from consonance.jobs.actions.enqueue_job import enqueue_job

_PAGE = 25
_EXCLUSIONS_PAGE = 25
#: So many runs are offered for comparison: the newest.
_OFFERED = 100
#: Parts of a report that the list of runs shows; the rest stays in the database.
_PARTS = ("counts", "calibration")


@require_GET
@login_required
def run_list(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """List a campaign's runs, with the form that starts another and the one that compares two."""
    shown = frame(request, campaign_id, tab="runs")
    return _list(request, shown, AggregateForm())


@require_POST
@login_required
def aggregate(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Start an aggregation as a job, unless one is under way."""
    campaign = campaign_of(request, campaign_id)
    form = AggregateForm.sent(request.POST.dict())
    if not form.is_valid():
        return _list(request, frame(request, campaign_id, tab="runs"), form, status=400)
    if freshness(campaign, None).job is not None:
        messages.info(request, "Something is being computed already. Aggregate when it is done.")
    else:
        enqueue_job(
            kind=AGGREGATE,
            title=f"Aggregate {campaign.name}"[:200],
            arguments={"campaign": str(campaign.pk), "settings": form.settings()},
            actor=request.user,
        )
    return redirect("annotation:consistency_runs", campaign_id=campaign.pk)


@require_GET
@login_required
def run_detail(request: HttpRequest, campaign_id: UUID, number: int) -> HttpResponse:
    """Show one run: labels, calibration, who was left out, parameters and frozen tables."""
    shown = frame(request, campaign_id, tab="runs", run_number=number)
    run = shown.run
    assert run is not None  # noqa: S101 - a run that was asked for is there, or it is a 404
    page = Paginator(run.exclusions, _EXCLUSIONS_PAGE).get_page(request.GET.get("page"))
    context = shown.context | present.run_detail(run, shown.data, campaign_id)
    context |= {
        "page": page,
        "exclusions": present.exclusion_rows(
            list(page), people_of(list(page), shown.report), campaign_id
        ),
        "before": shown.campaign.runs.filter(number__lt=number).order_by("-number").first(),
        "crumbs": [
            {"label": shown.campaign.name, "url": shown.latest_url("consistency_campaign")},
            {"label": "Runs", "url": shown.latest_url("consistency_runs")},
        ],
    }
    return render(request, "annotation/consistency/run.html", context)


def _list(
    request: HttpRequest, shown: Frame, form: AggregateForm, status: int = 200
) -> HttpResponse:
    campaign = shown.campaign
    method = request.GET.get("method", "")
    runs = campaign.runs.select_related("created_by")
    known = list(runs.order_by("method").values_list("method", flat=True).distinct())
    if method in known:
        runs = runs.filter(method=method)
    sort = request.GET.get("sort", "")
    order = ("number",) if sort == "-number" else ("-number",)
    page = Paginator(runs.order_by(*order), _PAGE).get_page(request.GET.get("page"))
    listed: list[ConsensusRun] = list(page)
    numbers = list(campaign.runs.order_by("-number").values_list("number", flat=True)[:_OFFERED])
    methods = [{"value": "", "label": "All methods"}]
    methods += [{"value": name, "label": method_label(name)} for name in known]
    context = shown.context | {
        "page": page,
        "rows": present.run_rows(listed, _stored(campaign, listed)),
        "form": form,
        "numbers": numbers,
        "from": numbers[1] if len(numbers) > 1 else None,
        "to": numbers[0] if numbers else None,
        "filters": [{"name": "method", "label": "Method", "value": method, "options": methods}],
        "is_filtered": method in known,
        "clear_url": request.path,
        "sort_url": f"?sort={'number' if sort == '-number' else '-number'}",
        "sort_order": "ascending" if sort == "-number" else "descending",
    }
    return render(request, "annotation/consistency/runs.html", context, status=status)


def _stored(campaign: Campaign, runs: list[ConsensusRun]) -> dict[UUID, dict[str, Any]]:
    names = [f"data__{part}" for part in _PARTS]
    rows = ConsistencyReport.objects.filter(campaign=campaign, run__in=runs).values_list(
        "run_id", *names
    )
    return {run: dict(zip(_PARTS, parts, strict=True)) for run, *parts in rows}
