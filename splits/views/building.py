"""The curator's form that builds a release."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from consonance.catalog.models import FrozenTableRow
from consonance.jobs.actions.enqueue_job import enqueue_job
from consonance.people.models import Role
from consonance.people.views import needs
from splits.forms import BuildReleaseForm
from splits.reporting.queue import for_next_version

#: Accepted reports that are listed below the form.
_SHOWN: Final = 50


@require_http_methods(["GET", "POST"])
@needs(Role.CURATOR)
def release_build(request: HttpRequest) -> HttpResponse:
    """Ask for the recipe and start the build."""
    form = BuildReleaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        recipe = form.recipe()
        job = enqueue_job(
            kind="splits.build_release",
            title=f"Build {recipe.name} {recipe.version}",
            arguments={
                "labels": form.cleaned_data["labels"].sha256,
                "recipe": recipe.as_json(),
            },
            actor=request.user,
        )
        messages.success(request, "The release is being built.")
        return redirect("jobs:detail", job_id=job.pk)
    has_labels = FrozenTableRow.objects.filter(kind="labels").exists()
    return render(
        request,
        "splits/build.html",
        {"form": form, "has_labels": has_labels, "accepted": for_next_version()[:_SHOWN]},
        status=400 if form.is_bound else 200,
    )
