"""Take part in a campaign that anybody may join."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from annotation.models import Campaign
from consonance.errors import NotAllowedError, StateError
from consonance.ledger.models import record
from consonance.people import consent
from consonance.people.models import Membership, Role, Scope


def join_campaign(*, campaign: Campaign, person: Any) -> bool:
    """Make somebody an annotator of a campaign, and return whether they were none before.

    Parameters
    ----------
    campaign
        One that anybody may join.
    person
        Who joins; they have agreed to the terms.

    Raises
    ------
    NotAllowedError
        If the campaign takes only invited people or members, or the person has not agreed.
    StateError
        If it is not open.
    """
    if campaign.joining != Campaign.Joining.ANYBODY:
        raise NotAllowedError(
            gettext("%(campaign)s is joined by invitation. Ask its curator for a link.")
            % {"campaign": campaign}
        )
    if campaign.state != Campaign.State.OPEN:
        raise StateError(
            gettext("%(campaign)s is not open at the moment: nobody joins now.")
            % {"campaign": campaign}
        )
    if not consent.is_given(person):
        raise NotAllowedError(gettext("Agree to the terms first."))
    with transaction.atomic():
        _, made = Membership.objects.get_or_create(
            person=person, role=Role.ANNOTATOR, scope=Scope.CAMPAIGN, scope_id=campaign.pk
        )
        if made:
            record("join_campaign", target=campaign, actor=person)
    return made
