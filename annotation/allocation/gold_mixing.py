"""Which planted gold comes with a question, so that nobody can tell the one from the other.

Each question that a person takes brings gold with it or not, by chance alone. The gold comes
beside it, before or after, of the same class: as many that have the class as that lack it, over
all that the person is asked, as far as there is gold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.core.cache import cache
from django.db.models import Exists, OuterRef

from annotation.allocation.chance import chance
from annotation.allocation.queues import Waiting
from annotation.gold.quizzes import Taught
from annotation.models import Assignment, Campaign, GoldAnswer, Question

#: How long it is remembered that gold came before a question that waits itself.
_REMEMBERED_SECONDS: Final = 600


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


def gold_for(
    campaign: Campaign, person: Any, target_id: UUID, taught: Taught, *, leave_out: Iterable[UUID]
) -> list[Waiting]:
    """Return the gold of a class that a person may be asked, what comes next first.

    Each class has an order of its own for every person. Of present and absent ones comes whatever
    this person has met less often in the class; gold that somebody contradicts never comes.

    Parameters
    ----------
    campaign
        Where.
    person
        Who is asked.
    target_id
        The class.
    taught
        What quizzes have told this person.
    leave_out
        Questions that are chosen already.
    """
    known = GoldAnswer.objects.filter(
        clip=OuterRef("clip"), target=OuterRef("target"), retired_at__isnull=True
    )
    had = Assignment.objects.filter(question=OuterRef("pk"), person=person)
    rows = (
        Question.objects.of(campaign)
        .gold()
        .open()
        .filter(target=target_id)
        .suitable_for(person)
        .annotate(
            was_mine=Exists(had),
            is_present=Exists(known.filter(truth=GoldAnswer.Truth.PRESENT)),
            is_absent=Exists(known.filter(truth=GoldAnswer.Truth.ABSENT)),
        )
        .values_list(
            "pk", "clip_id", "target_id", "answered", "priority",
            "was_mine", "is_present", "is_absent",
        )
    )  # fmt: skip
    gold: Iterable[Any] = rows
    met: Counter[bool] = Counter()
    left: dict[bool, list[Waiting]] = {True: [], False: []}
    chosen = set(leave_out)
    for *columns, was_mine, is_present, is_absent in gold:
        row = Waiting(*columns)
        if is_present == is_absent:
            continue
        if was_mine or row.pk in chosen:
            met[is_present] += 1
        elif not taught.includes(row.clip_id, row.target_id):
            left[is_present].append(row)
    for several in left.values():
        several.sort(key=lambda row: chance("gold:which", campaign.seed, person.pk, row.pk))
    first = met[True] < met[False]
    if met[True] == met[False]:
        first = chance("gold:truth", campaign.seed, person.pk, target_id, met.total()) < 0.5
    return left[first] + left[not first]
