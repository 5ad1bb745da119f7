"""Clips that people reported: listen, then keep or withdraw them."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from annotation.actions.flag_clip import ENOUGH
from annotation.actions.resolve_flag import resolve_flags
from annotation.campaigns.reached import campaign_of
from annotation.models import Campaign, ClipFlag, Question
from annotation.presenting.links import page_url
from annotation.presenting.numbers import plural
from consonance.catalog.models import Clip
from consonance.errors import StateError
from consonance.people.access import require, roles
from consonance.people.models import Role, Scope

#: Each clip has a player.
_PAGE: Final = 20
_TABS: Final = (("", "Waiting"), ("kept", "Kept"), ("withdrawn", "Withdrawn"))
_Resolution = ClipFlag.Resolution


@require_GET
@login_required
def flags(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """List reported clips of a campaign, the most reported first, each to be decided in place."""
    campaign = campaign_of(request, campaign_id, Role.CURATOR)
    state, kind = request.GET.get("state", ""), request.GET.get("kind", "")
    state = state if state in _Resolution.values else _Resolution.NONE
    kind = kind if kind in ClipFlag.Kind.values else ""
    here = _reported(campaign)
    counts = dict(
        here.order_by().values_list("resolution").annotate(n=Count("clip", distinct=True))
    )
    chosen = here.filter(resolution=state)
    if kind:
        chosen = chosen.filter(kind=kind)
    clips = (
        chosen.order_by()
        .values("clip")
        .annotate(people=Count("person", distinct=True), latest=Max("created_at"))
        .order_by("-people", "-latest", "clip")
    )
    page = Paginator(clips, _PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "campaign": campaign,
        "page": page,
        "rows": _rows(campaign, [row["clip"] for row in page], state),
        "state": state,
        "kind": kind,
        "kinds": [("", "All reports"), *ClipFlag.Kind.choices],
        "tabs": [
            {
                "label": label,
                "url": page_url("flags", campaign.pk, state=value),
                "active": value == state,
                "count": counts.get(value, 0),
            }
            for value, label in _TABS
        ],
        "enough": ENOUGH,
        "may_decide": Role.CURATOR
        in roles(request.user, (Scope.COLLECTION, campaign.collection_id)),
        "back": request.get_full_path(),
        "clear_url": page_url("flags", campaign.pk, state=state),
        "crumbs": [
            {"label": campaign.name, "url": reverse("annotation:campaign", args=[campaign.pk])}
        ],
    }
    return render(request, "annotation/flags.html", context)


@require_POST
@login_required
def resolve(request: HttpRequest, campaign_id: UUID, clip_id: UUID) -> HttpResponse:
    """Keep or withdraw a clip."""
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    require(request.user, Role.CURATOR, (Scope.COLLECTION, campaign.collection_id))
    clip = get_object_or_404(
        Clip.objects.select_related("track"), pk=clip_id, track__collection=campaign.collection_id
    )
    resolution = request.POST.get("resolution", "")
    try:
        done = resolve_flags(clip_id=clip.pk, resolution=resolution, actor=request.user)
    except StateError as error:
        messages.error(request, str(error))
    else:
        told = plural(done.questions, "question")
        if resolution == _Resolution.WITHDRAWN:
            said = f"{clip} is withdrawn: {told} set aside"
            said += f", {plural(done.gold, 'gold answer')} retired." if done.gold else "."
        else:
            said = f"{clip} is kept: {told} asked again"
            said += f", {plural(done.gold, 'gold answer')} set again." if done.gold else "."
        messages.success(request, said)
    return redirect(page_url("flags", campaign.pk, state=_state(request)))


def _state(request: HttpRequest) -> str:
    state = request.POST.get("state", "")
    return state if state in _Resolution.values else ""


def _reported(campaign: Campaign) -> QuerySet[ClipFlag]:
    """Return reports of clips that the campaign asks about, in whichever campaign they were made.

    A clip is the same everywhere: so are its reports.
    """
    asked = Question.objects.of(campaign).filter(clip__isnull=False).values("clip")
    found: QuerySet[ClipFlag] = ClipFlag.objects.filter(clip__in=asked)
    return found


def _rows(campaign: Campaign, clips: list[UUID], state: str) -> list[dict[str, Any]]:
    known = Clip.objects.select_related("track").in_bulk(clips)
    reports: dict[UUID, list[ClipFlag]] = {clip: [] for clip in clips}
    found = ClipFlag.objects.filter(clip__in=clips, resolution=state).select_related(
        "person", "resolved_by", "question__target", "question__campaign"
    )
    for flag in found.order_by("created_at"):
        reports[flag.clip_id].append(flag)
    asked: dict[UUID, list[Question]] = {clip: [] for clip in clips}
    questions = Question.objects.filter(clip__in=clips, campaign=campaign)
    for question in questions.select_related("target").order_by("target__position"):
        if question.clip_id is not None:
            asked[question.clip_id].append(question)
    return [
        {
            "clip": known[clip],
            "reports": reports[clip],
            "questions": asked[clip],
            "resolved": reports[clip][-1] if state and reports[clip] else None,
        }
        for clip in clips
    ]
