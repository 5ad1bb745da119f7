"""Where a release's files lie: in the folder it was built in, or in a bucket."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, Any, cast

from django.conf import settings
from django.core.files.storage import Storage, storages

from splits.models import Release

STORAGE = "releases"


def remote() -> Storage | None:
    """Return the storage that releases are kept in beside the disk, where one is set."""
    return storages[STORAGE] if STORAGE in settings.STORAGES else None


def remote_name(release: Release, name: str) -> str:
    """Return what a release's file is called in the storage."""
    return f"{release.folder.name}/{name}"


def path_of(release: Release, name: str) -> Path | None:
    """Return where a file of a release lies on disk; None where it does not."""
    path = release.folder / name
    return path if path.is_file() and not path.is_symlink() else None


def size_of(release: Release, name: str) -> int | None:
    """Return a file's length in bytes; None where it lies nowhere."""
    path = path_of(release, name)
    if path is not None:
        return path.stat().st_size
    storage = remote()
    if storage is None:
        return None
    try:
        return int(storage.size(remote_name(release, name)))
    except FileNotFoundError:
        return None


def open_at(release: Release, name: str, offset: int) -> IO[bytes]:
    """Open a file's bytes from an offset on, wherever it lies.

    Raises
    ------
    FileNotFoundError
        If it lies nowhere.
    """
    path = path_of(release, name)
    if path is not None:
        file = path.open("rb")
        file.seek(offset)
        return file
    storage = remote()
    if storage is None:
        raise FileNotFoundError(f"{release} has no {name} on this machine.")
    return _from_storage(storage, remote_name(release, name), offset)


def read(release: Release, name: str) -> bytes:
    """Return a small file's bytes (see `open_at`)."""
    with open_at(release, name, 0) as file:
        return file.read()


def _from_storage(storage: Storage, name: str, offset: int) -> IO[bytes]:
    file: Any = storage.open(name, "rb")
    bucket_object = getattr(file, "obj", None)
    if bucket_object is None:
        file.seek(offset)
        return cast("IO[bytes]", file)
    # django-storages would fetch all of it before the first byte is read.
    if offset >= bucket_object.content_length:
        return io.BytesIO()
    return cast("IO[bytes]", bucket_object.get(Range=f"bytes={offset}-")["Body"])
