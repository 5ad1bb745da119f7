"""Score the tracks of one shard and write it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from candidates.models import ScoreSet
from candidates.portions.shard_plan import ShardPlan, planned_one
from consonance.catalog.taxonomies import definition_of
from consonance.errors import ConsonanceError, ModelError
from consonance.jobs.models import Job, JobEvent, JobState

if TYPE_CHECKING:
    from candidates.scoring.shards import Failure
    from candidates.scoring.workers import Crew, Hearing

_LOOK_SECONDS = 2.0  # how often a helper looks whether it is still wanted


class _NotWantedError(Exception):
    """The job has ended or was cancelled meanwhile."""


def hearing_of(score_set: ScoreSet, models_dir: Path | None) -> Hearing:
    """Return how a score set's recordings are heard."""
    from candidates.scoring.workers import Hearing

    return Hearing(
        detector=score_set.detector.source,
        taxonomy=definition_of(score_set.detector.taxonomy),
        models_dir=models_dir,
        window_ms=score_set.window_ms,
        hop_ms=score_set.hop_ms,
    )


def write_planned(
    plan: ShardPlan,
    crew: Crew,
    *,
    root: str,
    classes: tuple[str, ...],
    embedding_dim: int,
    on_track: Callable[[Failure | None], None],
) -> None:
    """Score a planned shard's recordings and write it; the caller has claimed it.

    Parameters
    ----------
    plan
        The shard.
    crew
        Who scores.
    root
        Folder or address that the recordings lie under.
    classes, embedding_dim
        The detector's.
    on_track
        Called after each track, with why it failed if it did; what it raises stops the work.

    Raises
    ------
    StateError
        If the disk is full.
    """
    from candidates.scoring import shards
    from candidates.scoring.shards import Failure

    shards.discard_parts(plan.path)
    good, failures = [], []
    for result in crew.score(plan.recordings(root)):
        if isinstance(result, Failure):
            failures.append(result)
            on_track(result)
        else:
            good.append(result)
            on_track(None)
    shards.write_shard(
        plan.path,
        good,
        classes=classes,
        embedding_dim=embedding_dim,
        recipe=plan.recipe,
        failures=failures,
    )


def score_shard(
    *, job_id: UUID, score_set: UUID, number: int, shard_tracks: int, root: str, models_dir: str
) -> bool:
    """Score one shard of a running job, unless it is there or somebody else is at it.

    Parameters
    ----------
    job_id
        The job that scores the collection; a helper stops when that is no longer running.
    score_set, number, shard_tracks
        Which shard, as `shard_plan.planned_one` counts them.
    root
        Folder or address that the recordings lie under.
    models_dir
        Folder with published weights; empty for where they are looked for by default.

    Returns
    -------
    bool
        Whether the shard was written here. Whatever goes wrong is told in the job's log; the job
        then scores the shard itself.
    """
    from candidates.scoring import shards
    from candidates.scoring.claims import claimed
    from candidates.scoring.workers import Crew

    job = Job.objects.filter(pk=job_id).first()
    scored = (
        ScoreSet.objects.select_related("collection", "detector__taxonomy")
        .filter(pk=score_set)
        .first()
    )
    if job is None or scored is None or not _is_wanted(job_id):
        return False
    plan = planned_one(scored, number, shard_tracks)
    if not plan.tracks or shards.holds(plan.path, plan.recipe):
        return False
    looked = time.monotonic()

    def on_track(_failure: Failure | None) -> None:
        nonlocal looked
        if time.monotonic() - looked > _LOOK_SECONDS:
            looked = time.monotonic()
            if not _is_wanted(job_id):
                raise _NotWantedError

    try:
        with claimed(plan.path) as is_mine:
            if not is_mine or shards.holds(plan.path, plan.recipe):
                return False
            hearing = hearing_of(scored, Path(models_dir) if models_dir else None)
            with Crew(hearing, 1) as crew:
                detector = crew.detector
                if detector.version != scored.detector.version:
                    raise ModelError(
                        f"This worker's {scored.detector.name} is version {detector.version}, not "
                        f"{scored.detector.version}: its weights or its taxonomy are others."
                    )
                write_planned(
                    plan,
                    crew,
                    root=root,
                    classes=detector.classes,
                    embedding_dim=detector.embedding_dim,
                    on_track=on_track,
                )
    except _NotWantedError:
        return False
    except ConsonanceError as error:
        JobEvent.objects.create(
            job=job,
            text=f"A worker could not score shard {number}: {error}",
            level=JobEvent.Level.WARNING,
        )
        return False
    return True


def _is_wanted(job_id: UUID) -> bool:
    return Job.objects.filter(
        pk=job_id, state__in=[JobState.RUNNING, JobState.QUEUED], cancel_requested=False
    ).exists()
