"""See to it that no release hands out the sound of a withdrawn clip."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

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
    holding = Release.objects.filter(clips__clip=clip_id).distinct()
    told = set()
    for release in holding:
        told.add(release.pk)
        _rewrite(release, actor)

    def rewrite_later_ones() -> None:
        # One that was being published beside this: neither saw the other until both were done.
        for release in holding.exclude(pk__in=told):
            _rewrite(release, actor)

    # Robust: jobs of the same transaction are sent after this, whatever becomes of it.
    transaction.on_commit(rewrite_later_ones, robust=True)


def rewrite_published(release: Release, actor: Any) -> None:
    """Have a release's shards rewritten if a clip was withdrawn while it was built.

    To be called after the transaction that publishes it: whoever withdraws a clip later finds the
    release.
    """
    if release.clips.filter(clip__is_withdrawn=True).exists():
        _rewrite(release, actor)


def _rewrite(release: Release, actor: Any) -> None:
    if any(name.startswith(SHARDS) for name in release.manifest.get("files", {})):
        enqueue_job(
            kind="splits.withhold",
            title=f"Withhold a clip of {release}",
            arguments={"release": str(release.pk)},
            actor=actor,
        )
