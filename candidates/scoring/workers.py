"""Processes that score: one thread each, a detector each, results in the recordings' order."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from candidates.scoring.recordings import Recording
from candidates.scoring.shards import Failure, TrackScores
from consonance.errors import StateError

if TYPE_CHECKING:
    from candidates.detector.interface import Detector
    from candidates.detector.taxonomy import Taxonomy

#: Recordings handed to a process at a time: they share the last batch.
_TOGETHER: Final = 4
#: Which device scores: cpu, cuda, or auto for an accelerator where there is one.
DEVICE: Final = "CONSONANCE_DEVICE"

# From GNU's malloc.h.
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3

Result = TrackScores | Failure


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """How recordings are heard: everything that decides their scores but themselves.

    Attributes
    ----------
    detector, taxonomy, models_dir
        As in `candidates.detector.load`; each process loads its own.
    window_ms, hop_ms
        The excerpt grid.
    """

    detector: str
    taxonomy: str | Taxonomy
    models_dir: Path | None
    window_ms: int
    hop_ms: int

    def load(self) -> Detector:
        """Return the detector on the device that `CONSONANCE_DEVICE` names, with one thread."""
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        import torch

        from candidates.detector import load

        torch.set_num_threads(1)
        keep_memory()
        detector = load(self.detector, taxonomy=self.taxonomy, models_dir=self.models_dir)
        return detector.to(device())


def device() -> str:
    """Return the device to score on: what `CONSONANCE_DEVICE` says, else the CPU."""
    wanted = os.environ.get(DEVICE, "").strip().lower() or "cpu"
    if wanted == "auto":
        import torch

        return "cuda" if torch.cuda.is_available() else "cpu"
    return wanted


def keep_memory() -> None:
    """Keep freed memory for the next map instead of giving it back to the system after each.

    A network frees and takes megabytes a thousand times a second; fetching fresh pages every time
    costs a third of its time. Does nothing where the C library is not GNU's.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, 32 << 20)
        set_option(_M_TRIM_THRESHOLD, 256 << 20)


class Crew:
    """Processes that score recordings, for the length of a `with` block.

    Parameters
    ----------
    hearing
        How.
    processes
        How many; 1 scores in this process.
    """

    def __init__(self, hearing: Hearing, processes: int) -> None:
        self._hearing = hearing
        self._processes = processes
        self._pool: ProcessPoolExecutor | None = None
        self._detector: Detector | None = None

    def __enter__(self) -> Self:
        """Begin; processes start when they are needed."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the processes; what they have not begun is dropped."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def detector(self) -> Detector:
        """The detector as this process has it."""
        if self._detector is None:
            self._detector = self._hearing.load()
        return self._detector

    def score(self, recordings: Sequence[Recording]) -> Iterator[Result]:
        """Yield the scores of recordings in their order.

        Raises
        ------
        StateError
            If one of the processes was killed.
        """
        if self._processes == 1 or len(recordings) == 1:
            from candidates.scoring.streaming import score_recordings

            yield from score_recordings(
                recordings,
                self.detector,
                window_ms=self._hearing.window_ms,
                hop_ms=self._hearing.hop_ms,
            )
            return
        if self._pool is None:
            # Spawned, not forked: torch and its threads do not survive a fork.
            self._pool = ProcessPoolExecutor(
                self._processes,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin,
                initargs=(self._hearing,),
            )
        groups = [
            recordings[first : first + _TOGETHER] for first in range(0, len(recordings), _TOGETHER)
        ]
        running: deque[Future[list[Result]]] = deque()
        try:
            for group in groups:
                running.append(self._pool.submit(_score, list(group)))
                if len(running) > 2 * self._processes:  # no more results wait than that
                    yield from running.popleft().result()
            while running:
                yield from running.popleft().result()
        except BrokenProcessPool as error:
            raise StateError(
                "A scoring process was killed, perhaps for want of memory. Start again, with fewer "
                "processes if it was: finished shards are kept."
            ) from error


def score_all(
    recordings: Sequence[Recording], hearing: Hearing, *, processes: int
) -> Iterator[Result]:
    """Yield the scores of recordings in their order, computed by several processes."""
    with Crew(hearing, processes) as crew:
        yield from crew.score(recordings)


_hear: Callable[[list[Recording]], list[Result]] | None = None


def _begin(hearing: Hearing) -> None:
    from candidates.scoring.streaming import score_recordings

    global _hear
    detector = hearing.load()

    def hear(recordings: list[Recording]) -> list[Result]:
        return list(
            score_recordings(
                recordings, detector, window_ms=hearing.window_ms, hop_ms=hearing.hop_ms
            )
        )

    _hear = hear


def _score(recordings: list[Recording]) -> list[Result]:
    assert _hear is not None, "_begin runs first"  # noqa: S101
    return _hear(recordings)
