"""Ratings one by one: where every number of a report leads to."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotation.campaigns.reached import campaign_of
from annotation.listing.ratings import (
    COUNTED,
    KINDS,
    RatingChoice,
    all_of,
    counted,
    page_of,
    ratings_of,
)
from annotation.models import Campaign
from annotation.models.ratings import Answer
from annotation.presenting.links import page_url
from annotation.presenting.ratings import (
    RATING_COLUMNS,
    RATING_FIELDS,
    chips,
    rating_cells,
    rating_rows,
)
from annotation.views.consistency.csv import csv_response
from annotation.views.consistency.frame import frame
from consonance.catalog.models import TaxonomyClass

#: What the form asks for by fields of its own; the rest goes along with it.
_FIELDS: Final = ("class", "answer", "day")


@require_GET
@login_required
def ratings(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """List ratings by person, class, answer, question, day and what is special about them."""
    shown = frame(request, campaign_id, tab="")
    choice = _choice(request)
    found = ratings_of(shown.campaign, choice)
    page = page_of(found, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    number = counted(shown.campaign, choice)
    context = {
        **shown.context,
        "choice": choice,
        "chips": chips(shown.campaign, choice),
        "rows": rating_rows(page.rows),
        "number": min(number, COUNTED),
        "is_more": number > COUNTED,
        "newer_url": f"?{urlencode({**choice.query, 'before': page.newer})}" if page.newer else "",
        "older_url": f"?{urlencode({**choice.query, 'after': page.older})}" if page.older else "",
        "newest_url": f"?{urlencode(choice.query)}",
        "filters": _filters(shown.campaign, choice),
        "kept": {
            key: value
            for key, value in choice.query.items()
            if key not in _FIELDS and key != choice.kind
        },
        "clear_url": page_url("consistency_ratings", campaign_id),
        "csv_url": page_url("ratings_csv", campaign_id, **choice.query),
    }
    return render(request, "annotation/consistency/ratings.html", context)


@require_GET
@login_required
def ratings_csv(request: HttpRequest, campaign_id: UUID) -> HttpResponseBase:
    """Download the chosen ratings by pseudonym, written as they are read."""
    campaign = campaign_of(request, campaign_id)
    found = ratings_of(campaign, _choice(request))
    cells = rating_cells(campaign, all_of(found, RATING_FIELDS))
    return csv_response(f"{campaign.pk}-ratings.csv", RATING_COLUMNS, cells)


def _choice(request: HttpRequest) -> RatingChoice:
    query = {key: str(value) for key, value in request.GET.items() if value}
    kind = query.pop("kind", "")
    if kind in dict(KINDS):  # the form's one choice; addresses name each
        query[kind] = "1"
    return RatingChoice.of(query)


def _filters(campaign: Campaign, choice: RatingChoice) -> list[dict[str, Any]]:
    targets = TaxonomyClass.objects.filter(pk__in=campaign.guidelines.values("target"))
    classes = [("", "All classes")]
    classes += [(target.name, target.display_name) for target in targets.order_by("position")]
    answers = [("", "All answers"), *Answer.choices]
    return [
        _select("class", "Class", choice.class_name, classes),
        _select("answer", "Answer", choice.answer, answers),
        _select("kind", "Which", choice.kind, KINDS),
    ]


def _select(name: str, label: str, value: str, options: Any) -> dict[str, Any]:
    listed = [{"value": option, "label": words} for option, words in options]
    return {"name": name, "label": label, "value": value, "options": listed}
