"""Kinds of long work of this room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from celery import shared_task

from candidates.actions.draw_round import draw_round
from candidates.actions.forecast_scores import forecast_scores
from candidates.actions.map_embeddings import map_embeddings
from candidates.actions.recalibrate import STEPS, recalibrate
from candidates.actions.run_search import run_search
from candidates.actions.score_collection import score_collection
from candidates.actions.score_shard import score_shard
from candidates.actions.suggest_round import suggest_round
from candidates.actions.use_search import use_search
from candidates.loop.suggestion import Aim
from candidates.models import DetectorSearch, ScoreSet
from candidates.rounds.recipes import RoundRecipe
from candidates.scoring.embedding_map import MOST as MOST_MAPPED
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


@register("candidates.forecast_scores", label="Forecast the cost of scoring")
def forecast(
    context: JobContext, *, collection: str, models_dir: str | None = None, **options: Any
) -> dict[str, Any]:
    """Say what scoring a collection will cost."""
    return forecast_scores(
        collection=Collection.objects.get(pk=collection),
        context=context,
        models_dir=Path(models_dir) if models_dir else None,
        **options,
    )


@shared_task(name="candidates.score_shard", acks_late=True)
def help_to_score(
    job_id: str, score_set: str, number: int, shard_tracks: int, root: str, models_dir: str
) -> bool:
    """Score one shard for a running job; a message that comes twice does no harm."""
    return score_shard(
        job_id=UUID(job_id),
        score_set=UUID(score_set),
        number=number,
        shard_tracks=shard_tracks,
        root=root,
        models_dir=models_dir,
    )


@register("candidates.draw_round", label="Draw a round")
def draw(
    context: JobContext, *, score_set: str, recipe: dict[str, Any], processes: int = 2
) -> dict[str, Any]:
    """Draw a round of candidates and cut its clips."""
    return draw_round(
        score_set=_score_set(score_set),
        recipe=RoundRecipe.from_json(recipe),
        context=context,
        actor=context.job.created_by,
        processes=processes,
    )


@register("candidates.recalibrate", label="Calibrate a detector")
def calibrate(context: JobContext, *, score_set: str) -> dict[str, Any]:
    """Calibrate a detector by what people have answered, and count what rounds have found."""
    done = recalibrate(
        score_set=_score_set(score_set),
        actor=context.job.created_by,
        leave_out_lost=True,
        progress=_steps(context, STEPS),
    )
    for reason in done.gathered.refused:
        context.log(f"Left out: {reason}", level="warning")
    decided = done.table.facts["decided"]
    return {
        "score_set": score_set,
        "calibration": done.table.sha256,
        "labels": decided,
        "refused": len(done.gathered.refused),
        "summary": f"Calibrated on {decided:,} labels of "
        f"{len(done.table.facts['round_numbers'])} rounds."
        if decided
        else "Nobody has answered a question of these rounds yet.",
    }


@register("candidates.suggest_round", label="Suggest a round")
def suggest(
    context: JobContext, *, score_set: str, aim: dict[str, Any], seed: int = 0
) -> dict[str, Any]:
    """Recalibrate a detector and suggest the next round."""
    return suggest_round(
        score_set=_score_set(score_set),
        aim=Aim(**aim),
        seed=seed,
        actor=context.job.created_by,
        progress=_steps(context, STEPS + 1),
    )


@register("candidates.map_embeddings", label="Map a collection")
def map_collection(
    context: JobContext, *, score_set: str, most: int = MOST_MAPPED, seed: int = 0
) -> dict[str, Any]:
    """Make the map of a score set's embeddings, and lay its rounds onto it."""
    return map_embeddings(
        score_set=ScoreSet.objects.select_related("collection").get(pk=score_set),
        context=context,
        most=most,
        seed=seed,
        actor=context.job.created_by,
    )


@register("candidates.search", label="Search for a detector")
def search(context: JobContext, *, search: str) -> dict[str, Any]:
    """Work on a search until it is done; others may work on it at once."""
    return run_search(search=DetectorSearch.objects.get(pk=search), context=context)


@register("candidates.use_search", label="Make a detector of a search")
def use(
    context: JobContext, *, search: str, number: int | None = None, name: str = ""
) -> dict[str, Any]:
    """Register a configuration's head as a detector."""
    version = use_search(
        search=DetectorSearch.objects.select_related("score_set__detector__taxonomy").get(
            pk=search
        ),
        number=number,
        name=name,
        actor=context.job.created_by,
    )
    return {
        "detector": str(version.pk),
        "name": version.name,
        "version": version.version,
        "metrics": version.metrics,
        "summary": f"Made {version}. Score with --detector {version.name}.",
    }


def _score_set(pk: str) -> ScoreSet:
    return ScoreSet.objects.select_related("collection", "detector__taxonomy").get(pk=pk)


def _steps(context: JobContext, total: int) -> Callable[[int, str], None]:
    def tell(done: int, message: str) -> None:
        context.progress(done, total, unit="steps", message=message)
        context.check()

    return tell
