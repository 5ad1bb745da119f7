"""AudioSet's file formats, written: what the readers are tested with. Not a test."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np


def crc32c(data: bytes) -> int:
    """Return the plain checksum, bit by bit: slow, and independent of the reader's tables."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data: bytes) -> int:
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def entry(name: str, content: bytes) -> bytes:
    return field(1, field(1, name.encode()) + field(2, content))


def example(
    video: str = "abcdefghijk",
    start: float = 0.0,
    end: float = 10.0,
    labels: Sequence[int] = (0,),
    frames: Sequence[bytes] | None = None,
    *,
    packed: bool = True,
) -> bytes:
    """Return a SequenceExample as AudioSet's, its lists packed or not."""
    seconds = [bytes([second]) * 128 for second in range(3)] if frames is None else frames
    numbers = (
        field(1, b"".join(varint(label) for label in labels))
        if packed
        else b"".join(b"\x08" + varint(label) for label in labels)
    )
    context = (
        entry("video_id", field(1, field(1, video.encode())))
        + entry("start_time_seconds", field(2, field(1, struct.pack("<f", start))))
        + entry("end_time_seconds", field(2, field(1, struct.pack("<f", end))))
        + entry("labels", field(3, numbers))
    )
    rows = b"".join(field(1, field(1, field(1, frame))) for frame in seconds)
    return field(1, context) + field(2, entry("audio_embedding", rows))


def record(body: bytes) -> bytes:
    head = struct.pack("<Q", len(body))
    return head + struct.pack("<I", masked(head)) + body + struct.pack("<I", masked(body))


def noise(seed: int, seconds: int = 10) -> list[bytes]:
    return [
        row.tobytes()
        for row in np.random.default_rng(seed).integers(0, 256, (seconds, 128), np.uint8)
    ]
