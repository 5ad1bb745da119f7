"""A tar file that is never written: any of its bytes is known from names and sizes alone.

The bytes are those that `splits.archive.pack` writes of the same files, so a whole release has the
same hash whichever way it is fetched; no Django.
"""

from __future__ import annotations

import io
import tarfile
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO, Any, Final

_BLOCK: Final = tarfile.BLOCKSIZE
_PLAIN_NAME: Final = 100  # bytes that the oldest kind of header has for a name
_PLAIN_SIZE: Final = 8**11  # one more than it can say of a size

#: Opens a file's bytes from an offset on.
Open = Callable[[str, int], IO[bytes]]


@dataclass(frozen=True)
class Member:
    """A file: its name in the archive and its length in bytes."""

    name: str
    size: int


class TarLayout:
    """Where in a tar file which bytes of which file stand.

    Parameters
    ----------
    members
        Files in any order; folders are those that the names imply.

    Attributes
    ----------
    size : int
        Of the tar file, in bytes.
    """

    def __init__(self, members: Iterable[Member]) -> None:
        files = {member.name: member.size for member in members}
        folders: set[str] = set()
        for name in files:
            head = name.rpartition("/")[0]
            while head and head not in folders:  # of one that is known, those above it are, too
                folders.add(head)
                head = head.rpartition("/")[0]
        # By folder, as a walk through the tree meets them: "a/b" before "a-b".
        self._names = sorted([*files, *folders], key=lambda name: name.split("/"))
        # The tree's own root is no member of what `pack` writes.
        self._names = [name for name in self._names if "/" in name]
        self._sizes = [files.get(name, -1) for name in self._names]
        self._starts: list[int] = []
        place = 0
        for name, size in zip(self._names, self._sizes, strict=True):
            self._starts.append(place)
            place += _header_length(name, size) + _padded(max(0, size))
        self._end = place
        records = -(-(place + 2 * _BLOCK) // tarfile.RECORDSIZE)
        self.size = records * tarfile.RECORDSIZE

    def member_at(self, place: int) -> tuple[str, int, int, int] | None:
        """Return name, size, start and start of the content of the member at a byte.

        None behind the last one. The size of a folder is -1.
        """
        if place >= self._end:
            return None
        index = bisect_right(self._starts, place) - 1
        name, size, start = self._names[index], self._sizes[index], self._starts[index]
        return name, size, start, start + _header_length(name, size)


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _header_length(name: str, size: int) -> int:
    # A folder's name ends with a slash there.
    if name.isascii() and len(name) + (size < 0) <= _PLAIN_NAME and size < _PLAIN_SIZE:
        return _BLOCK
    return len(_header(name, size))


def _header(name: str, size: int) -> bytes:
    """Return a member's header; nothing of this machine or moment stands in it."""
    info = tarfile.TarInfo(name)
    if size < 0:
        info.type, info.mode = tarfile.DIRTYPE, 0o755
    else:
        info.size, info.mode = size, 0o644
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


class VirtualTar(io.RawIOBase):
    """A tar file to be read from any place; files are opened one after the other, as they come.

    Parameters
    ----------
    layout
        What stands where.
    open_file
        Called with a member's name and an offset into it.
    """

    def __init__(self, layout: TarLayout, open_file: Open) -> None:
        self._layout = layout
        self._open_file = open_file
        self._place = 0
        self._file: IO[bytes] | None = None
        self._file_at = -1  # the place in the archive that the open file stands at

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that one can go to any place."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, counted from the start."""
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("Only from the start.")
        self._place = offset
        return offset

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes; fewer only at the end, or where a file is cut short."""
        left = self._layout.size - self._place
        left = left if size < 0 else min(size, left)
        parts: list[bytes] = []
        while left > 0:
            part = self._next(left)
            if not part:
                break
            parts.append(part)
            self._place += len(part)
            left -= len(part)
        return b"".join(parts)

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer, as a buffered reader does; return how many bytes."""
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        """Close what is open."""
        self._let_go()
        super().close()

    def _next(self, most: int) -> bytes:
        """Return some bytes at the present place, at least one unless a file is cut short."""
        found = self._layout.member_at(self._place)
        if found is None:
            return bytes(most)
        name, size, start, content = found
        if self._place < content:
            return _header(name, size)[self._place - start :][:most]
        within = self._place - content
        if within >= size:
            return bytes(min(most, _padded(max(0, size)) - within))
        if self._file is None or self._file_at != self._place:
            self._let_go()
            self._file = self._open_file(name, within)
        part = self._file.read(min(most, size - within))
        self._file_at = self._place + len(part)
        if within + len(part) >= size:
            self._let_go()
        return part

    def _let_go(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()
