"""Ids as columns of bytes: a million of them fit in 16 MB, and none becomes an object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pyarrow as pa

#: Bytes of a UUID, and of a pseudonym without its letter.
UUID_BYTES: Final = 16
RATER_BYTES: Final = 8

_HEX: Final = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_DASHES: Final = (8, 13, 18, 23)


def from_text(texts: Sequence[str]) -> pa.FixedSizeBinaryArray:
    """Return ids as bytes.

    Parameters
    ----------
    texts
        UUIDs in hexadecimal as a database casts them to text, with dashes or without.
    """
    return from_bytes(bytes.fromhex("".join(texts).replace("-", "")), UUID_BYTES)


def from_uuids(uuids: Iterable[UUID]) -> pa.FixedSizeBinaryArray:
    """Return ids as bytes."""
    return from_bytes(b"".join(each.bytes for each in uuids), UUID_BYTES)


def from_raters(names: Iterable[str]) -> pa.FixedSizeBinaryArray:
    """Return pseudonyms (`r` and 16 hexadecimal digits) as bytes."""
    return from_bytes(bytes.fromhex("".join(name[1:] for name in names)), RATER_BYTES)


def from_bytes(joined: bytes, width: int) -> pa.FixedSizeBinaryArray:
    """Return values of `width` bytes that lie one behind the other as a column."""
    kind = pa.binary(width)
    return pa.FixedSizeBinaryArray.from_buffers(
        kind, len(joined) // width, [None, pa.py_buffer(joined)]
    )


def whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a column in one piece."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def as_bytes(column: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.uint8]:
    """Return fixed-width values as numbers [shape=(n, width)]."""
    array = whole(column)
    width = array.type.byte_width
    if not len(array):
        return np.zeros((0, width), np.uint8)
    everything = np.frombuffer(array.buffers()[1], dtype=np.uint8)
    start = array.offset * width
    return everything[start : start + len(array) * width].reshape(-1, width)


def sort_keys(column: pa.Array | pa.ChunkedArray) -> tuple[npt.NDArray[np.uint64], ...]:
    """Return keys for `numpy.lexsort`, the least significant first.

    Their order is the order of the bytes, and so of the text.
    """
    words = as_bytes(column).view(">u8")
    return tuple(words[:, place].astype(np.uint64) for place in reversed(range(words.shape[1])))


def to_text(column: pa.Array | pa.ChunkedArray) -> pa.StringArray:
    """Return UUIDs as text with dashes, the way `str` writes them."""
    places = [place for place in range(2 * UUID_BYTES + len(_DASHES)) if place not in _DASHES]
    return _written(as_bytes(column), places, "-")


def rater_text(column: pa.Array | pa.ChunkedArray) -> pa.StringArray:
    """Return pseudonyms as text."""
    return _written(as_bytes(column), list(range(1, 1 + 2 * RATER_BYTES)), "r")


def _written(values: npt.NDArray[np.uint8], places: list[int], filler: str) -> pa.StringArray:
    """Return values in hexadecimal as text of equal length.

    Parameters
    ----------
    values : np.ndarray [shape=(n, width)]
    places : list of int [length=2 * width]
        Where in the text the digits stand.
    filler
        What stands everywhere else, and before the last digit.
    """
    width = places[-1] + 1
    text = np.full((len(values), width), ord(filler), np.uint8)
    for byte in range(values.shape[1]):  # column by column: no second copy of everything
        text[:, places[2 * byte]] = _HEX[values[:, byte] >> 4]
        text[:, places[2 * byte + 1]] = _HEX[values[:, byte] & 15]
    offsets = (np.arange(len(text) + 1, dtype=np.int64) * width).astype(np.int32)
    return pa.StringArray.from_buffers(
        len(text), pa.py_buffer(offsets), pa.py_buffer(text.reshape(-1))
    )
