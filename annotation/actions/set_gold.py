"""Say what is known of a clip and a class."""

from __future__ import annotations

from collections.abc import Collection as Several
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from annotation.actions.plant_gold import uproot
from annotation.gold.known import is_known
from annotation.models import GoldAnswer
from consonance.catalog.models import Clip, Collection, TaxonomyClass
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role, Scope

_BATCH: Final = 500


@dataclass(frozen=True, kw_only=True)
class NewGold:
    """What is known of a clip and a class.

    Attributes
    ----------
    clip, target
        The two.
    truth
        `present` or `absent`.
    explanation
        What a quiz tells whoever gets it wrong; may be empty.
    is_quiz
        Whether it is clear enough to teach with.
    """

    clip: Clip
    target: TaxonomyClass
    truth: str
    explanation: str = ""
    is_quiz: bool = False

    @property
    def pair(self) -> tuple[UUID, UUID]:
        """The ids of clip and class."""
        return self.clip.pk, self.target.pk

    def __str__(self) -> str:
        return f"{self.clip.sample_key} × {self.target.name}"


def set_gold(
    *,
    clip: Clip,
    target: TaxonomyClass,
    truth: str,
    explanation: str = "",
    is_quiz: bool = False,
    source: str = GoldAnswer.Source.CURATOR,
    actor: Any = None,
) -> GoldAnswer:
    """Store somebody's word that a class is, or is not, in a clip.

    Everybody has one word on each pair; saying something else retires the former one, which stays
    as a row. Saying the same twice is saying it once. Where people contradict each other, gold
    counts for nothing until one of them retires theirs.

    Parameters
    ----------
    clip, target
        What it is about.
    truth
        `present` or `absent`.
    explanation
        What a quiz tells whoever gets it wrong.
    is_quiz
        Whether it is clear enough to teach with.
    source
        A value of `GoldAnswer.Source`.
    actor
        A curator of the clip's collection, whose word it is; None for the command line.

    Returns
    -------
    GoldAnswer
        The author's word as it stands now.

    Raises
    ------
    NotAllowedError
        If the actor is no curator there.
    ParameterError
        If the truth or the source is none, or the explanation is too long.
    StateError
        If the same author set gold for the pair at the same moment.
    """
    collection = clip.track.collection
    if actor is not None:
        require(actor, Role.CURATOR, (Scope.COLLECTION, collection.pk))
    new = NewGold(clip=clip, target=target, truth=truth, explanation=explanation, is_quiz=is_quiz)
    check_gold(collection.pk, new, source)
    try:
        with transaction.atomic():
            author = Author(collection, actor, [clip.pk])
            row = author.says(new, source)
            if row is None:
                return author.word_on(new)
            author.store()
            if not is_known(clip.pk, target.pk):  # somebody else says the opposite
                uproot(clip.pk, target.pk)
            record(
                "set_gold",
                target=row,
                actor=actor,
                truth=row.truth,
                source=str(source),
                replaced=bool(author.replaced),
            )
            return row
    except IntegrityError as error:
        raise StateError(
            f"Gold for {new} was set at this very moment. Look at it, then try again."
        ) from error


def check_gold(collection_id: UUID, new: NewGold, source: str) -> None:
    """Refuse gold that cannot be.

    Raises
    ------
    ParameterError
        If the truth or the source is none, the clip is of another collection, or the explanation
        is too long.
    """
    if source not in GoldAnswer.Source.values:
        known = ", ".join(GoldAnswer.Source.values)
        raise ParameterError(f"No source of gold is called {source!r}. Use one of: {known}.")
    if new.truth not in GoldAnswer.Truth.values:
        raise ParameterError(f"{new}: {new.truth!r} is no truth. Use present or absent.")
    if new.clip.track.collection_id != collection_id:
        raise ParameterError(f"{new}: the clip is of another collection.")
    longest = GoldAnswer._meta.get_field("explanation").max_length or 0
    if len(new.explanation) > longest:
        raise ParameterError(
            f"{new}: the explanation has {len(new.explanation)} characters; at most {longest} fit."
        )


class Author:
    """Somebody's gold about some clips, and what they say now; use it in a transaction.

    Parameters
    ----------
    collection
        Whose clips.
    actor
        Who says it; None for the command line, which is an author, too.
    clips
        Ids of the clips in question.
    """

    def __init__(self, collection: Collection, actor: Any, clips: Several[UUID]) -> None:
        self._collection, self._actor = collection, actor
        mine = GoldAnswer.objects.select_for_update().filter(
            collection=collection, retired_at__isnull=True, created_by=actor
        )
        wanted = set(clips)
        # Many clips are too many to be named in a query; somebody's own gold is not much.
        self._words = {(row.clip_id, row.target_id): row for row in mine if row.clip_id in wanted}
        self._fresh: list[GoldAnswer] = []
        self._retired: list[UUID] = []

    @property
    def replaced(self) -> int:
        """How many former words the new ones take the place of."""
        return len(self._retired)

    def word_on(self, new: NewGold) -> GoldAnswer:
        """Return what the author says of the pair."""
        return self._words[new.pair]

    def says(self, new: NewGold, source: str) -> GoldAnswer | None:
        """Take a word; return its row, or None where the author says so already."""
        known = self._words.get(new.pair)
        if known is not None:
            if (known.truth, known.explanation, known.is_quiz, known.source) == (
                new.truth, new.explanation, new.is_quiz, source,
            ):  # fmt: skip
                return None
            self._retired.append(known.pk)
        row = GoldAnswer(
            collection=self._collection,
            clip=new.clip,
            target=new.target,
            truth=new.truth,
            source=source,
            explanation=new.explanation,
            is_quiz=new.is_quiz,
            created_by=self._actor,
        )
        self._words[new.pair] = row
        self._fresh.append(row)
        return row

    def store(self) -> None:
        """Write what is new and retire what it replaces."""
        for start in range(0, len(self._retired), _BATCH):
            some = self._retired[start : start + _BATCH]
            GoldAnswer.objects.filter(pk__in=some).update(retired_at=timezone.now())
        GoldAnswer.objects.bulk_create(self._fresh, batch_size=_BATCH)
