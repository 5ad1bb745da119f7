"""Campaigns side by side, each with its latest report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from annotation.models import Campaign
from annotation.presenting.numbers import shown
from annotation.reporting.shape import REPORT_VERSION


def campaign_rows(
    campaigns: Sequence[Campaign], reports: Mapping[UUID, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return campaigns as the list shows them.

    Parameters
    ----------
    campaigns
        With their collections.
    reports
        By campaign: cutoff, run (number or None), version, counts and alpha of the report that its
        page shows. One of an older version is not read.
    """
    rows = []
    for campaign in campaigns:
        report = reports.get(campaign.pk)
        row: dict[str, Any] = {"campaign": campaign, "report": report, "is_readable": False}
        if report is not None and report["version"] == REPORT_VERSION:
            labels = report["counts"]["labels"]
            row |= {
                "is_readable": True,
                "counts": report["counts"],
                "decided": labels["present"] + labels["absent"],
                "alpha": shown(report["alpha"]),
            }
        rows.append(row)
    return rows
