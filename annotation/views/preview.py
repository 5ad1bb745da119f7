"""The rating page as annotators see it, with real questions and answers that go nowhere."""

from __future__ import annotations

import json
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from annotation.actions.claim_questions import MAX_CLAIM
from annotation.campaigns.preview import sample
from annotation.measures import Standing
from annotation.models import Campaign
from annotation.presentation import present_questions
from annotation.views.campaign_settings import curated
from consonance.errors import ParameterError

_PROGRESS: Final = {"answered_by_you": 0, "remaining_for_you": 20}


@require_http_methods(["GET", "POST"])
@login_required
def preview(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Show the rating page; with `?plain=1` the one without script. What is posted is dropped."""
    campaign = curated(request, campaign_id)
    here = reverse("annotation:campaign_preview", args=[campaign.pk])
    plain_url = f"{here}?plain=1"
    if request.method == "POST":
        return redirect(plain_url)
    sink = reverse("annotation:preview_answers", args=[campaign.pk])
    page: dict[str, Any] = {
        "campaign": campaign,
        "standing": Standing(),
        "summary": {
            "back_url": reverse("annotation:campaign", args=[campaign.pk]),
            "back_label": "Back to the campaign",
        },
        "no_script_url": plain_url,
        "plain": "plain" in request.GET,
    }
    if page["plain"]:
        shown = _questions(campaign, request, 1)
        page["question"] = shown[0] if shown else None
    else:
        page["config_json"] = {
            "claim_url": reverse("annotation:preview_claim", args=[campaign.pk]),
            "ratings_url": sink,
            "undo_url": sink,
            "skip_url": sink,
            "flag_url": sink,
            "campaign": str(campaign.pk),
            "csrf": get_token(request),
            "ui_version": f"{settings.VERSION} preview",
            "min_heard_ms": campaign.min_heard_ms,
            # An outbox of its own: what waits here is never sent as an answer.
            "person": f"preview-{request.user.pk}",
            "login_url": reverse(settings.LOGIN_URL),
            "held_back": False,
        }
    return render(request, "annotation/campaign_preview.html", page)


@require_POST
@login_required
def claim(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Answer as the API does to a claim, and claim nothing."""
    campaign = curated(request, campaign_id)
    count = _sent(request).get("count", 1)
    if not isinstance(count, int) or not 1 <= count <= MAX_CLAIM:
        raise ParameterError(f"Ask for 1 to {MAX_CLAIM} questions at a time.")
    questions = _questions(campaign, request, count)
    answer: dict[str, Any] = {"questions": questions, "progress": _PROGRESS}
    return JsonResponse(answer if questions else answer | {"reason": "nothing_left"})


@require_POST
@login_required
def answers(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Answer as the API does to answers, undo, skip and flag, and store nothing."""
    curated(request, campaign_id)
    ratings = _sent(request).get("ratings")
    if not isinstance(ratings, list):
        return JsonResponse({"status": "undone"})
    keys = [rating.get("key") for rating in ratings if isinstance(rating, dict)]
    results = [{"key": str(key), "status": "stored"} for key in keys]
    return JsonResponse({"results": results, "progress": _PROGRESS})


def _questions(campaign: Campaign, request: HttpRequest, count: int) -> list[dict[str, Any]]:
    # Every look at a preview is another sample; it leaves no trace that a seed would have to tell.
    rng = np.random.default_rng()
    leases = sample(campaign, request.user, count, now=timezone.now(), rng=rng)
    return present_questions(campaign, leases)


def _sent(request: HttpRequest) -> dict[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        raise ParameterError("The request is no JSON.") from None
    if not isinstance(body, dict):
        raise ParameterError("The request is no JSON object.")
    return body
