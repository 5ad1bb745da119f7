"""Consistency: what an admin reads of labels and people. Pages show a run's stored report."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from annotation.consistency import (
    AGREEMENT_METHODS,
    alpha_row,
    class_rows,
    method_label,
    people_rows,
    posterior_bins,
    sort_links,
    sorted_people,
    trust_bins,
)
from annotation.models import Campaign, ConsensusRun
from annotation.tasks import AGGREGATE
from consonance.errors import ParameterError
from consonance.jobs.actions.enqueue_job import enqueue_job
from consonance.jobs.models import Job
from consonance.people.access import require
from consonance.people.models import Role, User
from consonance.people.views import needs

_PAGE = 25


@require_GET
@needs(Role.ADMIN)
def run_list(request: HttpRequest) -> HttpResponse:
    """List campaigns with their latest run."""
    campaigns = Campaign.objects.select_related("collection").with_latest_run()
    words = request.GET.get("q", "").strip()
    if words:
        campaigns = campaigns.filter(name__icontains=words)
    page = Paginator(campaigns, _PAGE).get_page(request.GET.get("page"))
    shown: list[Any] = list(page)  # campaigns with the annotation `latest_run`
    runs = ConsensusRun.objects.in_bulk([row.latest_run for row in shown if row.latest_run])
    rows = [{"campaign": row, "run": runs.get(row.latest_run)} for row in shown]
    context = {"page": page, "rows": rows, "query": words, "clear_url": request.path}
    return render(request, "annotation/consistency_list.html", context)


@require_GET
@login_required
def report(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Show a run's report: agreement by class, trust by person."""
    campaign = _campaign(request, campaign_id)
    run = _run(campaign, request.GET.get("run", ""))
    page: dict[str, Any] = {
        "campaign": campaign,
        "run": run,
        "job": Job.objects.unfinished()
        .filter(kind=AGGREGATE, arguments__campaign=str(campaign.pk))
        .recent()
        .first(),
        "methods": AGREEMENT_METHODS,
        "has_ratings": run is not None or campaign.questions.filter(answered__gt=0).exists(),
    }
    if run is not None:
        page |= _shown(request, campaign, run)
    return render(request, "annotation/consistency.html", page)


@require_POST
@login_required
def aggregate(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Start an aggregation as a job, unless one is under way."""
    campaign = _campaign(request, campaign_id)
    method = request.POST.get("method", "dawid_skene")
    if method not in dict(AGREEMENT_METHODS):
        raise ParameterError(f"No aggregation method is called {method!r}.")
    under_way = Job.objects.unfinished().filter(
        kind=AGGREGATE, arguments__campaign=str(campaign.pk)
    )
    if under_way.exists():
        messages.info(request, "An aggregation is under way already.")
    else:
        enqueue_job(
            kind=AGGREGATE,
            title=f"Aggregate {campaign.name}"[:200],
            arguments={"campaign": str(campaign.pk), "settings": {"method": method}},
            actor=request.user,
        )
    return redirect("annotation:consistency_campaign", campaign_id=campaign.pk)


@require_GET
@login_required
def classes_csv(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Download the report's classes."""
    campaign = _campaign(request, campaign_id)
    run = _required_run(campaign, request)
    header = (
        "class", "questions", "open", "decided", "disputed", "rated", "ratings", "yes", "no",
        "unsure", "present", "absent", "undecided", "alpha", "alpha_low", "alpha_high",
        "raw_agreement",
    )  # fmt: skip
    rows = [
        [row[name] for name in ("name", *header[1:10])]
        + [row["labels"][name] for name in ("present", "absent", "undecided")]
        + [row["alpha"][name] for name in ("value", "low", "high")]
        + [row["agreement"]["value"]]
        for row in run.report["classes"]
    ]
    return _csv(f"{campaign.pk}-run{run.number}-classes.csv", header, rows)


@require_GET
@login_required
def people_csv(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Download the report's people, by pseudonym: files travel further than pages."""
    campaign = _campaign(request, campaign_id)
    run = _required_run(campaign, request)
    header = (
        "rater", "is_simulated", "ratings", "trust", "sensitivity", "specificity", "unsure",
        "unsure_share", "median_response_ms", "agreement", "agreement_low", "agreement_high",
        "agreement_number",
    )  # fmt: skip
    rows = [
        [row[name] for name in header[:9]]
        + [row["agreement"][name] for name in ("value", "low", "high", "number")]
        for row in run.report["people"]
    ]
    return _csv(f"{campaign.pk}-run{run.number}-people.csv", header, rows)


def _campaign(request: HttpRequest, campaign_id: UUID) -> Campaign:
    campaign: Campaign = get_object_or_404(
        Campaign.objects.select_related("collection"), pk=campaign_id
    )
    require(request.user, Role.ADMIN, *campaign.places)
    return campaign


def _run(campaign: Campaign, number: str) -> ConsensusRun | None:
    runs = campaign.runs.select_related("ratings", "labels", "skills", "created_by")
    if number:
        return get_object_or_404(runs, number=int(number) if number.isdecimal() else 0)
    return runs.order_by("-number").first()


def _required_run(campaign: Campaign, request: HttpRequest) -> ConsensusRun:
    run = _run(campaign, request.GET.get("run", ""))
    if run is None:
        raise ParameterError("There is no run yet. Aggregate first.")
    return run


def _shown(request: HttpRequest, campaign: Campaign, run: ConsensusRun) -> dict[str, Any]:
    stored = run.report
    people = sorted_people(stored["people"], request.GET.get("sort", ""))
    page = Paginator(people, _PAGE).get_page(request.GET.get("page"))
    accounts = User.objects.in_bulk([row["person"] for row in page])
    page.object_list = people_rows(list(page), accounts)
    decided = stored["labels"]
    return {
        "report": stored,
        "method": method_label(run.method),
        "alpha": alpha_row(stored["alpha"]),
        "classes": class_rows(stored["classes"], campaign),
        "n_labels": sum(decided.values()),
        "page": page,
        "sort": sort_links(request.GET.get("sort", "")),
        "posteriors": posterior_bins(stored["posteriors"]),
        "trusts": trust_bins(stored["people"]),
        "label_legend": [
            {"label": "present", "series": 1},
            {"label": "undecided", "series": 3},
            {"label": "absent", "series": 2},
        ],
        "facts": _facts(run),
        "older": campaign.runs.exclude(pk=run.pk).order_by("-number")[:20],
        "csv_classes": reverse("annotation:classes_csv", args=[campaign.pk]),
        "csv_people": reverse("annotation:people_csv", args=[campaign.pk]),
    }


def _facts(run: ConsensusRun) -> list[dict[str, Any]]:
    consensus = run.report["consensus"]
    end = "converged" if consensus["converged"] else "stopped"
    thresholds = (
        f"present from {run.parameters['present_from']:g},"
        f" absent to {run.parameters['absent_to']:g}"
    )
    return [
        {"label": "Method", "value": method_label(run.method)},
        {"label": "Thresholds", "value": thresholds},
        {"label": "Dawid-Skene", "value": f"{end} after {consensus['iterations']} iterations"},
        {"label": "Code", "value": run.parameters.get("code", ""), "code": True},
        {"label": "Ratings table", "value": run.ratings.sha256, "code": True},
        {"label": "Labels table", "value": run.labels.sha256, "code": True},
        {"label": "Skills table", "value": run.skills.sha256, "code": True},
        {"label": "Made", "value": f"{run.created_at:%Y-%m-%d %H:%M} UTC"},
    ]


def _csv(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
    writer = csv.writer(response)
    writer.writerow(header)
    writer.writerows(["" if value is None else value for value in row] for row in rows)
    return response
