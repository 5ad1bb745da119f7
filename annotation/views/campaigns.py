"""A campaign as its curator sees it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.actions.move_campaign import move_campaign
from annotation.actions.open_campaign import open_campaign
from annotation.forms import OpenCampaignForm
from annotation.models import Campaign, Question, Rating
from consonance.errors import ParameterError, StateError
from consonance.people.access import require, roles
from consonance.people.models import Role
from consonance.people.views import needs

_SAID = {"open": "open again", "paused": "paused", "closed": "closed"}


@require_GET
@login_required
def campaign_detail(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Show a campaign's progress, class by class, and how to pause or close it."""
    campaign = get_object_or_404(Campaign.objects.select_related("collection"), pk=campaign_id)
    require(request.user, Role.CURATOR, *campaign.places)
    classes = _classes(campaign)
    totals = {
        name: sum(row[name] for row in classes)
        for name in ("questions", "open", "decided", "disputed", "answered")
    }
    page = {
        "campaign": campaign,
        "classes": classes,
        "totals": totals,
        "raters": _raters(campaign),
        "rounds": campaign.rounds.select_related("score_set__collection"),
        "facts": _facts(campaign),
        "legend": [
            {"label": "decided", "series": 1},
            {"label": "disputed", "series": 4},
            {"label": "open", "series": 3},
        ],
        "is_admin": Role.ADMIN in roles(request.user, *campaign.places),
        "share_done": totals["decided"] + totals["disputed"],
    }
    return render(request, "annotation/campaign.html", page)


@require_http_methods(["GET", "POST"])
@needs(Role.CURATOR)
def campaign_new(request: HttpRequest) -> HttpResponse:
    """Open a campaign over a round."""
    form = OpenCampaignForm(request.POST or None, initial={"round": request.GET.get("round")})
    if request.method == "POST" and form.is_valid():
        wish = form.cleaned_data
        drawn = wish.pop("round")
        try:
            campaign = open_campaign(rounds=[drawn], actor=request.user, **wish)
        except (ParameterError, StateError) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"“{campaign}” is open.")
            return redirect("annotation:campaign", campaign_id=campaign.pk)
    has_rounds = form.fields["round"].queryset.exists()  # type: ignore[attr-defined]
    return render(request, "annotation/campaign_new.html", {"form": form, "has_rounds": has_rounds})


@require_POST
@login_required
def campaign_state(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Pause, resume or close a campaign."""
    get_object_or_404(Campaign, pk=campaign_id)
    to = request.POST.get("to", "")
    if to not in Campaign.State.values:
        raise ParameterError(f"A campaign cannot be {to!r}. Use open, paused or closed.")
    campaign = move_campaign(campaign_id=campaign_id, to=Campaign.State(to), actor=request.user)
    messages.success(request, f"“{campaign}” is {_SAID[to]}.")
    return redirect("annotation:campaign", campaign_id=campaign_id)


def _classes(campaign: Campaign) -> list[dict[str, Any]]:
    rows = (
        Question.objects.of(campaign)
        .values("target__name", "target__display_name", "target__position")
        .annotate(
            questions=Count("pk"),
            open=Count("pk", filter=Q(state="open")),
            decided=Count("pk", filter=Q(state="decided")),
            disputed=Count("pk", filter=Q(state="disputed")),
            leaning_yes=Count("pk", filter=Q(state="decided", log_odds__gt=0)),
            answered=Sum("answered"),
        )
        .order_by("target__position")
    )
    listed = reverse("annotation:questions", args=[campaign.pk])
    return [
        {
            **row,
            "name": row["target__display_name"],
            "url": f"{listed}?class={row['target__name']}",
            "segments": [
                {"start": 0, "value": row["decided"], "series": 1, "label": "decided"},
                {"start": row["decided"], "value": row["disputed"], "series": 4,
                 "label": "disputed"},
                {"start": row["decided"] + row["disputed"], "value": row["open"], "series": 3,
                 "label": "open"},
            ],
        }
        for row in rows
    ]  # fmt: skip


def _raters(campaign: Campaign) -> dict[str, int]:
    people = Rating.objects.for_consensus(campaign).aggregate(
        all=Count("person", distinct=True),
        simulated=Count("person", distinct=True, filter=Q(person__is_simulated=True)),
    )
    return {"all": people["all"], "simulated": people["simulated"]}


def _facts(campaign: Campaign) -> list[dict[str, Any]]:
    collection = campaign.collection
    return [
        {"label": "Collection", "value": collection.name, "url": collection.get_absolute_url()},
        {
            "label": "Ratings a question",
            "value": f"{campaign.min_ratings} to {campaign.max_ratings}",
        },
        {"label": "Stops at posterior", "value": f"{campaign.stop_posterior:g} either way"},
        {"label": "Lease", "value": f"{campaign.lease_seconds // 60} min"},
        {"label": "Seed", "value": campaign.seed, "code": True},
        {"label": "Opened", "value": f"{campaign.created_at:%Y-%m-%d %H:%M} UTC"},
    ]
