"""Score a collection's excerpts into shards."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celery import current_app
from kombu.exceptions import OperationalError

from candidates.actions.register_detector import register_detector
from candidates.actions.score_shard import hearing_of, write_planned
from candidates.models import ScoreSet
from candidates.portions.pace import Pace
from candidates.portions.shard_plan import ShardPlan, planned
from consonance.catalog.models import Collection, Track, TrackState
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from candidates.models import DetectorVersion
    from candidates.scoring.shards import Failure
    from candidates.scoring.workers import Crew
    from consonance.jobs.context import JobContext

#: Tracks in a shard: what is lost at most when a worker is killed. An archive of 100,000 tracks
#: makes 1,000 files of about 100 MB.
SHARD_TRACKS = 100
_LOOK_SECONDS = 2.0  # how often to look what helpers have written


def score_collection(
    *,
    collection: Collection,
    context: JobContext,
    detector: str = "auto",
    taxonomy: str = "openmic20",
    models_dir: Path | None = None,
    audio: str = "",
    window_ms: int = 10_000,
    hop_ms: int = 3_840,
    processes: int = 2,
    shard_tracks: int = SHARD_TRACKS,
    fan_out: bool = False,
) -> dict[str, Any]:
    """Score every ready track; shards that are there already are not computed again.

    Parameters
    ----------
    collection
        What to score.
    context
        The running job.
    detector, taxonomy, models_dir
        As in `register_detector`.
    audio
        Folder or address (``s3://bucket/archive``) that the recordings lie under; the collection's
        folder when empty. Each file must be the one that was inspected.
    window_ms, hop_ms
        The excerpt grid; OpenMIC-2018's by default.
    processes
        Processes of one thread each.
    shard_tracks
        Tracks in a shard.
    fan_out
        Ask the queue's workers for help: each takes a shard at a time. They must reach the scores'
        folder and the recordings. What they do not do, or leave undone, is done here.

    Raises
    ------
    StateError
        If the collection has no ready track, or the disk is full.
    ParameterError
        If the grid or the number of processes makes no sense.
    """
    if window_ms < 1000 or hop_ms < 1 or processes < 1 or shard_tracks < 1:
        raise ParameterError(
            "Windows are 1,000 ms or longer, and hop, processes and tracks in a shard 1 or more."
        )
    tracks = Track.objects.of(collection).ready().count()
    if not tracks:
        raise StateError(
            f"“{collection}” has no track that passed inspection. Run ./consonance import_tracks."
        )
    version = register_detector(name=detector, taxonomy=taxonomy, models_dir=models_dir)
    context.log(f"Detector {version}, {tracks:,} tracks, {processes} process(es).")
    if version.is_fallback:
        context.log("No AudioSet weights at hand: the small detector that ships is used.")
    scored, _ = ScoreSet.objects.get_or_create(
        collection=collection, detector=version, window_ms=window_ms, hop_ms=hop_ms
    )
    context.wrote(scored.folder)
    plans = planned(scored, shard_tracks)
    todo = _open_shards(scored, plans)
    if todo:
        _Run(
            scored=scored,
            plans=plans,
            todo=todo,
            context=context,
            root=audio or collection.root,
            models_dir=models_dir,
        ).finish(processes, helpers=shard_tracks if fan_out else 0)
    return _close(scored, version, plans, context)


def _open_shards(scored: ScoreSet, plans: Sequence[ShardPlan]) -> list[ShardPlan]:
    """Return the shards to be written, everything out of the way that is not to be kept."""
    from candidates.scoring import manifest, shards

    todo = [plan for plan in plans if not shards.is_current(plan.path, plan.recipe)]
    stale = set(shards.shard_paths(scored.folder)) - {plan.path for plan in plans}
    if todo or stale:
        manifest.withdraw(scored.folder)
        ScoreSet.objects.filter(pk=scored.pk).update(is_complete=False)
        scored.is_complete = False
    for path in stale | {plan.path for plan in todo}:
        path.unlink(missing_ok=True)
    return todo


class _Run:
    """The shards of a score set that are not there yet, and who writes them."""

    def __init__(
        self,
        *,
        scored: ScoreSet,
        plans: Sequence[ShardPlan],
        todo: Sequence[ShardPlan],
        context: JobContext,
        root: str,
        models_dir: Path | None,
    ) -> None:
        self._scored = scored
        self._context = context
        self._root = root
        self._models_dir = models_dir
        self._open = {plan.number: plan for plan in todo}
        self._total = sum(len(plan.tracks) for plan in plans)
        self._done = self._total - sum(len(plan.tracks) for plan in todo)
        self._pace = Pace(sum(plan.music_ms for plan in todo) / 1000)
        self._looked = time.monotonic()
        context.goes_on_from(self._done)
        context.progress(self._done, self._total, unit="tracks", message="Scoring")

    def finish(self, processes: int, *, helpers: int) -> None:
        """Write every open shard; `helpers` is the tracks a shard they are asked by, 0 for none."""
        from candidates.scoring import shards
        from candidates.scoring.claims import claimed, discard
        from candidates.scoring.workers import Crew

        if helpers:
            self._ask_for_help(helpers)
        with Crew(hearing_of(self._scored, self._models_dir), processes) as crew:
            while self._open:
                is_waiting = True
                for plan in list(self._open.values()):
                    if plan.number not in self._open:
                        continue  # a helper has written it meanwhile
                    with claimed(plan.path) as is_mine:
                        if not is_mine:
                            continue
                        is_waiting = False
                        if not shards.holds(plan.path, plan.recipe):
                            self._write(plan, crew)
                        self._closed(plan)
                if is_waiting:
                    self._look()
                    time.sleep(_LOOK_SECONDS / 4)
        discard(self._scored.folder)

    def _write(self, plan: ShardPlan, crew: Crew) -> None:
        heard = 0
        by_number = {track.track_no: track for track in plan.tracks}

        def on_track(failure: Failure | None) -> None:
            nonlocal heard
            track = by_number[failure.track_no] if failure else plan.tracks[heard]
            heard += 1
            if failure:
                self._context.log(f"{track}: {failure.detail}", level="warning")
            self._pace.heard(track.duration_ms / 1000)
            self._tell(heard)

        write_planned(
            plan,
            crew,
            root=self._root,
            classes=crew.detector.classes,
            embedding_dim=crew.detector.embedding_dim,
            on_track=on_track,
        )

    def _tell(self, heard: int = 0) -> None:
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self._look(heard)
        self._context.progress(self._done + heard, message=self._pace.sentence())

    def _look(self, heard: int = 0) -> None:
        """See which shards helpers have written."""
        from candidates.scoring import shards

        self._looked = time.monotonic()
        for plan in list(self._open.values()):
            if plan.path.is_file() and shards.holds(plan.path, plan.recipe):
                for failure in shards.failures(plan.path):
                    self._context.log(failure.detail, level="warning")
                self._pace.heard(plan.music_ms / 1000)
                self._closed(plan)
        self._context.progress(self._done + heard, message=self._pace.sentence())

    def _closed(self, plan: ShardPlan) -> None:
        if self._open.pop(plan.number, None) is not None:
            self._done += len(plan.tracks)

    def _ask_for_help(self, shard_tracks: int) -> None:
        for number in self._open:
            try:
                current_app.send_task(
                    "candidates.score_shard",
                    kwargs={
                        "job_id": str(self._context.job.pk),
                        "score_set": str(self._scored.pk),
                        "number": number,
                        "shard_tracks": shard_tracks,
                        "root": self._root,
                        "models_dir": str(self._models_dir or ""),
                    },
                )
            except (OperationalError, OSError):
                self._context.log("The queue does not answer: scoring alone.", level="warning")
                return
        self._context.log(f"Asked the queue's workers for help with {len(self._open):,} shards.")


def _close(
    scored: ScoreSet, version: DetectorVersion, plans: Sequence[ShardPlan], context: JobContext
) -> dict[str, Any]:
    from candidates.scoring import manifest, shards
    from candidates.scoring.excerpts import source_of
    from candidates.scoring.histograms import fine_histograms

    ready = {track.track_no for plan in plans for track in plan.tracks}
    failures = [
        failure
        for plan in plans
        for failure in shards.failures(plan.path)
        if failure.track_no in ready
    ]
    for failure in failures:
        Track.objects.filter(collection=scored.collection, track_no=failure.track_no).update(
            state=TrackState.QUARANTINED,
            problems=[{"code": failure.reason, "detail": failure.detail}],
        )
    scored.sha256 = manifest.write(
        scored.folder,
        {
            "detector": str(version),
            "classes": list(shards.scored_classes(scored.folder)),
            "window_ms": scored.window_ms,
            "hop_ms": scored.hop_ms,
        },
    )
    scored.excerpts = sum(shards.rows(path) for path in shards.shard_paths(scored.folder))
    scored.tracks = len(ready) - len(failures)
    failed = {failure.track_no for failure in failures}
    too_short = sum(
        track.duration_ms < scored.window_ms and track.track_no not in failed
        for plan in plans
        for track in plan.tracks
    )
    if too_short:
        context.log(f"{too_short:,} tracks are shorter than an excerpt and have none.")
    # A class that the detector knows nothing about has no likelihoods to show.
    uncovered = version.uncovered
    names = [name for name in shards.scored_classes(scored.folder) if name not in uncovered]
    scored.figures = fine_histograms(source_of(scored.folder, names, hold=0).counts, names)
    scored.is_complete = True
    scored.save()
    record(
        "score_collection",
        target=scored,
        detector=str(version),
        excerpts=scored.excerpts,
        sha256=scored.sha256,
    )
    return {
        "score_set": str(scored.pk),
        "collection": scored.collection.slug,
        "detector": version.name,
        "detector_version": version.version,
        "is_fallback": version.is_fallback,
        "classes": [
            name
            for name in version.taxonomy.classes.values_list("name", flat=True)
            if name not in uncovered
        ],
        "tracks": scored.tracks,
        "excerpts": scored.excerpts,
        "failed": [failure.track_no for failure in failures],
        "too_short": too_short,
        "sha256": scored.sha256,
        "summary": f"Scored {scored.excerpts} excerpts of {scored.tracks} tracks with {version}.",
    }
