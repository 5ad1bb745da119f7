"""Kinds of long work of this room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from candidates.actions.draw_round import draw_round
from candidates.actions.score_collection import score_collection
from candidates.models import ScoreSet
from candidates.recipes import RoundRecipe
from consonance.catalog.models import Collection
from consonance.jobs.context import JobContext
from consonance.jobs.registry import register


@register("candidates.score", label="Score an archive")
def score(
    context: JobContext, *, collection: str, models_dir: str | None = None, **options: Any
) -> dict[str, Any]:
    """Score a collection's excerpts."""
    return score_collection(
        collection=Collection.objects.get(pk=collection),
        context=context,
        models_dir=Path(models_dir) if models_dir else None,
        **options,
    )


@register("candidates.draw_round", label="Draw a round")
def draw(
    context: JobContext, *, score_set: str, recipe: dict[str, Any], processes: int = 2
) -> dict[str, Any]:
    """Draw a round of candidates and cut its clips."""
    return draw_round(
        score_set=ScoreSet.objects.select_related("collection", "detector__taxonomy").get(
            pk=score_set
        ),
        recipe=RoundRecipe.from_json(recipe),
        context=context,
        actor=context.job.created_by,
        processes=processes,
    )
