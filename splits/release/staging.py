"""The folder in which a release grows until it is whole."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, cast

_BLOCK = 1 << 20  # bytes hashed at once


def sha256_of(path: Path) -> str:
    """Return the hash of a file's bytes, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Hashed(io.RawIOBase):
    """A file that is hashed while it is written from its beginning to its end."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b")
        self._digest = hashlib.sha256()
        self._hashed = 0

    def write(self, data: object) -> int:
        """Write where the file stands; only what is appended in order is hashed on the way."""
        view = memoryview(cast("bytes", data)).cast("B")
        if self._hashed == self._file.tell():
            self._digest.update(view)
            self._hashed += len(view)
        elif self._file.tell() < self._hashed:
            self._hashed = -1  # something hashed is written over: read it all again in the end
        return self._file.write(view)

    def writable(self) -> bool:
        """Tell that it is for writing."""
        return True

    def readable(self) -> bool:
        """Tell that what was written can be read again."""
        return True

    def seekable(self) -> bool:
        """Tell that one may go back, as zip files are written."""
        return True

    def seek(self, place: int, whence: int = 0) -> int:
        """Go to a place."""
        return self._file.seek(place, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._file.tell()

    def readinto(self, buffer: object) -> int:
        """Read again what was written."""
        return self._file.readinto(cast("bytearray", buffer))

    def truncate(self, size: int | None = None) -> int:
        """Cut the file."""
        self._hashed = -1
        return self._file.truncate(size)

    def flush(self) -> None:
        """Hand everything to the system."""
        if not self._file.closed:
            self._file.flush()

    def finish(self) -> dict[str, object]:
        """Close the file and return its hash and size."""
        self._file.flush()
        size = self._file.seek(0, os.SEEK_END)
        if self._hashed == size:
            digest = self._digest.hexdigest()
        else:
            self._file.seek(0)
            digest = hashlib.file_digest(self._file, "sha256").hexdigest()
        self._file.close()
        return {"sha256": digest, "bytes": size}

    def abandon(self) -> None:
        """Close the file, whatever became of it."""
        self._file.close()


class Staging:
    """A folder whose files appear whole or not at all, and that remembers what belongs to it.

    Parameters
    ----------
    root : Path
        Made if absent; what a stopped run left there is used again where it is still right.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._facts: dict[str, dict[str, object]] = {}
        self._md5: dict[str, bytes] = {}
        self._folders: set[Path] = set()
        root.mkdir(parents=True, exist_ok=True)

    @property
    def names(self) -> list[str]:
        """What belongs to the release, sorted."""
        return sorted(self._facts)

    def holds(self, name: str, sha256: str) -> bool:
        """Tell whether the file is there with this hash; it then belongs."""
        path = self.root / name
        if not path.is_file() or path.is_symlink() or sha256_of(path) != sha256:
            return False
        self._facts[name] = {"sha256": sha256, "bytes": path.stat().st_size}
        return True

    def holds_audio(self, name: str, sha256: str) -> bool:
        """As `holds`, and note the file's MD5 on the way."""
        path = self.root / name
        try:
            data = b"" if path.is_symlink() else path.read_bytes()
        except OSError:
            return False
        if hashlib.sha256(data).hexdigest() != sha256:
            return False
        self._know_audio(name, data, sha256)
        return True

    def place_audio(self, name: str, data: bytes, sha256: str) -> None:
        """Put a clip in place whose hash is known.

        What a kill leaves half written has another hash, so that the next run writes it again: it
        needs no second name to be whole or not there.
        """
        path = self.root / name
        self._make_folder(path.parent)
        path.unlink(missing_ok=True)  # never through a link
        with path.open("wb", buffering=0) as file:
            file.write(data)
        self._know_audio(name, data, sha256)

    def md5_of(self, name: str) -> str:
        """Return the MD5 of a staged clip, which OpenMIC's table of checksums has."""
        return self._md5[name].hex()

    def write(self, name: str, content: bytes | str) -> None:
        """Put a file in place in one step."""
        data = content.encode() if isinstance(content, str) else content
        self.write_with(name, lambda file: file.write(data))

    def write_with(self, name: str, writer: Callable[[BinaryIO], object]) -> None:
        """As `write`, by a function that writes to an open file."""
        path = self.root / name
        self._make_folder(path.parent)
        temporary = path.with_name(path.name + ".part")
        raw = _Hashed(temporary)
        file = io.BufferedRandom(raw, _BLOCK)
        try:
            writer(cast("BinaryIO", file))
            file.flush()
            facts = raw.finish()
        finally:
            raw.abandon()
        temporary.replace(path)
        self._facts[name] = facts

    def write_lines(self, name: str, lines: Iterable[str]) -> None:
        """As `write`, line by line: the whole text is never in memory."""

        def write(file: BinaryIO) -> None:
            for line in lines:
                file.write(line.encode())

        self.write_with(name, write)

    def write_csv(
        self, name: str, header: Sequence[str] | None, rows: Iterable[Sequence[object]]
    ) -> None:
        """Write a CSV with LF line ends; None becomes an empty cell, floats keep every digit."""

        def write(file: BinaryIO) -> None:
            text = io.TextIOWrapper(file, "utf-8", newline="", write_through=False)
            writer = csv.writer(text, lineterminator="\n")
            if header is not None:
                writer.writerow(header)
            writer.writerows(rows)
            text.flush()
            text.detach()

        self.write_with(name, write)

    def _know_audio(self, name: str, data: bytes, sha256: str) -> None:
        self._facts[name] = {"sha256": sha256, "bytes": len(data)}
        self._md5[name] = hashlib.md5(data, usedforsecurity=False).digest()

    def _make_folder(self, folder: Path) -> None:
        if folder not in self._folders:
            folder.mkdir(parents=True, exist_ok=True)
            self._folders.add(folder)

    def remove_strangers(self) -> None:
        """Delete what an earlier run left and this one did not write."""
        for path in sorted(self.root.rglob("*"), reverse=True):
            if path.is_dir() and not path.is_symlink():
                if not any(path.iterdir()):
                    path.rmdir()
            elif path.relative_to(self.root).as_posix() not in self._facts:
                path.unlink()

    def facts(self) -> dict[str, dict[str, object]]:
        """Return hash and size of every file that belongs, by name."""
        return {name: self._facts[name] for name in self.names}
