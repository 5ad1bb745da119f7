"""Write to somebody who answers in a campaign, or to whoever runs it."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from annotation.models import Campaign, Message
from annotation.people.taking_part import is_known
from annotation.people.wording import paragraphs
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role

#: What the model allows.
MAX_TEXT: Final = 4_000
#: Messages of one person to one campaign that nobody has read yet; then they have to wait.
MAX_WAITING: Final = 20


def send_message(
    *, campaign: Campaign, sender: Any, text: str, recipient: Any | None = None
) -> Message:
    """Send a message.

    The audit trail keeps who wrote to whom and when, never the words: those can be erased.

    Parameters
    ----------
    campaign
        What it is about.
    sender
        Who writes.
    text
        1 to `MAX_TEXT` characters; its lines are kept.
    recipient
        Somebody who takes part in the campaign; None for whoever runs it.

    Raises
    ------
    NotAllowedError
        If the sender writes to a person and is no curator there, or has no part in the campaign.
    ParameterError
        If there is no text or too much of it, or the recipient has no part in the campaign.
    StateError
        If `MAX_WAITING` messages of the sender wait unread.
    """
    if recipient is None:
        if not is_known(sender, campaign):
            raise NotAllowedError(
                _("You have no part in %(campaign)s, so you cannot write about it.")
                % {"campaign": campaign}
            )
    else:
        require(sender, Role.CURATOR, *campaign.places)
        if recipient.pk == sender.pk:
            raise ParameterError(_("This would be a message to yourself."))
        if not is_known(recipient, campaign):
            raise ParameterError(f"{recipient} has no part in {campaign}.")
    words = paragraphs(text, longest=MAX_TEXT, what="message")
    with transaction.atomic():
        if recipient is None and _waiting(campaign, sender) >= MAX_WAITING:
            raise StateError(
                _(
                    "%(number)d messages of yours have not been read yet."
                    " Wait for an answer before you write again."
                )
                % {"number": MAX_WAITING}
            )
        message = Message.objects.create(
            campaign=campaign, sender=sender, recipient=recipient, text=words
        )
        record(
            "send_message",
            target=message,
            actor=sender,
            campaign=str(campaign.pk),
            recipient=str(recipient.pk) if recipient is not None else "",
        )
    return message


def _waiting(campaign: Campaign, sender: Any) -> int:
    return Message.objects.filter(
        campaign=campaign, sender=sender, recipient__isnull=True, read_at__isnull=True
    ).count()
