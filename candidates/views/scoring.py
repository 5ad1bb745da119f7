"""Have a collection scored, and know before what it takes."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from candidates.forms.score import ScoreForm
from consonance.catalog.models import Collection
from consonance.jobs.actions.enqueue_job import enqueue_job
from consonance.jobs.models import Job, JobState
from consonance.people.models import Role
from consonance.people.views import needs

_FORECAST: Final = "candidates.forecast_scores"
_SCORE: Final = "candidates.score"
_SHOWN: Final = 5


@require_http_methods(["GET", "POST"])
@needs(Role.CURATOR)
def score(request: HttpRequest) -> HttpResponse:
    """Ask what to score and how; forecast its cost, or start it."""
    slug = request.GET.get("collection", "")
    chosen = Collection.objects.filter(slug=slug).first() if slug else None
    form = ScoreForm(request.POST or None, initial={"collection": chosen})
    if request.method == "POST" and form.is_valid():
        return _start(request, form)
    context = {
        "form": form,
        "has_collections": form.fields["collection"].queryset.exists(),  # type: ignore[attr-defined]
        "forecasts": Job.objects.filter(kind=_FORECAST, state=JobState.DONE).recent()[:_SHOWN],
        "under_way": Job.objects.filter(kind__in=(_FORECAST, _SCORE))
        .unfinished()
        .recent()[:_SHOWN],
    }
    status = 400 if form.is_bound else 200
    return render(request, "candidates/score.html", context, status=status)


def _start(request: HttpRequest, form: ScoreForm) -> HttpResponse:
    name = form.cleaned_data["collection"].name
    if request.POST.get("action") == "forecast":
        job = enqueue_job(
            kind=_FORECAST,
            title=f"Forecast the cost of scoring {name}",
            arguments=form.arguments(),
            actor=request.user,
        )
        messages.success(request, "Some recordings are being timed.")
    else:
        job = enqueue_job(
            kind=_SCORE,
            title=f"Score {name}",
            arguments={**form.arguments(), "fan_out": form.cleaned_data["fan_out"]},
            actor=request.user,
        )
        messages.success(request, f"“{name}” is being scored.")
    return redirect("jobs:detail", job_id=job.pk)
