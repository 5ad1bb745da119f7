from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import soxr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consonance.audio.decode import frames_in, open_decoder, probe, read, read_mono, to_mono
from consonance.audio.mp3_header import read_header
from consonance.errors import IngestError, ParameterError

FORMATS = ["a.wav", "a.flac", "a.ogg", "a.mp3"]


def decode_whole(path: Path) -> np.ndarray:
    """Decode with soundfile alone in a single read, before which nothing is sought.

    soundfile.read would seek to the first frame, and change the last bits of an MPEG-2 file.
    """
    with sf.SoundFile(path) as file:
        return file.read(dtype="float32", always_2d=True)


# --- probe ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "container", "codec"),
    [
        ("a.wav", "WAV", "PCM_16"),
        ("a.flac", "FLAC", "PCM_16"),
        ("a.ogg", "OGG", "VORBIS"),
        ("a.mp3", "MP3", "MPEG_LAYER_III"),
    ],
)
def test_a_file_says_what_it_is(synth, write_audio, name, container, codec) -> None:
    path = write_audio(name, synth(1.5))
    found = probe(path)
    assert (found.container, found.codec) == (container, codec)
    assert (found.sample_rate, found.channels) == (44_100, 2)
    assert (found.header_frames, found.header_duration_ms) == (66_150, 1_500)
    assert found.byte_size == path.stat().st_size


def test_a_truncated_wav_still_announces_its_first_length(synth, write_audio) -> None:
    path = write_audio("a.wav", synth(2))
    path.write_bytes(path.read_bytes()[:100_000])
    assert probe(path).header_duration_ms == 2_000
    assert len(read(path)[0]) < 26_000


def test_a_truncated_mp3_still_announces_its_first_length(synth, write_audio) -> None:
    path = write_audio("a.mp3", synth(5))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    assert probe(path).header_duration_ms == 5_000


def test_an_mp3_without_its_announcement_has_no_announced_length(golden, tmp_path) -> None:
    whole = (golden / "bit_reservoir.mp3").read_bytes()
    path = tmp_path / "a.mp3"
    path.write_bytes(whole[417:])  # without the first frame, which holds the Xing header
    found = probe(path)
    assert (found.header_frames, found.header_duration_ms) == (None, None)
    assert found.sample_rate == 44_100


@pytest.mark.parametrize("content", [b"", b"<html></html>", b"RIFF", b"ID3" + bytes(500)])
@pytest.mark.parametrize("name", ["a.mp3", "a.wav", "a.raw", "a"])
def test_what_is_no_audio_is_refused(tmp_path, content: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    for refused in (probe, read):
        with pytest.raises(IngestError, match=name) as caught:
            refused(path)
        assert caught.value.reason == "unreadable"


def test_a_missing_file_and_a_folder_are_refused(tmp_path) -> None:
    for path in (tmp_path / "none.mp3", tmp_path):
        with pytest.raises(IngestError, match="no file"):
            probe(path)


# --- read -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_the_whole_file_is_read(synth, write_audio, name) -> None:
    path = write_audio(name, synth(3.3))
    frames, sample_rate = read(path)
    assert (frames.dtype, sample_rate) == (np.float32, 44_100)
    np.testing.assert_array_equal(frames, decode_whole(path))


@pytest.mark.parametrize("name", FORMATS)
def test_a_part_equals_the_same_part_of_the_whole(synth, write_audio, name) -> None:
    path = write_audio(name, synth(7))
    whole = decode_whole(path)
    for start_ms in (0, 1, 26, 1_000, 3_840, 6_500, 6_990):
        part, _ = read(path, start_ms=start_ms, duration_ms=400)
        start = frames_in(start_ms, 44_100)
        np.testing.assert_array_equal(part, whole[start : start + 17_640])


def test_plain_seeking_goes_wrong_in_the_golden_mp3(golden) -> None:
    # Otherwise the tests that follow would prove nothing.
    path = golden / "bit_reservoir.mp3"
    whole = decode_whole(path)
    with sf.SoundFile(path) as file:
        file.seek(10_000)
        sought = file.read(2_000, dtype="float32", always_2d=True)
    assert np.abs(sought - whole[10_000:12_000]).max() > 0.01


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(start_ms=st.integers(0, 8_100), duration_ms=st.integers(0, 300))
def test_bits_borrowed_from_earlier_frames_are_paid(golden, start_ms, duration_ms) -> None:
    path = golden / "bit_reservoir.mp3"
    part, rate = read(path, start_ms=start_ms, duration_ms=duration_ms)
    start = frames_in(start_ms, rate)
    expected = decode_whole(path)[start : start + frames_in(duration_ms, rate)]
    np.testing.assert_array_equal(part, expected)


@pytest.mark.parametrize("compression_level", [0.3, 0.99])
@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sample_rate", [48_000, 32_000, 24_000, 16_000, 8_000])
def test_every_version_of_mpeg_is_cut_exactly(
    synth, write_audio, sample_rate, channels, announced, compression_level
) -> None:
    frames = synth(6, sample_rate=sample_rate, channels=channels)
    options = {"bitrate_mode": "CONSTANT", "compression_level": compression_level}
    path = write_audio("a.mp3", frames, sample_rate, **options)
    if not announced:
        header = read_header(path)
        path.write_bytes(path.read_bytes()[header.offset + header.first_frame.n_bytes :])
    whole = decode_whole(path)
    for start_ms in range(0, 5_900, 433):
        part, _ = read(path, start_ms=start_ms, duration_ms=200)
        start = frames_in(start_ms, sample_rate)
        np.testing.assert_array_equal(part, whole[start : start + len(part)])


@pytest.mark.parametrize("name", [*FORMATS, "opus.ogg"])
@pytest.mark.parametrize("block_samples", [1, 2_001, 2**17])
def test_blocks_add_up_to_the_whole(synth, write_audio, golden, name, block_samples) -> None:
    if name == "opus.ogg":
        path = write_audio(name, synth(1, sample_rate=48_000), 48_000, subtype="OPUS")
    elif name == "a.mp3":
        path = golden / "bit_reservoir.mp3"
    else:
        path = write_audio(name, synth(1))
    whole = decode_whole(path)[30_000:40_000]
    with open_decoder(path) as decoder:
        blocks = list(decoder.blocks(start=30_000, n_frames=10_000, block_samples=block_samples))
    assert max(map(len, blocks)) <= max(1, block_samples // 2)
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_the_last_page_of_an_ogg_is_not_sought(synth, write_audio) -> None:
    # libsndfile takes a wrong position for frames on the last page, here near the 30th second.
    path = write_audio("a.ogg", synth(31))
    whole = decode_whole(path)
    for start_ms in range(0, 31_000, 487):
        part, _ = read(path, start_ms=start_ms, duration_ms=100)
        start = frames_in(start_ms, 44_100)
        np.testing.assert_array_equal(part, whole[start : start + 4_410])


@pytest.mark.parametrize("name", FORMATS)
def test_reading_past_the_end_gives_what_there_is(synth, write_audio, name) -> None:
    path = write_audio(name, synth(2))
    assert read(path, start_ms=1_500, duration_ms=1_000)[0].shape == (22_050, 2)
    assert read(path, start_ms=2_000)[0].shape == (0, 2)
    assert read(path, start_ms=600_000, duration_ms=1_000)[0].shape == (0, 2)


def test_reading_between_the_true_and_the_announced_end_gives_nothing(synth, write_audio) -> None:
    path = write_audio("a.mp3", synth(6))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    assert read(path, start_ms=5_000, duration_ms=500)[0].shape == (0, 2)


def test_a_file_of_no_frames_is_read_as_such(write_audio) -> None:
    path = write_audio("a.wav", np.zeros((0, 2), dtype=np.float32))
    assert read(path)[0].shape == (0, 2)
    assert read_mono(path, sample_rate=16_000).shape == (0,)


@pytest.mark.parametrize("times", [{"start_ms": -1}, {"duration_ms": -1}])
def test_negative_times_are_refused(synth, write_audio, times) -> None:
    path = write_audio("a.wav", synth(0.1))
    with pytest.raises(ParameterError):
        read(path, **times)
    with pytest.raises(ParameterError):
        read_mono(path, sample_rate=8_000, **times)


# --- mono -----------------------------------------------------------------------------------


def test_mono_is_the_mean_of_the_channels() -> None:
    frames = np.random.default_rng(3).uniform(-1, 1, (50, 6)).astype(np.float32)
    for channels in (1, 2, 6):
        mono = to_mono(frames[:, :channels])
        assert mono.dtype == np.float32
        np.testing.assert_allclose(mono, frames[:, :channels].mean(axis=1), atol=1e-6)


def test_reading_mono_at_the_files_rate_does_not_resample(synth, write_audio) -> None:
    path = write_audio("a.flac", synth(2))
    np.testing.assert_array_equal(read_mono(path, sample_rate=44_100), to_mono(decode_whole(path)))


@pytest.mark.parametrize("sample_rate", [16_000, 32_000, 48_000])
def test_resampling_while_decoding_equals_resampling_the_whole(
    synth, write_audio, sample_rate
) -> None:
    path = write_audio("a.flac", synth(4.2))
    streamed = read_mono(path, sample_rate=sample_rate)
    at_once = soxr.resample(to_mono(decode_whole(path)), 44_100, sample_rate, quality="HQ")
    assert streamed.shape == (round(4.2 * sample_rate),)
    np.testing.assert_array_equal(streamed, at_once)


def test_a_tone_keeps_its_pitch_and_level(write_audio) -> None:
    time = np.arange(44_100) / 44_100
    path = write_audio("a.wav", np.sin(2 * np.pi * 1_000 * time) / 2, subtype="FLOAT")
    mono = read_mono(path, sample_rate=16_000)
    expected = np.sin(2 * np.pi * 1_000 * np.arange(16_000) / 16_000) / 2
    np.testing.assert_allclose(mono[500:-500], expected[500:-500], atol=1e-4)


def test_an_impossible_rate_is_refused(synth, write_audio) -> None:
    with pytest.raises(ParameterError):
        read_mono(write_audio("a.wav", synth(0.1)), sample_rate=0)
