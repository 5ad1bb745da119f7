"""Consistency reports through the API: what the pages show, for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api.consistency_serializers import (
    PARTS,
    ClassesAsked,
    ClipsAsked,
    ConsistencyClasses,
    ConsistencyClips,
    ConsistencyPairs,
    ConsistencyPeople,
    ConsistencyPerson,
    ConsistencyPersonInFull,
    ConsistencyPersonSent,
    ConsistencySummary,
    PairsAsked,
    PeopleAsked,
)
from annotation.api.reports import RunChosen, campaign_of, report_of
from annotation.api.serializers import ProblemShown
from annotation.api.started import JobStarted, start
from annotation.models import Campaign, ConsistencyReport, Measure, PersonReport
from annotation.people.measures import by_person, has_measure
from annotation.tasks import REPORT
from consonance.ledger.asked import parameters_of, problems
from consonance.ledger.keyset import Order, page_of
from consonance.people.models import Role

_Kind = Measure.Kind
#: What can go wrong at every address here.
REFUSALS: Final = {
    400: OpenApiResponse(ProblemShown, description="A parameter is unknown or ill-formed."),
    401: OpenApiResponse(ProblemShown, description="Not signed in."),
    403: OpenApiResponse(ProblemShown, description="No admin of this campaign."),
    404: OpenApiResponse(ProblemShown, description="There is no such campaign or run."),
    409: OpenApiResponse(ProblemShown, description="No report has been computed yet."),
}


class SummaryView(APIView):
    """A report as a whole."""

    @extend_schema(
        operation_id="consistency_summary",
        parameters=[RunChosen],
        responses={200: ConsistencySummary, **REFUSALS},
    )
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """Totals, agreement, calibration, pace and cost; classes and people lie below."""
        campaign = campaign_of(request, campaign_id)
        report, data, run = report_of(campaign, _run(parameters_of(request, RunChosen)))
        kept = {name: value for name, value in data.items() if name not in PARTS}
        about = {"name": campaign.name, "ratings": report.ratings}
        return Response({**_head(campaign, report, run), **about, "report": kept})

    @extend_schema(
        operation_id="consistency_refresh",
        request=None,
        responses={
            202: JobStarted,
            **problems(403, 404, 409, on_409="Something is being computed already."),
        },
    )
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Bring the report that follows the answers up to date, as a job."""
        campaign = campaign_of(request, campaign_id)
        return start(request, campaign, REPORT, f"Report on {campaign.name}")


class ClassesView(APIView):
    """Classes of a report."""

    @extend_schema(
        operation_id="consistency_classes",
        parameters=[ClassesAsked],
        responses={200: ConsistencyClasses, **REFUSALS},
    )
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """Agreement, answers, quota and detector, class by class."""
        campaign = campaign_of(request, campaign_id)
        asked = parameters_of(request, ClassesAsked)
        report, data, run = report_of(campaign, _run(asked))
        rows: Iterable[Mapping[str, Any]] = data["classes"]
        if "name" in asked:
            rows = [row for row in rows if row["name"] == asked["name"]]
        results = _ordered(rows, asked.get("ordering", ""))
        return Response({**_head(campaign, report, run), "results": results})


class PeopleView(APIView):
    """People of a report."""

    @extend_schema(
        operation_id="consistency_people",
        parameters=[PeopleAsked],
        responses={200: ConsistencyPeople, **REFUSALS},
    )
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """People page by page, by pseudonym; `next` leads on until it is null."""
        campaign = campaign_of(request, campaign_id)
        asked = parameters_of(request, PeopleAsked)
        report, _, run = report_of(campaign, _run(asked))
        rows, links = page_of(
            _people(report, campaign, asked),
            order=Order.of(asked["ordering"]),
            size=asked["page_size"],
            request=request,
        )
        results = ConsistencyPerson(rows, many=True, context=_measures(campaign, rows)).data
        return Response({**_head(campaign, report, run), **links, "results": results})


class PersonView(APIView):
    """One person of a report."""

    @extend_schema(
        operation_id="consistency_person",
        parameters=[RunChosen],
        responses={200: ConsistencyPersonSent, **REFUSALS},
    )
    def get(self, request: Request, campaign_id: UUID, rater: str) -> Response:
        """Everything about one person, by pseudonym."""
        campaign = campaign_of(request, campaign_id)
        report, _, run = report_of(campaign, _run(parameters_of(request, RunChosen)))
        row = get_object_or_404(report.people, rater=rater)
        shown = ConsistencyPersonInFull(row, context=_measures(campaign, [row])).data
        return Response({**_head(campaign, report, run), "result": shown})


class PairsView(APIView):
    """Pairs of a report."""

    @extend_schema(
        operation_id="consistency_pairs",
        parameters=[PairsAsked],
        responses={200: ConsistencyPairs, **REFUSALS},
    )
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """Return the most suspicious pairs, at most 200, and the groups they make up."""
        campaign = campaign_of(request, campaign_id)
        asked = parameters_of(request, PairsAsked)
        report, data, run = report_of(campaign, _run(asked))
        rows: list[Mapping[str, Any]] = list(data["pairs"])
        groups: list[Mapping[str, Any]] = list(data["clusters"])
        if "rater" in asked:
            rows = [row for row in rows if asked["rater"] in (row["first"], row["second"])]
            groups = [group for group in groups if asked["rater"] in group["raters"]]
        return Response(
            {
                **_head(campaign, report, run),
                "results": _ordered(rows, asked["ordering"]),
                "clusters": groups,
            }
        )


class ClipsView(APIView):
    """Clips of a report; curators may look, as on the page."""

    @extend_schema(
        operation_id="consistency_clips",
        parameters=[ClipsAsked],
        responses={200: ConsistencyClips, **REFUSALS},
    )
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """Return the most disputed clips, at most 200. Curators may read them."""
        campaign = campaign_of(request, campaign_id, Role.CURATOR)
        asked = parameters_of(request, ClipsAsked)
        report, data, run = report_of(campaign, _run(asked))
        rows: list[Mapping[str, Any]] = list(data["clips"])
        if "class_name" in asked:
            rows = [row for row in rows if row["class_name"] == asked["class_name"]]
        results = _ordered(rows, asked["ordering"])
        return Response({**_head(campaign, report, run), "results": results})


def _run(asked: Mapping[str, Any]) -> int | None:
    return asked.get("run")


def _head(campaign: Campaign, report: ConsistencyReport, run: int | None) -> dict[str, Any]:
    return {
        "campaign": str(campaign.pk),
        "run": run,
        "cutoff": report.cutoff.isoformat(),
        "computed_at": report.computed_at.isoformat(),
    }


def _people(
    report: ConsistencyReport, campaign: Campaign, asked: Mapping[str, Any]
) -> QuerySet[PersonReport]:
    rows = report.people.all()
    if "flagged" in asked:
        rows = rows.filter(flag_count__gt=0) if asked["flagged"] else rows.filter(flag_count=0)
    if "simulated" in asked:
        rows = rows.filter(is_simulated=asked["simulated"])
    if "min_ratings" in asked:
        rows = rows.filter(ratings__gte=asked["min_ratings"])
    for name, kind in (("excluded", _Kind.EXCLUDE), ("paused", _Kind.PAUSE)):
        if name in asked:
            holds = has_measure(campaign, kind)
            rows = rows.filter(holds if asked[name] else ~holds)
    return rows


def _measures(campaign: Campaign, rows: Iterable[PersonReport]) -> dict[str, Any]:
    return {"measures": by_person(campaign, [row.person_id for row in rows if row.person_id])}


def _ordered(rows: Iterable[Mapping[str, Any]], ordering: str) -> list[Mapping[str, Any]]:
    """Return stored rows by one of their keys; rows without a value stand last either way."""
    if not ordering:
        return list(rows)
    name = ordering.removeprefix("-")

    def value(row: Mapping[str, Any]) -> Any:
        found = row[name]
        return found["value"] if isinstance(found, Mapping) else found

    known = [row for row in rows if value(row) is not None]
    unknown = [row for row in rows if value(row) is None]
    return sorted(known, key=value, reverse=ordering.startswith("-")) + unknown
