"""Cut excerpts of tracks into clips: sound, rendition for playback, outline and picture."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction

from consonance.catalog.actions.render_clips import (
    RENDITION_FIELDS,
    fill_rendition,
    render_clips,
)
from consonance.catalog.clip_faults import Fault, forget_faults, note_faults
from consonance.catalog.ingest.crash_proof_pool import run_each
from consonance.catalog.ingest.cutting import cut_excerpt
from consonance.catalog.media_store import keep, size_of
from consonance.catalog.models import Clip, Track
from consonance.errors import ParameterError

Progress = Callable[[int, int], None]
Place = tuple[UUID, int]

_BATCH = 40  # clips that one transaction stores
_LOOKUP = 400  # tracks asked for at once, well below SQLite's limit of variables
_CUT_FIELDS = ["sample_rate", "channels", "audio_sha256", "pcm_sha256", "audio_bytes", "peaks"]


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
    its files lie whole in the media store, and only of sound that was decoded again and found to
    be what was cut. What fails is written down as a `ClipFault` and becomes no clip, so that no
    candidate and no question can name it.

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
    _reuse(wanted, duration_ms, done, processes)
    requests = {
        (str(track.file), start_ms, duration_ms, track.file_sha256, str(pk)): (pk, start_ms)
        for (pk, start_ms), track in wanted.items()
        if (pk, start_ms) not in done.clips and (pk, start_ms) not in done.failures
    }
    tell = progress or _silent
    tell(len(wanted) - len(requests), len(wanted))
    cut: dict[Place, dict[str, Any]] = {}
    for outcome in run_each(cut_excerpt, requests, processes=processes):
        result = outcome.result
        if outcome.crashed:
            sentence = "The decoder crashed on this recording."
            result = {"failure": sentence, "reason": "crashed"}
        place = requests[outcome.item]
        cut[place] = result
        if "failure" in result:
            done.failures[place] = result["failure"]
        n_done = len(done.clips.keys() | done.failures.keys() | cut.keys())
        if len(cut) >= _BATCH or n_done == len(wanted):
            done.clips.update(_keep(cut, wanted, duration_ms))
            cut = {}
        tell(n_done, len(wanted))
    return done


def _reuse(wanted: dict[Place, Track], duration_ms: int, done: CutClips, processes: int) -> None:
    """Take the clips that are there, and render those that were cut before renditions were."""
    there = {}
    for clip in _stored(wanted, duration_ms):
        place = (clip.track_id, clip.start_ms)
        if clip.is_withdrawn:
            done.failures[place] = "The clip of this excerpt was withdrawn."
        elif _is_whole(clip):
            there[place] = clip
    bare = [clip.pk for clip in there.values() if not _has_rendition(clip)]
    if bare:
        rendered = render_clips(clips=bare, processes=processes)
        for place, clip in list(there.items()):
            if clip.pk in rendered.failures:
                done.failures[place] = rendered.failures[clip.pk]
                del there[place]
        for clip in Clip.objects.in_bulk(bare).values():
            if (clip.track_id, clip.start_ms) in there:
                clip.track = wanted[clip.track_id, clip.start_ms]
                there[clip.track_id, clip.start_ms] = clip
    done.clips.update(there)


def _keep(
    cut: dict[Place, dict[str, Any]], wanted: dict[Place, Track], duration_ms: int
) -> dict[Place, Clip]:
    """Store files, then rows; return the rows, which another process may have written first."""
    rows, faults = [], []
    for (pk, start_ms), facts in cut.items():
        track = wanted[pk, start_ms]
        if "failure" in facts:
            reason, detail = facts["reason"], facts["failure"]
            faults.append(Fault(track, start_ms, duration_ms, reason, detail))
            continue
        ogg, mp3 = base64.b64decode(facts["ogg"]), base64.b64decode(facts["mp3"])
        clip = Clip(
            track=track,
            start_ms=start_ms,
            duration_ms=duration_ms,
            audio_bytes=len(ogg),
            **{name: facts[name] for name in _CUT_FIELDS if name != "audio_bytes"},
        )
        fill_rendition(clip, facts, len(mp3))
        keep(clip.spectrogram_name, base64.b64decode(facts["png"]))
        keep(clip.playback_name, mp3)
        keep(clip.audio_name, ogg)
        rows.append(clip)
    with transaction.atomic():
        Clip.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["track", "start_ms", "duration_ms"],
            update_fields=[*_CUT_FIELDS, *RENDITION_FIELDS],
        )
        well = {(clip.track_id, clip.start_ms): clip.track for clip in rows}
        found = list(_stored(well, duration_ms))
        forget_faults([(clip.track, clip.start_ms) for clip in rows], duration_ms)
        note_faults(faults)
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
    """Return whether sound and picture are there: a store may have been emptied or moved."""
    return size_of(clip.audio_name) == clip.audio_bytes and bool(size_of(clip.spectrogram_name))


def _has_rendition(clip: Clip) -> bool:
    return bool(clip.playback_sha256) and size_of(clip.playback_name) == clip.playback_bytes


def _silent(*_: Any) -> None:
    """Tell nobody."""
