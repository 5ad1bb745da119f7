"""Computing anew: the live report, or a new run."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from annotation.campaigns.reached import campaign_of
from annotation.models import ConsistencyReport
from annotation.tasks import REPORT
from annotation.views.consistency.frame import frame, freshness
from consonance.jobs.actions.enqueue_job import enqueue_job
from consonance.people.models import Role


@require_POST
@login_required
def refresh(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Start computing the live report as a job, unless one is under way or nothing has changed."""
    campaign = campaign_of(request, campaign_id)
    live = ConsistencyReport.objects.filter(campaign=campaign, run__isnull=True).first()
    fresh = freshness(campaign, live)
    if fresh.job is not None:
        messages.info(request, "It is being computed already.")
    elif not fresh.is_stale:
        messages.info(request, "Nothing has changed since this report.")
    else:
        enqueue_job(
            kind=REPORT,
            title=f"Report on {campaign.name}"[:200],
            arguments={"campaign": str(campaign.pk)},
            actor=request.user,
        )
    return redirect("annotation:consistency_campaign", campaign_id=campaign.pk)


@require_GET
@login_required
def status(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Answer how fresh the report is, for the page that waits for it.

    When nothing is being computed any more the page is asked to load itself again.
    """
    shown = frame(request, campaign_id, tab="", role=Role.CURATOR)
    response = render(request, "annotation/consistency/_as_of.html", shown.context)
    if shown.context["fresh"].job is None:
        response["HX-Refresh"] = "true"
    return response
