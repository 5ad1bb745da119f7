from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

import consonance.audio.clips
from consonance.audio.clips import cut_clip, encode_ogg, read_clip
from consonance.audio.decode import read
from consonance.audio.ogg_serial import pages
from consonance.audio.pcm import pcm_sha256
from consonance.errors import IngestError, ParameterError


def decode(ogg: bytes) -> tuple[np.ndarray, int]:
    return sf.read(io.BytesIO(ogg), dtype="float32", always_2d=True)


def rms(frames: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(frames, dtype=np.float64))))


# --- encode_ogg -----------------------------------------------------------------------------


def test_ten_seconds_are_exactly_441000_frames(synth) -> None:
    frames, sample_rate = decode(encode_ogg(synth(10), 44_100))
    assert (frames.shape, sample_rate) == ((441_000, 2), 44_100)


@settings(max_examples=25)
@given(n_frames=st.integers(1, 150_000), channels=st.integers(1, 2))
def test_any_length_is_kept(n_frames: int, channels: int) -> None:
    noise = np.random.default_rng(n_frames).uniform(-0.1, 0.1, (n_frames, channels))
    assert decode(encode_ogg(noise, 44_100))[0].shape == (n_frames, channels)


def test_the_sound_survives(synth) -> None:
    original = synth(3)
    decoded, _ = decode(encode_ogg(original, 44_100))
    assert rms(decoded - original) < 0.1 * rms(original)


def test_the_same_samples_give_the_same_bytes(synth) -> None:
    assert encode_ogg(synth(2), 44_100) == encode_ogg(synth(2), 44_100)


def test_another_process_gives_the_same_bytes(synth, tmp_path) -> None:
    np.save(tmp_path / "pcm.npy", synth(2))
    program = (
        "import hashlib, sys, numpy; from consonance.audio.clips import encode_ogg;"
        "ogg = encode_ogg(numpy.load(sys.argv[1]), 44_100);"
        "print(hashlib.sha256(ogg).hexdigest())"
    )
    package_root = Path(consonance.audio.clips.__file__).parents[2]
    hashes = {
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "pcm.npy")],
            env={**os.environ, "PYTHONPATH": str(package_root), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert hashes == {hashlib.sha256(encode_ogg(synth(2), 44_100)).hexdigest()}


def test_the_serial_number_is_the_start_of_the_samples_hash(synth) -> None:
    frames = synth(1)
    ogg = encode_ogg(frames, 44_100)
    serials = {int.from_bytes(ogg[page][14:18], "little") for page in pages(ogg)}
    assert serials == {int(pcm_sha256(frames, 44_100)[:8], 16)}


def test_one_dimension_is_mono(synth) -> None:
    mono = synth(1, channels=1)
    assert encode_ogg(mono[:, 0], 44_100) == encode_ogg(mono, 44_100)


def test_higher_quality_is_nearer_the_sound_and_larger(synth) -> None:
    original = synth(2)
    small, large = (encode_ogg(original, 44_100, quality=quality) for quality in (0.1, 0.9))
    assert len(small) < len(large)
    assert rms(decode(large)[0] - original) < rms(decode(small)[0] - original)


@pytest.mark.parametrize("sample_rate", [1, 8_000, 200_000])
def test_the_limits_of_the_rate_are_taken(sample_rate: int) -> None:
    frames, rate = decode(encode_ogg(np.zeros((100, 2)), sample_rate))
    assert (frames.shape, rate) == ((100, 2), sample_rate)


@pytest.mark.parametrize(
    ("pcm", "sample_rate", "quality"),
    [
        (np.zeros((0, 2)), 44_100, 0.5),
        (np.zeros((100, 3)), 44_100, 0.5),
        (np.zeros((100, 2), dtype=np.int16), 44_100, 0.5),
        (np.full((100, 2), np.nan), 44_100, 0.5),
        (np.zeros((100, 2)), 44_100, 1.1),
        (np.zeros((100, 2)), 44_100, -0.1),
        (np.zeros((100, 2)), 44_100, float("nan")),
        (np.zeros((100, 2)), 0, 0.5),
        (np.zeros((100, 2)), 200_001, 0.5),  # libsndfile would end the process
    ],
)
def test_what_cannot_be_a_clip_is_refused(pcm, sample_rate: int, quality: float) -> None:
    with pytest.raises(ParameterError):
        encode_ogg(pcm, sample_rate, quality=quality)


# --- cut_clip -------------------------------------------------------------------------------


def test_a_clip_is_the_excerpt_encoded(synth, write_audio) -> None:
    path = write_audio("a.flac", synth(12))
    clip = cut_clip(path, 1_920, 10_000)
    excerpt, _ = read(path, start_ms=1_920, duration_ms=10_000)
    assert clip.ogg == encode_ogg(excerpt, 44_100)
    assert clip.sha256 == hashlib.sha256(clip.ogg).hexdigest()
    assert clip.pcm_sha256 == pcm_sha256(excerpt, 44_100)
    assert (clip.sample_rate, clip.channels, clip.frames) == (44_100, 2, 441_000)


@pytest.mark.parametrize("name", ["a.mp3", "a.ogg", "a.flac", "a.wav"])
def test_a_clip_is_the_same_each_time_it_is_cut(synth, write_audio, name) -> None:
    path = write_audio(name, synth(12))
    assert cut_clip(path, 1_920, 10_000) == cut_clip(path, 1_920, 10_000)


def test_mono_stays_mono(synth, write_audio) -> None:
    clip = cut_clip(write_audio("a.wav", synth(3, channels=1)), 500, 2_000)
    assert clip.channels == 1
    assert decode(clip.ogg)[0].shape == (88_200, 1)


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 22_050, 32_000, 48_000, 96_000, 192_000])
def test_every_rate_becomes_44100_with_exact_length(synth, write_audio, sample_rate) -> None:
    path = write_audio("a.wav", synth(12, sample_rate=sample_rate), sample_rate)
    for start_ms in (0, 7, 1_920, 2_000):
        clip = cut_clip(path, start_ms, 10_000)
        assert (clip.frames, clip.sample_rate) == (441_000, 44_100)
        assert decode(clip.ogg)[0].shape == (441_000, 2)


@pytest.mark.parametrize("start_ms", [0, 300, 1_000, 3_840])
@pytest.mark.parametrize("sample_rate", [22_050, 48_000])
def test_a_resampled_clip_is_a_part_of_the_whole_resampled(
    synth, write_audio, start_ms, sample_rate
) -> None:
    path = write_audio("a.wav", synth(8, sample_rate=sample_rate), sample_rate, subtype="FLOAT")
    whole = soxr.resample(read(path)[0], sample_rate, 44_100, quality="HQ")
    start = start_ms * 441 // 10
    # A filter that heard the cut would ring at its edges.
    np.testing.assert_allclose(
        read_clip(path, start_ms, 2_000), whole[start : start + 88_200], atol=1e-6
    )


def test_what_is_read_is_what_is_encoded(synth, write_audio) -> None:
    for sample_rate in (44_100, 32_000):
        path = write_audio("a.wav", synth(3, sample_rate=sample_rate), sample_rate)
        frames, clip = read_clip(path, 500, 2_000), cut_clip(path, 500, 2_000)
        assert frames.shape == (clip.frames, clip.channels)
        assert clip.pcm_sha256 == pcm_sha256(frames, 44_100)
        assert clip.ogg == encode_ogg(frames, 44_100)


def test_an_excerpt_that_ends_with_the_recording_fits(synth, write_audio) -> None:
    for sample_rate in (44_100, 22_050, 11_025):
        path = write_audio("a.wav", synth(3.333, sample_rate=sample_rate), sample_rate)
        assert cut_clip(path, 1_333, 2_000).frames == 88_200


def test_an_excerpt_past_the_end_is_refused(synth, write_audio) -> None:
    for sample_rate in (44_100, 48_000):
        path = write_audio("a.wav", synth(3, sample_rate=sample_rate), sample_rate)
        for start_ms in (1_010, 2_999, 60_000):
            with pytest.raises(IngestError, match="ends before") as caught:
                cut_clip(path, start_ms, 2_000)
            assert caught.value.reason == "too_short"


def test_more_than_two_channels_are_refused(synth, write_audio) -> None:
    path = write_audio("a.wav", synth(3, channels=3))
    with pytest.raises(IngestError, match="3 channels") as caught:
        cut_clip(path, 0, 2_000)
    assert caught.value.reason == "too_many_channels"


def test_samples_that_are_no_numbers_are_refused(synth, write_audio) -> None:
    frames = synth(3)
    frames[50_000] = np.nan
    path = write_audio("a.wav", frames, subtype="FLOAT")
    with pytest.raises(IngestError, match="not numbers"):
        cut_clip(path, 500, 2_000)
    assert cut_clip(path, 2_000, 500).frames == 22_050


def test_what_does_not_decode_is_refused(tmp_path) -> None:
    path = tmp_path / "a.mp3"
    path.write_text("<html>")
    with pytest.raises(IngestError) as caught:
        cut_clip(path, 0, 2_000)
    assert caught.value.reason == "unreadable"


@pytest.mark.parametrize(("start_ms", "duration_ms"), [(-1, 1_000), (0, 0), (0, -5)])
def test_impossible_excerpts_are_refused(synth, write_audio, start_ms, duration_ms) -> None:
    path = write_audio("a.wav", synth(1))
    with pytest.raises(ParameterError):
        cut_clip(path, start_ms, duration_ms)
