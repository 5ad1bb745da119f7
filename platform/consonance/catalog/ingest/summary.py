"""What an import came to, in numbers and in a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from consonance.catalog.ingest.track_fields import (
    INFORMATIONAL,
    MISSING,
    QUARANTINED,
    READY,
    Problem,
)
from consonance.catalog.wording import counted, length, problem_words


def summarise(tracks: Iterable[tuple[str, list[Problem], int]]) -> dict[str, Any]:
    """Count a collection's tracks.

    Parameters
    ----------
    tracks
        State, problems and length in milliseconds of each.

    Returns
    -------
    dict
        `tracks`, `ready`, `quarantined`, `missing`, `ready_ms`; `reasons` and `notes`, counts by
        code; and `summary`. A track with two reasons counts under both.
    """
    states: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    ready_ms = 0
    for state, problems, duration_ms in tracks:
        states[state] += 1
        ready_ms += duration_ms if state == READY else 0
        for problem in problems:
            code = problem["code"]
            if code in INFORMATIONAL:
                notes[code] += 1
            elif state == QUARANTINED:
                reasons[code] += 1
    return {
        "tracks": states.total(),
        "ready": states[READY],
        "quarantined": states[QUARANTINED],
        "missing": states[MISSING],
        "ready_ms": ready_ms,
        "reasons": dict(sorted(reasons.items())),
        "notes": dict(sorted(notes.items())),
        "summary": _sentence(states, reasons, notes, ready_ms),
    }


def _sentence(
    states: Mapping[str, int], reasons: Mapping[str, int], notes: Mapping[str, int], ready_ms: int
) -> str:
    total = sum(states.values())
    text = (
        f"{states[READY]:,} of {counted(total, 'track')} {'is' if total == 1 else 'are'} ready "
        f"({length(ready_ms)})"
    )
    if states[QUARANTINED]:
        why = ", ".join(f"{problem_words(code)} {n:,}" for code, n in sorted(reasons.items()))
        text += f"; {states[QUARANTINED]:,} in quarantine ({why})"
    if states[MISSING]:
        text += f"; {counted(states[MISSING], 'row')} without file"
    if notes.get("no_metadata"):
        text += f"; {counted(notes['no_metadata'], 'file')} without row"
    if notes.get("same_sound"):
        text += f"; {notes['same_sound']:,} with the sound of another"
    return text + "."
