"""Messages as conversations: one for each person in each campaign, with whoever runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse

from annotation.models import Campaign, Message
from annotation.people.taking_part import run_by
from consonance.people.models import User


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """What one person and those who run a campaign wrote each other, as one of them sees it.

    Attributes
    ----------
    campaign
        What it is about.
    person
        The one of the two sides that is a person; None where the account is gone.
    is_own
        Whether the reader is that person.
    last
        The newest message.
    number, unread
        Messages in all, and those that wait for the reader's side.
    """

    campaign: Campaign
    person: User | None
    is_own: bool
    last: Message
    number: int
    unread: int

    @property
    def url(self) -> str:
        """Where it is read and answered."""
        if self.is_own or self.person is None:
            return reverse("annotation:conversation", args=[self.campaign.pk])
        return reverse("annotation:conversation_with", args=[self.campaign.pk, self.person.pk])


def thread(campaign: Campaign, person: Any) -> QuerySet[Message]:
    """Return what a person and whoever runs a campaign wrote each other, the newest first."""
    return (
        Message.objects.filter(Q(sender=person, recipient__isnull=True) | Q(recipient=person))
        .filter(campaign=campaign)
        .select_related("sender")
        .order_by("-sent_at", "pk")
    )


def _seen_by(reader: Any) -> QuerySet[Message]:
    mine = Q(recipient=reader) | Q(recipient__isnull=True, sender=reader)
    # Whose account is gone has no side of the conversation any more.
    known = Q(recipient__isnull=False) | Q(sender__isnull=False)
    return Message.objects.filter(mine | Q(campaign__in=run_by(reader).values("pk"))).filter(known)


def unread_by(reader: Any) -> int:
    """Return how many messages wait for a reader: to them, or to campaigns that they run."""
    if not reader.is_authenticated:
        return 0
    to_me = Q(recipient=reader)
    to_us = Q(recipient__isnull=True, campaign__in=run_by(reader).values("pk"))
    # What a curator wrote to “whoever runs it” waits for the other ones.
    waiting = Message.objects.filter(to_me | (to_us & ~Q(sender=reader)), read_at__isnull=True)
    return waiting.count()


def conversations(
    reader: Any, *, words: str = "", only_unread: bool = False
) -> QuerySet[Message, Any]:
    """Return one row for each conversation of a reader, the latest first: for `shown`.

    Parameters
    ----------
    reader
        Whose; those who run campaigns see everybody's there.
    words
        Part of a campaign's or a person's name.
    only_unread
        Leave out where nothing waits.
    """
    found = _seen_by(reader)
    if words:
        person = Q(recipient__username__icontains=words)
        person |= Q(recipient__isnull=True, sender__username__icontains=words)
        found = found.filter(person | Q(campaign__name__icontains=words))
    to_me = Q(recipient=reader)
    to_us = Q(recipient__isnull=True) & ~Q(sender=reader)
    rows = (
        found.annotate(party=Coalesce("recipient_id", "sender_id"))
        .values("campaign_id", "party")
        .annotate(
            last=Max("sent_at"),
            number=Count("pk"),
            unread=Count("pk", filter=Q(read_at__isnull=True) & (to_me | to_us)),
        )
        .order_by("-last", "party")
    )
    return rows.filter(unread__gt=0) if only_unread else rows


def shown(reader: Any, rows: Sequence[dict[str, Any]]) -> list[Conversation]:
    """Return rows of `conversations` with campaigns, people and the newest words; three queries."""
    if not rows:
        return []
    campaigns = Campaign.objects.in_bulk({row["campaign_id"] for row in rows})
    people = User.objects.in_bulk({row["party"] for row in rows})
    newest = Q()
    for row in rows:
        newest |= Q(campaign=row["campaign_id"], sent_at=row["last"])
    last: dict[tuple[UUID, UUID | None], Message] = {}
    for message in Message.objects.filter(newest).select_related("sender"):
        last[message.campaign_id, message.recipient_id or message.sender_id] = message
    return [
        Conversation(
            campaign=campaigns[row["campaign_id"]],
            person=people.get(row["party"]),
            is_own=row["party"] == reader.pk,
            last=last[row["campaign_id"], row["party"]],
            number=row["number"],
            unread=row["unread"],
        )
        for row in rows
    ]
