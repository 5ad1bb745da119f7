"""Who is writing which shard now: a lock that goes with the process that holds it.

Nothing depends on it but time. Without it, as on a file system that knows no locks, a shard may be
computed twice, and comes out the same.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_FOLDER: Final = ".claims"
_UNKNOWN: Final = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}


@contextmanager
def claimed(shard: Path) -> Iterator[bool]:
    """Claim a shard for the length of a `with` block; gives whether nobody else has."""
    place = shard.parent / _FOLDER
    place.mkdir(parents=True, exist_ok=True)
    handle = os.open(place / shard.stem, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        yield _locked(handle)
    finally:
        os.close(handle)  # the lock goes with it


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
    return True


def discard(folder: Path) -> None:
    """Remove the claims of a score set that is complete."""
    place = folder / _FOLDER
    if place.is_dir():
        for path in place.iterdir():
            path.unlink(missing_ok=True)
        place.rmdir()
