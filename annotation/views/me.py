"""Pages about oneself: what one did, earned and answered."""

from __future__ import annotations

import uuid
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from annotation.actions.correct_rating import correct_rating
from annotation.campaigns.wording import prompt
from annotation.models import Campaign, Participant, Rating
from annotation.models.ratings import Answer
from annotation.people.correspondence import unread_by
from annotation.people.joining import open_to
from annotation.people.own_statistics import own_work
from consonance.errors import ParameterError
from consonance.people import consent

_PAGE: Final = 25


@never_cache
@require_GET
@login_required
def me(request: HttpRequest) -> HttpResponse:
    """Show what one did, and what one can do about one's account."""
    person: Any = request.user
    context = {
        "work": own_work(person),
        "unread": unread_by(person),
        "open_to": open_to(person)[:_PAGE],
        "studies": Participant.objects.filter(person=person).select_related("study__campaign"),
        "has_agreed": person.consent_version > 0,
        "is_outdated": consent.is_outdated(person),
    }
    return render(request, "annotation/people/me.html", context)


@never_cache
@require_GET
@login_required
def answers(request: HttpRequest) -> HttpResponse:
    """List one's own answers, the latest first, each with a way to correct it."""
    person: Any = request.user
    found = Rating.objects.filter(person=person, superseded_by__isnull=True, is_withdrawn=False)
    words = request.GET.get("q", "").replace("\x00", "").strip()[:150]
    if words:
        found = found.filter(question__target__display_name__icontains=words)
    answer, campaign = request.GET.get("answer", ""), request.GET.get("campaign", "")
    if answer in Answer.values:
        found = found.filter(answer=answer)
    mine = Campaign.objects.filter(questions__ratings__person=person).distinct().order_by("name")
    known = {str(pk): name for pk, name in mine.values_list("pk", "name")}
    if campaign in known:
        found = found.filter(question__campaign=UUID(campaign))
    rows = found.order_by("-created_at", "pk").select_related(
        "question__clip__track", "question__target", "question__campaign"
    )
    page = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [_row(rating) for rating in page],
        "may_correct": True,
        "query": words,
        "is_narrow": bool(words or answer or campaign),
        "filters": [
            {
                "name": "answer", "label": _("Answer"), "value": answer,
                "options": [{"value": "", "label": _("All answers")},
                            *({"value": value, "label": label} for value, label in Answer.choices)],
            },
            {
                "name": "campaign", "label": _("Campaign"), "value": campaign,
                "options": [{"value": "", "label": _("All campaigns")},
                            *({"value": key, "label": name} for key, name in known.items())],
            },
        ],
    }  # fmt: skip
    return render(request, "annotation/people/answers.html", context)


def _row(rating: Rating) -> dict[str, Any]:
    question = rating.question
    others = [choice for choice in Answer if choice != rating.answer]
    return {
        "rating": rating,
        "prompt": prompt(question.target) if question.target else "",
        "clip": question.clip if question.clip and not question.clip.is_withdrawn else None,
        "others": [{"value": choice.value, "label": choice.label} for choice in others],
        # Made with the form, so that sending it twice stores one correction.
        "key": str(uuid.uuid4()),
    }


@require_POST
@login_required
def correct(request: HttpRequest, rating_id: UUID) -> HttpResponse:
    """Put another answer in the place of an own one; both stay stored."""
    person: Any = request.user
    if not Rating.objects.filter(pk=rating_id, person=person).exists():
        raise Http404(_("There is no such answer of yours."))
    try:
        key = UUID(request.POST.get("key", ""))
    except ValueError:
        raise ParameterError(_("The form was incomplete. Load the page again.")) from None
    correct_rating(
        person=person, rating_id=rating_id, answer=request.POST.get("answer", ""), key=key
    )
    messages.success(request, _("Corrected. Your earlier answer is kept beside it."))
    page = request.POST.get("page", "")
    return redirect(
        reverse("annotation:my_answers") + (f"?page={page}" if page.isdecimal() else "")
    )
