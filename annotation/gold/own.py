"""What people are told of their own answers to gold, without telling them which it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from annotation.actions.undo_rating import UNDO_WITHIN
from annotation.gold.known import Pair, known
from annotation.models import Campaign, Rating
from annotation.models.ratings import Answer

#: Answers are told in steps: were each told at once, whoever looks after every answer would learn
#: which question was gold.
STEP: Final = 10


@dataclass(frozen=True, kw_only=True)
class OwnAccuracy:
    """How often somebody was right, of so many answers whose clips are known."""

    right: int
    number: int

    @property
    def share(self) -> float:
        """The share of them, in [0, 1]."""
        return self.right / self.number


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A definite answer to gold that can no longer be undone.

    Attributes
    ----------
    collection
        The collection's slug.
    name, display_name
        The class's.
    is_right
        Whether it is as gold has it.
    """

    collection: str
    name: str
    display_name: str
    is_right: bool


def settled_gold(person: Any, campaign: Campaign | None = None) -> list[Settled]:
    """Return what a person answered to gold, in order.

    Answers count from the full hour on at which they can no longer be undone, a correction changes
    nothing, and each question counts once, as it was first answered: else taking one answer back,
    or giving another, would tell what is right. A query, and one a collection.
    """
    given = Rating.objects.filter(
        person=person,
        question__is_gold=True,
        occasion=0,
        is_withdrawn=False,
        supersedes__isnull=True,
        created_at__lt=_last_hour(),
    ).exclude(answer=Answer.UNSURE)
    if campaign is not None:
        given = given.filter(question__campaign=campaign)
    rows = given.order_by("created_at", "pk").values_list(
        "question__campaign__collection_id", "question__campaign__collection__slug",
        "question__clip_id", "question__target_id", "question__target__name",
        "question__target__display_name", "answer", "question_id",
    )  # fmt: skip
    present: dict[UUID, dict[Pair, bool]] = {}
    settled = []
    counted: set[UUID] = set()
    for collection, slug, clip, target, name, display_name, answer, question in rows:
        if question in counted:
            continue
        counted.add(question)
        if collection not in present:
            present[collection] = known(collection).present
        truth = present[collection].get((clip, target))
        if truth is not None:
            settled.append(
                Settled(
                    collection=slug, name=name, display_name=display_name,
                    is_right=(answer == Answer.YES) == truth,
                )
            )  # fmt: skip
    return settled


def _last_hour() -> datetime:
    """Return the last full hour at which answers could no longer be undone.

    Were the share to move with the answer that completes a `STEP`, that one would be known.
    """
    settled = timezone.now() - UNDO_WITHIN
    return settled.replace(minute=0, second=0, microsecond=0)


def whole_blocks(outcomes: list[bool]) -> list[bool]:
    """Return the outcomes but for those after the last whole `STEP` of them."""
    return outcomes[: len(outcomes) // STEP * STEP]


def own_accuracy(person: Any, campaign: Campaign) -> OwnAccuracy | None:
    """Return how a person did on a campaign's gold, in steps of `STEP` answers; two queries.

    Parameters
    ----------
    person
        Whose answers.
    campaign
        Where they gave them.

    Returns
    -------
    OwnAccuracy or None
        None before the first `STEP` definite answers that can no longer be undone.
    """
    whole = whole_blocks([row.is_right for row in settled_gold(person, campaign)])
    return OwnAccuracy(right=sum(whole), number=len(whole)) if whole else None
