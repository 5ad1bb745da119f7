"""Store reports, and tell whether a stored one is behind the answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from annotation.models import (
    Campaign,
    ConsensusRun,
    ConsistencyReport,
    GoldAnswer,
    Measure,
    PersonReport,
    Question,
    Rating,
)
from annotation.reporting.shape import REPORT_VERSION

#: A report is not computed anew more often than this.
LEAST_AGE: Final = timedelta(minutes=1)
#: A row may become visible so much later than the time it bears.
_LAG: Final = timedelta(seconds=10)
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


def is_stale(campaign: Campaign) -> bool:
    """Return whether a campaign's live report is missing or behind what is stored.

    Behind are reports older than an answer, an undo, a correction, a measure or gold, or of an
    older version; but never one that was computed within the last minute.
    """
    report = (
        campaign.reports.filter(run=None)
        .values_list("cutoff", "computed_at", "data__version")
        .first()
    )
    if report is None:
        return Rating.objects.filter(question__campaign=campaign).exists()
    cutoff, computed_at, version = report
    if version != REPORT_VERSION:
        return True
    if timezone.now() - computed_at < LEAST_AGE:
        return False
    since = cutoff - _LAG
    changed = Q(created_at__gt=since) | Q(lifted_at__gt=since)
    measures = Measure.objects.filter(changed, campaign=campaign, kind=Measure.Kind.EXCLUDE)
    gold = GoldAnswer.objects.filter(
        Q(created_at__gt=since) | Q(retired_at__gt=since), collection=campaign.collection_id
    )
    return any(
        found.exists()
        for found in (
            _asked_in(campaign, Rating.objects.filter(created_at__gt=since)),
            _asked_in(campaign, Rating.objects.filter(withdrawn_at__gt=since)),
            measures,
            gold,
        )
    )


def _asked_in(campaign: Campaign, ratings: QuerySet[Rating]) -> QuerySet[Question]:
    # The few new ratings first, then their questions: from the campaign's questions to their
    # ratings it would be forty thousand look-ups.
    return Question.objects.filter(campaign=campaign, pk__in=ratings.values("question"))
