"""Gold that goes when its clip is withdrawn, and comes back with it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from annotation.models import GoldAnswer


def retire_with(clip_id: UUID, moment: datetime) -> int:
    """Retire a clip's gold; the moment marks what came to an end with the clip."""
    held = GoldAnswer.objects.filter(clip=clip_id, retired_at__isnull=True)
    return held.update(retired_at=moment)


def bring_back(clip_id: UUID, moments: Collection[datetime]) -> int:
    """Set gold again that was retired at one of the moments; its old rows stay as they are."""
    held = GoldAnswer.objects.filter(clip=clip_id, retired_at__isnull=True)
    taken = set(held.values_list("target_id", "created_by_id"))
    gone = GoldAnswer.objects.filter(clip=clip_id, retired_at__in=moments)
    copies = [
        GoldAnswer(
            collection_id=row.collection_id,
            clip_id=clip_id,
            target_id=row.target_id,
            truth=row.truth,
            source=row.source,
            explanation=row.explanation,
            is_quiz=row.is_quiz,
            created_by_id=row.created_by_id,
        )
        for row in gone
        if (row.target_id, row.created_by_id) not in taken
    ]
    return len(GoldAnswer.objects.bulk_create(copies))
