from __future__ import annotations

import struct
from pathlib import Path

import pytest

from consonance.audio.wav_header import announced_frames

FORMAT = struct.pack("<HHIIHH", 1, 2, 44_100, 176_400, 4, 16)


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    size = len(body) if size is None else size
    return name + size.to_bytes(4, "little") + body + b"\0" * (len(body) % 2)


@pytest.fixture
def save(tmp_path: Path):
    def write(*chunks: bytes, form: bytes = b"RIFF", kind: bytes = b"WAVE") -> Path:
        path = tmp_path / "a.wav"
        path.write_bytes(form + bytes(4) + kind + b"".join(chunks))
        return path

    return write


def test_the_data_chunk_says_how_long_the_file_is(save) -> None:
    assert announced_frames(save(chunk(b"fmt ", FORMAT), chunk(b"data", bytes(400)))) == 100


def test_a_file_that_was_cut_short_still_says_so(save) -> None:
    path = save(chunk(b"fmt ", FORMAT), chunk(b"data", bytes(40), size=4_000))
    assert announced_frames(path) == 1_000


def test_other_chunks_of_odd_length_are_stepped_over(save) -> None:
    path = save(chunk(b"fmt ", FORMAT), chunk(b"LIST", b"abc"), chunk(b"data", bytes(8)))
    assert announced_frames(path) == 2


def test_a_long_file_says_it_in_another_chunk(save) -> None:
    sizes = struct.pack("<QQQ", 0, 4 * 2**33, 0)
    path = save(
        chunk(b"ds64", sizes),
        chunk(b"fmt ", FORMAT),
        chunk(b"data", b"", size=0xFFFFFFFF),
        form=b"RF64",
    )
    assert announced_frames(path) == 2**33


def test_a_stream_does_not_know_its_length(save) -> None:
    path = save(chunk(b"fmt ", FORMAT), chunk(b"data", bytes(8), size=0xFFFFFFFF))
    assert announced_frames(path) is None


@pytest.mark.parametrize(
    "chunks",
    [
        (),
        (chunk(b"fmt ", FORMAT),),
        (chunk(b"data", bytes(8)),),
        (chunk(b"fmt ", FORMAT[:5]), chunk(b"data", bytes(8))),
        (chunk(b"fmt ", bytes(16)), chunk(b"data", bytes(8))),
        (b"fmt ",),
    ],
)
def test_a_broken_header_announces_nothing(save, chunks: tuple[bytes, ...]) -> None:
    assert announced_frames(save(*chunks)) is None


def test_other_files_announce_nothing(save) -> None:
    assert announced_frames(save(chunk(b"data", bytes(8)), kind=b"AVI ")) is None
    assert announced_frames(save(chunk(b"data", bytes(8)), form=b"OggS")) is None
