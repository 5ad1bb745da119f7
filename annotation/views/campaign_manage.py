"""What a curator does with a whole campaign: pause, close, extend, clone, pilot."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from annotation.actions.clone_campaign import clone_campaign
from annotation.actions.extend_campaign import extend_campaign
from annotation.actions.pilot_campaign import pilot_campaign
from annotation.forms import CloneForm, ExtendForm, PilotForm
from annotation.models import Campaign
from annotation.views.campaign_settings import curated
from consonance.errors import NotAllowedError, ParameterError, StateError


@require_GET
@login_required
def manage(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Show everything that can be done with the campaign as a whole."""
    return _page(request, curated(request, campaign_id))


@require_http_methods(["POST"])
@login_required
def extend(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Add rounds, or raise how many answers questions get."""
    campaign = curated(request, campaign_id)
    form = ExtendForm(campaign, request.POST)
    if form.is_valid():
        try:
            added = extend_campaign(
                campaign_id=campaign.pk, actor=request.user, **form.cleaned_data
            )
        except (ParameterError, StateError) as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request,
                f"{added.questions:,} questions added, {added.beside:,} of them beside drawn ones;"
                f" {added.raised:,} open ones asked of more people.",
            )
            return redirect("annotation:campaign_manage", campaign_id=campaign.pk)
    return _page(request, campaign, extend=form)


@require_http_methods(["POST"])
@login_required
def clone(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Open a campaign like this one."""
    campaign = curated(request, campaign_id)
    form = CloneForm(campaign, request.POST)
    if form.is_valid():
        try:
            made = clone_campaign(campaign=campaign, actor=request.user, **form.cleaned_data)
        except (NotAllowedError, ParameterError, StateError) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"“{made}” is open, with the settings of “{campaign}”.")
            return redirect("annotation:campaign", campaign_id=made.pk)
    return _page(request, campaign, clone=form)


@require_http_methods(["POST"])
@login_required
def pilot(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Open a pilot of this campaign."""
    campaign = curated(request, campaign_id)
    form = PilotForm(request.POST)
    if form.is_valid():
        try:
            made = pilot_campaign(campaign_id=campaign.pk, actor=request.user, **form.cleaned_data)
        except (ParameterError, StateError) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"“{made}” is open. Its forecast appears on both pages.")
            return redirect("annotation:campaign", campaign_id=made.pk)
    return _page(request, campaign, pilot=form)


def _page(
    request: HttpRequest,
    campaign: Campaign,
    *,
    extend: ExtendForm | None = None,
    clone: CloneForm | None = None,
    pilot: PilotForm | None = None,
) -> HttpResponse:
    page = {
        "campaign": campaign,
        "extend": extend or ExtendForm(campaign),
        "clone": clone or CloneForm(campaign),
        "pilot": pilot or PilotForm(),
        "pilots": campaign.pilots.all(),
        "has_run": campaign.runs.exists(),
        "tab": "manage",
    }
    return render(request, "annotation/campaign_manage.html", page)
