"""What other pages show of campaigns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from annotation.allocation.progress import Progress, progress_of
from annotation.models import Campaign
from annotation.people.measures import Standing, standings


@dataclass(frozen=True, kw_only=True)
class CampaignCard:
    """A campaign as one person sees it.

    Attributes
    ----------
    campaign
        The row.
    progress
        What the person answered and what is left.
    standing
        Measures that hold for the person there, and messages that wait for them.
    url
        The rating page.
    """

    campaign: Campaign
    progress: Progress
    standing: Standing
    url: str

    @property
    def name(self) -> str:
        """The campaign's name."""
        return self.campaign.name

    @property
    def remaining(self) -> int:
        """How many questions can still come; none while it is paused."""
        return self.progress.remaining_for_you if self.can_start else 0

    @property
    def total(self) -> int:
        """Answers given and still possible."""
        return self.progress.answered_by_you + self.progress.remaining_for_you

    @property
    def can_start(self) -> bool:
        """Whether there is something to answer now."""
        is_open = self.campaign.state == Campaign.State.OPEN and self.standing.may_answer
        return is_open and self.progress.remaining_for_you > 0


def campaigns_for(person: Any) -> list[CampaignCard]:
    """Return the campaigns a person may answer in: open ones first, closed ones left out."""
    now = timezone.now()
    campaigns = list(
        Campaign.objects.answerable_by(person)
        .exclude(state=Campaign.State.CLOSED)
        .select_related("collection")
    )
    held = standings(person, [campaign.pk for campaign in campaigns])
    cards = [
        CampaignCard(
            campaign=campaign,
            progress=progress_of(campaign, person, now),
            standing=held[campaign.pk],
            url=campaign.get_absolute_url(),
        )
        for campaign in campaigns
    ]
    return sorted(cards, key=lambda card: not card.can_start)
