"""A campaign that somebody asks for, and the report that stands for it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from annotation.models import Campaign, ConsistencyReport
from consonance.people.access import require
from consonance.people.models import Role

if TYPE_CHECKING:
    from rest_framework.request import Request


def campaign_of(
    request: HttpRequest | Request, campaign_id: UUID, role: Role = Role.ADMIN
) -> Campaign:
    """Return the campaign of an address with its collection, or refuse.

    Parameters
    ----------
    request
        Who asks.
    campaign_id
        For which.
    role
        What they must be there.

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


def latest_report(campaign: Campaign) -> ConsistencyReport | None:
    """Return the report that follows the answers, or the newest run's before there is one."""
    reports = campaign.reports.select_related("run")
    return (
        reports.filter(run__isnull=True).first()
        or reports.filter(run__isnull=False).order_by("-run__number").first()
    )
