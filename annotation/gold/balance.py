"""A campaign's gold: what there is of each class, and how people do on each item."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef

from annotation.gold.known import Pair, in_force
from annotation.models import Campaign, GoldAnswer, Question, Rating
from annotation.models.ratings import Answer
from candidates.models import Candidate
from consonance.catalog.models import TaxonomyClass

#: Definite answers from which it is told that most people fail on an item.
SUSPECT_FROM: Final = 3
CLEAR, NEAR_MISS, UNKNOWN = "clear", "near_miss", ""
#: The detector agrees with what is known, or is taken in by it.
_DIFFICULTY: Final[dict[tuple[str, str], str]] = {
    (GoldAnswer.Truth.PRESENT, Candidate.Tail.HIGH): CLEAR,
    (GoldAnswer.Truth.PRESENT, Candidate.Tail.LOW): NEAR_MISS,
    (GoldAnswer.Truth.ABSENT, Candidate.Tail.LOW): CLEAR,
    (GoldAnswer.Truth.ABSENT, Candidate.Tail.HIGH): NEAR_MISS,
}


@dataclass(frozen=True, kw_only=True)
class Item:
    """What is known of a clip and a class, and how people answered it.

    Attributes
    ----------
    gold
        Everybody's word on the pair; the first one speaks for them.
    is_contradicted
        Whether they do not agree: it counts for nothing.
    right, wrong, unsure
        Answers in force of people in the collection's campaigns; the first of each.
    difficulty
        `clear` where the detector says the same, `near_miss` where it says the opposite, empty
        where no round drew the pair from a tail.
    question
        The campaign's question about the pair; None where it asks none.
    """

    gold: GoldAnswer
    is_contradicted: bool
    right: int
    wrong: int
    unsure: int
    difficulty: str
    question: Question | None

    @property
    def definite(self) -> int:
        """Answers that were yes or no."""
        return self.right + self.wrong

    @property
    def accuracy(self) -> float | None:
        """Share of definite answers that are right, in [0, 1]; None without any."""
        return self.right / self.definite if self.definite else None

    @property
    def is_suspect(self) -> bool:
        """Whether most people fail: then the item is more often wrong than they are."""
        return self.definite >= SUSPECT_FROM and self.wrong > self.right

    @property
    def can_be_planted(self) -> bool:
        """Whether planting makes it a gold question: it is not asked for its own sake now."""
        if self.is_contradicted or self.question is None:
            return not self.is_contradicted
        return self.question.state in {Question.State.DECIDED, Question.State.ADJUDICATED} or (
            self.question.is_gold and self.question.stop_reason == Question.StopReason.CURATOR
        )

    @property
    def is_planted(self) -> bool:
        """Whether people are asked it as gold."""
        return (
            self.question is not None
            and self.question.is_gold
            and self.question.state == Question.State.OPEN
        )


@dataclass(frozen=True, kw_only=True)
class ClassBalance:
    """A class's gold in numbers."""

    target: TaxonomyClass
    present: int
    absent: int
    clear: int
    near_miss: int
    planted: int
    suspect: int

    @property
    def number(self) -> int:
        """All of it."""
        return self.present + self.absent

    @property
    def missing(self) -> list[str]:
        """What there is too little of, in words; empty where halves and kinds are near enough."""
        if not self.number:
            return ["none yet: set some present and some absent"]
        wanted = []
        for name, one, other in (
            ("present", self.present, self.absent),
            ("absent", self.absent, self.present),
            ("clear", self.clear, self.near_miss),
            ("near misses", self.near_miss, self.clear),
        ):
            if one * 2 < other:
                wanted.append(f"{other - one:,} more {name}")
        return wanted


def items_of(campaign: Campaign) -> list[Item]:
    """Return a campaign's gold, what most people fail on first; five queries.

    Then come items with contradicting words, then the share that failed, the most first.
    """
    words: dict[Pair, list[GoldAnswer]] = defaultdict(list)
    found = in_force(campaign.collection_id).filter(
        target__in=campaign.guidelines.values("target"), clip__is_withdrawn=False
    )
    for gold in found.select_related("clip__track", "target", "created_by").order_by(
        "created_at", "pk"
    ):
        words[gold.clip_id, gold.target_id].append(gold)
    tallies = _tallies(campaign)
    tails = _tails(campaign)
    questions = _questions(campaign)
    items = []
    for pair, several in words.items():
        gold = several[0]
        given = tallies.get(pair, Counter())
        yes, no = given[Answer.YES], given[Answer.NO]
        is_there = gold.truth == GoldAnswer.Truth.PRESENT
        items.append(
            Item(
                gold=gold,
                is_contradicted=len({one.truth for one in several}) > 1,
                right=yes if is_there else no,
                wrong=no if is_there else yes,
                unsure=given[Answer.UNSURE],
                difficulty=difficulty_of(gold.truth, tails.get(pair, "")),
                question=questions.get(pair),
            )
        )
    return sorted(items, key=_order)


def _order(item: Item) -> tuple[bool, bool, float, int, str]:
    failed = 0.0 if item.accuracy is None else 1 - item.accuracy
    # Many answers before few, and in the end always the same way round.
    return (
        not item.is_suspect,
        not item.is_contradicted,
        -failed,
        -item.definite,
        str(item.gold.pk),
    )


def balance_of(campaign: Campaign, items: Iterable[Item]) -> list[ClassBalance]:
    """Return the numbers of each class that the campaign asks about, in the taxonomy's order."""
    of_class: dict[UUID, list[Item]] = defaultdict(list)
    for item in items:
        if not item.is_contradicted:
            of_class[item.gold.target_id].append(item)
    targets = TaxonomyClass.objects.filter(pk__in=campaign.guidelines.values("target"))
    rows = []
    for target in targets.order_by("position", "name"):
        mine = of_class[target.pk]
        present = sum(item.gold.truth == GoldAnswer.Truth.PRESENT for item in mine)
        rows.append(
            ClassBalance(
                target=target,
                present=present,
                absent=len(mine) - present,
                clear=sum(item.difficulty == CLEAR for item in mine),
                near_miss=sum(item.difficulty == NEAR_MISS for item in mine),
                planted=sum(item.is_planted for item in mine),
                suspect=sum(item.is_suspect for item in mine),
            )
        )
    return rows


def difficulty_of(truth: str, tail: str) -> str:
    """Return `clear`, `near_miss`, or nothing where the detector does not tell."""
    return _DIFFICULTY.get((truth, tail), UNKNOWN)


def tails_of(campaign: Campaign, clips: Iterable[UUID]) -> dict[Pair, str]:
    """Return from which tail the newest round of the campaign drew pairs of some clips."""
    drawn = Candidate.objects.filter(round__in=campaign.rounds.all(), clip__in=list(clips))
    rows = drawn.order_by("round__number", "pk").values_list("clip_id", "target_id", "tail")
    return {(clip, target): tail for clip, target, tail in rows}


def _tails(campaign: Campaign) -> dict[Pair, str]:
    known = in_force(campaign.collection_id).filter(
        clip=OuterRef("clip"), target=OuterRef("target")
    )
    drawn = Candidate.objects.filter(Exists(known), round__in=campaign.rounds.all())
    rows = drawn.order_by("round__number", "pk").values_list("clip_id", "target_id", "tail")
    return {(clip, target): tail for clip, target, tail in rows}


def _tallies(campaign: Campaign) -> dict[Pair, Counter[str]]:
    """Return how often each answer was given to what is known, by pair."""
    known = in_force(campaign.collection_id).filter(
        clip=OuterRef("question__clip"), target=OuterRef("question__target")
    )
    given = (
        Rating.objects.in_force()
        .filter(
            Exists(known),
            question__campaign__collection=campaign.collection_id,
            question__target__in=campaign.guidelines.values("target"),
            occasion=0,
        )
        .order_by()
        .values_list("question__clip_id", "question__target_id", "answer")
    )
    tallies: dict[Pair, Counter[str]] = defaultdict(Counter)
    for clip, target, answer in given.iterator():
        tallies[clip, target][answer] += 1
    return tallies


def _questions(campaign: Campaign) -> dict[Pair, Question]:
    known = in_force(campaign.collection_id).filter(
        clip=OuterRef("clip"), target=OuterRef("target")
    )
    asked = Question.objects.of(campaign).filter(Exists(known), task_kind="presence")
    return {
        (row.clip_id, row.target_id): row
        for row in asked
        if row.clip_id is not None and row.target_id is not None
    }
