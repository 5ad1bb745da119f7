"""The quiz: one gold clip after the other, each explained. Plain forms; a script adds keys."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from annotation.actions.answer_quiz import answer_quiz
from annotation.actions.start_quiz import start_quiz
from annotation.guidelines import prompt
from annotation.measures import standing
from annotation.models import Campaign, GoldAnswer, GuidelineVersion, QuizAttempt, QuizItem
from annotation.models.ratings import Answer
from annotation.quizzes import choose, is_right, retry_refusal, score_of
from consonance.catalog.sound_sources import sound_sources
from consonance.errors import ParameterError
from consonance.people.access import require
from consonance.people.models import Role


@require_http_methods(["GET", "POST"])
@login_required
def quiz(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Ask the next clip, explain the last answer (`?seen=PLACE`), or tell how it went."""
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    require(request.user, Role.ANNOTATOR, *campaign.places)
    if request.method == "POST":
        return _posted(request, campaign)
    context = {
        "campaign": campaign,
        "standing": standing(request.user, campaign),
        **_shown(request, campaign),
    }
    return render(request, "annotation/quiz.html", context)


def _posted(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    here = reverse("annotation:quiz", args=[campaign.pk])
    if "item" not in request.POST:
        start_quiz(campaign=campaign, person=request.user)
        return redirect(here)
    try:
        item_id = UUID(request.POST["item"])
    except ValueError:
        raise ParameterError("The form was incomplete. Load the page again.") from None
    item = answer_quiz(person=request.user, item_id=item_id, answer=request.POST.get("answer", ""))
    return redirect(f"{here}?seen={item.place}")


def _shown(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    """Return what the page is about: `stage` and what that stage shows."""
    person: Any = request.user
    asked = standing(person, campaign).requiz
    attempts = QuizAttempt.objects.filter(campaign=campaign, person=person)
    latest = attempts.order_by("-started_at").first()
    if latest is not None and (latest.finished_at is None or _still_matters(latest, asked)):
        items = list(latest.items.select_related("gold__target", "gold__clip__track"))
        return _attempt(request, campaign, latest, items) | {
            "number": attempts.filter(started_at__lte=latest.started_at).count(),
            "may_try_again": asked is not None,
            "wait": retry_refusal(campaign, person, timezone.now()) if asked else "",
        }
    if asked is None:
        return {"stage": "not_asked"}
    gold = choose(campaign, person)
    return {"stage": "intro" if gold else "impossible", "score": _score_to_come(gold)}


def _still_matters(attempt: QuizAttempt, asked: Any) -> bool:
    """Return whether a finished attempt was made for what the person is asked now, or passed."""
    if asked is None:
        return bool(attempt.has_passed)
    return attempt.started_at >= asked.created_at


def _score_to_come(gold: list[GoldAnswer]) -> Any:
    return score_of([QuizItem(gold=one) for one in gold])


def _attempt(
    request: HttpRequest, campaign: Campaign, attempt: QuizAttempt, items: list[QuizItem]
) -> dict[str, Any]:
    shown: dict[str, Any] = {"attempt": attempt, "score": score_of(items), "items": items}
    seen = request.GET.get("seen", "")
    explained = [row for row in items if str(row.place) == seen and row.answer]
    waiting = [row for row in items if not row.answer]
    if explained:
        return shown | {"stage": "explained", "item": _item(explained[0]), "is_last": not waiting}
    if waiting:
        item = waiting[0]
        guideline = (
            GuidelineVersion.objects.filter(campaign=campaign, target=item.gold.target_id)
            .order_by("-version")
            .first()
        )
        return shown | {"stage": "asking", "item": _item(item), "guideline": guideline}
    return shown | {"stage": "result", "explained": [_item(row) for row in items]}


def _item(item: QuizItem) -> dict[str, Any]:
    clip, target = item.gold.clip, item.gold.target
    can = "can" if item.gold.truth == GoldAnswer.Truth.PRESENT else "cannot"
    shown: dict[str, Any] = {
        "id": str(item.pk),
        "place": item.place,
        "prompt": prompt(target),
        "audio_url": sound_sources(clip)[0]["url"],
        "spectrogram_url": reverse("media:clip_spectrogram", args=[clip.pk]),
        "duration_ms": clip.duration_ms,
    }
    if item.answer:  # not a word of the truth before
        shown |= {
            "said": "You were unsure."
            if item.answer == Answer.UNSURE
            else f"You said {item.get_answer_display().lower()}.",
            "is_right": is_right(item),
            "truth": f"One {can} hear {target.with_article} here.",
            "explanation": item.gold.explanation,
        }
    return shown
