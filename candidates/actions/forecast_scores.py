"""Say what scoring a collection will cost, before it begins."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings

from candidates.actions.register_detector import register_detector
from candidates.scoring.recordings import Recording
from consonance.catalog.models import Collection, Track
from consonance.catalog.taxonomies import definition_of
from consonance.errors import ParameterError, StateError
from consonance.jobs.command import duration

if TYPE_CHECKING:
    from consonance.jobs.context import JobContext


def forecast_scores(
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
) -> dict[str, Any]:
    """Time some recordings and say how long all of them will take, and how much room.

    Parameters
    ----------
    collection, context, detector, taxonomy, models_dir, audio, window_ms, hop_ms, processes
        As in `score_collection`. Nothing is stored but the detector's name.

    Returns
    -------
    dict
        `summary`, a sentence, and the figures of `candidates.scoring.forecast.Forecast`.

    Raises
    ------
    StateError
        If the collection has no ready track, or none of those tried can be scored.
    ParameterError
        If the grid or the number of processes makes no sense.
    """
    from candidates.scoring.forecast import forecast
    from candidates.scoring.workers import Hearing

    if window_ms < 1000 or hop_ms < 1 or processes < 1:
        raise ParameterError("Windows are 1,000 ms or longer, and hop and processes 1 or more.")
    rows = list(
        Track.objects.of(collection)
        .ready()
        .order_by("track_no")
        .values_list("track_no", "path", "file_sha256", "duration_ms")
    )
    if not rows:
        raise StateError(
            f"“{collection}” has no track that passed inspection. Run ./consonance import_tracks."
        )
    version = register_detector(name=detector, taxonomy=taxonomy, models_dir=models_dir)
    context.progress(0, message="Timing some recordings")
    root = (audio or collection.root).rstrip("/")
    found = forecast(
        [
            Recording(track_no=number, path=f"{root}/{path}", name=path, file_sha256=digest)
            for number, path, digest, _ in rows
        ],
        np.array([row[3] for row in rows], np.int64),
        Hearing(
            detector=version.source,
            taxonomy=definition_of(version.taxonomy),
            models_dir=models_dir,
            window_ms=window_ms,
            hop_ms=hop_ms,
        ),
    )
    at_once = min(processes, os.cpu_count() or 1)
    free = shutil.disk_usage(settings.DATA).free
    summary = (
        f"{len(rows):,} tracks, {duration(found.music_s)} of music, {found.excerpts:,} excerpts: "
        f"about {duration(found.cpu_s / at_once)} on {at_once} "
        f"core{'s' if at_once > 1 else ''} ({duration(found.cpu_low_s / at_once)} to "
        f"{duration(found.cpu_high_s / at_once)}) with {version}, and "
        f"{found.n_bytes / 1e6:,.1f} MB of scores; {free / 1e9:,.0f} GB are free."
    )
    if found.n_bytes > free:
        context.log("The scores will not fit on this disk.", level="warning")
    if found.failed:
        context.log(f"{found.failed} of the recordings tried could not be scored.", level="warning")
    return {
        "collection": str(collection.pk),
        "detector": str(version),
        "tracks": len(rows),
        "timed": found.timed,
        "failed": found.failed,
        "music_s": round(found.music_s),
        "excerpts": found.excerpts,
        "times_real_time": round(found.music_s / found.cpu_s) if found.cpu_s else None,
        "cpu_s": round(found.cpu_s, 1),
        "cpu_low_s": round(found.cpu_low_s, 1),
        "cpu_high_s": round(found.cpu_high_s, 1),
        "cores": at_once,
        "bytes": found.n_bytes,
        "free_bytes": free,
        "summary": summary,
    }
