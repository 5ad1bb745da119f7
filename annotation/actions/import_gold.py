"""Take over what is known of many clips, from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from annotation.actions.plant_gold import uproot
from annotation.actions.set_gold import Author, NewGold, check_gold
from annotation.gold.known import Pair, in_force, is_known
from annotation.models import GoldAnswer, Question
from consonance.catalog.models import Collection
from consonance.errors import ParameterError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role, Scope

#: So many ids stand in the audit entry; beyond it, numbers tell.
_AUDITED: Final = 200
_BATCH: Final = 500


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of the gold.

    Attributes
    ----------
    added, replaced, unchanged
        How many are new, took the place of the same author's word, and said so already.
    retired
        How many of the same author's and source's are not named any more, and count no more.
    contradicting
        How many of the pairs somebody else knows otherwise: they count for nothing for now.
    """

    added: int
    replaced: int
    unchanged: int
    retired: int
    contradicting: int


def import_gold(
    *,
    collection: Collection,
    gold: Sequence[NewGold],
    source: str = GoldAnswer.Source.IMPORTED,
    replace: bool = False,
    dry_run: bool = False,
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
    replace
        Whether these are all of it: what the same author said by the same source of other pairs is
        retired. Rows stay, and runs that used them.
    dry_run
        Tell what would become of it, and store nothing.
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
    seen: set[Pair] = set()
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
        gone = _retire_others(collection, seen, source, actor) if replace else []
        _end_what_is_not_known(collection, seen | {_pair(row) for row in gone})
        done = Imported(
            added=len(fresh) - author.replaced,
            replaced=author.replaced,
            unchanged=len(rows) - len(fresh),
            retired=len(gone),
            contradicting=_contradicting(collection, seen),
        )
        if dry_run:
            transaction.set_rollback(True)
        elif fresh or gone:
            record(
                "import_gold",
                target=collection,
                actor=actor,
                source=str(source),
                added=done.added,
                replaced=done.replaced,
                retired=done.retired,
                gold=[str(row.pk) for row in fresh[:_AUDITED]],
                gone=[str(row.pk) for row in gone[:_AUDITED]],
            )
    return done


def _retire_others(
    collection: Collection, named: set[Pair], source: str, actor: Any
) -> list[GoldAnswer]:
    """Retire what the author said by this source of pairs that are not named; return it."""
    said = in_force(collection).filter(created_by=actor, source=source).select_for_update()
    gone = [row for row in said.order_by("created_at", "pk") if _pair(row) not in named]
    now = timezone.now()
    for start in range(0, len(gone), _BATCH):
        some = [row.pk for row in gone[start : start + _BATCH]]
        GoldAnswer.objects.filter(pk__in=some).update(retired_at=now)
    return gone


def _end_what_is_not_known(collection: Collection, touched: set[Pair]) -> None:
    """Let nobody be asked as gold what is contradicted or known no more."""
    planted = Question.objects.gold().filter(campaign__collection=collection)
    pairs = set(planted.order_by().values_list("clip_id", "target_id")) & touched
    for clip, target in sorted(pairs):
        if not is_known(clip, target):
            uproot(clip, target)


def _pair(row: GoldAnswer) -> Pair:
    return row.clip_id, row.target_id


def _contradicting(collection: Collection, pairs: set[Pair]) -> int:
    said: dict[Pair, set[str]] = {}
    for clip, target, truth in in_force(collection).values_list("clip_id", "target_id", "truth"):
        if (clip, target) in pairs:
            said.setdefault((clip, target), set()).add(truth)
    return sum(len(truths) > 1 for truths in said.values())
