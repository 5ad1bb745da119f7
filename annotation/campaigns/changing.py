"""Which settings of a campaign may change, when, and why not otherwise."""

from __future__ import annotations

from typing import Final

from annotation.campaigns.rules import RULES
from annotation.models import Campaign

_State = Campaign.State

#: Settings that never change once a campaign is open, with the reason.
FIXED: Final = {
    "min_ratings": "Raised under “Extend”, because questions that are asked already take part.",
    "max_ratings": "Raised under “Extend”, because questions that are asked already take part.",
    "audit_share": "Drawn when the campaign opened: a slice drawn later would no longer be random."
    " Clone the campaign to draw another.",
    "seed": "It decided the order of questions when the campaign opened.",
    "pay_currency": "What was paid already is counted in it. Clone the campaign for another.",
}

#: Settings that change only while nobody is handed anything, with the reason.
WHEN_PAUSED: Final = {
    "stop_posterior": "Questions are being decided by it. Pause the campaign first; what is"
    " decided stays decided, what is open goes on by the new number.",
    "asks": "People are in the middle of answering this way. Pause the campaign first.",
    "clip_classes": "People are in the middle of passes. Pause the campaign first; questions about"
    " more classes come under “Extend”, from the rounds it has.",
    "repeat_share": "It decides which answers come again, from the first to the last. Pause the"
    " campaign first.",
}

#: What may still be said better once a campaign is closed.
_WHEN_CLOSED: Final = frozenset({"name", "description"})
_CLOSED: Final = "The campaign is closed, so that what was asked stays as it was asked."


def locked(campaign: Campaign) -> dict[str, str]:
    """Return the settings that cannot change now, each with a sentence that says why.

    Parameters
    ----------
    campaign
        In its present state: closed, only name and description change; open, nothing by which
        questions are being decided at this moment; paused, all but what was drawn at the start.
    """
    if campaign.state == _State.CLOSED:
        return {name: _CLOSED for name in RULES if name not in _WHEN_CLOSED}
    if campaign.state == _State.PAUSED:
        return dict(FIXED)
    return FIXED | WHEN_PAUSED
