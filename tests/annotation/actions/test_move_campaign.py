from __future__ import annotations

import pytest

from annotation.actions.move_campaign import move_campaign
from annotation.models import Campaign
from consonance.errors import NotAllowedError, StateError
from consonance.ledger.models import AuditEntry
from tests.factories import CampaignFactory, annotator, curator

pytestmark = pytest.mark.django_db
State = Campaign.State


def test_a_campaign_can_be_paused_resumed_and_closed_and_each_is_audited():
    ada, campaign = curator(), CampaignFactory()
    for to in (State.PAUSED, State.OPEN, State.CLOSED):
        assert move_campaign(campaign_id=campaign.pk, to=to, actor=ada).state == to
    actions = list(AuditEntry.objects.order_by("at").values_list("action", flat=True))
    assert actions == ["pause_campaign", "resume_campaign", "close_campaign"]


@pytest.mark.parametrize("to", [State.OPEN, State.PAUSED, State.CLOSED])
def test_a_closed_campaign_stays_closed(to):
    campaign = CampaignFactory(state=State.CLOSED)
    with pytest.raises(StateError, match="closed"):
        move_campaign(campaign_id=campaign.pk, to=to)


def test_pausing_twice_is_refused():
    campaign = CampaignFactory(state=State.PAUSED)
    with pytest.raises(StateError, match="paused"):
        move_campaign(campaign_id=campaign.pk, to=State.PAUSED)


def test_an_annotator_may_not_pause():
    campaign = CampaignFactory()
    with pytest.raises(NotAllowedError):
        move_campaign(campaign_id=campaign.pk, to=State.PAUSED, actor=annotator())
    campaign.refresh_from_db()
    assert campaign.state == State.OPEN
