"""The quiz: one gold clip after the other, each explained. Plain forms; a script adds keys."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotation.actions.answer_quiz import answer_quiz
from annotation.actions.start_quiz import start_quiz
from annotation.gold.quiz_standing import QuizStanding, latest_class, quiz_standing
from annotation.models import Campaign, Workload
from annotation.people.measures import standing
from annotation.people.participation import way_out
from annotation.presenting.first_steps import first_steps
from annotation.presenting.quiz import present_items
from annotation.views.rating import chosen_class
from consonance.catalog.models import TaxonomyClass
from consonance.errors import ParameterError
from consonance.people.access import require
from consonance.people.models import Role


@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def quiz(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Ask the next clip, explain the last answer (`?seen=PLACE`), or tell how it went."""
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    require(request.user, Role.ANNOTATOR, *campaign.places)
    target = chosen_class(request, campaign) or latest_class(campaign, request.user)
    if request.method == "POST":
        return _posted(request, campaign, target)
    stand = quiz_standing(campaign, request.user, target)
    context = {
        "campaign": campaign,
        "standing": standing(request.user, campaign),
        "target": target,
        "query": _query(target),
        "steps": _steps(campaign, request.user, stand),
        **_shown(request, campaign, stand),
    }
    return render(request, "annotation/quiz.html", context)


def _query(target: TaxonomyClass | None, **more: int) -> str:
    kept: dict[str, str | int] = {**more}
    if target is not None:
        kept["class"] = target.name
    return f"?{urlencode(kept)}" if kept else ""


def _steps(campaign: Campaign, person: Any, stand: QuizStanding) -> list[dict[str, Any]]:
    """Return what lies before the first clip, for whoever has not answered one here."""
    if stand.target is None or stand.stage in {"not_asked", "impossible"}:
        return []
    answered = Workload.objects.filter(campaign=campaign, person=person, answered__gt=0)
    return [] if answered.exists() else first_steps(campaign, "quiz")


def _posted(request: HttpRequest, campaign: Campaign, target: TaxonomyClass | None) -> HttpResponse:
    here = reverse("annotation:quiz", args=[campaign.pk])
    if "item" not in request.POST:
        start_quiz(campaign=campaign, person=request.user, target=target)
        return redirect(here + _query(target))
    try:
        item_id = UUID(request.POST["item"])
    except ValueError:
        raise ParameterError(gettext("The form was incomplete. Load the page again.")) from None
    item = answer_quiz(
        campaign=campaign,
        person=request.user,
        item_id=item_id,
        answer=request.POST.get("answer", ""),
    )
    return redirect(here + _query(target, seen=item.place))


def _shown(request: HttpRequest, campaign: Campaign, stand: QuizStanding) -> dict[str, Any]:
    """Return what the page is about: `stage` and what that stage shows."""
    shown: dict[str, Any] = {"stage": stand.stage, "score": stand.score}
    if stand.attempt is None:
        return shown
    items = dict(zip(stand.items, present_items(campaign, stand.items), strict=True))
    shown |= {"attempt": stand.attempt, "items": stand.items}
    seen, waiting = request.GET.get("seen", ""), stand.next_item
    for row in stand.items:
        if str(row.place) == seen and row.answer:
            return shown | {
                "stage": "explained", "item": items[row], "is_last": waiting is None
            }  # fmt: skip
    if waiting is not None:
        guideline = items[waiting]["guideline"]
        text = guideline["text"] if guideline else ""
        return shown | {"item": items[waiting], "guideline_text": text}
    return shown | {
        "explained": list(items.values()),
        "number": stand.number,
        "may_try_again": stand.is_due,
        "resting": stand.resting,
        "others": stand.others,
        "way_out": way_out(request.user, campaign),
    }
