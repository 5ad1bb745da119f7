"""Quizzes: which gold a person is asked, who may hear it, and what it spoils."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from annotation.allocation.chance import chance
from annotation.models import (
    Campaign,
    GoldAnswer,
    GuidelineVersion,
    Question,
    QuizAttempt,
    QuizItem,
)
from annotation.models.ratings import Answer
from consonance.ledger.prepared import Prepared

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

#: A clip, a class, and what is known of the two.
_Known = tuple[UUID, UUID, str]

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


def quiz_is_possible(campaign: Campaign, target_id: UUID | None = None) -> bool:
    """Return whether there is enough gold that may be played to anybody to make a quiz of.

    Parameters
    ----------
    campaign
        Whose quiz.
    target_id
        The class it is about; all of the campaign's if None.
    """
    return _is_enough(_playable(campaign, target_id))


def quizzed_classes(campaign: Campaign) -> set[UUID]:
    """Return the classes of a campaign with enough gold for a quiz; one query.

    Before the others comes none, whatever the campaign requires: nobody waits for gold.
    """
    by_class: dict[UUID, set[_Known]] = defaultdict(set)
    for known in _playable(campaign):
        by_class[known[1]].add(known)
    return {target_id for target_id, found in by_class.items() if _is_enough(found)}


def first_quiz_is_due(campaign: Campaign, person: Any, target_id: UUID) -> bool:
    """Return whether a person takes a class's quiz before they are asked about it.

    Where the campaign wants it and there is gold for one. A quiz about all classes that was passed
    counts for each of them.

    Parameters
    ----------
    campaign
        Where.
    person
        Who.
    target_id
        The class they would be asked about.
    """
    if not campaign.requires_quiz:
        return False
    if _PASSED.values(campaign=campaign.pk, person=person.pk, target=target_id):
        return False
    return quiz_is_possible(campaign, target_id)


def choose(campaign: Campaign, person: Any, target_id: UUID | None = None) -> list[GoldAnswer]:
    """Return the gold of a person's next attempt, in the order it is asked.

    Half present and half absent as far as there is gold; what was marked for quizzes first; last
    what the person had in an earlier attempt, here or elsewhere. The rest is chance
    (`annotation.allocation.chance`), another for each attempt, so that nobody learns an order by
    heart or works out what comes.

    Parameters
    ----------
    campaign
        Where.
    person
        Who is asked.
    target_id
        The class it is about; all of the campaign's if None.

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
    key = (campaign.pk, campaign.seed, person.pk, attempts.count())
    usable = _usable(campaign, target_id).select_related("clip__track", "target")
    if not person.accepts_explicit:
        usable = usable.exclude(clip__track__is_explicit=True)
    ranked = sorted(
        usable,
        key=lambda gold: (
            gold.pk in had,
            gold.pk in just_had,
            not gold.is_quiz,
            chance("quiz:which", *key, gold.pk),
        ),
    )
    by_truth: dict[str, dict[tuple[UUID, UUID], GoldAnswer]] = defaultdict(dict)
    for gold in ranked:
        # Several may have given gold on one clip and class: one of them is asked.
        by_truth[gold.truth].setdefault((gold.clip_id, gold.target_id), gold)
    kinds = sorted((list(by_truth[truth].values()) for truth in _RIGHT), key=len)
    few, many = _sizes(*map(len, kinds))
    chosen = kinds[0][:few] + kinds[1][:many]
    return sorted(chosen, key=lambda gold: chance("quiz:order", *key, gold.pk))


def _sizes(rarer: int, commoner: int) -> tuple[int, int]:
    """Return how many of each truth are asked; whoever always says the same never passes."""
    if rarer < LEAST_OF_EACH:
        return 0, 0
    few = min(rarer, QUIZ_LENGTH // 2)
    many = min(commoner, QUIZ_LENGTH - few)
    while many >= pass_mark(few + many):
        many -= 1
    return few, many


class Taught:
    """What quizzes have told a person: clips and classes whose answer they know.

    Parameters
    ----------
    pairs
        Ids of clip and class.
    """

    def __init__(self, pairs: Iterable[tuple[UUID, UUID]] = ()) -> None:
        self._pairs = frozenset(pairs)
        self._by_class = Counter(target for _, target in self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def of_class(self, target_id: UUID) -> int:
        """Return how many of them are about a class."""
        return self._by_class[target_id]

    def includes(self, clip_id: UUID | None, target_id: UUID | None) -> bool:
        """Return whether the answer about a clip and a class was told."""
        return (clip_id, target_id) in self._pairs

    @property
    def pairs(self) -> frozenset[tuple[UUID, UUID]]:
        """All of them."""
        return self._pairs


def taught_to(campaign: Campaign, person: Any) -> Taught:
    """Return what a person was told by any quiz of the collection, whichever campaign asked."""
    items = QuizItem.objects.filter(
        attempt__person=person, attempt__campaign__collection=campaign.collection_id
    )
    return Taught(items.order_by().values_list("gold__clip_id", "gold__target_id"))


def taught_questions(campaign: Campaign, person: Any) -> list[UUID]:
    """Return the questions whose answer a quiz has told this person: they are not asked them."""
    taught = taught_to(campaign, person)
    if not taught:
        return []
    near = Question.objects.of(campaign).filter(
        clip__in={clip for clip, _ in taught.pairs},
        target__in={target for _, target in taught.pairs},
    )
    rows = near.values_list("pk", "clip_id", "target_id")
    return [pk for pk, clip, target in rows if taught.includes(clip, target)]


def in_quiz(person: Any, now: datetime) -> QuerySet[QuizItem]:
    """Return the items of quizzes that a person is taking, or whose end they may be reading."""
    under_way = Q(attempt__finished_at__isnull=True)
    under_way |= Q(attempt__finished_at__gt=now - READING_TIME)
    return QuizItem.objects.filter(under_way, attempt__person=person)


def _usable(campaign: Campaign, target_id: UUID | None = None) -> QuerySet[GoldAnswer]:
    """Return gold of the campaign's classes that counts and that nobody contradicts."""
    return _usable_of(campaign.collection_id, campaign.pk, target_id)


def _usable_of(collection: UUID, campaign: UUID, target: UUID | None) -> QuerySet[GoldAnswer]:
    counting = GoldAnswer.objects.filter(
        collection=collection, retired_at__isnull=True, clip__is_withdrawn=False
    )
    against = GoldAnswer.objects.filter(
        clip=OuterRef("clip"), target=OuterRef("target"), retired_at__isnull=True
    ).exclude(truth=OuterRef("truth"))
    if target is not None:
        counting = counting.filter(target=target)
    asked = GuidelineVersion.objects.filter(campaign=campaign).values("target")
    return counting.filter(target__in=asked).exclude(Exists(against))


def _playable(campaign: Campaign, target_id: UUID | None = None) -> set[_Known]:
    """Return what is known of clips that may be played to anybody."""
    found = _PLAYABLE.values(
        collection=campaign.collection_id, campaign=campaign.pk, target=target_id
    )
    return set(found)


def _is_enough(known: Collection[_Known]) -> bool:
    present = sum(truth == GoldAnswer.Truth.PRESENT for _, _, truth in known)
    return min(present, len(known) - present) >= LEAST_OF_EACH


#: Asked with every claim where the quiz comes first.
_PASSED: Final = Prepared(
    lambda campaign, person, target: (
        QuizAttempt.objects.filter(
            Q(target=target) | Q(target__isnull=True),
            campaign=campaign,
            person=person,
            has_passed=True,
        )
        .order_by()
        .values_list("pk")[:1]
    ),
    campaign=UUID,
    person=UUID,
    target=UUID,
)
_PLAYABLE: Final = Prepared(
    lambda collection, campaign, target: (
        _usable_of(collection, campaign, target)
        .exclude(clip__track__is_explicit=True)
        .order_by()
        .values_list("clip_id", "target_id", "truth")
    ),
    collection=UUID,
    campaign=UUID,
    target=UUID,
)
