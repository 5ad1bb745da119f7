"""Store reports."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction

from annotation.models import Campaign, ConsensusRun, ConsistencyReport, PersonReport

_BATCH: Final = 500


def store_report(
    composed: Any, *, campaign: Campaign, run: ConsensusRun | None, cutoff: Any, table: str = ""
) -> ConsistencyReport:
    """Store a report with everybody's rows, all or nothing.

    Parameters
    ----------
    composed
        `annotation.reporting.composing.Composed`.
    campaign
        Whose.
    run
        The run it belongs to, whose report is written once; None for the campaign's live report,
        which is replaced.
    cutoff
        As of when.
    table
        Hash of the frozen ratings it rests on; empty for the live report.
    """
    data = {**composed.data, "basis": {**composed.data["basis"], "ratings_table": table}}
    with transaction.atomic():
        report, is_new = ConsistencyReport.objects.update_or_create(
            campaign=campaign,
            run=run,
            defaults={"cutoff": cutoff, "ratings": data["counts"]["ratings"], "data": data},
        )
        if not is_new:
            report.people.all().delete()
        PersonReport.objects.bulk_create(
            (PersonReport(report=report, **vars(row)) for row in composed.people),
            batch_size=_BATCH,
        )
    return report


def live_report(campaign: Campaign) -> ConsistencyReport | None:
    """Return the report that follows a campaign's answers, if there is one."""
    return campaign.reports.filter(run=None).first()
