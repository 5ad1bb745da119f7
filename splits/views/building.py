"""The curator's form that builds a release."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from consonance.catalog.models import FrozenTableRow
from consonance.jobs.actions.enqueue_job import enqueue_job
from consonance.jobs.models import Job
from consonance.people.models import Role
from consonance.people.views import needs
from splits.forms import BuildReleaseForm
from splits.reporting.queue import for_next_version

#: Accepted reports that are listed below the form.
_SHOWN: Final = 50
_KIND: Final = "splits.build_release"


@require_http_methods(["GET", "POST"])
@needs(Role.CURATOR)
def release_build(request: HttpRequest) -> HttpResponse:
    """Ask for the recipe and start the build."""
    form = BuildReleaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        job = _started(form, request.user)
        if job is not None:
            messages.success(request, "The release is being built.")
            return redirect("jobs:detail", job_id=job.pk)
        form.add_error(
            None, "This name and version is being built: wait for that job, or cancel it."
        )
    has_labels = FrozenTableRow.objects.filter(kind="labels").exists()
    return render(
        request,
        "splits/build.html",
        {"form": form, "has_labels": has_labels, "accepted": for_next_version()[:_SHOWN]},
        status=400 if form.is_bound else 200,
    )


def _started(form: BuildReleaseForm, person: Any) -> Job | None:
    """Start the build; None if a job that has not ended builds this name and version."""
    recipe = form.recipe()
    with transaction.atomic():
        # A second click waits here until the first one's job is written.
        labels = FrozenTableRow.objects.select_for_update().get(pk=form.cleaned_data["labels"].pk)
        building = Job.objects.unfinished().filter(
            kind=_KIND,
            arguments__recipe__name=recipe.name,
            arguments__recipe__version=recipe.version,
        )
        if building.exists():
            return None
        return enqueue_job(
            kind=_KIND,
            title=f"Build {recipe.name} {recipe.version}",
            arguments={"labels": labels.sha256, "recipe": recipe.as_json()},
            actor=person,
        )
