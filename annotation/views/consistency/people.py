"""Everybody of a report, to be sorted, searched and narrowed down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotation.listing.people import FLAGS, KINDS, LEAST, SHOWN, PersonChoice, people_of
from annotation.models import ConsistencyReport
from annotation.people.measures import by_person, in_force
from annotation.presenting.people import PERSON_COLUMNS, headings, person_cells, person_rows
from annotation.reporting.shape import ReportData
from annotation.views.consistency.csv import csv_response, file_name, required
from annotation.views.consistency.frame import Frame, frame
from annotation.views.consistency.measures import notice_of

_PAGE: Final = 50
_CHUNK: Final = 500


@require_GET
@login_required
def people(request: HttpRequest, campaign_id: UUID) -> HttpResponse:
    """List the people of a report."""
    shown = frame(request, campaign_id, tab="people")
    notice = notice_of(request, shown.campaign)
    if shown.report is None or shown.data is None:
        return render(
            request, "annotation/consistency/people.html", {**shown.context, "notice": notice}
        )
    choice = PersonChoice.of(request.GET)
    found = people_of(shown.report, choice, shown.campaign)
    page = Paginator(found, _PAGE).get_page(request.GET.get("page"))
    rows = list(page)
    measures = by_person(shown.campaign, [row.person_id for row in rows if row.person_id])
    context = {
        **shown.context,
        "choice": choice,
        "page": page,
        "rows": person_rows(
            rows,
            campaign_id=campaign_id,
            measures=measures,
            class_name=choice.class_name,
            run=shown.run_number,
        ),
        "headings": headings(choice, anchor="#people", run=shown.run_number),
        "filters": _filters(choice, shown.data),
        "class_label": dict(_classes(shown.data)).get(choice.class_name, choice.class_name),
        "clear_url": shown.url("consistency_people"),
        "csv_url": shown.url("people_csv", **choice.query),
        "back": request.get_full_path(),
        "notice": notice,
    }
    return render(request, "annotation/consistency/people.html", context)


@require_GET
@login_required
def people_csv(request: HttpRequest, campaign_id: UUID) -> HttpResponseBase:
    """Download people by pseudonym, chosen as on the page; files travel further than pages."""
    shown = frame(request, campaign_id, tab="people")
    required(shown)
    if shown.report is None:
        raise AssertionError("content without a report")
    choice = PersonChoice.of(request.GET)
    return csv_response(
        file_name(shown, "people"), PERSON_COLUMNS, _cells(shown, shown.report, choice)
    )


def _cells(shown: Frame, report: ConsistencyReport, choice: PersonChoice) -> Iterator[list[Any]]:
    held: dict[UUID, dict[str, Any]] = {}
    for measure in in_force(shown.campaign):
        held.setdefault(measure.person_id, {})[measure.kind] = measure
    for row in people_of(report, choice, shown.campaign).iterator(chunk_size=_CHUNK):
        yield person_cells(row, held.get(row.person_id, {}) if row.person_id else {})


def _classes(data: ReportData) -> tuple[tuple[str, str], ...]:
    return tuple((row["name"], row["display_name"]) for row in data["classes"])


def _filters(choice: PersonChoice, data: ReportData) -> list[dict[str, Any]]:
    def options(pairs: tuple[tuple[str, str], ...], chosen: str = "") -> list[dict[str, str]]:
        # What an address asks for stays chosen, also where the list does not offer it.
        extra = ((chosen, chosen),) if chosen not in dict(pairs) else ()
        return [{"value": value, "label": words} for value, words in (*pairs, *extra)]

    least = str(choice.least or "")
    known = dict(LEAST)
    rungs = LEAST if least in known else (*LEAST, (least, f"{choice.least:,} ratings"))
    classes = options((("", "All classes"), *_classes(data)), choice.class_name)
    return [
        {"name": "class", "label": "Class", "value": choice.class_name, "options": classes},
        {"name": "flag", "label": "Flag", "value": choice.flag, "options": options(FLAGS)},
        {"name": "show", "label": "Who", "value": choice.shown, "options": options(SHOWN)},
        {"name": "kind", "label": "Kind", "value": choice.kind, "options": options(KINDS)},
        {"name": "least", "label": "At least", "value": least, "options": options(rungs)},
    ]
