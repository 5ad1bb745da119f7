"""Kinds of long work of this room."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from consonance.catalog.models import Collection, FrozenTableRow
from consonance.jobs.context import JobContext
from consonance.jobs.registry import register
from splits.actions.build_release import build_release
from splits.actions.deposit_release import deposit_release
from splits.actions.find_duplicates import KIND as FIND_DUPLICATES
from splits.actions.find_duplicates import find_duplicates
from splits.models import Release
from splits.recipes import ReleaseRecipe
from splits.serving.withheld import rewrite_shards


@register("splits.build_release", label="Build a release")
def build(context: JobContext, *, labels: str, recipe: dict[str, Any]) -> dict[str, Any]:
    """Build, verify and publish a release."""
    return build_release(
        labels=FrozenTableRow.objects.select_related("collection").get(
            kind="labels", sha256=labels
        ),
        recipe=ReleaseRecipe.from_json(recipe),
        context=context,
        actor=context.job.created_by,
    )


@register("splits.withhold", label="Withhold withdrawn clips")
def withhold(context: JobContext, *, release: str) -> dict[str, Any]:
    """Rewrite a release's shards without the sound of withdrawn clips."""
    found = Release.objects.get(pk=release)
    shards = rewrite_shards(found)
    told = f"{found}: {len(shards)} shard(s) without withdrawn sound."
    return {"shards": shards, "summary": told}


@register(FIND_DUPLICATES, label="Find duplicates")
def find(
    context: JobContext,
    *,
    collection: str,
    recordings: bool = False,
    expected_false_edges: float | None = None,
) -> dict[str, Any]:
    """Compare a collection's clips."""
    return find_duplicates(
        collection=Collection.objects.get(pk=collection),
        context=context,
        recordings=recordings,
        expected_false_edges=expected_false_edges,
        actor=context.job.created_by,
    )


@register("splits.deposit", label="Deposit a release")
def deposit(context: JobContext, *, deposit: str, publish: bool) -> dict[str, Any]:
    """Upload a release to the public repository of the settings."""
    return deposit_release(
        deposit_id=UUID(deposit),
        publish=publish,
        context=context,
        actor=context.job.created_by,
    )
