"""Decode a recording once, from end to end, and say what is wrong with it.

Decoding without an error proves little: an MP3 cut to a third of its bytes decodes in silence to a
third of its length. So the whole file is decoded and what comes out is compared with what the
header announced. Nothing here raises for a bad file; a curator reads the problems instead.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from consonance.audio.content import audio_format, describe_other
from consonance.audio.decode import Probe, duration_ms, open_decoder, probe
from consonance.audio.pcm import FloatFrames, PcmDigest
from consonance.errors import IngestError, ParameterError

PROBLEM_CODES = (
    "unreadable",
    "not_audio",
    "empty",
    "silent",
    "too_short",
    "wrong_duration",
    "too_many_channels",
)
FLOOR_DBFS = -120.0  # what digital silence is said to measure; below the last bit of 16
_WINDOWS_PER_SECOND = 10  # silence is judged in windows of a tenth of a second


@dataclass(frozen=True)
class Limits:
    """What a recording must be like to be taken in.

    Parameters
    ----------
    min_duration_ms
        Shortest decoded length; one excerpt by default.
    max_silent_share
        Largest share of the recording that may be silent, in [0, 1].
    silence_dbfs
        A tenth of a second is silent if the root mean square of its loudest channel lies below.
    duration_tolerance_ms, duration_tolerance_share
        How far decoded and announced length may differ: the larger of so many milliseconds and
        this share of the announced length.
    max_channels
        More than this many channels are refused.

    Raises
    ------
    ParameterError
        If a limit is out of range.
    """

    min_duration_ms: int = 10_000
    max_silent_share: float = 0.95
    silence_dbfs: float = -60.0
    duration_tolerance_ms: int = 200
    duration_tolerance_share: float = 0.01
    max_channels: int = 2

    def __post_init__(self) -> None:
        if self.min_duration_ms < 0 or self.duration_tolerance_ms < 0:
            raise ParameterError("Limits of duration must be at least 0 ms.")
        if not (0 <= self.max_silent_share <= 1 and 0 <= self.duration_tolerance_share <= 1):
            raise ParameterError("Limits that are shares must lie in [0, 1].")
        if not FLOOR_DBFS <= self.silence_dbfs <= 0:
            raise ParameterError(f"silence_dbfs must lie in [{FLOOR_DBFS:g}, 0].")
        if self.max_channels < 1:
            raise ParameterError("max_channels must be at least 1.")

    def tolerated_ms(self, announced_ms: int) -> float:
        """Return how far the decoded length may be from the announced one, milliseconds."""
        return max(self.duration_tolerance_ms, self.duration_tolerance_share * announced_ms)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a recording.

    Parameters
    ----------
    code
        One of `PROBLEM_CODES`.
    detail
        A sentence for the curator: what was found, and what was expected.
    """

    code: str
    detail: str


@dataclass(frozen=True)
class Inspection:
    """What a whole recording decoded to.

    Parameters
    ----------
    path
        The file.
    byte_size
        Its size; 0 if there is none.
    file_sha256
        SHA-256 of its bytes; None if they cannot be read.
    container, codec, sample_rate, channels
        As in `decode.Probe`; None if the file cannot be opened as audio.
    header_duration_ms
        Length announced by the header, milliseconds; None if it does not say.
    expected_duration_ms
        Length according to the archive's metadata, as given to `inspect`. For information: FMA's
        is that of the source, of which the file may be a part.
    frames, duration_ms
        Length decoded, in frames and in whole milliseconds rounded down; 0 if nothing decodes.
    pcm_sha256
        `pcm.PcmDigest` of the decoded samples; None if nothing was decoded.
    peak_dbfs, rms_dbfs
        Largest magnitude, and root mean square over all channels, in decibels relative to full
        scale, at least `FLOOR_DBFS`; None if nothing was decoded.
    silent_share
        Share of the recording that is silent by the limits, in [0, 1]; None likewise.
    problems
        What is wrong with it; empty for a good recording.
    """

    path: str
    byte_size: int = 0
    file_sha256: str | None = None
    container: str | None = None
    codec: str | None = None
    sample_rate: int | None = None
    channels: int | None = None
    header_duration_ms: int | None = None
    expected_duration_ms: int | None = None
    frames: int = 0
    duration_ms: int = 0
    pcm_sha256: str | None = None
    peak_dbfs: float | None = None
    rms_dbfs: float | None = None
    silent_share: float | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with the recording."""
        return not self.problems

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the problems, in the order they were found."""
        return tuple(problem.code for problem in self.problems)


def inspect(
    path: str | Path, *, limits: Limits | None = None, expected_duration_ms: int | None = None
) -> Inspection:
    """Decode a whole recording, block by block, and judge it.

    Parameters
    ----------
    path : str or Path
        Any file at all.
    limits : Limits, optional
        What to accept; `Limits()` when None.
    expected_duration_ms : int, optional
        Length according to metadata; kept with the result, not judged.

    Returns
    -------
    Inspection
        Measurements and problems. A missing, unreadable or ill-formed file gives problems and
        never an exception. Memory does not grow with the length of the recording.
    """
    path = Path(path)
    limits = limits or Limits()
    known = Inspection(path=str(path), expected_duration_ms=expected_duration_ms)
    try:
        with path.open("rb") as file:
            file_sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        known = replace(known, byte_size=path.stat().st_size, file_sha256=file_sha256)
        if known.byte_size == 0:
            return _with(known, Problem("empty", "The file has no bytes: fetch it again."))
        try:
            claims = probe(path)
        except IngestError:
            return _with(known, _unopened(path))
        return _decoded(known, claims, limits)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return _with(known, Problem("unreadable", f"The file cannot be read: {reason}."))


def _with(inspection: Inspection, *problems: Problem) -> Inspection:
    return replace(inspection, problems=(*inspection.problems, *problems))


def _unopened(path: Path) -> Problem:
    """Say why a file that is there does not open as audio."""
    name = audio_format(path)
    if name is None:
        return Problem(
            "not_audio",
            f"The file is not audio: it looks like {describe_other(path)}.",
        )
    return Problem(
        "unreadable",
        f"The file looks like {name} but cannot be decoded: it is damaged, or of a kind that "
        "must be converted first.",
    )


def _decoded(known: Inspection, claims: Probe, limits: Limits) -> Inspection:
    """Decode what opened, measure it, and add the problems that this shows."""
    meter = _Meter(claims.sample_rate, claims.channels, limits.silence_dbfs)
    problems: list[Problem] = []
    try:
        with open_decoder(known.path) as decoder:
            for block in decoder.blocks():
                meter.add(block)
    except IngestError:
        at = duration_ms(meter.n_frames, claims.sample_rate)
        problems.append(
            Problem("unreadable", f"Decoding failed after {_seconds(at)}: the file is damaged.")
        )
    measured = replace(
        known,
        container=claims.container,
        codec=claims.codec,
        sample_rate=claims.sample_rate,
        channels=claims.channels,
        header_duration_ms=claims.header_duration_ms,
        frames=meter.n_frames,
        duration_ms=duration_ms(meter.n_frames, claims.sample_rate),
        problems=tuple(problems),
    )
    if meter.n_frames == 0:
        empty = Problem("empty", "The file opens as audio but holds no sound: fetch it again.")
        return _with(measured, empty)
    measured = replace(
        measured,
        pcm_sha256=meter.digest.hexdigest(),
        peak_dbfs=dbfs(meter.peak),
        rms_dbfs=dbfs(meter.rms),
        silent_share=meter.silent_frames / meter.n_frames,
    )
    return _with(measured, *_judged(measured, meter, limits))


def _judged(measured: Inspection, meter: _Meter, limits: Limits) -> Iterator[Problem]:
    """Yield what is wrong with a recording that decoded to something."""
    channels, silent_share = meter.n_channels, meter.silent_frames / meter.n_frames
    if meter.n_not_finite:
        yield Problem(
            "unreadable",
            f"{meter.n_not_finite} samples are not numbers (NaN or infinity): export it again.",
        )
    if silent_share > limits.max_silent_share:
        yield Problem(
            "silent",
            f"{100 * silent_share:.1f} % of the recording lies below {limits.silence_dbfs:g} dBFS; "
            f"at most {100 * limits.max_silent_share:g} % may.",
        )
    if measured.duration_ms < limits.min_duration_ms:
        yield Problem(
            "too_short",
            f"The recording lasts {_seconds(measured.duration_ms)}; at least "
            f"{_seconds(limits.min_duration_ms)} are needed.",
        )
    announced = measured.header_duration_ms
    if announced is not None:
        off_by = measured.duration_ms - announced
        if abs(off_by) > limits.tolerated_ms(announced):
            fate = "the file was cut short" if off_by < 0 else "the header is wrong"
            yield Problem(
                "wrong_duration",
                f"The header announces {_seconds(announced)}, but {_seconds(measured.duration_ms)} "
                f"decode: {fate}.",
            )
    if channels > limits.max_channels:
        yield Problem(
            "too_many_channels",
            f"The recording has {channels} channels; at most {limits.max_channels} are taken: "
            "mix it down first.",
        )


class _Meter:
    """Levels, silence and hash of a recording, fed in blocks of any length."""

    def __init__(self, sample_rate: int, n_channels: int, silence_dbfs: float) -> None:
        self.n_channels = n_channels
        self.digest = PcmDigest(sample_rate, n_channels)
        self.n_frames = 0
        self.n_not_finite = 0
        self.peak = 0.0
        self._energy = 0.0
        self._window = max(1, sample_rate // _WINDOWS_PER_SECOND)
        self._silent_power = 10 ** (silence_dbfs / 10)
        self._closed_silent_frames = 0
        # The window that the last block left unfinished: its energy per channel, and its length.
        self._open_energy = np.zeros(n_channels)
        self._open_frames = 0

    def add(self, block: FloatFrames) -> None:
        """Take in the next block [shape=(n_frames, n_channels)], which must not be empty."""
        if not np.isfinite(block).all():
            self.n_not_finite += int(np.count_nonzero(~np.isfinite(block)))
            block = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
        self.digest.update(block)
        self.n_frames += len(block)
        self.peak = max(self.peak, float(np.abs(block).max()))
        starts = np.arange(-self._open_frames, len(block), self._window)
        starts[0] = 0  # the open window began in an earlier block
        energies = np.add.reduceat(np.square(block, dtype=np.float64), starts, axis=0)
        lengths = np.diff(starts, append=len(block))
        self._energy += float(energies.sum())
        energies[0] += self._open_energy
        lengths[0] += self._open_frames
        silent = energies.max(axis=1) < self._silent_power * lengths
        self._closed_silent_frames += int(lengths[:-1][silent[:-1]].sum())
        self._open_energy, self._open_frames = energies[-1], int(lengths[-1])
        if self._open_frames == self._window:
            self._closed_silent_frames += self._window if silent[-1] else 0
            self._open_energy, self._open_frames = np.zeros(self.n_channels), 0

    @property
    def silent_frames(self) -> int:
        """Frames in silent windows so far; a shorter window at the end counts as one."""
        open_is_silent = self._open_energy.max() < self._silent_power * self._open_frames
        return self._closed_silent_frames + (self._open_frames if open_is_silent else 0)

    @property
    def rms(self) -> float:
        """Root mean square over all frames and channels so far."""
        return math.sqrt(self._energy / (self.n_frames * self.n_channels))


def dbfs(amplitude: float) -> float:
    """Return ``20 log10`` of an amplitude relative to full scale, at least `FLOOR_DBFS`."""
    if amplitude <= 0:
        return FLOOR_DBFS
    return max(FLOOR_DBFS, 20 * math.log10(amplitude))


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1_000:.2f} s"
