"""A campaign as its curator sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
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
from annotation.campaigns.effort import effort_of, effort_of_rounds
from annotation.campaigns.rules import RULES, CampaignRules
from annotation.forms import OpenCampaignForm
from annotation.gold.quizzes import LEAST_OF_EACH, quizzed_classes
from annotation.models import Campaign, Question, Rating
from annotation.people.joining import language_name
from annotation.presenting.effort import effort_sentences
from annotation.presenting.forecast import forecast_rows
from consonance.catalog.models import TaxonomyClass
from consonance.errors import ParameterError, StateError
from consonance.people.access import require, roles
from consonance.people.models import Role
from consonance.people.views import needs

#: How a class's questions stand: what is counted, its name and its colour.
_PARTS: Final = (
    ("decided", "decided", 1),
    ("adjudicated", "by curators", 2),
    ("disputed", "disputed", 4),
    ("open", "open", 3),
)
_SAID = {"open": "open again", "paused": "paused", "closed": "closed"}


@require_GET
@login_required
def campaign_detail(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Show a campaign's progress, class by class, and how to pause or close it."""
    campaign = get_object_or_404(
        Campaign.objects.select_related("collection", "cloned_from", "pilot_of"), pk=campaign_id
    )
    require(request.user, Role.CURATOR, *campaign.places)
    classes = _classes(campaign)
    totals = {
        name: sum(row[name] for row in classes)
        for name in ("questions", "open", "decided", "adjudicated", "disputed", "answered")
    }
    page = {
        "campaign": campaign,
        "classes": classes,
        "totals": totals,
        "raters": _raters(campaign),
        "rounds": campaign.rounds.select_related("score_set__collection"),
        "facts": _facts(campaign),
        "legend": [{"label": label, "series": series} for _, label, series in _PARTS],
        "is_admin": Role.ADMIN in roles(request.user, *campaign.places),
        "effort": effort_sentences(effort_of(campaign)),
        "share_done": totals["decided"] + totals["adjudicated"] + totals["disputed"],
        "unquizzed": _unquizzed(campaign),
        "pilots": _pilots(campaign),
        "tab": "overview",
    }
    return render(request, "annotation/campaign.html", page)


@require_http_methods(["GET", "POST"])
@needs(Role.CURATOR)
def campaign_new(request: HttpRequest) -> HttpResponse:
    """Open a campaign over rounds."""
    first = {"rounds": request.GET.getlist("round")}
    form = OpenCampaignForm(request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid():
        try:
            campaign = open_campaign(actor=request.user, **form.cleaned_data)
        except (ParameterError, StateError) as error:
            form.add_error(None, str(error))
        else:
            said = " ".join(effort_sentences(effort_of(campaign))[:2])
            messages.success(request, f"“{campaign}” is open. {said}")
            return redirect("annotation:campaign", campaign_id=campaign.pk)
    has_rounds = form.fields["rounds"].queryset.exists()  # type: ignore[attr-defined]
    return render(request, "annotation/campaign_new.html", {"form": form, "has_rounds": has_rounds})


@require_POST
@needs(Role.CURATOR)
def campaign_estimate(request: HttpRequest) -> HttpResponse:
    """Say how many questions a campaign would have and what they would cost, opening nothing."""
    form = OpenCampaignForm(request.POST)
    told: list[str] = []
    problem = ""
    if form.is_valid():
        given = form.cleaned_data
        try:
            rules = CampaignRules(**{name: given[name] for name in RULES})
            told = effort_sentences(effort_of_rounds(given["rounds"], rules), is_bound=True)
        except ParameterError as error:
            problem = str(error)
    else:
        problem = "Choose a round, a name and numbers that fit to see what it takes."
    page = {"told": told, "problem": problem}
    return render(request, "annotation/includes/effort.html", page)


@require_POST
@login_required
def campaign_state(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Pause, resume or close a campaign."""
    get_object_or_404(Campaign, pk=campaign_id)
    to = request.POST.get("to", "")
    if to == Campaign.State.CLOSED and not request.POST.get("confirm"):
        raise ParameterError("Closing is for good. Confirm it on the page “Manage”.")
    if to not in Campaign.State.values:
        raise ParameterError(f"A campaign cannot be {to!r}. Use open, paused or closed.")
    campaign = move_campaign(campaign_id=campaign_id, to=Campaign.State(to), actor=request.user)
    messages.success(request, f"“{campaign}” is {_SAID[to]}.")
    return redirect("annotation:campaign", campaign_id=campaign_id)


def _classes(campaign: Campaign) -> list[dict[str, Any]]:
    rows = (
        Question.objects.of(campaign)
        .not_gold()
        .values("target__name", "target__display_name", "target__position")
        .annotate(
            questions=Count("pk"),
            open=Count("pk", filter=Q(state="open")),
            decided=Count("pk", filter=Q(state="decided")),
            adjudicated=Count("pk", filter=Q(state="adjudicated")),
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
            "segments": _segments(row),
        }
        for row in rows
    ]


def _unquizzed(campaign: Campaign) -> dict[str, str]:
    """Say which classes have no quiz although the campaign wants one, and how they get it."""
    if not campaign.requires_quiz or campaign.state == Campaign.State.CLOSED:
        return {}
    with_quiz = quizzed_classes(campaign)
    asked = TaxonomyClass.objects.filter(pk__in=campaign.guidelines.values("target"))
    names = asked.exclude(pk__in=with_quiz).order_by("position", "name")
    without = list(names.values_list("display_name", flat=True))
    if not without:
        return {}
    these = f"No quiz yet for {', '.join(without)}"
    return {
        "title": these if with_quiz else "No class has a quiz yet",
        "text": "Nobody is held up: people are asked without one. A class has a quiz as soon as"
        f" {LEAST_OF_EACH} clips are known to have it and {LEAST_OF_EACH} to lack it: promote what"
        " everybody agrees on, say it on labels’ pages, or bring a file with set_gold.",
    }


def _segments(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the parts of a class's bar, one behind the other."""
    segments, start = [], 0
    for name, label, series in _PARTS:
        segments.append({"start": start, "value": row[name], "series": series, "label": label})
        start += row[name]
    return segments


def _raters(campaign: Campaign) -> dict[str, int]:
    people = Rating.objects.for_consensus(campaign).aggregate(
        all=Count("person", distinct=True),
        simulated=Count("person", distinct=True, filter=Q(person__is_simulated=True)),
    )
    return {"all": people["all"], "simulated": people["simulated"]}


def _pilots(campaign: Campaign) -> list[dict[str, Any]]:
    """Return the campaign's pilots, or itself if it is one, with what they forecast."""
    full = campaign.pilot_of or campaign
    pilots = [campaign] if campaign.pilot_of else list(campaign.pilots.order_by("-created_at")[:3])
    return [{"pilot": pilot, "full": full, **forecast_rows(pilot, full)} for pilot in pilots]


def _facts(campaign: Campaign) -> list[dict[str, Any]]:
    collection = campaign.collection
    facts: list[dict[str, Any]] = [
        {"label": "Collection", "value": collection.name, "url": collection.get_absolute_url()},
        {"label": "Asks", "value": _asks(campaign)},
        {
            "label": "Ratings a question",
            "value": f"{campaign.min_ratings} to {campaign.max_ratings}",
        },
        {"label": "Stops at posterior", "value": f"{campaign.stop_posterior:g} either way"},
        {"label": "Asked in full", "value": f"{100 * campaign.audit_share:.3g} % of questions"},
        {"label": "Asked again", "value": f"{100 * campaign.repeat_share:.3g} % of answers"},
        {
            "label": "Gold",
            "value": f"{100 * campaign.gold_share:.3g} % of questions, trusted from"
            f" {campaign.trust_floor:g}",
        },
        {
            "label": "Wanted a class",
            "value": f"{campaign.quota_positives:,} positive of {campaign.quota_labels:,} labels",
        },
        {"label": "Who may join", "value": campaign.get_joining_display()},
        {"label": "Languages", "value": ", ".join(map(language_name, campaign.languages)) or "Any"},
        {"label": "Before the first question", "value": _before_first(campaign)},
        {"label": "Heard before answering", "value": f"{campaign.min_heard_ms:,} ms"},
        {"label": "Pay", "value": _pay(campaign)},
        {"label": "Lease", "value": f"{campaign.lease_seconds:,} s"},
        {"label": "Seed", "value": campaign.seed, "code": True},
        {"label": "Opened", "value": f"{campaign.created_at:%Y-%m-%d %H:%M} UTC"},
    ]
    for label, other in (("Clone of", campaign.cloned_from), ("Pilot of", campaign.pilot_of)):
        if other is not None:
            url = reverse("annotation:campaign", args=[other.pk])
            facts.insert(1, {"label": label, "value": other.name, "url": url})
    return facts


def _asks(campaign: Campaign) -> str:
    told = campaign.get_asks_display()
    if campaign.asks != Campaign.Asks.CLASS_BATCH:
        told += f": up to {campaign.clip_classes}"
    return f"{told}; how sure they are, too" if campaign.asks_confidence else str(told)


def _before_first(campaign: Campaign) -> str:
    checks = [
        name
        for name, is_asked in (
            ("Sound check", True),
            ("headphone screening", campaign.checks_headphones),
            ("quiz", campaign.requires_quiz),
        )
        if is_asked
    ]
    return ", ".join(checks)


def _pay(campaign: Campaign) -> str:
    if campaign.pay_per_hour is None:
        return "Volunteers"
    return f"{campaign.pay_per_hour:,.2f} {campaign.pay_currency} an hour"
