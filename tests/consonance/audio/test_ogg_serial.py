from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st

from consonance.audio.ogg_serial import page_checksum, pages, with_serial
from consonance.errors import ParameterError


def bit_by_bit_checksum(page: bytes) -> int:
    """The definition in RFC 3533, one bit at a time."""
    register = 0
    for byte in page[:22] + bytes(4) + page[26:]:
        register ^= byte << 24
        for _ in range(8):
            top = register & 0x80000000
            register = (register << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if top else 0)
    return register


@pytest.fixture(scope="module")
def stream() -> bytes:
    """An Ogg file straight from libsndfile, with a serial number drawn at random."""
    noise = np.random.default_rng(1).uniform(-0.3, 0.3, (44_100, 2))
    buffer = io.BytesIO()
    sf.write(buffer, noise, 44_100, format="OGG", subtype="VORBIS")
    return buffer.getvalue()


@given(st.binary(min_size=27, max_size=300))
def test_the_checksum_is_that_of_the_standard(page: bytes) -> None:
    assert page_checksum(page) == bit_by_bit_checksum(page)


def test_the_checksum_agrees_with_libogg(stream: bytes) -> None:
    for where in pages(stream):
        page = stream[where]
        assert page_checksum(page) == int.from_bytes(page[22:26], "little")


def test_pages_cover_the_stream_without_gaps(stream: bytes) -> None:
    found = list(pages(stream))
    assert len(found) > 3
    assert found[0].start == 0
    assert found[-1].stop == len(stream)
    assert all(one.stop == other.start for one, other in itertools.pairwise(found))
    assert [int.from_bytes(stream[p][18:22], "little") for p in found] == list(range(len(found)))


def test_only_serials_and_checksums_change(stream: bytes) -> None:
    changed = with_serial(stream, 0xC0FFEE)
    assert len(changed) == len(stream)
    for where in pages(changed):
        old, new = stream[where], changed[where]
        assert new[14:18] == (0xC0FFEE).to_bytes(4, "little")
        assert int.from_bytes(new[22:26], "little") == bit_by_bit_checksum(new)
        assert (old[:14], old[18:22], old[26:]) == (new[:14], new[18:22], new[26:])


def test_the_sound_is_untouched(stream: bytes) -> None:
    before, _ = sf.read(io.BytesIO(stream), dtype="float32")
    after, rate = sf.read(io.BytesIO(with_serial(stream, 12345)), dtype="float32")
    assert rate == 44_100
    np.testing.assert_array_equal(after, before)


def test_setting_the_same_serial_again_changes_nothing(stream: bytes) -> None:
    once = with_serial(stream, 7)
    assert with_serial(with_serial(once, 8), 7) == once


@pytest.mark.parametrize("serial", [-1, 2**32])
def test_a_serial_of_more_than_32_bits_is_refused(stream: bytes, serial: int) -> None:
    with pytest.raises(ParameterError, match="32 bits"):
        with_serial(stream, serial)


def test_a_damaged_page_is_refused(stream: bytes) -> None:
    damaged = bytearray(stream)
    damaged[len(stream) // 2] ^= 1
    with pytest.raises(ParameterError):
        with_serial(bytes(damaged), 1)


@pytest.mark.parametrize("length", [1, 26, 27, 40, -1])
def test_a_stream_that_was_cut_off_is_refused(stream: bytes, length: int) -> None:
    with pytest.raises(ParameterError):
        with_serial(stream[:length], 1)


def test_something_else_is_refused() -> None:
    with pytest.raises(ParameterError, match="not an Ogg stream"):
        with_serial(b"RIFF" + bytes(100), 1)


def test_two_logical_streams_are_refused(stream: bytes) -> None:
    with pytest.raises(ParameterError, match="more than one logical"):
        with_serial(with_serial(stream, 1) + with_serial(stream, 2), 3)
