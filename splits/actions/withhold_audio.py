"""See to it that no release hands out the sound of a withdrawn clip."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from consonance.catalog.withdrawals import when_lifted, when_withdrawn
from consonance.jobs.actions.enqueue_job import enqueue_job
from splits.models import Release
from splits.serving.withheld import SHARDS


@when_withdrawn
@when_lifted
def rewrite_releases(clip_id: UUID, moment: datetime, actor: Any) -> None:
    """Have the shards of every release that holds the clip rewritten.

    The clip's own file and its shard are held back from the moment its row says so; this only
    brings the shard's other clips back.
    """
    del moment
    for release in Release.objects.filter(clips__clip=clip_id).distinct():
        if any(name.startswith(SHARDS) for name in release.manifest.get("files", {})):
            enqueue_job(
                kind="splits.withhold",
                title=f"Withhold a clip of {release}",
                arguments={"release": str(release.pk)},
                actor=actor,
            )
