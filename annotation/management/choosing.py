"""Find what a command's words name."""

from __future__ import annotations

from uuid import UUID

from annotation.models import Campaign, ConsensusRun
from consonance.errors import ParameterError


def campaign_by_id(text: str) -> Campaign:
    """Return a campaign.

    Raises
    ------
    ParameterError
        There is none of that id.
    """
    try:
        return Campaign.objects.select_related("collection").get(pk=UUID(text))
    except (ValueError, Campaign.DoesNotExist):
        raise ParameterError(f"There is no campaign {text!r}.") from None


def run_of(campaign: Campaign, number: int) -> ConsensusRun:
    """Return one of a campaign's runs.

    Raises
    ------
    ParameterError
        It has none of that number; tells which it has.
    """
    found: ConsensusRun | None = (
        campaign.runs.select_related("campaign", "labels").filter(number=number).first()
    )
    if found is None:
        known = ", ".join(
            str(each) for each in campaign.runs.order_by("number").values_list("number", flat=True)
        )
        raise ParameterError(f"{campaign.name} has no run {number}. It has: {known or 'none yet'}.")
    return found
