"""What people are shown of their own work. Nothing that would tell which questions were gold."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Max, Q

from annotation.gold.own import settled_gold, whole_blocks
from annotation.models import Campaign, Participant, Rating
from annotation.people.participation import pay_for
from annotation.people.working_time import working_times

#: Known answers without which no share is told, and the steps in which it is told: whoever reads
#: it after each answer must not learn which ones were known.
LEAST_GOLD: Final = 10
_STEP: Final = 5


def rounded_share(right: int, wrong: int) -> int | None:
    """Return how often somebody was right on known answers, in percent, to the nearest five.

    None below `LEAST_GOLD` answers.
    """
    answered = right + wrong
    if answered < LEAST_GOLD:
        return None
    return _STEP * round(100 * right / answered / _STEP)


@dataclass(frozen=True, kw_only=True)
class CampaignWork:
    """One person's work for one campaign.

    Attributes
    ----------
    ratings
        Answers in force.
    seconds
        Time worked, pauses left out.
    earned
        Pay for it at the campaign's rate; None for volunteers.
    last_at
        Their latest answer.
    may_go_on
        Whether they may still answer there.
    """

    campaign: Campaign
    ratings: int
    seconds: float
    earned: Decimal | None
    last_at: Any
    may_go_on: bool

    @property
    def minutes(self) -> float:
        """Time worked."""
        return self.seconds / 60


@dataclass(frozen=True, kw_only=True)
class ClassGold:
    """How somebody does on known answers of a class, about."""

    name: str
    percent: int


@dataclass(frozen=True, kw_only=True)
class OwnWork:
    """Everything that one person did.

    Attributes
    ----------
    campaigns
        The latest first.
    gold
        By class, where there are enough.
    gold_percent
        Over all classes; None where there are not enough.
    earned
        By currency.
    """

    campaigns: list[CampaignWork]
    gold: list[ClassGold]
    gold_percent: int | None
    earned: dict[str, Decimal]

    @property
    def ratings(self) -> int:
        """Answers in force."""
        return sum(row.ratings for row in self.campaigns)

    @property
    def minutes(self) -> float:
        """Time worked."""
        return sum(row.minutes for row in self.campaigns)

    @property
    def resume(self) -> CampaignWork | None:
        """Where they were last and may go on; None where nothing is open."""
        return next((row for row in self.campaigns if row.may_go_on), None)


def own_work(person: Any) -> OwnWork:
    """Return what a person did; a handful of queries for each campaign they answered in."""
    in_force = Q(superseded_by__isnull=True, is_withdrawn=False)
    found = (
        Rating.objects.filter(person=person)
        .order_by()
        .values("question__campaign")
        .annotate(number=Count("pk", filter=in_force), last=Max("created_at"))
    )
    by_campaign = {row["question__campaign"]: row for row in found}
    open_ones = set(
        Campaign.objects.answerable_by(person)
        .filter(pk__in=by_campaign, state=Campaign.State.OPEN)
        .values_list("pk", flat=True)
    )
    campaigns = []
    earned: dict[str, Decimal] = {}
    rows = Campaign.objects.filter(pk__in=by_campaign).select_related("collection")
    joined = _joined(person)
    for campaign in rows:
        row = by_campaign[campaign.pk]
        since = {person.pk: joined[campaign.pk]} if campaign.pk in joined else None
        seconds = working_times(campaign, [person.pk], since=since)[person.pk]
        pay = pay_for(campaign, seconds)
        if pay is not None:
            earned[campaign.pay_currency] = earned.get(campaign.pay_currency, Decimal(0)) + pay
        campaigns.append(
            CampaignWork(
                campaign=campaign, ratings=row["number"], seconds=seconds, earned=pay,
                last_at=row["last"], may_go_on=campaign.pk in open_ones,
            )
        )  # fmt: skip
    campaigns.sort(key=lambda row: row.last_at, reverse=True)
    gold, percent = _gold(person)
    return OwnWork(campaigns=campaigns, gold=gold, gold_percent=percent, earned=earned)


def _joined(person: Any) -> dict[UUID, Any]:
    found = Participant.objects.filter(person=person).order_by("-joined_at")
    return dict(found.values_list("study__campaign_id", "joined_at"))  # the earliest wins


def _gold(person: Any) -> tuple[list[ClassGold], int | None]:
    rows = settled_gold(person)
    by_class: dict[str, list[bool]] = {}
    for row in rows:
        by_class.setdefault(row.display_name, []).append(row.is_right)
    known = [(name, told_share(outcomes)) for name, outcomes in sorted(by_class.items())]
    gold = [ClassGold(name=name, percent=share) for name, share in known if share is not None]
    return gold, told_share([row.is_right for row in rows])


def told_share(outcomes: list[bool]) -> int | None:
    """Return `rounded_share` of whole blocks of answers, so that one answer never shows."""
    whole = whole_blocks(outcomes)
    return rounded_share(sum(whole), len(whole) - sum(whole))
