"""Make the renditions of clips that have none, and look whether their files are still whole."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from consonance.catalog.clip_faults import FAULTS_OF_SOUND, Fault, forget_faults, note_faults
from consonance.catalog.ingest.crash_proof_pool import run_each
from consonance.catalog.ingest.cutting import render_excerpt
from consonance.catalog.media_store import discard, keep, read
from consonance.catalog.models import Clip, Withdrawal
from consonance.catalog.withdrawals import follow_withdrawal, write_withdrawal
from consonance.ledger.models import record

Progress = Callable[[int, int], None]

_BATCH = 40  # clips that one transaction stores
_LOOKUP = 400  # rows asked for at once, well below SQLite's limit of variables


@dataclass(frozen=True)
class RenderedClips:
    """What became of the clips.

    Attributes
    ----------
    rendered
        Clips that have a rendition now.
    repaired
        Those of them whose Ogg file was lost or damaged and was made again, byte for byte.
    failures
        A sentence for each clip that could not be rendered, by its id.
    withdrawn
        Those of the failures that were withdrawn, because their sound itself is at fault.
    """

    rendered: set[UUID] = field(default_factory=set)
    repaired: set[UUID] = field(default_factory=set)
    failures: dict[UUID, str] = field(default_factory=dict)
    withdrawn: set[UUID] = field(default_factory=set)


def render_clips(
    *, clips: Sequence[UUID], progress: Progress | None = None, processes: int = 2
) -> RenderedClips:
    """Render clips for playback from their recordings, or from their files.

    Each clip's Ogg file is decoded and compared on the way. A clip that turns out silent, damaged
    or of the wrong length as it was cut is withdrawn: nobody is asked about it or served it any
    more. What lies in the store under a clip's name and is not its file, byte for byte, is made
    again or taken away, so that nobody hears it. The files of releases never change.

    Parameters
    ----------
    clips
        Ids. Withdrawn clips are passed over.
    progress
        Called with how many clips are done and how many there are. What it raises stops the work;
        what is finished stays.
    processes
        How many clips are worked on at a time.

    Returns
    -------
    RenderedClips
        Every clip that is not withdrawn is in `rendered` or in `failures`.
    """
    done = RenderedClips()
    tell = progress or _silent
    tell(0, len(clips))
    rows: dict[str, Clip] = {}
    waiting: list[tuple[Clip, dict[str, Any]]] = []
    outcomes = run_each(render_excerpt, _requests(clips, rows), processes=processes)
    for n_done, outcome in enumerate(outcomes, start=1):
        result = outcome.result
        if outcome.crashed:
            sentence = "The decoder crashed on this clip or its recording."
            result = {"failure": sentence, "reason": "crashed"}
        waiting.append((rows.pop(outcome.item["clip"]), result))
        if len(waiting) >= _BATCH:
            _store(waiting, done)
            waiting = []
        tell(n_done, len(clips))
    _store(waiting, done)
    tell(len(clips), len(clips))
    return done


def _requests(clips: Sequence[UUID], rows: dict[str, Clip]) -> Iterator[dict[str, Any]]:
    """Yield work for the pool as it asks for it, and note each row in `rows` until it is done."""
    for first in range(0, len(clips), _LOOKUP):
        some = Clip.objects.filter(pk__in=clips[first : first + _LOOKUP], is_withdrawn=False)
        for clip in some.select_related("track__collection"):
            ogg = read(clip.audio_name)
            rows[str(clip.pk)] = clip
            yield {
                "clip": str(clip.pk),
                "path": str(clip.track.file),
                "start_ms": clip.start_ms,
                "duration_ms": clip.duration_ms,
                "sample_rate": clip.sample_rate,
                "channels": clip.channels,
                "audio_sha256": clip.audio_sha256,
                "pcm_sha256": clip.pcm_sha256,
                "ogg": None if ogg is None else base64.b64encode(ogg).decode("ascii"),
            }


def _store(results: list[tuple[Clip, dict[str, Any]]], done: RenderedClips) -> None:
    """Store files, then rows."""
    good, faults = [], []
    for clip, facts in results:
        if "failure" in facts:
            faults.append((clip, facts["reason"], facts["failure"]))
            if facts.get("discard"):
                discard(clip.audio_name)
            continue
        mp3 = base64.b64decode(facts["mp3"])
        if facts["ogg"] is not None:
            keep(clip.audio_name, base64.b64decode(facts["ogg"]), replace=True)
            done.repaired.add(clip.pk)
        fill_rendition(clip, facts, len(mp3))
        keep(clip.playback_name, mp3)
        good.append(clip)
    with transaction.atomic():
        Clip.objects.bulk_update(good, RENDITION_FIELDS)
        for duration_ms in {clip.duration_ms for clip in good}:
            well = [(c.track, c.start_ms) for c in good if c.duration_ms == duration_ms]
            forget_faults(well, duration_ms)
        note_faults(
            Fault(clip.track, clip.start_ms, clip.duration_ms, reason, detail)
            for clip, reason, detail in faults
        )
        for clip, reason, detail in faults:
            if reason in FAULTS_OF_SOUND:
                now = timezone.now()
                follow_withdrawal(clip.pk, now, None)
                write_withdrawal(
                    clip, reason=Withdrawal.Reason.DAMAGED, note=detail[:500], moment=now
                )
                record("withdraw_clip", target=clip, reason=reason, detail=detail)
    done.rendered.update(clip.pk for clip in good)
    done.failures.update((clip.pk, detail) for clip, _, detail in faults)
    done.withdrawn.update(clip.pk for clip, reason, _ in faults if reason in FAULTS_OF_SOUND)


#: What a rendition sets on its clip's row.
RENDITION_FIELDS = [
    "playback_sha256", "playback_bytes", "playback_gain_db",
    "loudness_lufs", "true_peak_dbtp", "rendered_at",
]  # fmt: skip


def fill_rendition(clip: Clip, facts: dict[str, Any], playback_bytes: int) -> None:
    """Set what a worker found of a rendition on a clip; nothing is saved."""
    for name in ("playback_sha256", "playback_gain_db", "loudness_lufs", "true_peak_dbtp"):
        setattr(clip, name, facts[name])
    clip.playback_bytes = playback_bytes
    clip.rendered_at = timezone.now()


def _silent(*_: Any) -> None:
    """Tell nobody."""
