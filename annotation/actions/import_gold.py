"""Take over what is known of many clips, from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from annotation.actions.set_gold import Author, NewGold, check_gold
from annotation.gold.known import in_force
from annotation.models import GoldAnswer
from consonance.catalog.models import Collection
from consonance.errors import ParameterError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role, Scope

#: So many ids stand in the audit entry; beyond it, numbers tell.
_AUDITED = 200


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of the gold.

    Attributes
    ----------
    added, replaced, unchanged
        How many are new, took the place of the same author's word, and said so already.
    contradicting
        How many of the pairs somebody else knows otherwise: they count for nothing for now.
    """

    added: int
    replaced: int
    unchanged: int
    contradicting: int


def import_gold(
    *,
    collection: Collection,
    gold: Sequence[NewGold],
    source: str = GoldAnswer.Source.IMPORTED,
    actor: Any = None,
) -> Imported:
    """Store many pieces of gold: all of them or, if one is wrong, none.

    Parameters
    ----------
    collection
        Whose clips.
    gold
        What is known; each pair of clip and class once.
    source
        A value of `GoldAnswer.Source`.
    actor
        A curator, whose word it is; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator of the collection.
    ParameterError
        If a truth or the source is none, a clip is of another collection, an explanation is too
        long, or a pair is named twice.
    """
    if actor is not None:
        require(actor, Role.CURATOR, (Scope.COLLECTION, collection.pk))
    seen: set[tuple[UUID, UUID]] = set()
    for new in gold:
        check_gold(collection.pk, new, source)
        if new.pair in seen:
            raise ParameterError(f"{new} is named twice.")
        seen.add(new.pair)
    with transaction.atomic():
        author = Author(collection, actor, {new.clip.pk for new in gold})
        rows = [author.says(new, source) for new in gold]
        fresh = [row for row in rows if row is not None]
        author.store()
        done = Imported(
            added=len(fresh) - author.replaced,
            replaced=author.replaced,
            unchanged=len(rows) - len(fresh),
            contradicting=_contradicting(collection, seen),
        )
        if fresh:
            record(
                "import_gold",
                target=collection,
                actor=actor,
                source=str(source),
                added=done.added,
                replaced=done.replaced,
                gold=[str(row.pk) for row in fresh[:_AUDITED]],
            )
    return done


def _contradicting(collection: Collection, pairs: set[tuple[UUID, UUID]]) -> int:
    said: dict[tuple[UUID, UUID], set[str]] = {}
    for clip, target, truth in in_force(collection).values_list("clip_id", "target_id", "truth"):
        if (clip, target) in pairs:
            said.setdefault((clip, target), set()).add(truth)
    return sum(len(truths) > 1 for truths in said.values())
