"""Let a curator hear an excerpt that is no clip: cut when it is asked for, kept for a while.

Nothing of a request becomes a path: a file is named by the hash of what it was cut from.
"""

from __future__ import annotations

import base64
import hashlib
import os
import threading
import uuid
from pathlib import Path
from typing import Final

from django.conf import settings

from candidates.models import ScoreSet
from consonance.catalog.ingest.crash_proof_pool import run_each
from consonance.catalog.ingest.cutting import cut_excerpt
from consonance.catalog.models import Track
from consonance.errors import ParameterError, StateError

#: Excerpts kept at most, about 160 kB each where they last ten seconds, and bytes; the one that was
#: longest not heard goes first.
KEPT: Final = 256
KEPT_BYTES: Final = 64_000_000
#: Excerpts that one web process cuts at a time, and how long others wait for their turn: short,
#: since whoever waits keeps a thread from those who rate.
_AT_ONCE: Final = 1
_WAIT_SECONDS: Final = 3
#: A recording of an hour is read through in some seconds; what takes longer hangs.
_CUT_SECONDS: Final = 60
_FOLDER: Final = ".heard"

_turns = threading.BoundedSemaphore(_AT_ONCE)


def require_excerpt(score_set: ScoreSet, track: Track, start_ms: int) -> None:
    """Refuse what is no excerpt of the score set's grid: there is no end of other starts.

    Raises
    ------
    ParameterError
        If no excerpt begins there.
    StateError
        If the track is in quarantine, or its file is missing.
    """
    if track.state != "ready":
        raise StateError(f"Track {track.track_no} cannot be heard: it is {track.state}.")
    is_inside = 0 <= start_ms <= track.duration_ms - score_set.window_ms
    if not is_inside or start_ms % score_set.hop_ms:
        raise ParameterError(
            f"No excerpt of track {track.track_no} begins at {start_ms} ms: they lie "
            f"{score_set.hop_ms} ms apart and last {score_set.window_ms} ms."
        )


def excerpt_sound(track: Track, start_ms: int, duration_ms: int) -> Path:
    """Return the file of an excerpt as people hear it, an MP3; cut if it is not there.

    Raises
    ------
    StateError
        If it cannot be cut, or too many are being cut at the moment.
    """
    content = f"{track.pk}/{track.file_sha256}/{start_ms}/{duration_ms}"
    path = folder() / f"{hashlib.sha256(content.encode()).hexdigest()}.mp3"
    if _touch(path):
        return path
    if not _turns.acquire(timeout=_WAIT_SECONDS):
        raise StateError("Others are hearing excerpts cut just now. Try again in some seconds.")
    try:
        if not _touch(path):  # somebody may have cut it while we waited
            _keep(path, _cut(track, start_ms, duration_ms))
    finally:
        _turns.release()
    return path


def folder() -> Path:
    """Return where the excerpts lie: beside the scores, in no score set's folder."""
    return Path(settings.SCORES_ROOT) / _FOLDER


def _cut(track: Track, start_ms: int, duration_ms: int) -> bytes:
    # In a process of its own: decoders are C code that reads whatever lies in an archive, and a
    # web process loads no numeric library.
    request = [str(track.file), start_ms, duration_ms, track.file_sha256]
    for outcome in run_each(cut_excerpt, [request], processes=1, seconds=_CUT_SECONDS):
        if outcome.crashed:
            raise StateError(
                f"The decoder crashed on track {track.track_no}, or took over {_CUT_SECONDS} s."
            )
        if "failure" in outcome.result:
            raise StateError(f"This excerpt cannot be heard: {outcome.result['failure']}")
        return base64.b64decode(outcome.result["mp3"])
    raise StateError("The excerpt was not cut.")  # pragma: no cover - one item, one outcome


def _touch(path: Path) -> bool:
    """Note that a file is wanted; return whether it is there."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    left = KEPT_BYTES
    for place, (old, size) in enumerate(_newest_first(path.parent)):
        left -= size
        # What was cut just now stays, however large it is.
        if place and (place >= KEPT or left < 0):
            old.unlink(missing_ok=True)


def _newest_first(place: Path) -> list[tuple[Path, int]]:
    """Return the files there and their bytes."""
    found = []
    for path in place.iterdir():
        try:
            facts = path.stat()
        except FileNotFoundError:
            continue  # another process cleared it away
        found.append((facts.st_mtime_ns, path, facts.st_size))
    return [(path, size) for _, path, size in sorted(found, reverse=True)]
