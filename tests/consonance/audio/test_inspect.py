from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consonance.audio.inspect import FLOOR_DBFS, PROBLEM_CODES, Limits, Problem, dbfs, inspect
from consonance.audio.pcm import pcm_sha256, to_int16
from consonance.errors import ParameterError

ANY_LENGTH = Limits(min_duration_ms=0)


def test_a_good_recording_has_no_problems(synth, write_audio) -> None:
    frames = synth(10.5)
    path = write_audio("a.wav", frames, subtype="FLOAT")
    found = inspect(path)
    assert found.ok
    assert found.problems == ()
    assert found.path == str(path)
    assert (found.container, found.codec) == ("WAV", "FLOAT")
    assert (found.sample_rate, found.channels) == (44_100, 2)
    assert (found.frames, found.duration_ms, found.header_duration_ms) == (463_050, 10_500, 10_500)
    assert found.byte_size == path.stat().st_size
    assert found.file_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.pcm_sha256 == pcm_sha256(frames, 44_100)
    assert found.peak_dbfs == pytest.approx(20 * np.log10(np.abs(frames).max()))
    rms = np.sqrt(np.mean(np.square(frames, dtype=np.float64)))
    assert found.rms_dbfs == pytest.approx(20 * np.log10(rms))
    assert found.silent_share == 0


def test_lossless_copies_share_the_hash_of_their_sound(synth, write_audio) -> None:
    integers = to_int16(synth(1))
    wav = inspect(write_audio("a.wav", integers), limits=ANY_LENGTH)
    flac = inspect(write_audio("a.flac", integers), limits=ANY_LENGTH)
    assert wav.ok
    assert flac.ok
    assert wav.pcm_sha256 == flac.pcm_sha256
    assert wav.file_sha256 != flac.file_sha256


def test_a_truncated_mp3_is_found_by_its_header(synth, write_audio) -> None:
    path = write_audio("a.mp3", synth(40), compression_level=0.6, bitrate_mode="VARIABLE")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = inspect(path)
    assert found.codes == ("wrong_duration",)
    assert found.header_duration_ms == 40_000
    assert 15_000 < found.duration_ms < 25_000
    assert "40.00 s" in found.problems[0].detail
    assert "cut short" in found.problems[0].detail


def test_a_truncated_wav_is_found_by_its_header(synth, write_audio) -> None:
    path = write_audio("a.wav", synth(30, channels=1))
    path.write_bytes(path.read_bytes()[:1_000_000])
    assert inspect(path).codes == ("wrong_duration",)


def test_a_truncated_flac_is_found(synth, write_audio) -> None:
    path = write_audio("a.flac", synth(30, channels=1))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = inspect(path)
    assert "wrong_duration" in found.codes
    assert 10_000 < found.duration_ms < 20_000


def test_a_small_difference_of_length_is_tolerated(synth, write_audio) -> None:
    path = write_audio("a.wav", synth(30, channels=1))
    path.write_bytes(path.read_bytes()[: -2 * 44_100 // 4])  # a quarter of a second: under 1 %
    assert inspect(path).ok
    strict = Limits(duration_tolerance_share=0.0)
    assert inspect(path, limits=strict).codes == ("wrong_duration",)


def test_the_length_in_the_metadata_is_kept_but_not_judged(synth, write_audio) -> None:
    found = inspect(write_audio("a.wav", synth(11)), expected_duration_ms=278_000)
    assert found.ok
    assert found.expected_duration_ms == 278_000


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.ogg", "a.flac"])
def test_silence_is_found(write_audio, name) -> None:
    found = inspect(write_audio(name, np.zeros((12 * 44_100, 2), dtype=np.float32)))
    assert found.codes == ("silent",)
    assert (found.peak_dbfs, found.rms_dbfs) == (FLOOR_DBFS, FLOOR_DBFS)
    assert found.silent_share == 1


def test_the_share_of_silence_is_measured_in_tenths_of_a_second(write_audio) -> None:
    frames = np.zeros((100_000, 2), dtype=np.float32)  # 22 windows of 4,410 and the rest
    frames[9_000:20_000, 1] = 0.1  # touches windows 3 to 5, in one channel only
    frames[-100:] = 0.1  # and the shorter window at the end
    found = inspect(write_audio("a.wav", frames, subtype="FLOAT"), limits=ANY_LENGTH)
    sounding = 3 * 4_410 + (100_000 - 22 * 4_410)
    assert found.silent_share == pytest.approx(1 - sounding / 100_000)


@settings(
    max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(n_frames=st.integers(14_000, 45_000), seed=st.integers(0, 99))
def test_measurements_agree_with_a_plain_computation(write_audio, n_frames, seed) -> None:
    # At 200 Hz a window has 20 frames, of which only the first sounds, if any; with 9 channels a
    # block ends within a window, so that its loudness lies in one block and its rest in the next.
    rng = np.random.default_rng(seed)
    n_windows = n_frames // 20 + 1
    windows = np.zeros((n_windows, 20))
    windows[:, 0] = rng.choice([0.0, 1e-4, 0.1], n_windows)
    levels = windows.ravel()[:n_frames]
    frames = (levels[:, np.newaxis] * rng.choice([-1.0, 1.0], (n_frames, 9))).astype(np.float32)
    found = inspect(write_audio("a.wav", frames, 200, subtype="FLOAT"), limits=ANY_LENGTH)
    silent = np.repeat(windows[:, 0] < 1e-3, 20)[:n_frames]
    assert found.silent_share == pytest.approx(silent.mean())
    assert found.rms_dbfs == pytest.approx(dbfs(np.sqrt(np.mean(levels**2))), abs=1e-4)
    assert found.pcm_sha256 == pcm_sha256(frames, 200)


def test_a_short_recording_is_found(synth, write_audio) -> None:
    found = inspect(write_audio("a.wav", synth(9.99)))
    assert found.codes == ("too_short",)
    assert "9.99 s" in found.problems[0].detail


def test_many_channels_are_found_and_measured_all_the_same(synth, write_audio) -> None:
    frames = synth(11, sample_rate=8_000, channels=8)
    found = inspect(write_audio("a.wav", frames, 8_000, subtype="FLOAT"))
    assert found.codes == ("too_many_channels",)
    assert found.channels == 8
    assert found.pcm_sha256 == pcm_sha256(frames, 8_000)


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 96_000, 192_000])
def test_unusual_rates_are_taken(synth, write_audio, sample_rate) -> None:
    found = inspect(write_audio("a.wav", synth(10, sample_rate=sample_rate), sample_rate))
    assert found.ok
    assert (found.sample_rate, found.duration_ms) == (sample_rate, 10_000)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
def test_a_recording_of_one_frame_is_measured(write_audio, name) -> None:
    path = write_audio(name, np.full((1, 2), 0.5, dtype=np.float32))
    found = inspect(path)
    assert "too_short" in found.codes
    assert found.frames == 1
    assert found.pcm_sha256 is not None


def test_a_file_without_a_byte_is_empty(tmp_path) -> None:
    path = tmp_path / "a.mp3"
    path.touch()
    found = inspect(path)
    assert found.codes == ("empty",)
    assert found.file_sha256 == hashlib.sha256().hexdigest()
    assert (found.duration_ms, found.pcm_sha256, found.sample_rate) == (0, None, None)


def test_a_file_without_a_frame_is_empty(write_audio) -> None:
    found = inspect(write_audio("a.wav", np.zeros((0, 1), dtype=np.float32)))
    assert found.codes == ("empty",)
    assert found.sample_rate == 44_100


def test_an_error_page_is_not_audio(tmp_path) -> None:
    path = tmp_path / "a.mp3"
    path.write_text("<!DOCTYPE html><html><title>404 Not Found</title></html>")
    found = inspect(path)
    assert found.codes == ("not_audio",)
    assert "an HTML page" in found.problems[0].detail


@pytest.mark.parametrize("content", [b"fLaC" + bytes(100), b"RIFF\0\0\0\0WAVE", b"OggS" * 50])
def test_damaged_audio_is_unreadable_and_not_something_else(tmp_path, content: bytes) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    assert inspect(path).codes == ("unreadable",)


def test_missing_files_and_folders_are_unreadable(tmp_path) -> None:
    for path in (tmp_path / "none.mp3", tmp_path):
        found = inspect(path)
        assert found.codes == ("unreadable",)
        assert (found.byte_size, found.file_sha256) == (0, None)


def test_samples_that_are_no_numbers_are_found(synth, write_audio) -> None:
    frames = synth(10)
    frames[1_000:1_003, 0] = [np.nan, np.inf, -np.inf]
    found = inspect(write_audio("a.wav", frames, subtype="FLOAT"))
    assert found.codes == ("unreadable",)
    assert found.problems[0].detail.startswith("3 samples")
    assert found.peak_dbfs is not None
    assert np.isfinite(found.peak_dbfs)


def test_every_problem_is_told_in_a_sentence(synth, write_audio, tmp_path) -> None:
    (tmp_path / "text.mp3").write_text("not found")
    truncated = write_audio("short.wav", np.zeros((44_100, 8), dtype=np.float32))
    truncated.write_bytes(truncated.read_bytes()[:300_000])
    problems: list[Problem] = []
    for path in (tmp_path / "text.mp3", tmp_path / "none.mp3", truncated):
        problems += inspect(path).problems
    codes = {problem.code for problem in problems}
    assert codes == set(PROBLEM_CODES) - {"empty"}
    for problem in problems:
        assert problem.detail[0].isupper() or problem.detail[0].isdigit()
        assert problem.detail.endswith(".")


@pytest.fixture(scope="module")
def small_files(synth, golden) -> dict[str, bytes]:
    files = {"mp3": (golden / "bit_reservoir.mp3").read_bytes()[:6_000]}
    for ending, subtype in (("wav", "PCM_16"), ("flac", "PCM_16"), ("ogg", "VORBIS")):
        buffer = io.BytesIO()
        sf.write(buffer, synth(0.1), 44_100, format=ending.upper(), subtype=subtype)
        files[ending] = buffer.getvalue()
    return files


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), ending=st.sampled_from(["mp3", "wav", "flac", "ogg"]))
def test_no_damage_makes_inspection_fail(small_files, tmp_path: Path, data, ending) -> None:
    content = bytearray(small_files[ending])
    for at in data.draw(st.lists(st.integers(0, min(len(content), 400) - 1), max_size=6)):
        content[at] = data.draw(st.integers(0, 255))
    path = tmp_path / f"a.{ending}"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    found = inspect(path)
    assert not found.ok
    assert set(found.codes) <= set(PROBLEM_CODES)
    assert (found.pcm_sha256 is None) == (found.frames == 0)


@pytest.mark.parametrize(
    "impossible",
    [
        {"min_duration_ms": -1},
        {"max_silent_share": 1.1},
        {"silence_dbfs": 3.0},
        {"silence_dbfs": float("nan")},
        {"duration_tolerance_ms": -1},
        {"duration_tolerance_share": -0.1},
        {"max_channels": 0},
    ],
)
def test_impossible_limits_are_refused(impossible) -> None:
    with pytest.raises(ParameterError):
        Limits(**impossible)


def test_decibels_are_relative_to_full_scale_and_have_a_floor() -> None:
    assert dbfs(1.0) == 0
    assert dbfs(0.1) == pytest.approx(-20)
    assert dbfs(0.0) == FLOOR_DBFS
    assert dbfs(1e-30) == FLOOR_DBFS
