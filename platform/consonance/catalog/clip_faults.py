"""Keep account of excerpts that could not be cut or rendered, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from consonance.catalog.models import ClipFault, Track

#: Faults of the sound itself, as it was cut: a clip that has one is withdrawn. Of others (a file
#: that is lost, a decoder that crashed) the next attempt may think otherwise.
FAULTS_OF_SOUND = frozenset({"silent", "damaged", "wrong_length"})

_AT_ONCE = 100  # places that one DELETE names, well below SQLite's limit of expression depth


@dataclass(frozen=True)
class Fault:
    """What is wrong with an excerpt: a code, and a sentence for the curator."""

    track: Track
    start_ms: int
    duration_ms: int
    reason: str
    detail: str


def note_faults(faults: Iterable[Fault]) -> None:
    """Write faults down; of an excerpt, the last one found stays."""
    rows = {
        (fault.track.pk, fault.start_ms, fault.duration_ms): ClipFault(
            track=fault.track,
            start_ms=fault.start_ms,
            duration_ms=fault.duration_ms,
            reason=fault.reason,
            detail=fault.detail,
        )
        for fault in faults
    }
    ClipFault.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["track", "start_ms", "duration_ms"],
        update_fields=["reason", "detail", "found_at"],
    )


def forget_faults(excerpts: Iterable[tuple[Track, int]], duration_ms: int) -> None:
    """Forget the faults of excerpts (track and start) that turned out well."""
    places = list(excerpts)
    for first in range(0, len(places), _AT_ONCE):
        some = Q()
        for track, start_ms in places[first : first + _AT_ONCE]:
            some |= Q(track=track, start_ms=start_ms)
        ClipFault.objects.filter(some, duration_ms=duration_ms).delete()
