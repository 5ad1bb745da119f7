"""The page that opens a campaign for an exhaustive test set."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from annotation.campaigns.rules import MAX_RATINGS, CampaignRules
from consonance.errors import ParameterError, StateError
from consonance.people.access import require
from consonance.people.models import Role, Scope
from consonance.web.completing import Plan, name_for, open_for, plan_for, told
from splits.models import Release


class CompleteForm(forms.Form):
    """Name and numbers of the campaign; the rest can be changed once it is open."""

    name = forms.CharField(max_length=200, label="Name of the campaign")
    min_ratings = forms.IntegerField(
        min_value=1, max_value=MAX_RATINGS, initial=CampaignRules().min_ratings,
        label="Answers a question, at least",
    )  # fmt: skip
    max_ratings = forms.IntegerField(
        min_value=1, max_value=MAX_RATINGS, initial=CampaignRules().max_ratings,
        label="Answers a question, at most",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Refuse fewer at most than at least."""
        given = super().clean() or {}
        low, high = given.get("min_ratings"), given.get("max_ratings")
        if low and high and low > high:
            self.add_error("max_ratings", "This is fewer than at least.")
        return given


@require_http_methods(["GET", "POST"])
@login_required
def complete_test_set(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Say what a complete test partition takes, and open the campaign that asks it."""
    release = get_object_or_404(
        Release.objects.select_related("collection"), name=name, version=version
    )
    require(request.user, Role.CURATOR, (Scope.COLLECTION, release.collection_id))
    form = CompleteForm(request.POST or None, initial={"name": name_for(release)})
    plan, problem, status = None, "", 200
    try:
        plan = plan_for(release)
        if form.is_bound and form.is_valid():
            given = dict(form.cleaned_data)
            called = given.pop("name")
            plan = plan_for(release, **given)
            if "open" in request.POST:
                campaign = open_for(plan, name=called, actor=request.user)
                messages.success(
                    request, f"“{campaign}” is open, with {plan.effort.questions:,} questions."
                )
                return redirect("annotation:campaign", campaign_id=campaign.pk)
    except (ParameterError, StateError) as error:
        problem, status = str(error), 400
    if form.errors:
        status = 400
    return render(
        request, "web/complete_test_set.html", _page(release, form, plan, problem), status=status
    )


def _page(release: Release, form: CompleteForm, plan: Plan | None, problem: str) -> dict[str, Any]:
    opened = plan.opened if plan else None
    rows = plan.missing.by_class.items() if plan else ()
    return {
        "release": release,
        "form": form,
        "problem": problem,
        "opened": opened,
        "opened_url": reverse("annotation:campaign", args=[opened.pk]) if opened else "",
        "told": told(plan) if plan else [],
        "questions": plan.effort.questions if plan else 0,
        "rows": [
            {
                "label": name.replace("_", " "),
                "missing": missing,
                "labelled": plan.missing.clips - missing if plan else 0,
                "clips": plan.missing.clips if plan else 0,
            }
            for name, missing in rows
        ],
        "crumbs": [
            {"label": "Releases", "url": reverse("splits:releases")},
            {"label": str(release), "url": release.get_absolute_url()},
        ],
    }
