"""Pages for those who answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from annotation.campaigns.cards import campaigns_for
from annotation.models import Campaign, ClipFlag, Skip
from annotation.people.measures import standing
from annotation.people.participation import held_back
from annotation.presenting.end_card import end_card
from annotation.welcome.due import step_due
from consonance.catalog.models import TaxonomyClass
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
    """Show the rating page; its script claims and answers through the API.

    `?mode=` and `?class=` say how and about which class the person wants to be asked.
    """
    campaign = annotated(request, campaign_id)
    elsewhere = comes_first(request, campaign)
    if elsewhere:
        return redirect(elsewhere)
    frame = rating_frame(request, campaign)
    config = {
        **rating_config(request, campaign),
        "claim_url": reverse("api:questions_claim"),
        "ratings_url": reverse("api:ratings"),
        "undo_url": reverse("api:ratings_undo"),
        "skip_url": reverse("api:questions_skip"),
        "flag_url": reverse("api:questions_flag"),
        "end_url": reverse("annotation:rate_end", args=[campaign.pk]),
        "ui_version": settings.VERSION,
        "person": str(request.user.pk),
        # What waits in the browser is sent all the same.
        "held_back": not frame["standing"].may_answer,
    }
    return render(request, "annotation/rate.html", {**frame, "config_json": config, "plain": False})


@never_cache
@require_GET
@asks_consent
def end(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Tell how a sitting went and what comes next; the rating page shows it in its place.

    `?reason=` is why no more questions came, `?given=` how many answers there were, `?class=` which
    class was asked about.
    """
    campaign = annotated(request, campaign_id)
    given = request.GET.get("given", "")
    card = end_card(
        campaign,
        request.user,
        reason=request.GET.get("reason", ""),
        given=int(given) if given.isdecimal() and len(given) < 7 else 0,
        target=chosen_class(request, campaign),
    )
    return render(request, "annotation/includes/rate_end.html", {"campaign": campaign, "end": card})


def annotated(request: HttpRequest, campaign_id: UUID) -> Campaign:
    """Return a campaign that the person may answer in."""
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    require(request.user, Role.ANNOTATOR, *campaign.places)
    return campaign


def comes_first(request: HttpRequest, campaign: Campaign) -> str:
    """Return the page that stands before a person's questions; empty where none does."""
    waiting = held_back(request.user, campaign)
    if waiting is not None and waiting.url:
        return waiting.url
    step = step_due(campaign, request.user)
    is_open = campaign.state == Campaign.State.OPEN
    if step and is_open and standing(request.user, campaign).may_answer:
        return reverse(f"annotation:{step}", args=[campaign.pk])
    return ""


def classes_of(campaign: Campaign) -> list[TaxonomyClass]:
    """Return the classes that a campaign asks about, in the taxonomy's order."""
    asked = campaign.guidelines.values("target")
    return list(TaxonomyClass.objects.filter(pk__in=asked).order_by("position"))


def chosen_class(request: HttpRequest, campaign: Campaign) -> TaxonomyClass | None:
    """Return the class that the address names, if the campaign asks about it."""
    name = request.GET.get("class", "")
    return next((one for one in classes_of(campaign) if one.name == name), None) if name else None


def chosen_mode(request: HttpRequest, campaign: Campaign) -> str:
    """Return how the person wants to be asked; empty where the campaign leaves no choice."""
    mode = request.GET.get("mode", "")
    both = campaign.asks == Campaign.Asks.BOTH
    return mode if both and mode in {Campaign.Asks.CLASS_BATCH, Campaign.Asks.CLIP_PASS} else ""


def rating_frame(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    """Return what every rating page shows around its question."""
    return {
        "campaign": campaign,
        "standing": standing(request.user, campaign),
        "summary": {
            "back_url": reverse("annotation:campaigns"),
            "back_label": _("Back to campaigns"),
        },
        "no_script_url": reverse("annotation:rate_plain", args=[campaign.pk]),
        **rating_choices(request, campaign),
    }


def rating_choices(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    """Return what a person may choose on a rating page, and what they have chosen."""
    classes = [] if campaign.asks == Campaign.Asks.CLIP_PASS else classes_of(campaign)
    target = chosen_class(request, campaign)
    return {
        "asks_both": campaign.asks == Campaign.Asks.BOTH,
        "classes": classes if len(classes) > 1 else [],
        "mode": chosen_mode(request, campaign),
        "class_name": target.name if target else "",
        "skip_reasons": Skip.Reason.choices,
        "flag_kinds": ClipFlag.Kind.choices,
    }


def rating_config(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    """Return what the script needs to know of a campaign, addresses apart."""
    pages = {
        "welcome": reverse("annotation:welcome", args=[campaign.pk]),
        "headphones": reverse("annotation:headphones", args=[campaign.pk]),
        "quiz": reverse("annotation:quiz", args=[campaign.pk]),
        # This page sends whoever is asked for consent, or has their study behind them, on.
        "consent": reverse("annotation:rate", args=[campaign.pk]),
        "study_done": reverse("annotation:rate", args=[campaign.pk]),
        "paused_you": reverse("annotation:conversation", args=[campaign.pk]),
    }
    return {
        "pages": pages,
        "campaign": str(campaign.pk),
        "csrf": get_token(request),
        "min_heard_ms": campaign.min_heard_ms,
        "login_url": reverse(settings.LOGIN_URL),
        "asks": campaign.asks,
        "is_chosen": bool(chosen_mode(request, campaign) or chosen_class(request, campaign)),
        "clip_classes": campaign.clip_classes,
        "asks_confidence": campaign.asks_confidence,
    }
