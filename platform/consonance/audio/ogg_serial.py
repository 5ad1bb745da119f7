"""Give an Ogg stream a chosen serial number, so that encoding the same audio gives the same bytes.

Ogg (RFC 3533) marks every page of a logical stream with a 32-bit serial number, and encoders draw
it at random. It stands in each page's header, which the page's checksum covers; so to change it is
to change two fields of every page and nothing else.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from consonance.errors import ParameterError

_CAPTURE = b"OggS"
_HEADER_BYTES = 27  # up to and including the number of segments
_SERIAL = slice(14, 18)
_CHECKSUM = slice(22, 26)
_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def page_checksum(page: bytes | bytearray) -> int:
    """Return the checksum an Ogg page must carry.

    Parameters
    ----------
    page : bytes
        A whole page, whatever its checksum field holds.

    Returns
    -------
    int
        CRC-32 with polynomial 0x04C11DB7, most significant bit first, initial value 0 and no
        final inversion, over the page with its checksum field set to zero.

    Notes
    -----
    zlib's CRC-32 has the same polynomial but takes the least significant bit first, starts at all
    ones and inverts its result. Reversing the bits of every byte on the way in and of the sum on
    the way out, and undoing both inversions, turns the one into the other, at zlib's speed.
    """
    blank = bytearray(page)
    blank[_CHECKSUM] = bytes(4)
    mirrored = zlib.crc32(blank.translate(_REVERSED_BITS), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_REVERSED_BITS), "big")


def pages(stream: bytes) -> Iterator[slice]:
    """Yield where each page of an Ogg stream lies.

    Parameters
    ----------
    stream : bytes
        An Ogg file.

    Yields
    ------
    slice
        The bytes of one page, in order and without gaps.

    Raises
    ------
    ParameterError
        If something other than a page lies in the stream, or its last page is cut off.
    """
    start = 0
    while start < len(stream):
        if stream[start : start + 5] != _CAPTURE + b"\0":
            raise ParameterError(f"No Ogg page (version 0) at byte {start}: not an Ogg stream.")
        lacing_start = start + _HEADER_BYTES
        n_segments = stream[lacing_start - 1] if lacing_start <= len(stream) else 0
        lacing = stream[lacing_start : lacing_start + n_segments]
        end = lacing_start + n_segments + sum(lacing)
        if end > len(stream):
            raise ParameterError(f"The Ogg page at byte {start} is cut off: the file is not whole.")
        yield slice(start, end)
        start = end


def with_serial(stream: bytes, serial: int) -> bytes:
    """Return the same Ogg stream under another serial number.

    Parameters
    ----------
    stream : bytes
        An Ogg file with one logical stream.
    serial : int
        0 to 2**32 - 1.

    Returns
    -------
    bytes
        The stream with the serial number set and the checksum recomputed page by page; nothing
        that a decoder turns into sound is touched.

    Raises
    ------
    ParameterError
        If the serial is out of range, or the bytes are not one undamaged logical Ogg stream.
    """
    if not 0 <= serial <= 0xFFFFFFFF:
        raise ParameterError(f"An Ogg serial number has 32 bits: {serial} is out of range.")
    changed = bytearray(stream)
    old_serial: bytes | None = None
    for where in pages(stream):
        page = changed[where]
        if page_checksum(page) != struct.unpack("<I", page[_CHECKSUM])[0]:
            raise ParameterError(f"The Ogg page at byte {where.start} fails its checksum.")
        if old_serial not in (None, bytes(page[_SERIAL])):
            raise ParameterError(
                "The file holds more than one logical Ogg stream: their serial numbers "
                "must stay different."
            )
        old_serial = bytes(page[_SERIAL])
        page[_SERIAL] = struct.pack("<I", serial)
        page[_CHECKSUM] = struct.pack("<I", page_checksum(page))
        changed[where] = page
    return bytes(changed)
