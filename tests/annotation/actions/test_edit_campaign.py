from __future__ import annotations

from decimal import Decimal

import pytest

from annotation.actions.edit_campaign import edit_campaign
from annotation.campaigns.changing import FIXED, WHEN_PAUSED, locked
from annotation.campaigns.rules import RULES
from annotation.models import Campaign
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import AuditEntry
from consonance.people.models import Role
from tests.factories import CampaignFactory, annotator, curator, person_with

pytestmark = pytest.mark.django_db


def edit(campaign, **changes):
    return edit_campaign(campaign_id=campaign.pk, **changes)


def test_what_may_change_while_open_changes_and_is_audited_with_before_and_after():
    campaign, ada = CampaignFactory(name="First"), curator()
    changed = edit(
        campaign, actor=ada, name="Banjos", gold_share=0.2, pay_per_hour=Decimal("12.50"),
        languages=["en", "de"],
    )  # fmt: skip
    campaign.refresh_from_db()
    assert (campaign.name, campaign.gold_share) == ("Banjos", 0.2)
    assert (campaign.pay_per_hour, campaign.languages) == (Decimal("12.50"), ["en", "de"])
    assert changed["gold_share"] == (0.1, 0.2)
    entry = AuditEntry.objects.get(action="edit_campaign")
    assert entry.actor == ada
    assert entry.detail["before"] == {
        "name": "First", "gold_share": 0.1, "pay_per_hour": None, "languages": [],
    }  # fmt: skip
    assert entry.detail["after"] == {
        "name": "Banjos", "gold_share": 0.2, "pay_per_hour": "12.50", "languages": ["en", "de"],
    }  # fmt: skip


def test_saving_what_stands_already_writes_nothing():
    campaign = CampaignFactory()
    assert edit(campaign, gold_share=campaign.gold_share, name=campaign.name) == {}
    assert not AuditEntry.objects.filter(action="edit_campaign").exists()


@pytest.mark.parametrize("name", WHEN_PAUSED)
def test_what_questions_are_decided_by_changes_only_while_paused(name):
    new = {"stop_posterior": 0.9, "asks": "clip", "clip_classes": 2, "repeat_share": 0.1}[name]
    campaign = CampaignFactory()
    with pytest.raises(StateError, match="Pause the campaign first"):
        edit(campaign, **{name: new})
    campaign.refresh_from_db()
    assert getattr(campaign, name) != new
    Campaign.objects.update(state="paused")
    assert name in edit(campaign, **{name: new})


@pytest.mark.parametrize("state", ["open", "paused"])
@pytest.mark.parametrize(
    ("name", "new"),
    [("min_ratings", 4), ("max_ratings", 6), ("audit_share", 0.5), ("seed", 3),
     ("pay_currency", "USD")],
)  # fmt: skip
def test_what_was_drawn_or_counted_at_the_start_never_changes(state, name, new):
    campaign = CampaignFactory(state=state)
    with pytest.raises(StateError, match=FIXED[name].split(".")[0][:20]):
        edit(campaign, **{name: new})


def test_one_refused_setting_keeps_all_the_others_from_changing():
    campaign = CampaignFactory()
    with pytest.raises(StateError, match="Stop posterior"):
        edit(campaign, stop_posterior=0.8, description="New")
    campaign.refresh_from_db()
    assert campaign.description == ""


def test_of_a_closed_campaign_only_the_words_change():
    campaign = CampaignFactory(state="closed")
    assert set(RULES) - set(locked(campaign)) == {"description"}
    assert edit(campaign, name="Better", description="Ended in May.")
    with pytest.raises(StateError, match="closed"):
        edit(campaign, gold_share=0.3)


def test_bad_numbers_unknown_settings_and_taken_names_are_refused():
    campaign = CampaignFactory()
    CampaignFactory(collection=campaign.collection, name="Taken")
    with pytest.raises(ParameterError, match=r"0\.7"):
        edit(campaign, gold_share=0.7)
    with pytest.raises(ParameterError, match="'colour'"):
        edit(campaign, colour="red")
    with pytest.raises(ParameterError, match="name"):
        edit(campaign, name=" ")
    with pytest.raises(StateError, match="'Taken'"):
        edit(campaign, name="Taken")
    assert not AuditEntry.objects.filter(action="edit_campaign").exists()


def test_only_curators_of_the_campaign_may_edit():
    campaign = CampaignFactory()
    for person in (annotator(), person_with(Role.CURATOR, place=CampaignFactory())):
        with pytest.raises(NotAllowedError):
            edit(campaign, actor=person, description="Mine")
    assert edit(campaign, actor=person_with(Role.CURATOR, place=campaign), description="Mine")
