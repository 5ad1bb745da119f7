"""Damage planted into encoded clips, and whether it is heard."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consonance.audio.clips import encode_clip, encode_ogg
from consonance.audio.decoded import decode_clip, require_same_sound, require_sound
from consonance.audio.ogg_serial import page_checksum, pages
from consonance.audio.playback import encode_mp3
from consonance.errors import IngestError

RATE = 44_100
ENCODERS = {"ogg": encode_ogg, "mp3": encode_mp3}


def reason(encoded: bytes, frames: np.ndarray) -> str:
    """Return why a clip is refused; empty when it is not."""
    try:
        require_same_sound(encoded, frames, RATE)
    except IngestError as error:
        return error.reason
    return ""


def silent_reason(frames: np.ndarray) -> str:
    try:
        require_sound(frames.astype(np.float32), RATE)
    except IngestError as error:
        return error.reason
    return ""


@pytest.mark.parametrize("codec", ENCODERS)
@pytest.mark.parametrize("channels", [1, 2])
def test_a_whole_clip_passes(synth, codec: str, channels: int) -> None:
    frames = synth(5, channels=channels)
    assert reason(ENCODERS[codec](frames, RATE), frames) == ""


@pytest.mark.parametrize("codec", ENCODERS)
@settings(max_examples=10)
@given(seed=st.integers(0, 1_000), decibels=st.floats(-50, -6))
def test_noise_which_codes_worst_passes(codec: str, seed: int, decibels: float) -> None:
    noise = np.random.default_rng(seed).standard_normal((RATE, 2)) * 10 ** (decibels / 20) / 3
    frames = noise.astype(np.float32)
    assert reason(ENCODERS[codec](frames, RATE), frames) == ""


@pytest.mark.parametrize("codec", ENCODERS)
def test_a_clip_with_a_hole_in_the_middle_is_refused(synth, codec: str) -> None:
    frames = synth(5)
    holed = frames.copy()
    holed[2 * RATE : 2 * RATE + RATE // 10] = 0
    assert reason(ENCODERS[codec](holed, RATE), frames) == "damaged"


@pytest.mark.parametrize("codec", ENCODERS)
def test_a_clip_that_becomes_another_sound_in_the_middle_is_refused(synth, codec: str) -> None:
    frames = synth(5)
    spliced = frames.copy()
    spliced[2 * RATE : 3 * RATE] = frames[RATE : 2 * RATE] * np.float32(-0.9)
    with pytest.raises(IngestError, match=r"first at 2\.0") as caught:
        require_same_sound(ENCODERS[codec](spliced, RATE), frames, RATE)
    assert caught.value.reason == "damaged"


def test_one_channel_that_is_lost_is_refused(synth) -> None:
    frames = synth(5)
    deaf = frames.copy()
    deaf[:, 1] = 0
    assert reason(encode_ogg(deaf, RATE), frames) == "damaged"


def test_a_foreign_page_in_the_middle_of_an_ogg_is_refused(synth) -> None:
    """The page's checksum is right, so that a decoder takes it without a word."""
    frames = synth(10)
    whole = bytearray(encode_ogg(frames, RATE))
    middle = list(pages(bytes(whole)))[10]
    page = whole[middle]
    body = 27 + page[26]
    random = np.random.default_rng(3).integers(0, 256, len(page) - body)
    page[body:] = random.astype(np.uint8).tobytes()
    page[22:26] = struct.pack("<I", page_checksum(page))
    whole[middle] = page
    assert reason(bytes(whole), frames) in {"damaged", "wrong_length"}


def test_random_bytes_in_the_middle_of_an_mp3_are_refused(synth) -> None:
    frames = synth(10)
    whole = bytearray(encode_mp3(frames, RATE))
    middle = slice(len(whole) // 2, len(whole) // 2 + 2_000)
    whole[middle] = np.random.default_rng(3).integers(0, 256, 2_000).astype(np.uint8).tobytes()
    assert reason(bytes(whole), frames) in {"damaged", "wrong_length"}


@pytest.mark.parametrize("codec", ENCODERS)
def test_a_clip_that_is_cut_off_is_refused(synth, codec: str) -> None:
    frames = synth(5)
    encoded = ENCODERS[codec](frames, RATE)
    assert reason(encoded[: len(encoded) * 2 // 3], frames) in {"damaged", "wrong_length"}


@pytest.mark.parametrize("codec", ENCODERS)
def test_another_length_another_rate_and_another_number_of_channels_are_refused(
    synth, codec: str
) -> None:
    frames, encode = synth(3), ENCODERS[codec]
    assert reason(encode(frames[:-1], RATE), frames) == "wrong_length"
    assert reason(encode(frames, 48_000), frames) == "wrong_length"
    assert reason(encode(frames[:, :1], RATE), frames) == "wrong_length"


def test_what_is_no_audio_is_refused(synth) -> None:
    for encoded in (b"", b"<html>", bytes(1_000)):
        with pytest.raises(IngestError) as caught:
            decode_clip(encoded)
        assert caught.value.reason == "damaged"


def test_a_quiet_ending_may_differ_as_far_as_nobody_hears_it(synth) -> None:
    frames = synth(4)
    frames[2 * RATE :] *= np.float32(1e-5)
    assert reason(encode_ogg(frames, RATE), frames) == ""


def test_silence_is_no_clip(synth) -> None:
    loud = synth(10)
    almost = loud.copy()
    almost[RATE // 2 :] = 0  # half a second of sound
    noise = np.random.default_rng(1).standard_normal((10 * RATE, 2)) * 10 ** (-70 / 20)
    for frames in (np.zeros((10 * RATE, 2)), np.zeros((0, 1)), almost, noise):
        assert silent_reason(frames) == "silent"
    for frames in (loud, loud * 0.01, np.concatenate([loud[: 2 * RATE], np.zeros((8 * RATE, 2))])):
        assert silent_reason(frames) == ""


def test_silence_is_never_encoded_as_a_clip() -> None:
    with pytest.raises(IngestError, match="nothing to hear") as caught:
        encode_clip(np.zeros((RATE, 2)))
    assert caught.value.reason == "silent"
