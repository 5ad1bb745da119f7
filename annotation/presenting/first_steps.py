"""The line that says what lies before the first clip, and where one is."""

from __future__ import annotations

from typing import Any, Literal

from django.utils.translation import gettext as _

from annotation.gold.quizzes import quizzed_classes
from annotation.models import Campaign


def first_steps(
    campaign: Campaign, now: Literal["welcome", "headphones", "quiz"]
) -> list[dict[str, Any]]:
    """Return the steps in order, each with its name, whether it is the one now, and whether done.

    Parameters
    ----------
    campaign
        Where: not each has every step.
    now
        Where the person is.
    """
    steps = {"welcome": _("Welcome")}
    if campaign.checks_headphones or now == "headphones":
        steps["headphones"] = _("Headphones")
    if now == "quiz" or (campaign.requires_quiz and quizzed_classes(campaign)):
        steps["quiz"] = _("Quiz")
    steps["first clip"] = _("First clip")
    place = list(steps).index(now)
    return [
        {"name": name, "is_now": number == place, "is_done": number < place}
        for number, name in enumerate(steps.values())
    ]
