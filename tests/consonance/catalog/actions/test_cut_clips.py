"""Cutting excerpts to clips."""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from django.core.files.storage import default_storage
from PIL import Image

from consonance.audio.clips import cut_clip
from consonance.audio.decoded import decode_clip
from consonance.audio.loudness import integrated_lufs
from consonance.audio.playback import TARGET_LUFS
from consonance.catalog.actions import cut_clips as action
from consonance.catalog.actions.cut_clips import CutClips, cut_clips
from consonance.catalog.models import Clip, ClipFault, Track
from consonance.errors import ParameterError
from tests.consonance.catalog.stored_clips import RATE, forget_rendition, make_silent
from tests.factories import CollectionFactory, TrackFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def tracks(archive: Callable[..., Path], media: Path) -> list[Track]:
    """Return two tracks of 15 s with files."""
    root = archive("1.wav", "2.wav", seconds=15)
    collection = CollectionFactory(root=str(root))
    return [
        TrackFactory(collection=collection, track_no=n, path=f"{n}.wav", duration_ms=15_000)
        for n in (1, 2)
    ]


def cut(*excerpts: tuple[Track, int], **fields: Any) -> CutClips:
    return cut_clips(excerpts=excerpts, **{"duration_ms": 10_000, "processes": 1, **fields})


def test_a_clip_has_its_sound_its_outline_and_its_picture(tracks: list[Track]) -> None:
    clip = cut((tracks[0], 3_840)).clips[tracks[0].pk, 3_840]
    assert (clip.sample_key, clip.sample_rate, clip.channels) == ("000001_3840", 44_100, 1)
    ogg = default_storage.open(clip.audio_name).read()
    assert hashlib.sha256(ogg).hexdigest() == clip.audio_sha256
    assert len(ogg) == clip.audio_bytes
    assert sf.info(io.BytesIO(ogg)).frames == 441_000
    picture = Image.open(default_storage.open(clip.spectrogram_name))
    assert (picture.format, picture.size) == ("PNG", (800, 200))
    assert len(clip.peaks) == 400
    assert max(high for _, high in clip.peaks) == pytest.approx(0.3 * 127, abs=3)


def test_a_clip_has_a_levelled_rendition_and_what_was_measured(tracks: list[Track]) -> None:
    clip = cut((tracks[0], 3_840)).clips[tracks[0].pk, 3_840]
    mp3 = default_storage.open(clip.playback_name).read()
    assert hashlib.sha256(mp3).hexdigest() == clip.playback_sha256
    assert len(mp3) == clip.playback_bytes
    assert clip.rendered_at is not None
    assert clip.loudness_lufs + clip.playback_gain_db == pytest.approx(TARGET_LUFS)
    assert clip.true_peak_dbtp == pytest.approx(20 * math.log10(0.3), abs=0.1)
    frames, sample_rate = decode_clip(mp3)
    assert (frames.shape, sample_rate) == ((441_000, 1), 44_100)
    assert integrated_lufs(frames, sample_rate) == pytest.approx(TARGET_LUFS, abs=0.2)


def test_the_released_file_is_not_levelled(tracks: list[Track]) -> None:
    clip = cut((tracks[0], 3_840)).clips[tracks[0].pk, 3_840]
    frames, sample_rate = decode_clip(default_storage.open(clip.audio_name).read())
    assert integrated_lufs(frames, sample_rate) == pytest.approx(clip.loudness_lufs, abs=0.1)
    assert (
        default_storage.open(clip.audio_name).read() == cut_clip(tracks[0].file, 3_840, 10_000).ogg
    )


def test_cutting_again_gives_the_same_rows_and_decodes_nothing(
    tracks: list[Track], monkeypatch: pytest.MonkeyPatch
) -> None:
    excerpts = [(track, start) for track in tracks for start in (0, 3_840)]
    first = cut(*excerpts)
    assert len(first.clips) == 4
    asked = []

    def none_asked(function: Any, items: Any, *, processes: int) -> Any:
        asked.extend(items)
        return iter(())

    monkeypatch.setattr(action, "run_each", none_asked)
    again = cut(*excerpts)
    assert asked == []
    assert again.clips == first.clips
    assert Clip.objects.count() == 4


def test_the_same_sound_is_stored_once(tracks: list[Track], media: Path) -> None:
    twin = TrackFactory(collection=tracks[0].collection, track_no=9, path="1.wav")
    made = cut((tracks[0], 0), (twin, 0)).clips
    assert len({clip.audio_sha256 for clip in made.values()}) == 1
    assert len(made) == 2
    assert sorted(path.suffix for path in media.rglob("*") if path.is_file()) == [
        ".mp3", ".ogg", ".png",
    ]  # fmt: skip


def test_an_excerpt_that_cannot_be_cut_is_told_and_the_rest_is_cut(tracks: list[Track]) -> None:
    gone = TrackFactory(collection=tracks[0].collection, track_no=3, path="gone.wav")
    made = cut((tracks[0], 0), (tracks[1], 9_000), (gone, 0))
    assert list(made.clips) == [(tracks[0].pk, 0)]
    assert "ends before the excerpt" in made.failures[tracks[1].pk, 9_000]
    assert "no file" in made.failures[gone.pk, 0]


def test_a_lost_or_half_written_file_is_made_again(tracks: list[Track], media: Path) -> None:
    clip = cut((tracks[0], 0)).clips[tracks[0].pk, 0]
    whole = (media / clip.audio_name).read_bytes()
    (media / clip.audio_name).write_bytes(whole[:100])
    (media / clip.spectrogram_name).unlink()
    assert cut((tracks[0], 0)).clips[tracks[0].pk, 0].pk == clip.pk
    assert (media / clip.audio_name).read_bytes() == whole
    assert (media / clip.spectrogram_name).is_file()


def test_clips_of_another_length_are_other_clips(tracks: list[Track]) -> None:
    cut((tracks[0], 0))
    cut((tracks[0], 0), duration_ms=5_000)
    assert Clip.objects.count() == 2


class Stopped(Exception):
    """Somebody stops the work."""


def plant(track: Track, samples: np.ndarray, **options: Any) -> None:
    """Put another sound where a track's recording lies."""
    sf.write(track.file, samples, RATE, **options)


def tone(seconds: float) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * 220 * np.arange(round(seconds * RATE)) / RATE)


def damaged_flac(track: Track) -> None:
    """Write a FLAC that opens, and whose middle does not decode."""
    track.path = "damaged.flac"
    track.save()
    sf.write(track.file, tone(15), RATE)
    content = bytearray(track.file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3_000] = bytes(3_000)
    track.file.write_bytes(content)


FAULTS: dict[str, tuple[Callable[[Track], None], str]] = {
    "silence": (lambda track: plant(track, np.zeros(15 * RATE)), "silent"),
    "half a second of sound": (
        lambda track: plant(track, np.append(tone(0.5), np.zeros(15 * RATE))), "silent",
    ),
    "an end before the excerpt's": (lambda track: plant(track, tone(9)), "too_short"),
    "not a number in the middle": (
        lambda track: plant(
            track, np.concatenate([tone(5), [np.nan], tone(9)]), subtype="FLOAT"
        ), "unreadable",
    ),
    "a middle that does not decode": (damaged_flac, "unreadable"),
    "a page of HTML": (lambda track: track.file.write_text("<html>"), "unreadable"),
    "no file": (lambda track: track.file.unlink(), "unreadable"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_what_cannot_be_heard_is_no_clip_and_is_written_down(
    tracks: list[Track], media: Path, name: str
) -> None:
    break_it, reason = FAULTS[name]
    break_it(tracks[0])
    made = cut((tracks[0], 0), (tracks[1], 0))
    assert list(made.clips) == [(tracks[1].pk, 0)]
    assert Clip.objects.count() == 1
    fault = ClipFault.objects.get()
    assert (fault.track, fault.start_ms, fault.duration_ms) == (tracks[0], 0, 10_000)
    assert fault.reason == reason
    assert fault.detail == made.failures[tracks[0].pk, 0]


def test_a_recording_that_was_exchanged_after_the_import_is_not_cut(tracks: list[Track]) -> None:
    for track in tracks:
        track.file_sha256 = hashlib.sha256(track.file.read_bytes()).hexdigest()
        track.save()
    plant(tracks[0], 0.5 * tone(15))
    made = cut((tracks[0], 0), (tracks[1], 0))
    assert list(made.clips) == [(tracks[1].pk, 0)]
    assert "has changed since it was imported" in made.failures[tracks[0].pk, 0]
    assert ClipFault.objects.get().reason == "changed"


def test_a_fault_is_forgotten_when_the_recording_was_mended(tracks: list[Track]) -> None:
    whole = tracks[0].file.read_bytes()
    plant(tracks[0], np.zeros(15 * RATE))
    cut((tracks[0], 0), (tracks[0], 1_920))
    cut((tracks[0], 0))  # found again: still one row
    assert ClipFault.objects.count() == 2
    tracks[0].file.write_bytes(whole)
    assert list(cut((tracks[0], 0)).clips) == [(tracks[0].pk, 0)]
    assert [fault.start_ms for fault in ClipFault.objects.all()] == [1_920]


def test_a_withdrawn_clip_is_not_drawn_again(tracks: list[Track]) -> None:
    cut((tracks[0], 0))
    Clip.objects.update(is_withdrawn=True)
    made = cut((tracks[0], 0))
    assert made.clips == {}
    assert "withdrawn" in made.failures[tracks[0].pk, 0]
    assert Clip.objects.get().is_withdrawn


def test_a_clip_of_before_there_were_renditions_gets_one_and_keeps_its_file(
    tracks: list[Track],
) -> None:
    before = cut((tracks[0], 0)).clips[tracks[0].pk, 0]
    forget_rendition(before)
    after = cut((tracks[0], 0)).clips[tracks[0].pk, 0]
    assert after.pk == before.pk
    assert after.audio_sha256 == before.audio_sha256
    assert after.playback_sha256 == before.playback_sha256
    assert default_storage.exists(after.playback_name)


def test_a_clip_of_before_that_is_silent_becomes_no_candidate(tracks: list[Track]) -> None:
    clip = cut((tracks[0], 0)).clips[tracks[0].pk, 0]
    make_silent(clip)
    made = cut((tracks[0], 0))
    assert made.clips == {}
    assert "nothing to hear" in made.failures[tracks[0].pk, 0]


def test_a_lost_rendition_is_made_again(tracks: list[Track], media: Path) -> None:
    clip = cut((tracks[0], 0)).clips[tracks[0].pk, 0]
    (media / clip.playback_name).unlink()
    assert cut((tracks[0], 0)).clips[tracks[0].pk, 0].pk == clip.pk
    assert (media / clip.playback_name).is_file()


def test_stopping_keeps_what_is_finished(
    tracks: list[Track], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(action, "_BATCH", 1)

    def stop(done: int, total: int) -> None:
        assert total == 2
        if done == 1:
            raise Stopped

    with pytest.raises(Stopped):
        cut((tracks[0], 0), (tracks[1], 0), progress=stop)
    assert Clip.objects.count() == 1


def test_no_excerpt_is_no_work(db: None) -> None:
    assert cut() == CutClips()


@pytest.mark.parametrize(("start", "duration"), [(-1, 10_000), (0, 0)])
def test_times_out_of_range_are_refused(start: int, duration: int) -> None:
    with pytest.raises(ParameterError):
        cut((TrackFactory(), start), duration_ms=duration)
