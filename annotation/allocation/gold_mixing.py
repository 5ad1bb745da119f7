"""Which planted gold comes with a question, so that nobody can tell the one from the other.

Each question that a person takes brings gold with it or not, by chance alone. The gold comes
beside it, before or after, of the same class: as many that have the class as that lack it, over
all that the person is asked, as far as there is gold.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from typing import Any, Final
from uuid import UUID

from django.core.cache import cache
from django.db.models import Exists, OuterRef

from annotation.allocation.chance import chance
from annotation.allocation.queues import Waiting
from annotation.gold.quizzes import Taught
from annotation.models import Assignment, Campaign, GoldAnswer, Question
from consonance.ledger.prepared import Prepared, Several

#: How long it is remembered that gold came before a question that waits itself.
_REMEMBERED_SECONDS: Final = 600


def _gold(campaign: UUID, person: UUID, classes: list[UUID]) -> Any:
    known = GoldAnswer.objects.filter(
        clip=OuterRef("clip"), target=OuterRef("target"), retired_at__isnull=True
    )
    had = Assignment.objects.filter(question=OuterRef("pk"), person=person)
    return (
        Question.objects.of(campaign)
        .gold()
        .open()
        .filter(target__in=classes, clip__is_withdrawn=False)
        .annotate(
            was_mine=Exists(had),
            is_present=Exists(known.filter(truth=GoldAnswer.Truth.PRESENT)),
            is_absent=Exists(known.filter(truth=GoldAnswer.Truth.ABSENT)),
        )
        .values_list(
            "pk", "clip_id", "target_id", "answered", "priority", "clip__track__is_explicit",
            "was_mine", "is_present", "is_absent",
        )
    )  # fmt: skip


_GOLD: Final = Prepared[Question](_gold, campaign=UUID, person=UUID, classes=Several(UUID))


def brings_gold(campaign: Campaign, person_id: UUID, question_id: UUID) -> bool:
    """Return whether gold comes with a question.

    With probability g / (1 - g), so that a share g of all that a person is asked is gold. Once
    only: whoever has room for nothing but the gold before it would else be asked one gold after
    the other, and know them by that.
    """
    share = campaign.gold_share
    if chance("gold:due", campaign.seed, person_id, question_id) >= share / (1 - share):
        return False
    return cache.get(_brought(person_id, question_id)) is None


def remember_brought(person_id: UUID, questions: Iterable[UUID]) -> None:
    """Note which questions have brought their gold, and wait themselves for want of room."""
    for question_id in questions:
        cache.set(_brought(person_id, question_id), 1, _REMEMBERED_SECONDS)


def _brought(person_id: UUID, question_id: UUID) -> str:
    return f"annotation.brought:{person_id}:{question_id}"


def comes_first(campaign: Campaign, person_id: UUID, question_id: UUID) -> bool:
    """Return whether gold comes before the question that brings it, rather than after it."""
    return chance("gold:side", campaign.seed, person_id, question_id) < 0.5


class Shelf:
    """The gold of some classes that a person may be asked, in the order in which it comes.

    Each class has an order of its own for every person. Of present and absent ones comes whatever
    this person has met less often in the class; gold that somebody contradicts never comes.

    Read once a claim, whether gold comes or not: else a claim that brings some would take longer.

    Parameters
    ----------
    campaign
        Where.
    person
        Who is asked.
    taught
        What quizzes have told this person.
    classes
        Of which gold may be wanted.
    """

    def __init__(
        self, campaign: Campaign, person: Any, taught: Taught, classes: Iterable[UUID]
    ) -> None:
        self._campaign = campaign
        self._person = person
        self._met: Counter[tuple[UUID | None, bool]] = Counter()
        self._left: defaultdict[tuple[UUID | None, bool], list[Waiting]] = defaultdict(list)
        gold = _GOLD.values(campaign=campaign.pk, person=person.pk, classes=sorted(set(classes)))
        for *columns, is_explicit, was_mine, is_present, is_absent in gold:
            row = Waiting(*columns)
            if is_present == is_absent or (is_explicit and not person.accepts_explicit):
                continue
            if was_mine:
                self._met[row.target_id, is_present] += 1
            elif not taught.includes(row.clip_id, row.target_id):
                self._left[row.target_id, is_present].append(row)
        for several in self._left.values():
            several.sort(key=lambda row: chance("gold:which", campaign.seed, person.pk, row.pk))

    def take(self, target_id: UUID, clips: Collection[UUID | None]) -> Waiting | None:
        """Take the gold of a class that comes next from the shelf; None where none is left.

        Parameters
        ----------
        target_id
            The class.
        clips
            Clips that are asked just now: a second question about one would stand out.
        """
        met = {truth: self._met[target_id, truth] for truth in (True, False)}
        first = met[True] < met[False]
        if met[True] == met[False]:
            drawn = chance(
                "gold:truth", self._campaign.seed, self._person.pk, target_id, sum(met.values())
            )
            first = drawn < 0.5
        for truth in (first, not first):
            left = self._left[target_id, truth]
            for place, row in enumerate(left):
                if row.clip_id not in clips:
                    del left[place]
                    self._met[target_id, truth] += 1
                    return row
        return None
