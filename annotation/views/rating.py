"""Pages for those who answer."""

from __future__ import annotations

import uuid
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from annotation.actions.claim_questions import claim_questions
from annotation.actions.submit_ratings import GivenAnswer, submit_ratings
from annotation.measures import standing
from annotation.models import Campaign
from annotation.overview import campaigns_for
from annotation.people.participation import held_back
from annotation.presentation import present_questions
from consonance.errors import ParameterError
from consonance.people.access import require, roles
from consonance.people.models import Role
from consonance.people.views import asks_consent


@require_GET
@login_required
def campaign_list(request: HttpRequest) -> HttpResponse:
    """List the campaigns that this person may answer in."""
    cards = campaigns_for(request.user)
    held = roles(request.user)
    page = {
        "cards": cards,
        "may_manage": Role.CURATOR in held,
        "left": sum(card.progress.remaining_for_you for card in cards if card.can_start),
        "given": sum(card.progress.answered_by_you for card in cards),
    }
    return render(request, "annotation/campaigns.html", page)


@require_GET
@asks_consent
def rate(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Show the rating page; its script claims and answers through the API."""
    campaign = _campaign(request, campaign_id)
    waiting = held_back(request.user, campaign)
    if waiting is not None and waiting.url:
        return redirect(waiting.url)
    frame = _frame(request, campaign)
    config = {
        "claim_url": reverse("api:questions_claim"),
        "ratings_url": reverse("api:ratings"),
        "undo_url": reverse("api:ratings_undo"),
        "campaign": str(campaign.pk),
        "csrf": get_token(request),
        "ui_version": settings.VERSION,
        "min_heard_ms": campaign.min_heard_ms,
        "person": str(request.user.pk),
        "login_url": reverse(settings.LOGIN_URL),
        # What waits in the browser is sent all the same.
        "held_back": not frame["standing"].may_answer,
    }
    return render(request, "annotation/rate.html", {**frame, "config_json": config, "plain": False})


@require_http_methods(["GET", "POST"])
@asks_consent
def rate_plain(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Ask one question as an ordinary form; an answer leads to the next."""
    campaign = _campaign(request, campaign_id)
    if request.method == "POST":
        result = submit_ratings(person=request.user, answers=[_posted(request)])[0]
        if result.status == "rejected":
            messages.error(request, result.detail)
        return redirect("annotation:rate_plain", campaign_id=campaign.pk)
    waiting = held_back(request.user, campaign)
    if waiting is not None and waiting.url:
        return redirect(waiting.url)
    claim = claim_questions(campaign=campaign, person=request.user, count=1)
    shown: dict[str, Any] | None = None
    if claim.assignments:
        # The key is made with the form, so that sending it twice stores one answer.
        shown = {**present_questions(campaign, claim.assignments)[0], "key": str(uuid.uuid4())}
    elif claim.reason in {Campaign.State.PAUSED, Campaign.State.CLOSED}:
        messages.info(request, f"This campaign is {campaign.get_state_display().lower()}.")
    frame = _frame(request, campaign)
    return render(request, "annotation/rate.html", {**frame, "question": shown, "plain": True})


def _campaign(request: HttpRequest, campaign_id: UUID) -> Campaign:
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    require(request.user, Role.ANNOTATOR, *campaign.places)
    return campaign


def _frame(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    return {
        "campaign": campaign,
        "standing": standing(request.user, campaign),
        "summary": {"back_url": reverse("annotation:campaigns"), "back_label": "Back to campaigns"},
        "no_script_url": reverse("annotation:rate_plain", args=[campaign.pk]),
    }


def _posted(request: HttpRequest) -> GivenAnswer:
    try:
        key, assignment = (UUID(request.POST.get(name, "")) for name in ("key", "assignment"))
    except ValueError:
        raise ParameterError("The form was incomplete. Load the page again.") from None
    return GivenAnswer(
        key=key,
        assignment=assignment,
        answer=request.POST.get("answer", ""),
        ui_version=f"{settings.VERSION} plain"[:32],
    )
