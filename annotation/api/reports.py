"""Which report a request asks for, and what parameters it may have."""

from __future__ import annotations

from typing import Any, Final, cast
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request

from annotation.models import Campaign, ConsensusRun, ConsistencyReport
from annotation.reporting.shape import REPORT_VERSION, ReportData
from consonance.errors import ParameterError, StateError
from consonance.people.access import require
from consonance.people.models import Role

_MOST_RUNS: Final = 2_147_483_647


class RunChosen(serializers.Serializer[Any]):
    """Which report is asked for."""

    run = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=_MOST_RUNS,
        help_text="Number of a run; without it the report that follows the answers.",
    )


def campaign_of(request: Request, campaign_id: UUID, role: Role = Role.ADMIN) -> Campaign:
    """Return a campaign.

    Raises
    ------
    Http404
        If there is none.
    NotAllowedError
        If the person lacks the role there.
    """
    campaign: Campaign = get_object_or_404(
        Campaign.objects.select_related("collection"), pk=campaign_id
    )
    require(request.user, role, *campaign.places)
    return campaign


def parameters_of(request: Request, known: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """Return a request's parameters, checked.

    Parameters
    ----------
    request
        Whose.
    known
        Those that there are; a parameter of another name is refused, because a misspelt filter
        would look like an answer.

    Raises
    ------
    ParameterError
        If one is not known.
    ValidationError
        If one is not of its form.
    """
    # A plain dict: of a form, an absent truth value would be false instead of not asked for.
    asked = known(data=request.query_params.dict())
    unknown = sorted(set(request.query_params) - set(asked.fields))
    if unknown:
        raise ParameterError(
            f"There is no parameter {unknown[0]!r} here. Known are {', '.join(asked.fields)}."
        )
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def run_of(campaign: Campaign, number: int) -> ConsensusRun:
    """Return a run by number.

    Raises
    ------
    Http404
        If there is none.
    """
    return get_object_or_404(runs_of(campaign), number=number)


def runs_of(campaign: Campaign) -> QuerySet[ConsensusRun]:
    """Return a campaign's runs with their tables."""
    return campaign.runs.select_related("ratings", "labels", "skills")


def report_of(
    campaign: Campaign, number: int | None
) -> tuple[ConsistencyReport, ReportData, int | None]:
    """Return a report, its content, and its run's number.

    Parameters
    ----------
    campaign
        Whose.
    number
        Of the run; None for the report that follows the answers, or the newest run's before there
        is one.

    Raises
    ------
    Http404
        If there is no such run.
    StateError
        If no report has been computed yet, or an older version wrote it.
    """
    reports = campaign.reports.select_related("run")
    if number is not None:
        if not campaign.runs.filter(number=number).exists():
            raise Http404
        report = reports.filter(run__number=number).first()
    else:
        report = (
            reports.filter(run__isnull=True).first()
            or reports.filter(run__isnull=False).order_by("-run__number").first()
        )
    if report is None:
        what = f"Run {number}" if number is not None else str(campaign)
        raise StateError(f"{what} has no report. Compute one on the campaign's consistency page.")
    data = cast("ReportData", report.data)
    if data.get("version") != REPORT_VERSION:
        raise StateError(
            "This report was written by another version of Consonance. Compute it again first."
        )
    return report, data, report.run.number if report.run is not None else None
