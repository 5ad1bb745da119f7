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


def same_strong_tag(if_range: str | None, etag: str) -> bool:
    """Return whether `If-Range` lets a range be answered: no condition, or exactly this tag.

    Dates never match: we send no `Last-Modified`, content has its hash for a name.
    """
    return if_range is None or if_range.strip() == etag


def tag_is_known(if_none_match: str | None, etag: str) -> bool:
    """Return whether the client has this content already (`If-None-Match`, weakly compared)."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags
