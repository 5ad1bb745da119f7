"""What scoring an archive will cost, from some of its recordings."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from candidates.scoring.recordings import Recording
from candidates.scoring.shards import Failure, write_shard
from candidates.scoring.streaming import score_recordings
from candidates.scoring.workers import Hearing
from consonance.audio.excerpts import grid
from consonance.errors import StateError

#: Recordings timed, and processor seconds after which no further one is begun.
SAMPLE: Final = 12
_ENOUGH_SECONDS: Final = 20.0
_SPREAD: Final = 2.0  # standard errors each way: 95 %, roughly


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a collection will cost to score.

    Attributes
    ----------
    timed
        Recordings that were scored to find out.
    music_s
        Music to be scored, in seconds.
    excerpts
        Excerpts of the grid over all of it.
    cpu_s
        Seconds of one processor core.
    cpu_low_s, cpu_high_s
        The same, roughly 95 % of the time between these.
    n_bytes
        Size of the shards.
    failed
        Recordings of those timed that could not be scored.
    """

    timed: int
    music_s: float
    excerpts: int
    cpu_s: float
    cpu_low_s: float
    cpu_high_s: float
    n_bytes: int
    failed: int


def spread_over(n_items: int, n_wanted: int) -> list[int]:
    """Return places evenly over a list, each once, the same every time."""
    if n_items <= n_wanted:
        return list(range(n_items))
    return [int((place + 0.5) * n_items / n_wanted) for place in range(n_wanted)]


def forecast(
    recordings: Sequence[Recording],
    durations_ms: NDArray[np.int64],
    hearing: Hearing,
    *,
    sample: int = SAMPLE,
) -> Forecast:
    """Score some recordings, time it, and say what all of them will take.

    Parameters
    ----------
    recordings
        The whole collection.
    durations_ms : np.ndarray [shape=(n_recordings,), dtype=int64]
        How long each lasts.
    hearing
        How they would be scored.
    sample
        How many to time at most; fewer where they take long.

    Raises
    ------
    StateError
        If none of those tried can be scored.
    """
    detector = hearing.load()
    detector.score(
        np.zeros(hearing.window_ms * detector.sample_rate // 1000), detector.sample_rate
    )  # loads what is loaded once
    cost, music, scored, failed = [], [], [], 0
    for place in _order(len(recordings), sample):
        begun = time.process_time()
        [result] = score_recordings(
            [recordings[place]], detector, window_ms=hearing.window_ms, hop_ms=hearing.hop_ms
        )
        if isinstance(result, Failure):
            failed += 1
            continue
        cost.append(time.process_time() - begun)
        music.append(durations_ms[place] / 1000)
        scored.append(result)
        if sum(cost) > _ENOUGH_SECONDS:
            break
    if not sum(music, 0.0):
        raise StateError(f"None of {failed} recordings tried could be scored.")
    rate, low, high = _ratio(np.array(cost), np.array(music))
    total_s = float(durations_ms.sum()) / 1000
    excerpts = sum(
        grid(int(ms), window_ms=hearing.window_ms, hop_ms=hearing.hop_ms).size
        for ms in durations_ms
    )
    with tempfile.TemporaryDirectory(prefix="consonance-forecast-") as folder:
        path = Path(folder) / "shard.parquet"
        write_shard(
            path,
            scored,
            classes=detector.classes,
            embedding_dim=detector.embedding_dim,
            recipe={},
        )
        n_rows = sum(result.start_ms.size for result in scored)
        n_bytes = path.stat().st_size * excerpts // max(n_rows, 1)
    return Forecast(
        timed=len(scored),
        music_s=total_s,
        excerpts=excerpts,
        cpu_s=rate * total_s,
        cpu_low_s=low * total_s,
        cpu_high_s=high * total_s,
        n_bytes=n_bytes,
        failed=failed,
    )


def _order(n_items: int, n_wanted: int) -> Iterator[int]:
    # From both ends inwards would favour neighbours: every other one first, then those between.
    places = spread_over(n_items, n_wanted)
    yield from places[::2]
    yield from places[1::2]


def _ratio(cost: NDArray[np.float64], music: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return seconds of work a second of music, with a rough interval (ratio of two means)."""
    rate = float(cost.sum() / music.sum())
    n = cost.size
    if n < 2:
        return rate, rate / 2, rate * 2
    error = float(np.sqrt(n / (n - 1) * ((cost - rate * music) ** 2).sum()) / music.sum())
    return rate, max(rate - _SPREAD * error, rate / 10), rate + _SPREAD * error
