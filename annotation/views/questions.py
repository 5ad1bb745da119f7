"""Questions of a campaign: where every count on its page leads to."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from annotation.deciding import posterior
from annotation.models import Campaign, Question
from consonance.catalog.models import TaxonomyClass
from consonance.people.access import require
from consonance.people.models import Role

_PAGE: Final = 50


@require_GET
@login_required
def question_list(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """List a campaign's questions by class and state."""
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    require(request.user, Role.CURATOR, *campaign.places)
    questions = (
        Question.objects.of(campaign)
        .not_gold()
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
