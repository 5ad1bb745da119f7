"""Trust from gold as rows of a table."""

from __future__ import annotations

from typing import Any

from annotation.gold.trust import Trust, together, trust_of
from annotation.models import Campaign


def trust_rows(person: Any, campaign: Campaign) -> list[dict[str, Any]]:
    """Return a person's trust per class for `annotation/includes/gold_trust.html`, worst first.

    All classes together come last, where there are several.
    """
    found = trust_of(person, campaign)
    rows = [
        _row(one.target.display_name, one.trust, campaign)
        for one in sorted(found, key=lambda one: (one.trust.mean, one.target.position))
    ]
    if len(found) > 1:
        rows.append(_row("All classes", together(found), campaign) | {"is_total": True})
    return rows


def _row(name: str, trust: Trust, campaign: Campaign) -> dict[str, Any]:
    return {
        "name": name,
        "right": trust.right,
        "wrong": trust.wrong,
        "mean": trust.mean,
        "low": trust.low,
        "high": trust.high,
        "is_below": trust.is_below(campaign.trust_floor),
        "is_total": False,
    }
