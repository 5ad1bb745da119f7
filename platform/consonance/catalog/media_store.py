"""Files in the media store, whichever storage is set: a folder or a bucket."""

from __future__ import annotations

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage


def size_of(name: str) -> int | None:
    """Return a file's length in bytes; None where there is no such file."""
    try:
        return int(default_storage.size(name))
    except FileNotFoundError:
        return None


def read(name: str) -> bytes | None:
    """Return a file's bytes; None where there is no such file."""
    try:
        with default_storage.open(name, "rb") as file:
            content: bytes = file.read()
    except FileNotFoundError:
        return None
    return content


def keep(name: str, content: bytes, *, replace: bool = False) -> None:
    """Put a file that is named by its content into the store, unless it lies there whole.

    Parameters
    ----------
    name
        Where; it never holds other content, so the same length means the same file.
    content
        The bytes.
    replace
        Write it even so: what lies there was found to be damaged.
    """
    size = size_of(name)
    if size == len(content) and not replace:
        return
    if size is not None:  # damaged, or a process was killed while it wrote
        default_storage.delete(name)
    kept = default_storage.save(name, ContentFile(content))
    if kept != name:  # somebody stored the same content meanwhile
        default_storage.delete(kept)


def discard(name: str) -> None:
    """Delete a file that is not what its name says; one that is not there is no error."""
    default_storage.delete(name)
