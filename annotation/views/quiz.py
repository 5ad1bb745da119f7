"""The quiz: one gold clip after the other, each explained. Plain forms; a script adds keys."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from annotation.actions.answer_quiz import answer_quiz
from annotation.actions.start_quiz import start_quiz
from annotation.campaigns.wording import guideline_text, in_sentence, prompt
from annotation.gold.quizzes import choose, first_quiz_is_due, is_right, retry_refusal, score_of
from annotation.models import Campaign, GoldAnswer, GuidelineVersion, QuizAttempt, QuizItem
from annotation.models.ratings import Answer
from annotation.people.measures import standing
from annotation.views.rating import chosen_class
from consonance.catalog.models import TaxonomyClass
from consonance.catalog.sound_sources import sound_sources
from consonance.errors import ParameterError
from consonance.people.access import require
from consonance.people.models import Role

_SAID: Final = {
    Answer.YES: _("You said yes."),
    Answer.NO: _("You said no."),
    Answer.UNSURE: _("You were unsure."),
}
_TRUTH: Final = {
    GoldAnswer.Truth.PRESENT: _("One can hear %(thing)s here."),
    GoldAnswer.Truth.ABSENT: _("One cannot hear %(thing)s here."),
}


@require_http_methods(["GET", "POST"])
@login_required
def quiz(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """Ask the next clip, explain the last answer (`?seen=PLACE`), or tell how it went."""
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    require(request.user, Role.ANNOTATOR, *campaign.places)
    target = _class_of(request, campaign)
    if request.method == "POST":
        return _posted(request, campaign, target)
    context = {
        "campaign": campaign,
        "standing": standing(request.user, campaign),
        "target": target,
        "query": _query(target),
        **_shown(request, campaign, target),
    }
    return render(request, "annotation/quiz.html", context)


def _class_of(request: HttpRequest, campaign: Campaign) -> TaxonomyClass | None:
    """Return the class whose quiz this is: the address's, else that of the latest attempt."""
    chosen = chosen_class(request, campaign)
    if chosen is not None:
        return chosen
    person: Any = request.user
    attempts = QuizAttempt.objects.filter(campaign=campaign, person=person)
    latest = attempts.select_related("target").order_by("-started_at").first()
    return latest.target if latest is not None else None


def _query(target: TaxonomyClass | None, **more: int) -> str:
    kept: dict[str, str | int] = {**more}
    if target is not None:
        kept["class"] = target.name
    return f"?{urlencode(kept)}" if kept else ""


def _posted(request: HttpRequest, campaign: Campaign, target: TaxonomyClass | None) -> HttpResponse:
    here = reverse("annotation:quiz", args=[campaign.pk])
    if "item" not in request.POST:
        start_quiz(campaign=campaign, person=request.user, target=target)
        return redirect(here + _query(target))
    try:
        item_id = UUID(request.POST["item"])
    except ValueError:
        raise ParameterError(gettext("The form was incomplete. Load the page again.")) from None
    item = answer_quiz(person=request.user, item_id=item_id, answer=request.POST.get("answer", ""))
    return redirect(here + _query(target, seen=item.place))


def _shown(
    request: HttpRequest, campaign: Campaign, target: TaxonomyClass | None
) -> dict[str, Any]:
    """Return what the page is about: `stage` and what that stage shows."""
    person: Any = request.user
    again = standing(person, campaign).requiz
    is_first = again is None and target is not None
    is_due = again is not None or (
        target is not None and first_quiz_is_due(campaign, person, target.pk)
    )
    attempts = QuizAttempt.objects.filter(campaign=campaign, person=person)
    latest = attempts.order_by("-started_at").first()
    if is_first and (latest is None or latest.finished_at):
        attempts = attempts.filter(target=target)
        latest = attempts.order_by("-started_at").first()
    if latest is not None and _still_matters(latest, again):
        items = list(latest.items.select_related("gold__target", "gold__clip__track"))
        return _attempt(request, campaign, latest, items) | {
            "number": attempts.filter(started_at__lte=latest.started_at).count(),
            "may_try_again": is_due,
            "wait": retry_refusal(campaign, person, timezone.now()) if is_due else "",
        }
    if not is_due:
        return {"stage": "not_asked"}
    gold = choose(campaign, person, target.pk if is_first and target is not None else None)
    return {"stage": "intro" if gold else "impossible", "score": _score_to_come(gold)}


def _still_matters(attempt: QuizAttempt, again: Any) -> bool:
    """Return whether an attempt was made for what the person is asked now, is open, or passed."""
    if again is None:
        is_open = attempt.finished_at is None
        return is_open or bool(attempt.has_passed) or attempt.target_id is not None
    return attempt.started_at >= again.created_at


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
        target = item.gold.target
        guideline = (
            GuidelineVersion.objects.filter(campaign=campaign, target=item.gold.target_id)
            .order_by("-version")
            .first()
        )
        text = guideline_text(guideline.text, target) if guideline else ""
        return shown | {"stage": "asking", "item": _item(item), "guideline_text": text}
    return shown | {"stage": "result", "explained": [_item(row) for row in items]}


def _item(item: QuizItem) -> dict[str, Any]:
    clip, target = item.gold.clip, item.gold.target
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
            "said": str(_SAID[Answer(item.answer)]),
            "is_right": is_right(item),
            "truth": _TRUTH[GoldAnswer.Truth(item.gold.truth)] % {"thing": in_sentence(target)},
            "explanation": item.gold.explanation,
        }
    return shown
