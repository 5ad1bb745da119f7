"""Campaigns whose classes have gold: what quizzes are made of. Not a test."""

from __future__ import annotations

from typing import Any

from annotation.models import Campaign
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    ClipFactory,
    GoldAnswerFactory,
    GuidelineFactory,
)


def golden(
    *,
    present: int = 4,
    absent: int = 4,
    quiz: bool = True,
    campaign: Any = None,
    target: Any = None,
    **fields: Any,
) -> Campaign:
    """Make a campaign about one class with gold on it; or add a class to one."""
    campaign = campaign or CampaignFactory(seed=1)
    target = target or ClassFactory()
    GuidelineFactory(campaign=campaign, target=target)
    for truth, number in (("present", present), ("absent", absent)):
        for _ in range(number):
            clip = ClipFactory(track__collection=campaign.collection)
            GoldAnswerFactory(clip=clip, target=target, truth=truth, is_quiz=quiz, **fields)
    return campaign
