from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consonance.audio.mp3_header import find_first_frame, parse_frame_header, read_header

MPEG1_128K_STEREO = bytes([0xFF, 0xFB, 0x90, 0x00])  # 44.1 kHz, without checksum
FRAME_BYTES = 417


def frame(body: bytes = b"", head: bytes = MPEG1_128K_STEREO, size: int = FRAME_BYTES) -> bytes:
    return (head + body).ljust(size, b"\0")


def xing(kind: bytes, flags: int, fields: bytes, *, side_information: int = 32) -> bytes:
    return bytes(side_information) + kind + flags.to_bytes(4, "big") + fields


def id3(payload: bytes, *, footer: bool = False) -> bytes:
    size = bytes(len(payload) >> shift & 0x7F for shift in (21, 14, 7, 0))
    tag = b"ID3\x04\x00" + (b"\x10" if footer else b"\x00") + size + payload
    return tag + (b"3DI\x04\x00\x10" + size if footer else b"")


@pytest.fixture
def save(tmp_path: Path):
    def write(content: bytes) -> Path:
        path = tmp_path / "a.mp3"
        path.write_bytes(content)
        return path

    return write


def test_a_frame_header_is_read() -> None:
    header = parse_frame_header(MPEG1_128K_STEREO)
    assert header is not None
    assert (header.bitrate, header.sample_rate, header.channels) == (128_000, 44_100, 2)
    assert (header.n_bytes, header.n_samples, header.side_information_bytes) == (417, 1_152, 32)
    assert not header.protected


@pytest.mark.parametrize(
    ("head", "rate", "bitrate", "channels", "n_bytes", "n_samples"),
    [
        ([0xFF, 0xFB, 0x92, 0x00], 44_100, 128_000, 2, 418, 1_152),  # padded
        ([0xFF, 0xFA, 0x94, 0xC0], 48_000, 128_000, 1, 384, 1_152),  # protected, mono
        ([0xFF, 0xFB, 0xE8, 0x40], 32_000, 320_000, 2, 1_440, 1_152),  # joint stereo
        ([0xFF, 0xF3, 0x80, 0xC0], 22_050, 64_000, 1, 208, 576),  # MPEG-2
        ([0xFF, 0xE3, 0x18, 0x00], 8_000, 8_000, 2, 72, 576),  # MPEG-2.5
    ],
)
def test_versions_rates_and_channels_are_told_apart(
    head: list[int], rate: int, bitrate: int, channels: int, n_bytes: int, n_samples: int
) -> None:
    header = parse_frame_header(bytes(head))
    assert header is not None
    assert (header.sample_rate, header.bitrate, header.channels) == (rate, bitrate, channels)
    assert (header.n_bytes, header.n_samples) == (n_bytes, n_samples)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xfb\x90",
        b"RIFF",
        b"\xff\xfd\x90\x00",  # layer II
        b"\xff\xeb\x90\x00",  # reserved version
        b"\xff\xfb\xf0\x00",  # reserved bit rate
        b"\xff\xfb\x00\x00",  # free format
        b"\xff\xfb\x9c\x00",  # reserved sample rate
        b"\xff\xfb\x90\x02",  # reserved emphasis
    ],
)
def test_other_bytes_are_no_frame_header(head: bytes) -> None:
    assert parse_frame_header(head) is None


@given(st.binary(max_size=8))
def test_any_bytes_give_a_header_or_none(head: bytes) -> None:
    header = parse_frame_header(head)
    assert header is None or 24 <= header.n_bytes <= 1_441


def test_a_chance_sync_word_is_passed_over() -> None:
    junk = MPEG1_128K_STEREO + bytes(100)
    assert find_first_frame(junk + frame() + frame()) == len(junk)


def test_a_frame_of_another_rate_does_not_confirm_one() -> None:
    other = frame(head=b"\xff\xfb\x94\x00", size=384)
    assert find_first_frame(frame() + other + other) == FRAME_BYTES


def test_a_single_frame_that_ends_the_file_is_found() -> None:
    assert find_first_frame(b"junk" + frame()) == 4


@given(st.binary(max_size=400))
def test_looking_for_a_frame_never_fails(data: bytes) -> None:
    at = find_first_frame(data)
    assert at is None or parse_frame_header(data[at : at + 4]) is not None


@pytest.mark.parametrize("kind", [b"Xing", b"Info"])
def test_the_announced_length_is_read_from_a_xing_header(save, kind: bytes) -> None:
    body = xing(kind, 0b0001, (1_000).to_bytes(4, "big"))
    header = read_header(save(frame(body) + frame()))
    assert header is not None
    assert (header.kind, header.n_mpeg_frames) == (kind.decode(), 1_000)
    assert header.announced_frames == 1_000 * 1_152


def test_what_the_encoder_added_is_taken_off(save) -> None:
    counts = (1_000).to_bytes(4, "big") + (9).to_bytes(4, "big") + bytes(100) + bytes(4)
    lame = b"LAME3.100" + bytes(12) + bytes([576 >> 4, (576 & 15) << 4 | 1_234 >> 8, 1_234 & 255])
    header = read_header(save(frame(xing(b"Xing", 0b1111, counts + lame)) + frame()))
    assert header is not None
    assert (header.delay, header.padding) == (576, 1_234)
    assert header.announced_frames == 1_000 * 1_152 - 576 - 1_234


def test_mono_mpeg_2_and_protected_frames_have_their_own_place_for_it(save) -> None:
    head = b"\xff\xf2\x80\xc0"  # MPEG-2, mono, with checksum
    for checksum_bytes in (0, 2):
        body = bytes(checksum_bytes) + xing(b"Info", 1, (77).to_bytes(4, "big"), side_information=9)
        header = read_header(save(frame(body, head, 208) + frame(b"", head, 208)))
        assert header is not None
        assert header.announced_frames == 77 * 576


def test_a_vbri_header_is_read(save) -> None:
    body = bytes(32) + b"VBRI" + bytes(10) + (500).to_bytes(4, "big")
    header = read_header(save(frame(body) + frame()))
    assert header is not None
    assert (header.kind, header.announced_frames) == ("VBRI", 500 * 1_152)


def test_a_file_without_such_a_header_announces_nothing(save) -> None:
    header = read_header(save(frame() + frame()))
    assert header is not None
    assert (header.kind, header.announced_frames) == (None, None)


def test_a_xing_header_without_a_count_announces_nothing(save) -> None:
    header = read_header(save(frame(xing(b"Xing", 0b1000, bytes(4))) + frame()))
    assert header is not None
    assert (header.kind, header.announced_frames) == ("Xing", None)


@pytest.mark.parametrize("footer", [False, True])
def test_id3_tags_are_stepped_over(save, footer: bool) -> None:
    # A cover picture may hold what looks like frames.
    tags = id3(b"\0" * 300, footer=footer) + id3(frame() * 400)
    body = xing(b"Xing", 1, (3).to_bytes(4, "big"))
    header = read_header(save(tags + frame(body) + frame()))
    assert header is not None
    assert (header.offset, header.n_mpeg_frames) == (len(tags), 3)


@pytest.mark.parametrize("content", [b"", b"ID3", id3(b"x" * 50), b"<html>" * 1_000, bytes(70_000)])
def test_a_file_without_frames_has_no_header(save, content: bytes) -> None:
    assert read_header(save(content)) is None


def test_the_encoders_own_count_is_what_decodes(synth, write_audio) -> None:
    for rate, mode in ((44_100, "VARIABLE"), (22_050, "CONSTANT"), (48_000, "AVERAGE")):
        frames = synth(2.345, sample_rate=rate)
        path = write_audio("a.mp3", frames, rate, bitrate_mode=mode, compression_level=0.5)
        header = read_header(path)
        assert header is not None
        assert header.first_frame.sample_rate == rate
        assert header.announced_frames == len(frames)
