"""A release folder as one file."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path


def pack(folder: Path) -> Path:
    """Write the folder as one tar, not compressed: Ogg does not shrink further."""
    archive = folder.with_name(f"{folder.name}.tar")
    part = archive.with_suffix(".part")
    try:
        _write(folder, part)
        part.replace(archive)
    finally:
        part.unlink(missing_ok=True)
    return archive


def _write(folder: Path, part: Path) -> None:
    with tarfile.open(part, "w", format=tarfile.PAX_FORMAT) as tar:
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


def sha256_of(path: Path) -> str:
    """Return the hash of a file of any size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
