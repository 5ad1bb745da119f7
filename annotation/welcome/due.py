"""Which step a person still has before them in a campaign."""

from __future__ import annotations

from typing import Any, Final, Literal

from django.utils.translation import gettext_lazy as _

from annotation.models import Campaign, Workload

Step = Literal["", "welcome", "headphones"]
#: What programs are told in a person's place.
STEP_TOLD: Final = {
    "welcome": _("Please read the instructions and check your sound before the first clip."),
    "headphones": _("This campaign needs headphones. Please take the short listening test first."),
}


def step_due(campaign: Campaign, person: Any, workload: Workload | None = None) -> Step:
    """Return what stands before a person's first question, or an empty string.

    Simulated people have no ears. Who has answered here before there were instructions is not
    sent back to them.

    Parameters
    ----------
    campaign
        Where.
    person
        Who.
    workload
        Theirs in this campaign, where the caller has it; else it is looked up.
    """
    if person.is_simulated:
        return ""
    if workload is None:
        workload = Workload.objects.filter(campaign=campaign, person=person).first()
    if workload is None or (workload.welcomed_at is None and not workload.answered):
        return "welcome"
    if campaign.checks_headphones and workload.headphones_at is None:
        return "headphones"
    return ""
