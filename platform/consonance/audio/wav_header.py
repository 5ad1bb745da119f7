"""The length a WAV file announces, before libsndfile shortens it to what is there."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

_UNKNOWN_32 = 0xFFFFFFFF  # written by programs that stream and cannot go back
_FORMAT_HEAD = struct.Struct("<HHIIH")  # tag, channels, rate, bytes per second, bytes per frame


def announced_frames(path: str | Path) -> int | None:
    """Return how many frames a WAV's header says it holds.

    libsndfile corrects a data chunk that claims more than the file has, without a word; so a
    WAV that was cut short can only be told by its own header.

    Parameters
    ----------
    path : str or Path
        A file in RIFF, RF64 or BW64 form.

    Returns
    -------
    int or None
        Frames announced by the data chunk; None if the file is no WAV or does not say.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with Path(path).open("rb") as file:
        form = file.read(12)
        if form[:4] not in (b"RIFF", b"RF64", b"BW64") or form[8:12] != b"WAVE":
            return None
        return _frames_of_data_chunk(file)


def _frames_of_data_chunk(file: BinaryIO) -> int | None:
    frame_bytes = 0
    long_size: int | None = None
    while len(head := file.read(8)) == 8:
        name, size = head[:4], int.from_bytes(head[4:], "little")
        if name == b"data":
            n_bytes = long_size if size == _UNKNOWN_32 else size
            return n_bytes // frame_bytes if n_bytes is not None and frame_bytes else None
        body_start = file.tell()
        body = file.read(min(size, 16))
        if name == b"fmt " and len(body) >= _FORMAT_HEAD.size:
            frame_bytes = _FORMAT_HEAD.unpack_from(body)[4]
        elif name == b"ds64" and len(body) >= 16:
            long_size = int.from_bytes(body[8:16], "little")
        file.seek(body_start + size + size % 2)  # chunks start at even offsets
    return None
