"""Cut excerpts of tracks into clips: sound, outline and picture."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from consonance.catalog.ingest.crash_proof_pool import run_each
from consonance.catalog.ingest.inspecting import cut_excerpt
from consonance.catalog.models import Clip, Track
from consonance.errors import ParameterError

Progress = Callable[[int, int], None]
Place = tuple[UUID, int]

_BATCH = 40  # clips that one transaction stores
_LOOKUP = 400  # tracks asked for at once, well below SQLite's limit of variables


@dataclass(frozen=True)
class CutClips:
    """What became of the excerpts.

    Attributes
    ----------
    clips
        Clip by track id and start in milliseconds.
    failures
        A sentence for each excerpt that could not be cut.
    """

    clips: dict[Place, Clip] = field(default_factory=dict)
    failures: dict[Place, str] = field(default_factory=dict)


def cut_clips(
    *,
    excerpts: Sequence[tuple[Track, int]],
    duration_ms: int,
    progress: Progress | None = None,
    processes: int = 2,
) -> CutClips:
    """Cut excerpts to files and store them by the hash of their content.

    Safe to repeat: excerpts that are clips already are not cut again. A row is written only when
    its files lie whole in the media store.

    Parameters
    ----------
    excerpts
        Tracks (with their collection) and starts in milliseconds.
    duration_ms
        Length of every clip.
    progress
        Called with how many excerpts are done and how many there are. What it raises stops the
        work; finished clips stay.
    processes
        How many excerpts are decoded at a time.

    Returns
    -------
    CutClips
        Every excerpt is in `clips` or in `failures`.

    Raises
    ------
    ParameterError
        If a start or the duration is out of range.
    """
    if duration_ms < 1 or any(start_ms < 0 for _, start_ms in excerpts):
        raise ParameterError("Clips start at 0 ms or later and last 1 ms or longer.")
    wanted = {(track.pk, start_ms): track for track, start_ms in excerpts}
    done = CutClips()
    for clip in _stored(wanted, duration_ms):
        if _is_whole(clip):
            done.clips[clip.track_id, clip.start_ms] = clip
    requests = {
        (str(track.file), start_ms, duration_ms, str(pk)): (pk, start_ms)
        for (pk, start_ms), track in wanted.items()
        if (pk, start_ms) not in done.clips
    }
    tell = progress or _silent
    tell(len(done.clips), len(wanted))
    cut: dict[Place, dict[str, Any]] = {}
    for outcome in run_each(cut_excerpt, requests, processes=processes):
        place = requests[outcome.item]
        failure = "The decoder crashed on this recording." if outcome.crashed else None
        failure = failure or outcome.result.get("failure")
        if failure:
            done.failures[place] = failure
        else:
            cut[place] = outcome.result
        n_done = len(done.clips) + len(cut) + len(done.failures)
        if len(cut) >= _BATCH or n_done == len(wanted):
            done.clips.update(_keep(cut, wanted, duration_ms))
            cut = {}
        tell(n_done, len(wanted))
    return done


def _keep(
    cut: dict[Place, dict[str, Any]], wanted: dict[Place, Track], duration_ms: int
) -> dict[Place, Clip]:
    """Store files, then rows; return the rows, which another process may have written first."""
    rows = []
    for (pk, start_ms), facts in cut.items():
        ogg = base64.b64decode(facts["ogg"])
        clip = Clip(
            track=wanted[pk, start_ms],
            start_ms=start_ms,
            duration_ms=duration_ms,
            audio_bytes=len(ogg),
            **{name: facts[name] for name in ("sample_rate", "channels", "peaks")},
            **{name: facts[name] for name in ("audio_sha256", "pcm_sha256")},
        )
        _store(clip.spectrogram_name, base64.b64decode(facts["png"]))
        _store(clip.audio_name, ogg)
        rows.append(clip)
    with transaction.atomic():
        Clip.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["track", "start_ms", "duration_ms"],
            update_fields=[
                "sample_rate", "channels", "audio_sha256", "pcm_sha256", "audio_bytes", "peaks",
            ],
        )  # fmt: skip
        found = list(_stored({place: wanted[place] for place in cut}, duration_ms))
    return {(clip.track_id, clip.start_ms): clip for clip in found}


def _stored(wanted: dict[Place, Track], duration_ms: int) -> Iterator[Clip]:
    tracks = list({pk: track for (pk, _), track in wanted.items()}.values())
    for start in range(0, len(tracks), _LOOKUP):
        some = {track.pk: track for track in tracks[start : start + _LOOKUP]}
        for clip in Clip.objects.filter(track__in=some, duration_ms=duration_ms):
            if (clip.track_id, clip.start_ms) in wanted:
                clip.track = some[clip.track_id]
                yield clip


def _is_whole(clip: Clip) -> bool:
    """Return whether both files are there: a store may have been emptied or moved."""
    return _size(clip.audio_name) == clip.audio_bytes and bool(_size(clip.spectrogram_name))


def _store(name: str, content: bytes) -> None:
    """Put a file into the media store unless it lies there whole."""
    size = _size(name)
    if size == len(content):
        return
    if size is not None:  # a process was killed while it wrote
        default_storage.delete(name)
    kept = default_storage.save(name, ContentFile(content))
    if kept != name:  # somebody stored the same content meanwhile
        default_storage.delete(kept)


def _size(name: str) -> int | None:
    try:
        return default_storage.size(name)
    except FileNotFoundError:
        return None


def _silent(*_: Any) -> None:
    """Tell nobody."""
