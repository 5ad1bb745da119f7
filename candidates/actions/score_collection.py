"""Score a collection's excerpts into shards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from candidates.actions.register_detector import register_detector
from candidates.models import ScoreSet
from consonance.catalog.models import Collection, Track, TrackState
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from candidates.models import DetectorVersion
    from candidates.scoring.workers import Failure
    from consonance.jobs.context import JobContext

#: Tracks in a shard: what is lost at most when a worker is killed. An archive of 100,000 tracks
#: makes 1,000 files of about 100 MB.
SHARD_TRACKS = 100


def score_collection(
    *,
    collection: Collection,
    context: JobContext,
    detector: str = "auto",
    taxonomy: str = "openmic20",
    models_dir: Path | None = None,
    window_ms: int = 10_000,
    hop_ms: int = 3_840,
    processes: int = 2,
    shard_tracks: int = SHARD_TRACKS,
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
    window_ms, hop_ms
        The excerpt grid; OpenMIC-2018's by default.
    processes
        Processes of one thread each.
    shard_tracks
        Tracks in a shard.

    Raises
    ------
    StateError
        If the collection has no ready track.
    ParameterError
        If the grid or the number of processes makes no sense.
    """
    if window_ms < 1000 or hop_ms < 1 or processes < 1 or shard_tracks < 1:
        raise ParameterError(
            "Windows are 1,000 ms or longer, and hop, processes and tracks in a shard 1 or more."
        )
    tracks = list(Track.objects.of(collection).ready().select_related("collection"))
    if not tracks:
        raise StateError(
            f"“{collection}” has no track that passed inspection. Run ./consonance import_tracks."
        )
    version = register_detector(name=detector, taxonomy=taxonomy, models_dir=models_dir)
    context.log(f"Detector {version}, {len(tracks)} tracks, {processes} process(es).")
    if version.is_fallback:
        context.log("No AudioSet weights at hand: the small detector that ships is used.")
    scored, _ = ScoreSet.objects.get_or_create(
        collection=collection, detector=version, window_ms=window_ms, hop_ms=hop_ms
    )
    context.wrote(scored.folder)
    failures = _write_shards(
        scored, tracks, version, context, processes, shard_tracks, models_dir=models_dir
    )
    return _finish(scored, version, tracks, failures)


def _write_shards(
    scored: ScoreSet,
    tracks: Sequence[Track],
    version: DetectorVersion,
    context: JobContext,
    processes: int,
    shard_tracks: int,
    *,
    models_dir: Path | None,
) -> list[Failure]:
    from candidates.detector import load
    from candidates.scoring import shards
    from candidates.scoring.workers import Failure, Recording, score_all

    loaded = load(version.name, taxonomy=version.taxonomy.name, models_dir=models_dir)
    width = loaded.embedding_dim
    wanted: dict[Path, dict[str, Any]] = {}
    todo: list[tuple[Path, Sequence[Track]]] = []
    for number, part in enumerate(shards.chunks(tracks, shard_tracks)):
        path = scored.folder / f"shard-{number:05d}.parquet"
        wanted[path] = _recipe(scored, part)
        if not shards.holds(path, wanted[path]):
            todo.append((path, part))
    for stale in set(shards.shard_paths(scored.folder)) - set(wanted):
        stale.unlink()
    done = len(tracks) - sum(len(part) for _, part in todo)
    context.progress(done, len(tracks), unit="tracks", message="Scoring")
    results = score_all(
        [Recording(track_no=track.track_no, path=track.file) for _, part in todo for track in part],
        detector=version.name,
        taxonomy=version.taxonomy.name,
        models_dir=models_dir,
        window_ms=scored.window_ms,
        hop_ms=scored.hop_ms,
        processes=processes,
    )
    failures: list[Failure] = []
    for path, part in todo:
        good = []
        for track in part:
            result = next(results)
            if isinstance(result, Failure):
                failures.append(result)
                context.log(f"{track}: {result.detail}", level="warning")
            else:
                good.append(result)
            done += 1
            context.progress(done, len(tracks))
        shards.write_shard(
            path,
            good,
            classes=loaded.classes,
            embedding_dim=width,
            recipe=wanted[path],
        )
    return failures


def _recipe(scored: ScoreSet, part: Sequence[Track]) -> dict[str, Any]:
    return {
        "detector": str(scored.detector),
        "window_ms": scored.window_ms,
        "hop_ms": scored.hop_ms,
        "tracks": [[track.track_no, track.file_sha256] for track in part],
    }


def _finish(
    scored: ScoreSet,
    version: DetectorVersion,
    tracks: Sequence[Track],
    failures: Sequence[Failure],
) -> dict[str, Any]:
    from candidates.scoring import shards
    from candidates.scoring.excerpts import source_of
    from candidates.scoring.histograms import fine_histograms

    for failure in failures:
        Track.objects.filter(collection=scored.collection, track_no=failure.track_no).update(
            state=TrackState.QUARANTINED,
            problems=[{"code": failure.reason, "detail": failure.detail}],
        )
    scored.excerpts = sum(shards.rows(path) for path in shards.shard_paths(scored.folder))
    scored.tracks = len(tracks) - len(failures)
    scored.sha256 = shards.digest(scored.folder)
    source = source_of(scored.folder)
    scored.figures = fine_histograms(source.counts, shards.scored_classes(scored.folder))
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
            if name not in version.provenance.get("uncovered", [])
        ],
        "tracks": scored.tracks,
        "excerpts": scored.excerpts,
        "failed": [failure.track_no for failure in failures],
        "sha256": scored.sha256,
        "summary": f"Scored {scored.excerpts} excerpts of {scored.tracks} tracks with {version}.",
    }
