"""Which measures hold for whom: what claims, pages and aggregation ask before they act."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from annotation.models import Campaign, Measure, Message
from consonance.ledger.prepared import Prepared

_Kind = Measure.Kind
#: Rule of measures that come of answers to gold (`annotation.actions.update_trust`).
GOLD_TRUST: Final = "gold_trust"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How one person stands in one campaign.

    Attributes
    ----------
    pause, requiz, exclude
        The measure of this kind that is in force; None where there is none.
    unread
        Messages to this person about the campaign that they have not read.
    """

    pause: Measure | None = None
    requiz: Measure | None = None
    exclude: Measure | None = None
    unread: int = 0

    @property
    def measures(self) -> list[Measure]:
        """Those in force, in the order in which they matter to the person."""
        return [row for row in (self.pause, self.requiz, self.exclude) if row is not None]

    @property
    def may_answer(self) -> bool:
        """Whether questions are handed out to this person."""
        return self.pause is None and self.requiz is None


def in_force(campaign: Campaign | UUID | None = None, *, person: Any = None) -> QuerySet[Measure]:
    """Return measures that have not been lifted, the newest first.

    Parameters
    ----------
    campaign
        Where; None for all campaigns.
    person
        Whose; None for everybody's.
    """
    found = Measure.objects.filter(lifted_at__isnull=True)
    if campaign is not None:
        found = found.filter(campaign=campaign)
    if person is not None:
        found = found.filter(person=person)
    return found


def is_paused(person: Any, campaign: Campaign) -> bool:
    """Return whether this person gets no questions here until somebody lifts the pause."""
    return in_force(campaign, person=person).filter(kind=_Kind.PAUSE).exists()


def must_requiz(person: Any, campaign: Campaign) -> bool:
    """Return whether this person has to pass the quiz before they get questions again."""
    return in_force(campaign, person=person).filter(kind=_Kind.REQUIZ).exists()


def is_excluded(person: Any, campaign: Campaign) -> bool:
    """Return whether this person's answers are left out of consensus."""
    return _LEFT_OUT.exists(campaign=campaign.pk, person=person.pk)


#: Asked with every answer.
_LEFT_OUT: Final = Prepared(
    lambda campaign, person: (
        in_force(campaign, person=person).filter(kind=_Kind.EXCLUDE).values_list("pk")[:1]
    ),
    campaign=UUID,
    person=UUID,
)


def has_measure(campaign: Campaign, kind: Measure.Kind, *, person: str = "person") -> Exists:
    """Return a condition on rows that name a person: that such a measure is in force for them.

    Parameters
    ----------
    campaign
        Where.
    kind
        Which.
    person
        The row's field that names the person.
    """
    return Exists(in_force(campaign).filter(kind=kind, person=OuterRef(person)))


def by_person(campaign: Campaign, people: Iterable[UUID]) -> dict[UUID, dict[str, Measure]]:
    """Return the measures in force for some people, by person and kind; one query."""
    found: dict[UUID, dict[str, Measure]] = {}
    for row in in_force(campaign).filter(person__in=list(people)).select_related("created_by"):
        found.setdefault(row.person_id, {})[row.kind] = row
    return found


def standing(person: Any, campaign: Campaign) -> Standing:
    """Return how a person stands in a campaign; for `annotation/includes/measures_banner.html`."""
    return standings(person, [campaign.pk])[campaign.pk]


def standings(person: Any, campaigns: Collection[UUID]) -> dict[UUID, Standing]:
    """Return how a person stands in several campaigns; two queries, however many there are."""
    kinds: dict[UUID, dict[str, Measure]] = {campaign: {} for campaign in campaigns}
    for row in in_force(person=person).filter(campaign__in=list(campaigns)):
        kinds[row.campaign_id][row.kind] = row
    unread = dict.fromkeys(campaigns, 0)
    waiting = Message.objects.filter(
        recipient=person, read_at__isnull=True, campaign__in=list(campaigns)
    )
    for campaign in waiting.values_list("campaign_id", flat=True):
        unread[campaign] += 1
    return {
        campaign: Standing(
            pause=kinds[campaign].get(_Kind.PAUSE),
            requiz=kinds[campaign].get(_Kind.REQUIZ),
            exclude=kinds[campaign].get(_Kind.EXCLUDE),
            unread=unread[campaign],
        )
        for campaign in campaigns
    }
