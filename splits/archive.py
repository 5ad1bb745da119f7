"""A release folder as one file."""

from __future__ import annotations

import hashlib
import tarfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Archive:
    """A tar file: where it lies, its length in bytes and its SHA-256."""

    path: Path
    size: int
    sha256: str


def pack(folder: Path) -> Archive:
    """Write the folder as one tar, not compressed: Ogg does not shrink further.

    It appears under its name when it is whole. One that a killed run left is written again: its
    bytes follow from the folder's.
    """
    archive = folder.with_name(f"{folder.name}.tar")
    part = archive.with_suffix(".part")
    try:
        with part.open("wb") as file:
            written = _Hashed(file)
            _write(folder, written)
        part.replace(archive)
    finally:
        part.unlink(missing_ok=True)
    return Archive(archive, written.size, written.digest.hexdigest())


class _Hashed:
    """A file that is hashed as it is written, from beginning to end."""

    def __init__(self, file: object) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        """Write and hash."""
        self.digest.update(data)
        self.size += len(data)
        self._file.write(data)  # type: ignore[attr-defined]
        return len(data)


def _write(folder: Path, written: _Hashed) -> None:
    # As a stream: tarfile then asks for nothing but `write`.
    with tarfile.open(
        fileobj=written, mode="w|", format=tarfile.PAX_FORMAT, bufsize=1 << 20
    ) as tar:  # type: ignore[call-overload]
        for path in sorted(folder.rglob("*")):
            info = tar.gettarinfo(path, arcname=str(path.relative_to(folder.parent)))
            # Nothing of this machine: the same release is the same archive everywhere.
            info.uid = info.gid = 0
            info.uname = info.gname = ""
            info.mtime = 0
            info.mode = 0o755 if path.is_dir() else 0o644
            if path.is_file():
                with path.open("rb") as file:
                    tar.addfile(info, file)
            else:
                tar.addfile(info)
            tar.members = []  # it would remember every one of them
