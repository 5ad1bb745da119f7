"""From recordings to scores, each decoded once, in memory that does not grow with their length."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from candidates.scoring.recordings import Recording, at_hand
from candidates.scoring.shards import Failure, TrackScores
from consonance.audio.decode import mono_blocks
from consonance.errors import IngestError, ParameterError

if TYPE_CHECKING:
    from candidates.detector.interface import Detector

Float = NDArray[np.float32]
Integers = NDArray[np.int64]

#: Windows of a piece of a recording: two minutes of OpenMIC's grid, 8 MB at 16 kHz.
WINDOWS: Final = 32


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Audio with some windows of a recording's grid.

    Attributes
    ----------
    audio : np.ndarray [shape=(n_samples,), dtype=float32]
    starts : np.ndarray [shape=(n_windows,), dtype=int64]
        First samples, in `audio`.
    starts_ms : np.ndarray [shape=(n_windows,), dtype=int64]
        The same in the recording, in ms.
    """

    audio: Float
    starts: Integers
    starts_ms: Integers


def pieces(
    blocks: Iterable[Float], sample_rate: int, *, window_ms: int, hop_ms: int
) -> Iterator[Piece]:
    """Yield the windows of a recording's grid, some at a time, while it is being decoded.

    Parameters
    ----------
    blocks
        The recording, mono, at `sample_rate`.
    sample_rate
        In Hz.
    window_ms, hop_ms
        The grid, as `consonance.audio.excerpts.grid` lays it over the whole recording.

    Raises
    ------
    IngestError
        If the recording holds what are no numbers.
    """
    length = window_ms * sample_rate // 1000
    held: list[Float] = []
    base, seen = 0, 0  # samples before those held, and up to the last of them
    next_window = 0

    def first_sample(window: int) -> int:
        return window * hop_ms * sample_rate // 1000

    def fits(window: int) -> bool:
        return seen * 1000 >= (window * hop_ms + window_ms) * sample_rate

    def cut(n_windows: int) -> Piece:
        nonlocal held, base, next_window
        audio = np.concatenate(held)
        windows = np.arange(next_window, next_window + n_windows, dtype=np.int64)
        starts = np.array([first_sample(window) for window in windows.tolist()]) - base
        next_window += n_windows
        to_drop = min(first_sample(next_window) - base, audio.size)
        held, base = [audio[to_drop:]], base + to_drop
        return Piece(
            audio=audio[starts[0] : starts[-1] + length],
            starts=starts - starts[0],
            starts_ms=windows * hop_ms,
        )

    for block in blocks:
        if not np.isfinite(block).all():
            raise IngestError("The recording holds what are no numbers.", reason="unreadable")
        held.append(block)
        seen += block.size
        while fits(next_window + WINDOWS - 1):
            yield cut(WINDOWS)
    rest = 0
    while fits(next_window + rest):
        rest += 1
    if rest:
        yield cut(rest)


@dataclass
class _Track:
    recording: Recording
    starts: list[Integers] = field(default_factory=list)
    scores: list[Float] = field(default_factory=list)
    embeddings: list[Float] = field(default_factory=list)
    failure: Failure | None = None
    is_decoded: bool = False

    @property
    def is_whole(self) -> bool:
        return self.is_decoded and len(self.scores) == len(self.starts)

    def result(self, detector: Detector) -> TrackScores | Failure:
        if self.failure is not None:
            return self.failure
        return TrackScores(
            track_no=self.recording.track_no,
            start_ms=np.concatenate([np.empty(0, np.int64), *self.starts]),
            likelihood=np.concatenate(
                [np.empty((0, len(detector.classes)), np.float32), *self.scores]
            ),
            embedding=np.concatenate(
                [np.empty((0, detector.embedding_dim), np.float32), *self.embeddings]
            ),
        )


def score_recordings(
    recordings: Iterable[Recording], detector: Detector, *, window_ms: int, hop_ms: int
) -> Iterator[TrackScores | Failure]:
    """Decode each recording once and score every window of its grid, batches across recordings.

    Parameters
    ----------
    recordings
        Taken one by one.
    detector
        From `candidates.detector.load`.
    window_ms, hop_ms
        The excerpt grid.

    Yields
    ------
    TrackScores or Failure
        One for each recording, in their order. A recording that cannot be read or decoded never
        stops the others; one that is shorter than a window has no excerpts.

    Raises
    ------
    ParameterError
        If windows are too short for the detector.
    """
    length = window_ms * detector.sample_rate // 1000
    if length < detector.min_samples:
        raise ParameterError(f"Windows of {window_ms} ms are too short for {detector.name}.")
    tracks: deque[_Track] = deque()
    sent: deque[_Track] = deque()

    def audio() -> Iterator[tuple[Float, Integers]]:
        for recording in recordings:
            track = _Track(recording)
            tracks.append(track)
            where = str(recording.path)
            try:
                with at_hand(recording) as path:
                    where = str(path)
                    blocks = mono_blocks(path, sample_rate=detector.sample_rate)
                    for piece in pieces(
                        blocks, detector.sample_rate, window_ms=window_ms, hop_ms=hop_ms
                    ):
                        track.starts.append(piece.starts_ms)
                        sent.append(track)
                        yield piece.audio, piece.starts
            except IngestError as error:
                track.failure = Failure(
                    track_no=recording.track_no,
                    reason=error.reason,
                    # A shard's bytes must not tell where the archive lies.
                    detail=str(error).replace(where, recording.called),
                )
            track.is_decoded = True

    for scores, embeddings in detector.score_pieces(audio(), length):
        track = sent.popleft()
        track.scores.append(scores)
        track.embeddings.append(embeddings)
        while tracks and tracks[0].is_whole:
            yield tracks.popleft().result(detector)
    for track in tracks:
        yield track.result(detector)
