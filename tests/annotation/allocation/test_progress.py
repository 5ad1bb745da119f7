from __future__ import annotations

import pytest
from django.utils import timezone

from annotation.allocation import progress
from annotation.allocation.progress import progress_of
from tests.annotation.conftest import claim_one, give
from tests.factories import CampaignFactory, QuestionFactory, annotator

pytestmark = pytest.mark.django_db


def told(campaign, person):
    told = progress_of(campaign, person, timezone.now())
    return told.answered_by_you, told.remaining_for_you


def test_answers_move_from_remaining_to_answered_and_a_claim_changes_nothing():
    campaign, ana = CampaignFactory(), annotator()
    QuestionFactory.create_batch(5, campaign=campaign)
    assert told(campaign, ana) == (0, 5)
    lease = claim_one(campaign, ana)
    assert told(campaign, ana) == (0, 5)
    give(ana, lease)
    assert told(campaign, ana) == (1, 4)


def test_a_large_campaign_is_counted_now_and_then_and_answers_still_count(monkeypatch):
    monkeypatch.setattr(progress, "_EXACT_UP_TO", 3)
    campaign, ana = CampaignFactory(), annotator()
    QuestionFactory.create_batch(8, campaign=campaign)
    give(ana, claim_one(campaign, ana))
    assert told(campaign, ana) == (1, 7)
    QuestionFactory.create_batch(4, campaign=campaign)  # not noticed for a while
    assert told(campaign, ana) == (1, 7)
    lease = claim_one(campaign, ana)
    assert told(campaign, ana) == (1, 7)
    give(ana, lease)
    assert told(campaign, ana) == (2, 6)


def test_near_the_end_the_count_is_exact_again(monkeypatch):
    monkeypatch.setattr(progress, "_EXACT_UP_TO", 3)
    campaign, ana = CampaignFactory(), annotator()
    QuestionFactory.create_batch(4, campaign=campaign)
    assert told(campaign, ana) == (0, 4)
    for expected in ((1, 3), (2, 2), (3, 1), (4, 0)):
        give(ana, claim_one(campaign, ana))
        assert told(campaign, ana) == expected
