from __future__ import annotations

import hashlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from consonance.audio.pcm import PcmDigest, as_frames, pcm_sha256, to_int16
from consonance.errors import ParameterError


def test_one_dimension_is_one_channel() -> None:
    assert as_frames(np.zeros(5)).shape == (5, 1)


def test_frames_are_single_precision_and_contiguous() -> None:
    frames = as_frames(np.zeros((2, 7), dtype=np.float64).T)
    assert frames.dtype == np.float32
    assert frames.shape == (7, 2)
    assert frames.flags.c_contiguous


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((3, 2), dtype=np.int16),
        np.zeros((3, 2, 1)),
        np.zeros((3, 0)),
        np.float32(0.5),
        np.array([0.0, np.nan]),
        np.array([[0.0, np.inf]]),
    ],
)
def test_ill_formed_samples_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(ParameterError):
        as_frames(bad)


@given(hnp.arrays(np.int16, st.integers(0, 200)))
def test_sixteen_bit_integers_survive_the_way_through_floats(integers: np.ndarray) -> None:
    floats = (integers / 32_768).astype(np.float32)
    np.testing.assert_array_equal(to_int16(floats), integers)


def test_what_exceeds_full_scale_is_clipped_and_does_not_wrap() -> None:
    loud = np.array([1.0, 1.5, -1.0, -7.0], dtype=np.float32)
    np.testing.assert_array_equal(to_int16(loud), [32_767, 32_767, -32_768, -32_768])


def test_the_hash_is_of_rate_channels_and_interleaved_little_endian_integers() -> None:
    frames = np.array([[0.5, -0.5], [0.25, 0.0]], dtype=np.float32)
    described = b"pcm-s16le" + struct.pack("<IH", 44_100, 2)
    described += struct.pack("<4h", 16_384, -16_384, 8_192, 0)
    assert pcm_sha256(frames, 44_100) == hashlib.sha256(described).hexdigest()


@given(st.lists(st.integers(0, 100), max_size=5))
def test_the_hash_does_not_depend_on_the_blocks(cuts: list[int]) -> None:
    frames = np.linspace(-1, 1, 200, dtype=np.float32).reshape(100, 2)
    digest = PcmDigest(8_000, 2)
    for block in np.split(frames, sorted(cuts)):
        digest.update(block)
    assert digest.hexdigest() == pcm_sha256(frames, 8_000)


def test_rate_and_shape_are_part_of_the_hash() -> None:
    frames = np.linspace(-1, 1, 12, dtype=np.float32)
    hashes = {
        pcm_sha256(frames.reshape(12, 1), 44_100),
        pcm_sha256(frames.reshape(6, 2), 44_100),
        pcm_sha256(frames.reshape(12, 1), 22_050),
    }
    assert len(hashes) == 3
