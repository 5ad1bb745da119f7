"""Where the recordings to score lie: on a disk of this machine, or in a bucket."""

from __future__ import annotations

import hashlib
import importlib.util
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from consonance.errors import IngestError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem  # type: ignore[import-untyped, unused-ignore]

_BLOCK: Final = 1 << 20  # bytes


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A file to score.

    Attributes
    ----------
    track_no
        Its number in the collection.
    path
        Where it lies: a path, or an address such as ``s3://bucket/archive/000123.mp3``.
    name
        What messages call it; they must not differ between machines. Its path when empty.
    file_sha256
        Of the file as it was inspected; nothing is compared when empty.
    """

    track_no: int
    path: Path | str
    name: str = ""
    file_sha256: str = ""

    @property
    def called(self) -> str:
        """What messages call it."""
        return self.name or str(self.path)


@contextmanager
def at_hand(recording: Recording) -> Iterator[Path]:
    """Give a file that can be decoded; one from elsewhere is fetched, and gone afterwards.

    Raises
    ------
    IngestError
        If there is no such file, it cannot be read, or is not the one that was inspected.
    """
    address = str(recording.path)
    if "://" not in address:
        path = Path(address)
        if recording.file_sha256:
            _require(recording, _digest_of(path, recording))
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="consonance-fetched-") as folder:
        path = Path(folder) / PurePosixPath(address).name
        digest = _fetch(address, path, recording)
        if recording.file_sha256:
            _require(recording, digest)
        yield path


def _digest_of(path: Path, recording: Recording) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise _missing(recording) from error
    except OSError as error:
        raise _unreadable(recording, error) from error


def _fetch(address: str, target: Path, recording: Recording) -> str:
    digest = hashlib.sha256()
    try:
        files, path = _files_of(address)
        with files.open(path, "rb") as source, target.open("wb") as sink:
            while block := source.read(_BLOCK):
                digest.update(block)
                sink.write(block)
    except FileNotFoundError as error:
        raise _missing(recording) from error
    except Exception as error:
        # Each kind of storage has errors of its own; one file must not stop the rest.
        raise _unreadable(recording, error) from error
    return digest.hexdigest()


def _files_of(address: str) -> tuple[AbstractFileSystem, str]:
    import fsspec

    # Without s3fs, which wants another boto than everybody else, our own reader does.
    if importlib.util.find_spec("s3fs") is None:
        from candidates.scoring.bucket import BucketFiles

        fsspec.register_implementation("s3", BucketFiles, clobber=True)
    found: tuple[Any, str] = fsspec.core.url_to_fs(address)
    return found


def _require(recording: Recording, digest: str) -> None:
    if digest != recording.file_sha256:
        raise IngestError(
            f"{recording.called} is not the file that was inspected: its content has changed. "
            "Import the archive again.",
            reason="changed",
        )


def _missing(recording: Recording) -> IngestError:
    return IngestError(
        f"There is no file at {recording.called}: check the archive's folder.", reason="missing"
    )


def _unreadable(recording: Recording, error: Exception) -> IngestError:
    said = getattr(error, "strerror", None) or type(error).__name__
    return IngestError(f"{recording.called} cannot be read: {said}.", reason="unreadable")
