"""The rating page as annotators see it, with real questions and answers that go nowhere."""

from __future__ import annotations

import json
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from annotation.actions.claim_questions import MAX_CLAIM
from annotation.allocation.handing_out import present_questions
from annotation.campaigns.preview import sample
from annotation.models import Campaign
from annotation.people.measures import Standing
from annotation.presenting.end_card import end_card
from annotation.views.campaign_settings import curated
from annotation.views.rating import rating_choices, rating_config
from annotation.views.rating_plain import confidences
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
    page: dict[str, Any] = {
        "campaign": campaign,
        "standing": Standing(),
        "summary": {
            "back_url": reverse("annotation:campaign", args=[campaign.pk]),
            "back_label": _("Back to the campaign"),
        },
        "no_script_url": plain_url,
        "plain": "plain" in request.GET,
        **rating_choices(request, campaign),
    }
    if page["plain"]:
        mode = page["mode"] or (campaign.asks if campaign.asks != Campaign.Asks.BOTH else "")
        page["questions"] = _questions(campaign, request, 1, mode, page["class_name"])
        page["confidences"] = confidences() if campaign.asks_confidence else []
        if not page["questions"]:
            page["end"] = end_card(campaign, request.user, reason="nothing_left")
    else:
        sink = reverse("annotation:preview_answers", args=[campaign.pk])
        page["config_json"] = {
            **rating_config(request, campaign),
            "claim_url": reverse("annotation:preview_claim", args=[campaign.pk]),
            "ratings_url": sink,
            "undo_url": sink,
            "skip_url": sink,
            "flag_url": sink,
            "end_url": reverse("annotation:rate_end", args=[campaign.pk]),
            "ui_version": f"{settings.VERSION} preview",
            # An outbox of its own: what waits here is never sent as an answer.
            "person": f"preview-{request.user.pk}",
            "held_back": False,
        }
    return render(request, "annotation/campaign_preview.html", page)


@require_POST
@login_required
def claim(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Answer as the API does to a claim, and claim nothing."""
    campaign = curated(request, campaign_id)
    sent = _sent(request)
    count = sent.get("count", 1)
    if not isinstance(count, int) or not 1 <= count <= MAX_CLAIM:
        raise ParameterError(f"Ask for 1 to {MAX_CLAIM} questions at a time.")
    both = campaign.asks == Campaign.Asks.BOTH
    mode = str(sent.get("mode") or "") if both else campaign.asks
    questions = _questions(campaign, request, count, mode, str(sent.get("class") or ""))
    answer: dict[str, Any] = {"questions": questions, "progress": _PROGRESS}
    return JsonResponse(answer if questions else answer | {"reason": "nothing_left"})


@require_POST
@login_required
def answers(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Answer as the API does to answers, undo, skip and flag, and store nothing."""
    curated(request, campaign_id)
    sent = _sent(request)
    ratings = sent.get("ratings")
    if not isinstance(ratings, list):
        # An undo and what is passed on are told apart by what they say.
        passed_on = {"reason": "skipped", "kind": "flagged"}
        status = next((told for name, told in passed_on.items() if name in sent), "undone")
        return JsonResponse({"key": str(sent.get("key")), "status": status})
    keys = [rating.get("key") for rating in ratings if isinstance(rating, dict)]
    results = [{"key": str(key), "status": "stored"} for key in keys]
    return JsonResponse({"results": results, "progress": _PROGRESS})


def _questions(
    campaign: Campaign, request: HttpRequest, count: int, mode: str, class_name: str
) -> list[dict[str, Any]]:
    # Every look at a preview is another sample; it leaves no trace that a seed would have to tell.
    rng = np.random.default_rng()
    leases = sample(
        campaign,
        request.user,
        count,
        now=timezone.now(),
        rng=rng,
        mode=mode,
        class_name=class_name,
    )
    return present_questions(campaign, leases)


def _sent(request: HttpRequest) -> dict[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        raise ParameterError("The request is no JSON.") from None
    if not isinstance(body, dict):
        raise ParameterError("The request is no JSON object.")
    return body
