"""Pause, resume or close a campaign."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from annotation.models import Campaign
from consonance.errors import StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role

_State = Campaign.State
#: From where one may get to a state. Closed is for good: a new campaign can ask again.
_FROM = {
    _State.PAUSED: (_State.OPEN,),
    _State.OPEN: (_State.PAUSED,),
    _State.CLOSED: (_State.OPEN, _State.PAUSED),
}
_VERB = {_State.PAUSED: "pause", _State.OPEN: "resume", _State.CLOSED: "close"}


def move_campaign(*, campaign_id: UUID, to: Campaign.State, actor: Any = None) -> Campaign:
    """Change whether a campaign's questions are handed out.

    What people have in hand stays theirs: answers to leased questions are taken in every state.

    Parameters
    ----------
    campaign_id
        The campaign.
    to
        Paused, open (resume) or closed.
    actor
        A curator; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator here.
    StateError
        If the campaign cannot go there from where it is.
    """
    with transaction.atomic():
        campaign: Campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign_id)
        if actor is not None:
            require(actor, Role.CURATOR, *campaign.places)
        if campaign.state not in _FROM[to]:
            raise StateError(
                f"A campaign that is {campaign.get_state_display().lower()} cannot be"
                f" {_State(to).label.lower()}."
            )
        before, campaign.state = campaign.state, to
        campaign.save(update_fields=["state"])
        record(f"{_VERB[to]}_campaign", target=campaign, actor=actor, before=before)
    return campaign
