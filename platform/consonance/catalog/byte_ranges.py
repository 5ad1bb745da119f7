"""Which bytes a `Range` header asks for (RFC 9110, sections 13 and 14); no Django."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes\s*=\s*([0-9]*)\s*-\s*([0-9]*)", re.IGNORECASE)
_LONGEST_NUMBER = 18  # digits; more would be a file of an exabyte


@dataclass(frozen=True)
class ByteRange:
    """Bytes `start` to `stop`, the latter not included."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.stop - self.start

    def content_range(self, size: int) -> str:
        """Return the answer's `Content-Range`."""
        return f"bytes {self.start}-{self.stop - 1}/{size}"


class UnsatisfiableRangeError(Exception):
    """The range lies outside the file: the answer is 416."""


def asked_range(header: str | None, size: int) -> ByteRange | None:
    """Return the part of a file that is asked for; None for the whole.

    Parameters
    ----------
    header
        The request's `Range`. What is ill-formed, of another unit, or of several parts is
        ignored, as the standard allows: the whole file is then the answer.
    size
        The file's length in bytes.

    Raises
    ------
    UnsatisfiableRangeError
        If the range begins behind the file's end, or is of no byte.
    """
    match = _RANGE.fullmatch((header or "").strip())
    if match is None or max(len(match[1]), len(match[2])) > _LONGEST_NUMBER:
        return None
    first, last = match[1], match[2]
    if not first and not last:
        return None
    if not first:  # the last so many bytes
        start, stop = max(0, size - int(last)), size
    elif last and int(last) < int(first):
        return None
    else:
        start = int(first)
        stop = min(size, int(last) + 1) if last else size
    if start >= stop:
        raise UnsatisfiableRangeError(header)
    return ByteRange(start, stop)


def part_may_be_sent(if_range: str | None, etag: str, last_modified: str | None) -> bool:
    """Return whether `If-Range` lets a part be the answer (RFC 9110, 13.1.5).

    Parameters
    ----------
    if_range
        The request's header: nothing, a tag, or a date.
    etag
        The file's tag, which is a strong one.
    last_modified
        The answer's `Last-Modified`, as it is sent; None where none is.

    Returns
    -------
    bool
        True without a condition, for exactly this tag, and for exactly this date: the standard
        asks for the same date, not for a later one. A weak tag is never good enough.
    """
    if if_range is None:
        return True
    condition = if_range.strip()
    return condition == etag or (last_modified is not None and condition == last_modified)
