"""Kinds of long work of this room."""

from __future__ import annotations

from typing import Any

from consonance.catalog.models import FrozenTableRow
from consonance.jobs.context import JobContext
from consonance.jobs.registry import register
from splits.actions.build_release import build_release
from splits.recipes import ReleaseRecipe


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
