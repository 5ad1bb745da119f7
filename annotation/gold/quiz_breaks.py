"""Breaks between attempts at a quiz, a class each: else it is passed by trying."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.models import Campaign, QuizAttempt

#: A failed attempt is followed by a break.
RETRY_AFTER: Final = timedelta(minutes=10)
#: So many on a day are followed by the next day.
MOST_FAILED_A_DAY: Final = 3


@dataclass(frozen=True, kw_only=True)
class Break:
    """Why a quiz may not be begun yet.

    Attributes
    ----------
    until
        When it may be.
    told
        A sentence for the person.
    """

    until: datetime
    told: str


def breaks(campaign: Campaign, person: Any, now: datetime) -> dict[UUID | None, Break]:
    """Return the breaks that a person has now, by class; None stands for the quiz about all.

    Who has failed one class's quiz may take another's meanwhile: that asks other clips.
    """
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    attempts = QuizAttempt.objects.filter(
        campaign=campaign, person=person, has_passed=False,
        finished_at__gt=min(midnight - timedelta(microseconds=1), now - RETRY_AFTER),
    )  # fmt: skip
    rows = attempts.order_by("finished_at").values_list("target_id", "finished_at")
    failed = [(target_id, at) for target_id, at in rows if at is not None]
    today = Counter(target_id for target_id, at in failed if at >= midnight)
    found: dict[UUID | None, Break] = {}
    for target_id, at in failed:  # the latest of a class counts
        if today[target_id] >= MOST_FAILED_A_DAY:
            rest = _("You have tried %(number)d times today. Rest your ears until tomorrow.")
            found[target_id] = Break(
                until=midnight + timedelta(days=1), told=rest % {"number": today[target_id]}
            )
        elif now < at + RETRY_AFTER:
            minutes = -(-(at + RETRY_AFTER - now) // timedelta(minutes=1))
            told = _(
                "Read the explanations and take a break: you can try again in %(minutes)d min."
            )
            found[target_id] = Break(until=at + RETRY_AFTER, told=told % {"minutes": minutes})
    return found
