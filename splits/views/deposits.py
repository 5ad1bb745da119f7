"""A release's DOI, and its copies in public repositories: for curators."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from consonance.errors import ParameterError, StateError
from consonance.people.access import require, roles
from consonance.people.models import Role, Scope
from splits.actions.deposit_release import start_deposit
from splits.actions.record_doi import cleaned_doi, record_doi
from splits.models import Release


class DoiForm(forms.Form):
    """The DOI of a release."""

    doi = forms.CharField(
        label="DOI",
        required=False,
        max_length=220,
        help_text="Such as 10.5281/zenodo.1234567; an address that leads to it is taken, too.",
    )

    def clean_doi(self) -> str:
        """Take an address off, and refuse what is none."""
        try:
            return cleaned_doi(self.cleaned_data["doi"])
        except ParameterError as error:
            raise forms.ValidationError(str(error)) from error


@require_GET
@login_required
def deposits(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Show the DOI and what was deposited."""
    release = _release(request, name, version)
    return _page(request, release, DoiForm(initial={"doi": release.doi}))


@require_POST
@login_required
def set_doi(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Write the DOI down."""
    release = _release(request, name, version)
    form = DoiForm(request.POST)
    if not form.is_valid():
        return _page(request, release, form, status=400)
    try:
        record_doi(release=release, doi=form.cleaned_data["doi"], actor=request.user)
    except ParameterError as error:
        form.add_error("doi", str(error))
        return _page(request, release, form, status=400)
    messages.success(request, "The DOI is written down." if form.cleaned_data["doi"] else
                     "The release has no DOI any more.")  # fmt: skip
    return redirect("splits:deposits", name, version)


@require_POST
@login_required
def deposit(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Start a deposit, or go on with one."""
    release = _release(request, name, version)
    publish = request.POST.get("publish") == "yes"
    try:
        job = start_deposit(release=release, publish=publish, actor=request.user)
    except StateError as error:
        messages.error(request, str(error))
        return redirect("splits:deposits", name, version)
    messages.success(request, "The release is being deposited.")
    if Role.CURATOR in roles(request.user):
        return redirect("jobs:detail", job_id=job.pk)
    return redirect("splits:deposits", name, version)  # jobs are for those who curate everything


def _release(request: HttpRequest, name: str, version: str) -> Release:
    release = get_object_or_404(
        Release.objects.select_related("collection"), name=name, version=version
    )
    require(request.user, Role.CURATOR, (Scope.COLLECTION, release.collection_id))
    return release


def _page(
    request: HttpRequest, release: Release, form: DoiForm, *, status: int = 200
) -> HttpResponse:
    found = list(release.deposits.select_related("created_by"))
    context = {
        "release": release,
        "form": form,
        "deposits": found,
        "service": settings.ZENODO_API,
        "is_sandbox": "sandbox" in settings.ZENODO_API,
        "has_token": bool(settings.ZENODO_TOKEN),
        "is_published": any(
            row.state == "published" and row.api == settings.ZENODO_API for row in found
        ),
        "crumbs": [
            {"label": "Releases", "url": reverse("splits:releases")},
            {"label": str(release), "url": release.get_absolute_url()},
        ],
    }
    return render(request, "splits/deposits.html", context, status=status)
