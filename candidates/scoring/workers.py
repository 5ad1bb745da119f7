"""The part of scoring that runs in worker processes: decode once, score every window."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from candidates.scoring.shards import TrackScores
from consonance.errors import IngestError

if TYPE_CHECKING:
    from candidates.detector.interface import Detector

_detector: Detector | None = None


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A file to score.

    Attributes
    ----------
    track_no
        Its number in the collection.
    path
        Where it lies.
    """

    track_no: int
    path: Path


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A recording that could not be scored, and why."""

    track_no: int
    reason: str
    detail: str


def score_recording(
    recording: Recording, detector: Detector, *, window_ms: int, hop_ms: int
) -> TrackScores | Failure:
    """Decode a recording once and score every window of its grid.

    Returns
    -------
    TrackScores or Failure
        A recording that cannot be decoded never stops the others.
    """
    from consonance.audio.decode import read_mono
    from consonance.audio.excerpts import grid

    try:
        audio = read_mono(recording.path, sample_rate=detector.sample_rate)
    except IngestError as error:
        return Failure(track_no=recording.track_no, reason=error.reason, detail=str(error))
    starts = grid(len(audio) * 1000 // detector.sample_rate, window_ms=window_ms, hop_ms=hop_ms)
    likelihood, embedding = detector.score_excerpts(audio, starts, window_ms)
    return TrackScores(
        track_no=recording.track_no, start_ms=starts, likelihood=likelihood, embedding=embedding
    )


def score_all(
    recordings: Sequence[Recording],
    *,
    detector: str,
    taxonomy: str,
    models_dir: Path | None,
    window_ms: int,
    hop_ms: int,
    processes: int,
) -> Iterator[TrackScores | Failure]:
    """Yield the scores of recordings in their order, computed by several processes.

    Parameters
    ----------
    recordings
        What to score.
    detector, taxonomy, models_dir
        As in `candidates.detector.load`; each process loads its own.
    window_ms, hop_ms
        The excerpt grid.
    processes
        One thread each; 1 scores in this process.
    """
    settings = (detector, taxonomy, models_dir, window_ms, hop_ms)
    if processes == 1 or len(recordings) == 1:
        _begin(*settings)
        yield from map(_score, recordings)
        return
    # Spawned, not forked: torch and its threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        processes, mp_context=context, initializer=_begin, initargs=settings
    ) as pool:
        try:
            yield from pool.map(_score, recordings)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_grid = (0, 0)


def _begin(
    detector: str, taxonomy: str, models_dir: Path | None, window_ms: int, hop_ms: int
) -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import torch

    from candidates.detector import load

    global _detector, _grid
    torch.set_num_threads(1)
    _detector = load(detector, taxonomy=taxonomy, models_dir=models_dir)
    _grid = (window_ms, hop_ms)


def _score(recording: Recording) -> TrackScores | Failure:
    assert _detector is not None, "_begin runs first"  # noqa: S101
    return score_recording(recording, _detector, window_ms=_grid[0], hop_ms=_grid[1])
