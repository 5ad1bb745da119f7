"""The audio package on real, released music, its planted faults and an OpenMIC clip."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from consonance.audio.clips import cut_clip, read_clip
from consonance.audio.decode import probe, read
from consonance.audio.decoded import decode_clip
from consonance.audio.excerpts import grid
from consonance.audio.inspect import Inspection, inspect
from consonance.audio.loudness import integrated_lufs, true_peak_dbtp
from consonance.audio.pictures import peaks, spectrogram_png
from consonance.audio.playback import CEILING_DBTP, TARGET_LUFS, render_playback
from consonance.errors import IngestError

pytestmark = pytest.mark.realdata

FILE_FAULTS = {
    "truncated": ("wrong_duration",),
    "silent": ("silent",),
    "not audio": ("not_audio",),
    "row without file": ("unreadable",),
}


@pytest.fixture(scope="module")
def music(test_data: Path) -> Path:
    folder = test_data / "music"
    if not folder.is_dir():
        pytest.skip(f"no music archive at {folder}")
    return folder


def track_path(music: Path, track_id: int) -> Path:
    return music / "fma_mini" / f"{track_id // 1000:03d}" / f"{track_id:06d}.mp3"


@pytest.fixture(scope="module")
def planted(music: Path) -> dict[int, str]:
    with (music / "planted.csv").open(encoding="utf-8", newline="") as file:
        return {int(row["track_id"]): row["kind"] for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def inspections(music: Path) -> dict[int, Inspection]:
    return {int(path.stem): inspect(path) for path in sorted(music.glob("fma_mini/*/*.mp3"))}


def test_every_planted_fault_of_a_file_is_found(music, planted, inspections) -> None:
    found = {
        track_id: (inspections.get(track_id) or inspect(track_path(music, track_id))).codes
        for track_id in planted
    }
    assert found == {track_id: FILE_FAULTS.get(kind, ()) for track_id, kind in planted.items()}


def test_no_good_recording_is_accused(planted, inspections) -> None:
    accused = {
        track_id: found.problems
        for track_id, found in inspections.items()
        if track_id not in planted and not found.ok
    }
    assert len(inspections) > 100
    assert accused == {}


def test_headers_announce_what_decodes_to_the_sample(music, planted, inspections) -> None:
    for track_id, found in inspections.items():
        if FILE_FAULTS.get(planted.get(track_id, "")) in (None, ("silent",)):
            assert probe(track_path(music, track_id)).header_frames == found.frames


def test_the_truncated_track_is_told_by_both_lengths(inspections) -> None:
    found = inspections[5111]
    assert found.header_duration_ms == 50_000
    assert found.duration_ms == pytest.approx(18_700, abs=50)


def test_parts_of_vbr_mp3s_are_exact(music, inspections) -> None:
    rng = np.random.default_rng(11)
    usable = [track_id for track_id, found in inspections.items() if found.duration_ms > 10_000]
    for track_id in usable[::6]:
        path = track_path(music, track_id)
        whole = sf.read(path, dtype="float32", always_2d=True)[0]
        starts = grid(inspections[track_id].duration_ms)
        for start_ms in rng.choice(starts, min(len(starts), 4), replace=False):
            part, rate = read(path, start_ms=int(start_ms), duration_ms=500)
            start = int(start_ms) * rate // 1_000
            np.testing.assert_array_equal(part, whole[start : start + len(part)])


def test_a_clip_of_a_real_track_is_openmics_in_form(music, test_data, tmp_path) -> None:
    clip = cut_clip(track_path(music, 138), 3_840, 10_000)
    (tmp_path / "a.ogg").write_bytes(clip.ogg)
    openmic = probe(test_data / "openmic" / "audio" / "000046_3840.ogg")
    ours = probe(tmp_path / "a.ogg")
    assert (ours.container, ours.codec, ours.sample_rate, ours.channels, ours.header_frames) == (
        openmic.container,
        openmic.codec,
        openmic.sample_rate,
        openmic.channels,
        openmic.header_frames,
    )
    assert clip == cut_clip(track_path(music, 138), 3_840, 10_000)


def test_real_clips_are_heard_at_one_loudness_and_none_is_accused(music, inspections) -> None:
    usable = [track_id for track_id, found in inspections.items() if found.ok]
    for track_id in usable[::9]:
        path = track_path(music, track_id)
        assert cut_clip(path, 3_840, 10_000).frames == 441_000  # it would refuse what is damaged
        made = render_playback(read_clip(path, 3_840, 10_000), 44_100)
        heard, rate = decode_clip(made.mp3)
        assert true_peak_dbtp(heard, rate) < 0
        is_limited = made.loudness.true_peak_dbtp + made.gain_db > CEILING_DBTP - 1e-6
        if not is_limited:
            assert integrated_lufs(heard, rate) == pytest.approx(TARGET_LUFS, abs=0.3)


def test_no_clip_is_cut_from_a_silent_or_a_truncated_track(music, planted) -> None:
    reasons = {"silent": "silent", "truncated": "too_short"}
    for track_id, kind in planted.items():
        if kind in reasons:
            with pytest.raises(IngestError) as caught:
                cut_clip(track_path(music, track_id), 19_200, 10_000)
            assert caught.value.reason == reasons[kind]


def test_openmics_clip_is_good_and_its_empty_file_is_not(test_data) -> None:
    folder = test_data / "openmic" / "audio"
    clip = inspect(folder / "000046_3840.ogg")
    assert clip.ok
    assert (clip.frames, clip.channels, clip.sample_rate) == (441_000, 2, 44_100)
    md5 = hashlib.md5((folder / "000046_3840.ogg").read_bytes(), usedforsecurity=False)
    assert md5.hexdigest() == "c72d759c5347ecf30bf3783c7ae039cf"
    assert inspect(folder / "empty.wav").codes == ("empty",)


def test_a_real_clip_has_a_picture_and_an_outline(test_data) -> None:
    frames, rate = read(test_data / "openmic" / "audio" / "000046_3840.ogg")
    picture = spectrogram_png(frames.mean(axis=1), rate)
    assert 10_000 < len(picture) < 160_000
    outline = peaks(frames)
    assert np.all(outline[:, 0] <= outline[:, 1])
    assert outline.max() > 50
