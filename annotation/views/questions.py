"""Questions one by one: where every count on a campaign's page leads to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from annotation.deciding import posterior
from annotation.guidelines import prompt
from annotation.models import Campaign, Question, Rating
from consonance.catalog.models import TaxonomyClass
from consonance.people.access import require
from consonance.people.models import Role

_PAGE = 50


@dataclass(frozen=True, kw_only=True)
class RatingStep:
    """One answer and where it took the posterior."""

    rating: Rating
    posterior: float | None


@require_GET
@login_required
def question_list(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """List a campaign's questions by class and state."""
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    require(request.user, Role.CURATOR, *campaign.places)
    questions = (
        Question.objects.of(campaign)
        .select_related("clip__track", "target")
        .order_by("target__position", "clip__track__track_no", "clip__start_ms")
    )
    state, class_name = request.GET.get("state", ""), request.GET.get("class", "")
    words = request.GET.get("q", "").strip()
    if state in Question.State.values:
        questions = questions.filter(state=state)
    if class_name:
        questions = questions.filter(target__name=class_name)
    if words:
        questions = questions.filter(clip__track__title__icontains=words)
    page = Paginator(questions, _PAGE).get_page(request.GET.get("page"))
    context = {
        "campaign": campaign,
        "page": page,
        "rows": [{"question": row, "posterior": posterior(row.log_odds)} for row in page],
        "query": words,
        "filters": _filters(campaign, state, class_name),
        "is_filtered": bool(words or state or class_name),
        "clear_url": request.path,
    }
    return render(request, "annotation/questions.html", context)


@require_GET
@login_required
def question_detail(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Explain one label: every answer, what it weighed, and why asking stopped."""
    question = get_object_or_404(
        Question.objects.select_related("campaign", "clip__track", "target"), pk=question_id
    )
    campaign = question.campaign
    require(request.user, Role.CURATOR, *campaign.places)
    clip, target = question.clip, question.target
    if clip is None or target is None:
        raise Http404("This page explains questions about a clip and a class.")
    context = {
        "campaign": campaign,
        "question": question,
        "prompt": prompt(target),
        "posterior": posterior(question.log_odds),
        "steps": _steps(question),
        "audio_url": reverse("media:clip_audio", args=[clip.pk]),
        "spectrogram_url": reverse("media:clip_spectrogram", args=[clip.pk]),
        "crumbs": [
            {"label": campaign.name, "url": reverse("annotation:campaign", args=[campaign.pk])},
            {"label": "Questions", "url": reverse("annotation:questions", args=[campaign.pk])},
        ],
    }
    return render(request, "annotation/question.html", context)


def _steps(question: Question) -> list[RatingStep]:
    ratings = list(question.ratings.select_related("person").order_by("created_at", "pk"))
    counted = [row.weight for row in ratings if not row.is_withdrawn and not row.superseded_by_id]
    log_odds = question.log_odds - sum(counted)  # what it started from
    steps = []
    for rating in ratings:
        if rating.is_withdrawn or rating.superseded_by_id:
            steps.append(RatingStep(rating=rating, posterior=None))
            continue
        log_odds += rating.weight
        steps.append(RatingStep(rating=rating, posterior=posterior(log_odds)))
    return steps


def _filters(campaign: Campaign, state: str, class_name: str) -> list[dict[str, Any]]:
    # The guidelines name a campaign's classes: far fewer rows than its questions.
    targets = TaxonomyClass.objects.filter(pk__in=campaign.guidelines.values("target")).order_by(
        "position"
    )
    states = [{"value": "", "label": "All states"}]
    states += [{"value": value, "label": label} for value, label in Question.State.choices]
    classes = [{"value": "", "label": "All classes"}]
    classes += [{"value": target.name, "label": target.display_name} for target in targets]
    return [
        {"name": "class", "label": "Class", "value": class_name, "options": classes},
        {"name": "state", "label": "State", "value": state, "options": states},
    ]
