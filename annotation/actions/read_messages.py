"""Mark messages as read."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from annotation.models import Campaign, Message
from consonance.people.access import require
from consonance.people.models import Role


def read_messages(*, campaign: Campaign, reader: Any, person: Any | None = None) -> int:
    """Mark what a reader has seen, and return how many messages that were.

    Parameters
    ----------
    campaign
        What they are about.
    reader
        Who read them.
    person
        None: messages to the reader. Somebody: what they wrote to whoever runs the campaign, of
        whom the reader is one; read by one curator, it is read for all.

    Raises
    ------
    NotAllowedError
        If a person is named and the reader is no curator of the campaign.
    """
    unread = Message.objects.filter(campaign=campaign, read_at__isnull=True)
    if person is None:
        unread = unread.filter(recipient=reader)
    else:
        require(reader, Role.CURATOR, *campaign.places)
        unread = unread.filter(recipient__isnull=True, sender=person)
    return unread.update(read_at=timezone.now())
