"""Which report a request asks for, and what parameters it may have."""

from __future__ import annotations

from typing import Any, Final, cast

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from annotation.campaigns.reached import campaign_of as campaign_of
from annotation.campaigns.reached import latest_report
from annotation.models import Campaign, ConsensusRun, ConsistencyReport
from annotation.reporting.shape import REPORT_VERSION, ReportData
from consonance.errors import StateError

_MOST_RUNS: Final = 2_147_483_647


class RunChosen(serializers.Serializer[Any]):
    """Which report is asked for."""

    run = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=_MOST_RUNS,
        help_text="Number of a run; without it the report that follows the answers.",
    )


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
    if number is None:
        report = latest_report(campaign)
    else:
        run = get_object_or_404(campaign.runs.select_related("consistency"), number=number)
        report = getattr(run, "consistency", None)
    if report is None:
        what = f"Run {number}" if number is not None else str(campaign)
        raise StateError(f"{what} has no report. Compute one on the campaign's consistency page.")
    data = cast("ReportData", report.data)
    if data.get("version") != REPORT_VERSION:
        raise StateError(
            "This report was written by another version of Consonance. Compute it again first."
        )
    return report, data, report.run.number if report.run is not None else None
