"""How far a person is in a campaign, told so that no number gives gold away.

An answer to gold or to a planted repeat is an answer like any other: it adds one to what is
answered and takes one from what remains. So nothing may be counted that moves with one kind of
question and not with the other. What moves with neither is what the person will have been asked
for its own sake when all is done: it goes from "to come" to "had" and stays. Gold and repeats are
added to that as the shares in which they come, not as they came.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count, Q

from annotation.allocation.repeats import ANSWERS_BETWEEN
from annotation.gold.quizzes import taught_questions
from annotation.models import Assignment, Campaign, Question, Rating, Workload
from consonance.ledger.prepared import Prepared

_EXACT_UP_TO: Final = 500
#: An estimate is kept so long, and the count of a whole campaign: a new one after each answer would
#: tell from its steps what the answer was to.
_ESTIMATE_SECONDS: Final = 600
_ANSWERED: Final = Prepared(
    lambda campaign, person: Workload.objects.filter(campaign=campaign, person=person).values_list(
        "answered"
    ),
    campaign=UUID,
    person=UUID,
)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far one person is in one campaign."""

    answered_by_you: int
    remaining_for_you: int

    def as_dict(self) -> dict[str, int]:
        """Return it as JSON values."""
        return asdict(self)


def progress_of(
    campaign: Campaign, person: Any, now: datetime, *, answered: int | None = None
) -> Progress:
    """Return how many answers a person has given, and about how many questions could still come.

    Without gold and repeats the latter is exact up to `_EXACT_UP_TO`. Above, what others answer is
    noticed after up to ten minutes, and what is kept from this person (explicit tracks without
    consent) is counted. It is 0 when nothing is left, and not before.

    Parameters
    ----------
    campaign
        Where.
    person
        Whose.
    now
        The time that decides which leases still live.
    answered
        How many answers they have given, where the caller has looked.
    """
    if answered is None:
        answered = _answered(campaign, person)
    key = f"annotation.remaining:{campaign.pk}:{person.pk}"
    known: tuple[int, int] | None = cache.get(key)
    if known is not None and known[0] - (answered - known[1]) > _EXACT_UP_TO:
        remaining = known[0] - (answered - known[1])
        return Progress(answered_by_you=answered, remaining_for_you=remaining)
    remaining, is_large = _remaining(campaign, person, now)
    if is_large:
        cache.set(key, (remaining, answered), _ESTIMATE_SECONDS)
    return Progress(answered_by_you=answered, remaining_for_you=remaining)


def _answered(campaign: Campaign, person: Any) -> int:
    counted = _ANSWERED.values(campaign=campaign.pk, person=person.pk)
    if counted:
        return int(counted[0][0])
    return Rating.objects.in_force().filter(campaign=campaign, person=person).count()


def _remaining(campaign: Campaign, person: Any, now: datetime) -> tuple[int, bool]:
    """Return how many answers could still come, and whether that is an estimate of many."""
    asked = Question.objects.of(campaign).not_gold().open()
    is_first = Q(occasion=0, question__is_gold=False)
    mine = Assignment.objects.of(campaign).filter(person=person)
    had = mine.order_by().aggregate(
        all=Count("pk"),
        asked=Count("pk", filter=is_first),
        still_open=Count("pk", filter=is_first & Q(question__state="open", question__free__gt=0)),
        in_hand=Count("pk", filter=Assignment.objects.is_in_hand(now)),
    )
    in_hand = had["in_hand"]
    fit = asked.exclude(pk__in=taught_questions(campaign, person))
    to_come = fit.not_asked_of(person).suitable_for(person)[:_EXACT_UP_TO].count()
    is_large = to_come == _EXACT_UP_TO
    if is_large:
        to_come = max(to_come, _open_of(campaign) - had["still_open"])
    if not to_come and not in_hand:
        return 0, False
    total = _with_planted(campaign, had["asked"] + to_come)
    return max(1, total - (had["all"] - in_hand)), is_large


def _open_of(campaign: Campaign) -> int:
    """Return how many questions of a campaign have a free place; up to ten minutes old."""
    key = f"annotation.open:{campaign.pk}"
    number: int | None = cache.get(key)
    if number is None:
        asked = Question.objects.of(campaign).not_gold().open()
        # Each part is counted on an index that holds nothing else.
        number = asked.filter(answered__gt=0).count() + asked.filter(answered=0).count()
        if number > _EXACT_UP_TO:
            cache.set(key, number, _ESTIMATE_SECONDS)
    return number


def _with_planted(campaign: Campaign, asked: int) -> int:
    """Return how many answers come of some questions, with the gold and repeats among them."""
    gold = round(asked * campaign.gold_share / (1 - campaign.gold_share))
    if gold:
        gold = min(gold, Question.objects.of(campaign).gold().filter(state="open").count())
    repeats = int(campaign.repeat_share * max(0, asked - ANSWERS_BETWEEN))
    return asked + gold + repeats
