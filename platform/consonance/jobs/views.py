"""Pages about long work."""

from __future__ import annotations

import shutil
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST
from django_htmx.middleware import HtmxDetails

from consonance.jobs.actions.cancel_job import cancel_job
from consonance.jobs.actions.retry_job import retry_job
from consonance.jobs.models import Job, JobState
from consonance.jobs.presentation import describe
from consonance.people.models import Role
from consonance.people.views import needs

_PAGE = 25


class HtmxRequest(HttpRequest):
    """A request that has passed django-htmx's middleware."""

    htmx: HtmxDetails


@require_GET
@needs(Role.CURATOR)
def job_list(request: HtmxRequest) -> HttpResponse:
    """List running and past jobs with their progress and the disk they use."""
    jobs = Job.objects.select_related("created_by").recent()
    state = request.GET.get("state", "")
    if state in JobState.values:
        jobs = jobs.filter(state=state)
    words = request.GET.get("q", "").strip()
    if words:
        jobs = jobs.filter(title__icontains=words)
    page = Paginator(jobs, _PAGE).get_page(request.GET.get("page"))
    disk = shutil.disk_usage(settings.DATA)
    context = {
        "page": page,
        "rows": [describe(job) for job in page],
        "state": state,
        "states": JobState.choices,
        "query": words,
        "unfinished": Job.objects.unfinished().count(),
        "used_bytes": Job.objects.aggregate(total=Sum("disk_bytes"))["total"] or 0,
        "free_bytes": disk.free,
    }
    template = "jobs/_table.html" if request.htmx else "jobs/list.html"
    return render(request, template, context)


@require_GET
@needs(Role.CURATOR)
def job_detail(request: HtmxRequest, job_id: UUID) -> HttpResponse:
    """Show one job with its log."""
    job = get_object_or_404(Job.objects.select_related("created_by"), pk=job_id)
    context = {"row": describe(job), "job": job, "events": job.events.all()}
    template = "jobs/_detail.html" if request.htmx else "jobs/detail.html"
    return render(request, template, context)


@require_GET
@needs(Role.CURATOR)
def job_status(request: HttpRequest, job_id: UUID) -> JsonResponse:
    """Answer a job's progress for the pages that watch it."""
    row = describe(get_object_or_404(Job, pk=job_id))
    return JsonResponse(
        {
            "id": str(row.job.pk),
            "state": row.job.state,
            "label": row.job.get_state_display(),
            "done": row.job.progress_done,
            "total": row.job.progress_total,
            "share": row.job.share,
            "unit": row.job.progress_unit,
            "message": row.job.message,
            "seconds_left": row.seconds_left,
            "is_final": row.job.is_final,
        }
    )


@require_POST
@needs(Role.CURATOR)
def job_cancel(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Ask a job to stop."""
    get_object_or_404(Job, pk=job_id)
    job = cancel_job(job_id=job_id, actor=request.user)
    messages.success(request, f"Asked “{job.title}” to stop.")
    return redirect("jobs:detail", job_id=job_id)


@require_POST
@needs(Role.CURATOR)
def job_retry(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Queue a failed or cancelled job again."""
    get_object_or_404(Job, pk=job_id)
    job = retry_job(job_id=job_id, actor=request.user)
    messages.success(request, f"“{job.title}” is queued again.")
    return redirect("jobs:detail", job_id=job_id)
