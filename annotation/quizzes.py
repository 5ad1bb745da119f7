"""Quizzes: which gold a person is asked, who may hear it, and what it spoils."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from annotation.models import Campaign, GoldAnswer, Question, QuizAttempt, QuizItem
from annotation.models.ratings import Answer

#: Clips of a quiz: two minutes of listening.
QUIZ_LENGTH: Final = 8
#: Share that must be right. Of eight, six: whoever guesses passes once in seven times, whoever is
#: right nine times in ten passes 96 times in a hundred. (Crowds are usually asked for 70 %.)
PASS_SHARE: Final = 0.7
#: Gold of each truth without which there is no quiz: with fewer, one who always says the same
#: would pass.
LEAST_OF_EACH: Final = 2
#: After the last answer its explanation is still being read, and the clip heard again.
READING_TIME: Final = timedelta(minutes=15)
#: A failed attempt is followed by a break, and so many on a day by the next day: else the quiz is
#: passed by trying.
RETRY_AFTER: Final = timedelta(minutes=10)
MOST_FAILED_A_DAY: Final = 3

_RIGHT: Final = {GoldAnswer.Truth.PRESENT: Answer.YES, GoldAnswer.Truth.ABSENT: Answer.NO}


@dataclass(frozen=True, kw_only=True)
class Score:
    """How an attempt stands.

    Attributes
    ----------
    right, answered, asked
        Numbers of clips.
    needed
        How many must be right to pass.
    """

    right: int
    answered: int
    asked: int

    @property
    def needed(self) -> int:
        """How many must be right to pass."""
        return pass_mark(self.asked)

    @property
    def has_passed(self) -> bool:
        """Whether enough are right."""
        return self.right >= self.needed


def pass_mark(number: int) -> int:
    """Return how many of a quiz's clips must be right."""
    return math.ceil(PASS_SHARE * number)


def is_right(item: QuizItem) -> bool:
    """Return whether an answered item was answered as gold has it; unsure is not."""
    return item.answer == _RIGHT[GoldAnswer.Truth(item.gold.truth)]


def score_of(items: list[QuizItem]) -> Score:
    """Return how an attempt stands.

    Parameters
    ----------
    items
        All of its items, with their gold loaded.
    """
    answered = [item for item in items if item.answer]
    return Score(
        right=sum(is_right(item) for item in answered), answered=len(answered), asked=len(items)
    )


def quiz_is_possible(campaign: Campaign) -> bool:
    """Return whether there is enough gold that may be played to anybody to make a quiz of."""
    found = _usable(campaign).exclude(clip__track__is_explicit=True)
    pairs = set(found.values_list("clip_id", "target_id", "truth"))
    present = sum(truth == GoldAnswer.Truth.PRESENT for _, _, truth in pairs)
    return min(present, len(pairs) - present) >= LEAST_OF_EACH


def choose(campaign: Campaign, person: Any) -> list[GoldAnswer]:
    """Return the gold of a person's next attempt, in the order it is asked.

    Half present and half absent as far as there is gold; what was marked for quizzes first; last
    what the person had in an earlier attempt, here or elsewhere. Seed, person and number of the
    attempt decide the rest, so that nobody learns an order by heart.

    Parameters
    ----------
    campaign
        Where.
    person
        Who is asked.

    Returns
    -------
    list of GoldAnswer
        Empty where there is too little gold.
    """
    attempts = QuizAttempt.objects.filter(campaign=campaign, person=person)
    latest = attempts.order_by("-started_at").first()
    items = QuizItem.objects.filter(attempt__person=person)
    had = set(items.values_list("gold_id", flat=True))
    just_had = set(items.filter(attempt=latest).values_list("gold_id", flat=True))
    key = f"{campaign.seed}:{person.pk}:{attempts.count()}"
    usable = _usable(campaign).select_related("clip__track", "target")
    if not person.accepts_explicit:
        usable = usable.exclude(clip__track__is_explicit=True)
    ranked = sorted(
        usable,
        key=lambda gold: (
            gold.pk in had,
            gold.pk in just_had,
            not gold.is_quiz,
            _rank(key, "which", gold.pk),
        ),
    )
    by_truth: dict[str, dict[tuple[UUID, UUID], GoldAnswer]] = defaultdict(dict)
    for gold in ranked:
        # Several may have given gold on one clip and class: one of them is asked.
        by_truth[gold.truth].setdefault((gold.clip_id, gold.target_id), gold)
    kinds = sorted((list(by_truth[truth].values()) for truth in _RIGHT), key=len)
    few, many = _sizes(*map(len, kinds))
    chosen = kinds[0][:few] + kinds[1][:many]
    return sorted(chosen, key=lambda gold: _rank(key, "order", gold.pk))


def retry_refusal(campaign: Campaign, person: Any, now: datetime) -> str:
    """Return why a person may not begin another attempt yet; empty where they may."""
    failed = QuizAttempt.objects.filter(campaign=campaign, person=person, has_passed=False)
    last = failed.order_by("-finished_at").values_list("finished_at", flat=True).first()
    if last is None:
        return ""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    if failed.filter(finished_at__gte=midnight).count() >= MOST_FAILED_A_DAY:
        return (
            f"You have tried {MOST_FAILED_A_DAY} times today. Rest your ears: from tomorrow you can"
            " try again."
        )
    until = last + RETRY_AFTER
    if now < until:
        minute = timezone.localtime(until + timedelta(seconds=59))
        return f"Read the explanations and take a break: from {minute:%H:%M %Z} you can try again."
    return ""


def _sizes(rarer: int, commoner: int) -> tuple[int, int]:
    """Return how many of each truth are asked; whoever always says the same never passes."""
    if rarer < LEAST_OF_EACH:
        return 0, 0
    few = min(rarer, QUIZ_LENGTH // 2)
    many = min(commoner, QUIZ_LENGTH - few)
    while many >= pass_mark(few + many):
        many -= 1
    return few, many


def taught_questions(campaign: Campaign, person: Any) -> list[UUID]:
    """Return the questions whose answer a quiz has told this person: they are not asked them.

    Any quiz of the collection counts, whichever campaign asked for it.
    """
    items = QuizItem.objects.filter(
        attempt__person=person, attempt__campaign__collection=campaign.collection_id
    )
    taught = set(items.values_list("gold__clip_id", "gold__target_id"))
    if not taught:
        return []
    near = Question.objects.of(campaign).filter(
        clip__in={clip for clip, _ in taught}, target__in={target for _, target in taught}
    )
    rows = near.values_list("pk", "clip_id", "target_id")
    return [pk for pk, clip, target in rows if (clip, target) in taught]


def in_quiz(person: Any, now: datetime) -> QuerySet[QuizItem]:
    """Return the items of quizzes that a person is taking, or whose end they may be reading."""
    under_way = Q(attempt__finished_at__isnull=True)
    under_way |= Q(attempt__finished_at__gt=now - READING_TIME)
    return QuizItem.objects.filter(under_way, attempt__person=person)


def _usable(campaign: Campaign) -> QuerySet[GoldAnswer]:
    """Return gold of the campaign's classes that counts and that nobody contradicts."""
    counting = GoldAnswer.objects.filter(
        collection=campaign.collection_id, retired_at__isnull=True, clip__is_withdrawn=False
    )
    against = GoldAnswer.objects.filter(
        clip=OuterRef("clip"), target=OuterRef("target"), retired_at__isnull=True
    ).exclude(truth=OuterRef("truth"))
    return counting.filter(target__in=campaign.guidelines.values("target")).exclude(Exists(against))


def _rank(key: str, what: str, gold: UUID) -> bytes:
    return hashlib.sha256(f"consonance.quizzes:{what}:{key}:{gold}".encode()).digest()
