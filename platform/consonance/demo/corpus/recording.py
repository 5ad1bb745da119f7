"""Makes the files of one recording: sound, its flaws, its copies, and its truth."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from consonance.demo.corpus import labfiles, mixing
from consonance.demo.corpus.mixing import Audio
from consonance.demo.corpus.plan import TrackPlan
from consonance.demo.corpus.song import Song, compose
from consonance.demo.corpus.soundfont import SoundFont
from consonance.demo.corpus.synth import renderer

SAMPLE_RATE: Final = 44_100
TOO_SHORT_MS: Final = 5_000
SILENT_MS: Final = 30_000
#: Cut from the start of a copy whose way is "offset".
COPY_OFFSET_MS: Final = 500
#: Given to a copy whose way is "gain".
COPY_GAIN_DB: Final = -5.0
#: Share of a truncated file's bytes that is left.
TRUNCATED_SHARE: Final = 0.37
#: What the row of a recording without a file claims.
MISSING_MS: Final = 42_000

_HTML: Final = (
    b"<!DOCTYPE html>\n<html><head><title>503 Service Unavailable</title></head>\n"
    b"<body><h1>Service Unavailable</h1><p>Please try again later.</p></body></html>\n"
)
# MPEG-1 Layer III: kilobits a second by the header's four bits, and samples in a frame.
_FRAME_KILOBITS: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_FRAME_SAMPLES: Final = 1152
# (bitrate mode, libsndfile's compression level from 0 = most bits to 1 = fewest)
_Quality = tuple[str, float]
_USUAL: Final[_Quality] = ("VARIABLE", 0.5)
_QUALITY_OF_COPY: Final[dict[str, _Quality]] = {
    "bitrate": ("CONSTANT", 0.75),
    "offset": ("VARIABLE", 0.3),
    "gain": ("AVERAGE", 0.4),
}


@dataclass(frozen=True, slots=True)
class Interval:
    """A class heard in a recording from `start_ms` to `end_ms`, `level_db` against the mix."""

    track_no: int
    class_name: str
    start_ms: int
    end_ms: int
    level_db: float


@dataclass(frozen=True, slots=True)
class RecordingJob:
    """What one worker makes in one go.

    Attributes
    ----------
    plan
        The recording.
    copies
        Planted duplicates of it.
    font
        SoundFont to render with.
    archive, truth
        Folders to write into.
    """

    plan: TrackPlan
    copies: tuple[TrackPlan, ...]
    font: SoundFont
    archive: Path
    truth: Path


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a row of the archive says of its file.

    Attributes
    ----------
    track_no
        The track.
    claimed_ms
        Duration as the archive believes it; that of a truncated file is the whole song's.
    actual_ms
        Duration that decodes; 0 where nothing does.
    byte_size
        0 where there is no file.
    """

    track_no: int
    claimed_ms: int
    actual_ms: int
    byte_size: int


@dataclass(slots=True)
class RecordingResult:
    """Facts and truth of the files a job made."""

    files: list[FileFacts] = field(default_factory=list)
    intervals: list[Interval] = field(default_factory=list)
    key: str = ""
    tempo_bpm: float = 0.0


def audio_path(archive: Path, track_no: int) -> Path:
    """Return where FMA's layout keeps a track: `audio/000/000001.mp3`."""
    name = f"{track_no:06d}"
    return archive / "audio" / name[:3] / f"{name}.mp3"


def make_recording(job: RecordingJob) -> RecordingResult:
    """Write the files of one recording and of its copies.

    Parameters
    ----------
    job
        What to make, and where.
    """
    result = RecordingResult()
    fault = job.plan.fault
    path = audio_path(job.archive, job.plan.track_no)
    if fault == "row without file":
        result.files.append(FileFacts(job.plan.track_no, MISSING_MS, 0, 0))
    elif fault == "not audio":
        path.write_bytes(_HTML)
        result.files.append(FileFacts(job.plan.track_no, MISSING_MS, 0, len(_HTML)))
    elif fault == "silent":
        silence = np.zeros((SILENT_MS * SAMPLE_RATE // 1000, 2), dtype=np.float32)
        _write(result, path, job.plan.track_no, _encoded(silence, _USUAL), SILENT_MS)
    else:
        _make_song(job, path, result)
    return result


def _make_song(job: RecordingJob, path: Path, result: RecordingResult) -> None:
    plan = job.plan
    song = compose(
        classes=plan.classes,
        style=plan.artist.style,
        artist_id=plan.artist.artist_id,
        font=job.font,
        seed=plan.song_seed,
    )
    result.key, result.tempo_bpm = str(song.key), song.tempo_bpm
    audio, heard = render(song, job.font, plan)
    if plan.fault == "too short":
        audio = audio[: TOO_SHORT_MS * SAMPLE_RATE // 1000]
    claimed_ms = len(audio) * 1000 // SAMPLE_RATE
    data, actual_ms = _encoded(audio, _USUAL), claimed_ms
    if plan.fault == "truncated":
        data = data[: int(len(data) * TRUNCATED_SHARE)]
        actual_ms = complete_frames(data) * _FRAME_SAMPLES * 1000 // SAMPLE_RATE
    _write(result, path, plan.track_no, data, claimed_ms, actual_ms)
    _write_truth(job.truth, song, heard, plan.track_no, 0, actual_ms, result)
    labfiles.write_midi(job.truth / "midi" / f"{plan.track_no:06d}.mid", song)
    for copy in job.copies:
        _make_copy(job, copy, data, song, heard, result)


def _make_copy(
    job: RecordingJob,
    copy: TrackPlan,
    original: bytes,
    song: Song,
    heard: Iterable[Interval],
    result: RecordingResult,
) -> None:
    """Write a duplicate as somebody would make one: from the published file, not the master."""
    audio, _ = soundfile.read(io.BytesIO(original), dtype="float32", always_2d=True)
    shift_ms = 0
    if copy.way == "offset":
        shift_ms = COPY_OFFSET_MS
        audio = audio[shift_ms * SAMPLE_RATE // 1000 :]
    elif copy.way == "gain":
        audio = audio * np.float32(10.0 ** (COPY_GAIN_DB / 20.0))
    data = _encoded(audio, _QUALITY_OF_COPY[copy.way])
    path = audio_path(job.archive, copy.track_no)
    duration_ms = len(audio) * 1000 // SAMPLE_RATE
    _write(result, path, copy.track_no, data, duration_ms)
    _write_truth(job.truth, song, heard, copy.track_no, shift_ms, duration_ms, result)


def render(song: Song, font: SoundFont, plan: TrackPlan) -> tuple[Audio, list[Interval]]:
    """Return the mix of a song and when each class is heard in it.

    Parameters
    ----------
    song
        The composition.
    font
        SoundFont to render with.
    plan
        Whose number the intervals carry, and whose seed the room.

    Returns
    -------
    audio : np.ndarray [shape=(n, 2), dtype=float32, in [-1, 1]]
        At 44.1 kHz.
    heard : list of Interval
        From the stems themselves: a class is heard where its own sound stands out of the mix
        by the measure of `mixing.audible_blocks`, not merely where a note is written.
    """
    rng = np.random.default_rng([*plan.song_seed, 2])
    n_frames = round(song.duration_s * SAMPLE_RATE)
    play = renderer(font.path, SAMPLE_RATE)
    stem_rms = {}
    dry = np.zeros((n_frames, 2), dtype=np.float32)
    for part in song.parts:
        stem = mixing.levelled(
            play.render(part.timbre, part.notes, n_frames, tuning=part.tuning),
            SAMPLE_RATE,
            level_db=part.level_db,
            pan=part.pan,
        )
        dry += stem
        stem_rms[str(part.class_name)] = mixing.block_rms(stem, SAMPLE_RATE)
    response = mixing.room(SAMPLE_RATE, rng, decay_s=song.room_s)
    audio, gain = mixing.peak_at(
        mixing.in_room(dry, response, wet=song.wet), float(rng.uniform(-6.0, -1.0))
    )
    mix_rms = mixing.block_rms(audio, SAMPLE_RATE)
    mix_db = mixing.decibels(mix_rms)
    heard = []
    for name, rms in stem_rms.items():
        audible = mixing.audible_blocks(rms * np.float32(gain), mix_rms)
        distance = mixing.decibels(rms * np.float32(gain)) - mix_db
        for start, end in mixing.intervals(audible):
            blocks = slice(start // mixing.BLOCK_MS, end // mixing.BLOCK_MS)
            level = float(distance[blocks][audible[blocks]].mean())
            heard.append(Interval(plan.track_no, name, start, end, round(level, 2)))
    return audio, heard


def _encoded(audio: Audio, quality: _Quality) -> bytes:
    buffer = io.BytesIO()
    mode, level = quality
    soundfile.write(
        buffer, audio, SAMPLE_RATE, format="MP3", bitrate_mode=mode, compression_level=level
    )
    return buffer.getvalue()


def _write(
    result: RecordingResult,
    path: Path,
    track_no: int,
    data: bytes,
    claimed_ms: int,
    actual_ms: int | None = None,
) -> None:
    path.write_bytes(data)
    actual = claimed_ms if actual_ms is None else actual_ms
    result.files.append(FileFacts(track_no, claimed_ms, actual, len(data)))


def complete_frames(mp3: bytes) -> int:
    """Return how many whole frames of sound follow the first frame, which holds the header.

    Parameters
    ----------
    mp3
        MPEG-1 Layer III at 44.1 kHz, as this module writes it. Asking a decoder would do too,
        but decoders complain on stderr of a truncated file.
    """
    position, frames = 0, 0
    while position + 4 <= len(mp3):
        kilobits = _FRAME_KILOBITS[mp3[position + 2] >> 4]
        padding = (mp3[position + 2] >> 1) & 1
        position += 144_000 * kilobits // SAMPLE_RATE + padding
        frames += position <= len(mp3)
    return max(0, frames - 1)


def _write_truth(
    truth: Path,
    song: Song,
    heard: Iterable[Interval],
    track_no: int,
    shift_ms: int,
    actual_ms: int,
    result: RecordingResult,
) -> None:
    for interval in heard:
        start = max(0, interval.start_ms - shift_ms)
        end = min(actual_ms, interval.end_ms - shift_ms)
        if end > start:
            result.intervals.append(
                Interval(track_no, interval.class_name, start, end, interval.level_db)
            )
    shift_s, end_s = shift_ms / 1000.0, actual_ms / 1000.0
    name = f"{track_no:06d}.lab"
    labfiles.write_lab(truth / "chords" / name, labfiles.chord_rows(song), shift_s, end_s, "N")
    labfiles.write_lab(
        truth / "sections" / name, labfiles.section_rows(song), shift_s, end_s, "silence"
    )
