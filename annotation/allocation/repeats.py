"""Planted repeats: a question put to somebody again, to see whether they agree with themselves.

A repeat comes in a lease of its own (`occasion` 1) that looks like any other. It holds no place of
its question, and its answer weighs nothing: it tells of the person, not of the clip.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from annotation.actions.undo_rating import UNDO_WITHIN
from annotation.allocation.chance import chance
from annotation.gold.quizzes import Taught
from annotation.models import Assignment, Campaign, Question, Rating
from consonance.ledger.prepared import Prepared, Several

#: Answers that lie between a question and its repeat, so that the first answer is forgotten
#: rather than remembered.
ANSWERS_BETWEEN: Final = 20
#: And time: as long as the first answer can be taken back, so that no repeat loses its other half.
TIME_BETWEEN: Final = UNDO_WITHIN
#: The occasion of a repeat. There is one, so nobody meets a clip a third time.
REPEAT: Final = 1
#: One is chosen among so many of the latest answers that are old enough.
_CHOICE: Final = 200
_LATEST: Final = Prepared[Rating](
    lambda campaign, person: (
        Rating.objects.in_force()
        .filter(person=person, campaign=campaign, occasion=0)
        .order_by("-created_at")
        .values_list("question_id", "created_at")[: ANSWERS_BETWEEN + _CHOICE]
    ),
    campaign=UUID,
    person=UUID,
)


def _repeatable(person: UUID, keys: list[UUID]) -> Any:
    had = Assignment.objects.filter(question=OuterRef("pk"), person=person, occasion__gt=0)
    return (
        Question.objects.filter(pk__in=keys)
        .not_gold()
        .exclude(clip__is_withdrawn=True)
        .exclude(Exists(had))
        .order_by("pk")
        .values_list("pk", "clip_id", "target_id", "clip__track__is_explicit")
    )


_REPEATABLE: Final = Prepared[Question](_repeatable, person=UUID, keys=Several(UUID))


def repeat_is_due(campaign: Campaign, person_id: UUID, question_id: UUID) -> bool:
    """Return whether taking this question is followed by a repeat of another one.

    Decided by the campaign's seed, the person, the question and the installation's secret alone:
    nothing is counted, and the same people over the same questions meet the same repeats there.
    """
    return _chance(campaign, person_id, question_id, "due") < campaign.repeat_share


def lease_repeat(
    campaign: Campaign,
    person: Any,
    taught: Taught,
    *,
    after: UUID,
    now: datetime,
    target_id: UUID | None = None,
) -> Assignment | None:
    """Put a question that the person answered some time ago into their hands once more.

    Never the same one twice, none whose clip may not be played to them now, none that a quiz has
    explained since, and none that they answered so lately that they may remember. To be called
    outside any transaction that holds a question: the new row waits for its question's.

    Parameters
    ----------
    campaign
        Where.
    person
        Who.
    taught
        What quizzes have told this person.
    after
        The question whose turn brought the repeat; with the seed it decides which one comes.
    now
        The time of the claim.
    target_id
        The class it must be of, where one class is asked at a time; None for any.

    Returns
    -------
    Assignment or None
        With question, subject and class loaded; None while there is nothing to repeat, and where
        another window of the same person was given the same at this moment.
    """
    known = _answered_long_ago(campaign, person, now)
    choice = [
        pk
        for pk, clip, target, is_explicit in _REPEATABLE.values(person=person.pk, keys=known)
        if target_id in (None, target)
        and not taught.includes(clip, target)
        and (person.accepts_explicit or not is_explicit)
    ]
    if not choice:
        return None
    chosen = choice[int(_chance(campaign, person.pk, after, "which") * len(choice))]
    question = Question.objects.select_related("clip__track", "track", "target").get(pk=chosen)
    try:
        with transaction.atomic():
            return Assignment.objects.create(
                question=question,
                person=person,
                occasion=REPEAT,
                # A breath later than what was claimed with it, so that a reloaded page asks in
                # the same order.
                leased_at=now + timedelta(microseconds=1),
                lease_until=now + timedelta(seconds=campaign.lease_seconds),
            )
    except IntegrityError:
        return None


def _answered_long_ago(campaign: Campaign, person: Any, now: datetime) -> list[UUID]:
    answers = _LATEST.values(campaign=campaign.pk, person=person.pk)
    older = answers[ANSWERS_BETWEEN : ANSWERS_BETWEEN + _CHOICE]
    return [question for question, at in older if at <= now - TIME_BETWEEN]


def _chance(campaign: Campaign, person_id: UUID, question_id: UUID, what: str) -> float:
    return chance(f"repeats:{what}", campaign.seed, person_id, question_id)
