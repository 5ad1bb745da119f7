"""Whose pseudonyms a run left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from annotation.models import ConsistencyReport, PersonReport


def people_of(
    exclusions: Sequence[Mapping[str, Any]], *reports: ConsistencyReport | None
) -> dict[str, PersonReport]:
    """Return the rows of reports about these people, by pseudonym, accounts included.

    Parameters
    ----------
    exclusions
        Rows of `ConsensusRun.exclusions`.
    reports
        Those of the runs; None is left out.
    """
    known = [report for report in reports if report is not None]
    rows = (
        PersonReport.objects.filter(
            report__in=known, rater__in=[row["rater"] for row in exclusions]
        )
        .select_related("person")
        .defer("data")
    )
    return {row.rater: row for row in rows}
