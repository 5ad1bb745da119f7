"""What is known of clips and classes without asking the crowd."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from annotation.models import GoldAnswer
from consonance.catalog.models import Collection
from consonance.ledger.prepared import Prepared

#: A clip and a class, by their ids.
Pair = tuple[UUID, UUID]


@dataclass(frozen=True, kw_only=True)
class Known:
    """The gold of a collection.

    Attributes
    ----------
    present
        Of each pair of clip and class with gold: whether the class is there.
    contradicting
        Pairs that somebody says are present and somebody else says are absent: they count for
        nothing until one of them retires their gold.
    """

    present: dict[Pair, bool]
    contradicting: frozenset[Pair]


def in_force(collection: Collection | UUID) -> QuerySet[GoldAnswer]:
    """Return a collection's gold that nobody has retired."""
    return GoldAnswer.objects.filter(collection=collection, retired_at__isnull=True)


def known(collection: Collection | UUID) -> Known:
    """Return what gold says of a collection's clips."""
    said: defaultdict[Pair, set[str]] = defaultdict(set)
    for clip, target, truth in in_force(collection).values_list("clip_id", "target_id", "truth"):
        said[clip, target].add(truth)
    return Known(
        present={
            pair: truths == {GoldAnswer.Truth.PRESENT}
            for pair, truths in said.items()
            if len(truths) == 1
        },
        contradicting=frozenset(pair for pair, truths in said.items() if len(truths) > 1),
    )


def retired(collection: Collection | UUID) -> frozenset[Pair]:
    """Return the pairs whose gold was all taken out of use: what a release may mark as gold."""
    ever = GoldAnswer.objects.filter(collection=collection, retired_at__isnull=False)
    still = set(in_force(collection).values_list("clip_id", "target_id"))
    return frozenset(ever.values_list("clip_id", "target_id")) - still


#: Asked with every answer.
_SAID: Final = Prepared(
    lambda clip, target: (
        GoldAnswer.objects.filter(clip=clip, target=target, retired_at__isnull=True)
        .order_by()
        .values_list("truth")
    ),
    clip=UUID,
    target=UUID,
)


def truth_of(clip: UUID, target: UUID) -> str:
    """Return what is known of a pair: a value of `GoldAnswer.Truth`; empty where nothing is."""
    truths = {truth for (truth,) in _SAID.values(clip=clip, target=target)}
    return truths.pop() if len(truths) == 1 else ""


def is_known(clip: UUID, target: UUID) -> bool:
    """Return whether gold that nobody contradicts says something of a pair."""
    return bool(truth_of(clip, target))
