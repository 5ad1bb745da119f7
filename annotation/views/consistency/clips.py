"""What people disagree about most, to be heard where it is listed."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotation.presenting.disputes import (
    CLIP_COLUMNS,
    DISPUTE_COLUMNS,
    classes_of,
    clip_cells,
    dispute_rows,
)
from annotation.presenting.sorting import sort_links, sorted_rows
from annotation.reporting.shape import ClipRow
from annotation.views.consistency.csv import csv_response, file_name, required
from annotation.views.consistency.frame import frame
from consonance.people.access import roles
from consonance.people.models import Role

#: Each row has a player.
_PAGE: Final = 25
_SORT: Final = "doubt"


@require_GET
@login_required
def clips(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """List the most disputed questions with their clips."""
    shown = frame(request, campaign_id, tab="clips", role=Role.CURATOR)
    context = dict(shown.context)
    if shown.data is not None:
        class_name, sort = request.GET.get("class", ""), request.GET.get("sort", "")
        found = _chosen(shown.data["clips"], class_name)
        rows = sorted_rows(found, DISPUTE_COLUMNS, sort, default=_SORT)
        page = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
        is_admin = Role.ADMIN in roles(request.user, *shown.campaign.places)
        options = [{"value": "", "label": "All classes"}, *classes_of(shown.data["clips"])]
        context |= {
            "page": page,
            "rows": dispute_rows(list(page), campaign_id, is_admin=is_admin),
            "class_name": class_name,
            "options": options,
            "sort": sort,
            "sorts": sort_links(
                DISPUTE_COLUMNS, sort, default=_SORT,
                keep={"class": class_name, "run": shown.run_number},
            ),
            "legend": [
                {"label": "yes", "series": 1},
                {"label": "unsure", "series": 3},
                {"label": "no", "series": 2},
            ],
            "clear_url": shown.url("consistency_clips"),
            "csv_url": shown.url("clips_csv", **{"class": class_name}),
        }  # fmt: skip
    return render(request, "annotation/consistency/clips.html", context)


@require_GET
@login_required
def clips_csv(request: HttpRequest, campaign_id: UUID) -> HttpResponseBase:
    """Download the most disputed questions; see `CLIP_COLUMNS`."""
    shown = frame(request, campaign_id, tab="clips", role=Role.CURATOR)
    found = _chosen(required(shown)["clips"], request.GET.get("class", ""))
    return csv_response(file_name(shown, "clips"), CLIP_COLUMNS, clip_cells(found))


def _chosen(rows: list[ClipRow], class_name: str) -> list[ClipRow]:
    return [row for row in rows if not class_name or row["class_name"] == class_name]
