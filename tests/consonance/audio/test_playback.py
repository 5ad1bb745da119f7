"""The rendition that people hear."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import consonance.audio.playback
from consonance.audio.decoded import decode_clip
from consonance.audio.loudness import Loudness, integrated_lufs, true_peak_dbtp
from consonance.audio.mp3_header import FrameHeader, parse_frame_header, read_header
from consonance.audio.playback import (
    BIT_RATES,
    CEILING_DBTP,
    LARGEST_BOOST_DB,
    TARGET_LUFS,
    encode_mp3,
    playback_gain_db,
    render_playback,
)
from consonance.errors import ParameterError

RATE = 44_100


def mpeg_frames(mp3: bytes) -> list[FrameHeader]:
    """Return the headers of a file that is nothing but MPEG frames, one behind the other."""
    found, at = [], 0
    while at < len(mp3):
        header = parse_frame_header(mp3[at : at + 4])
        assert header is not None, f"no frame at byte {at}"
        found.append(header)
        at += header.n_bytes
    assert at == len(mp3)
    return found


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [32_000, 44_100, 48_000])
def test_every_frame_has_the_same_bit_rate(synth, channels: int, rate: int) -> None:
    headers = mpeg_frames(encode_mp3(synth(3, sample_rate=rate, channels=channels), rate))
    assert {header.bitrate for header in headers} == {1_000 * BIT_RATES[channels]}
    assert {header.channels for header in headers} == {channels}
    assert {header.sample_rate for header in headers} == {rate}


def test_the_first_frame_says_info_and_what_to_cut_off(synth, tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(encode_mp3(synth(3), RATE))
    header = read_header(path)
    assert header is not None
    assert (header.kind, header.offset) == ("Info", 0)
    assert header.announced_frames == 3 * RATE


@settings(max_examples=20)
@given(n_frames=st.integers(1, 60_000), channels=st.integers(1, 2))
def test_any_length_is_kept(n_frames: int, channels: int) -> None:
    noise = np.random.default_rng(n_frames).uniform(-0.1, 0.1, (n_frames, channels))
    assert decode_clip(encode_mp3(noise, RATE))[0].shape == (n_frames, channels)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [32_000, 44_100, 48_000])
def test_the_level_that_goes_in_comes_out(synth, channels: int, rate: int) -> None:
    original = synth(3, sample_rate=rate, channels=channels)
    decoded, _ = decode_clip(encode_mp3(original, rate))
    level = float((decoded * original).sum() / np.square(original).sum())
    assert level == pytest.approx(1, abs=0.01)


def test_the_same_samples_give_the_same_bytes_in_another_process(synth, tmp_path: Path) -> None:
    np.save(tmp_path / "pcm.npy", synth(2))
    program = (
        "import sys, numpy; from consonance.audio.playback import render_playback;"
        "print(render_playback(numpy.load(sys.argv[1]), 44_100).sha256)"
    )
    package_root = Path(consonance.audio.playback.__file__).parents[2]
    other = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "pcm.npy")],
        env={**os.environ, "PYTHONPATH": str(package_root), "PYTHONHASHSEED": "5"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    here = render_playback(synth(2), RATE)
    assert here == render_playback(synth(2), RATE)
    assert other == here.sha256 == hashlib.sha256(here.mp3).hexdigest()


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("gain", [0.1, 0.3, 1.0, 3.0])
def test_loud_and_soft_clips_are_heard_alike(synth, channels: int, gain: float) -> None:
    sound = synth(10, channels=channels) * np.float32(gain)
    made = render_playback(sound, RATE)
    decoded, _ = decode_clip(made.mp3)
    assert integrated_lufs(decoded, RATE) == pytest.approx(TARGET_LUFS, abs=0.2)
    assert true_peak_dbtp(decoded, RATE) < 0
    assert made.loudness.lufs + made.gain_db == pytest.approx(TARGET_LUFS, abs=1e-6)


def test_a_soft_clip_with_one_loud_stroke_stays_below_the_ceiling() -> None:
    rng = np.random.default_rng(4)
    sound = (0.003 * rng.standard_normal((10 * RATE, 2))).astype(np.float32)
    sound[5 * RATE : 5 * RATE + 40] = 0.9
    made = render_playback(sound, RATE)
    assert made.loudness.lufs + made.gain_db < TARGET_LUFS - 3
    assert made.loudness.true_peak_dbtp + made.gain_db == pytest.approx(CEILING_DBTP)
    assert true_peak_dbtp(decode_clip(made.mp3)[0], RATE) < 0


@given(
    lufs=st.none() | st.floats(-70, 10),
    peak=st.floats(-120, 20),
)
def test_the_gain_never_clips_and_never_lifts_too_far(lufs: float | None, peak: float) -> None:
    gain = playback_gain_db(Loudness(lufs=lufs, true_peak_dbtp=peak))
    assert peak + gain <= CEILING_DBTP + 1e-9
    assert gain <= LARGEST_BOOST_DB
    if lufs is None:
        assert gain <= 0
    else:
        assert lufs + gain <= TARGET_LUFS + 1e-9


def test_a_far_sound_is_lifted_only_so_far(synth) -> None:
    made = render_playback(synth(10) * np.float32(0.01), RATE)
    assert made.gain_db == LARGEST_BOOST_DB
    assert made.loudness.lufs < TARGET_LUFS - LARGEST_BOOST_DB


def test_a_clip_too_short_for_a_loudness_is_played_as_it_is(synth) -> None:
    made = render_playback(synth(0.3) * np.float32(0.5), RATE)
    assert (made.loudness.lufs, made.gain_db) == (None, 0.0)


@pytest.mark.parametrize(
    ("pcm", "rate"),
    [
        (np.zeros((0, 2)), RATE),
        (np.zeros((100, 3)), RATE),
        (np.zeros((100, 2), dtype=np.int16), RATE),
        (np.full((100, 2), np.inf), RATE),
        (np.zeros((100, 2)), 22_050),
        (np.zeros((100, 2)), 96_000),
        (np.zeros((100, 2)), 0),
    ],
)
def test_what_cannot_be_rendered_is_refused(pcm: np.ndarray, rate: int) -> None:
    with pytest.raises(ParameterError):
        encode_mp3(pcm, rate)
    with pytest.raises(ParameterError):
        render_playback(pcm, rate)
