"""Drum and cymbal patterns, as two parts: each can play without the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from numpy.random import Generator

from consonance.demo.corpus.score import BEATS_PER_BAR, Note

_KICK, _SNARE, _BRUSH = 36, 38, 40
_TOMS: Final = (50, 48, 47, 45, 43)
_CLOSED_HAT, _OPEN_HAT, _CRASH, _RIDE, _RIDE_BELL = 42, 46, 49, 51, 53


@dataclass(frozen=True, slots=True)
class Groove:
    """One bar for a kit, onsets in beats.

    Attributes
    ----------
    kick, snare
        Onsets.
    time
        Onsets of the cymbal that keeps time.
    time_key
        Its percussion key.
    """

    kick: tuple[float, ...]
    snare: tuple[float, ...]
    time: tuple[float, ...]
    time_key: int


_EIGHTHS: Final = tuple(k / 2 for k in range(8))
_QUARTERS: Final = (0.0, 1.0, 2.0, 3.0)
_SWING: Final = (0.0, 1.0, 1.67, 2.0, 3.0, 3.67)

_GROOVES: Final = (
    Groove((0.0, 2.0), (1.0, 3.0), _EIGHTHS, _CLOSED_HAT),
    Groove((0.0, 1.5, 2.0), (1.0, 3.0), _EIGHTHS, _CLOSED_HAT),
    Groove(_QUARTERS, (1.0, 3.0), (0.5, 1.5, 2.5, 3.5), _OPEN_HAT),
    Groove((0.0, 2.5), (2.0,), _QUARTERS, _RIDE),
    Groove((0.0, 2.0), (1.0, 3.0), _SWING, _RIDE),
    Groove((0.0, 1.75, 2.5), (1.0, 3.0, 3.75), _EIGHTHS, _RIDE_BELL),
    Groove((0.0, 0.75, 2.0, 2.75), (1.0, 3.0), _QUARTERS, _OPEN_HAT),
)


def random_groove(rng: Generator) -> Groove:
    """Return one of the grooves."""
    return _GROOVES[int(rng.integers(len(_GROOVES)))]


def beat(groove: Groove, n_bars: int, rng: Generator) -> list[Note]:
    """Return kicks, snares and a tom fill in every last bar of four, in beats."""
    notes: list[Note] = []
    for bar in range(n_bars):
        start = bar * BEATS_PER_BAR
        fill = bar % 4 == 3 and rng.random() < 0.8
        until = 2.0 if fill else float(BEATS_PER_BAR)
        notes += [Note(start + o, 0.2, _KICK, 104) for o in groove.kick if o < until]
        notes += [Note(start + o, 0.2, _SNARE, 98) for o in groove.snare if o < until]
        if rng.random() < 0.4:
            ghost = float(rng.choice([1.75, 2.25, 3.5]))
            notes += [Note(start + ghost, 0.1, _BRUSH, 52)] if ghost < until else []
        if fill:
            steps = 8 if rng.random() < 0.5 else 4
            notes += [
                Note(start + 2 + k * 2 / steps, 0.2, _TOMS[k * len(_TOMS) // steps], 88 + 2 * k)
                for k in range(steps)
            ]
    return sorted(notes, key=lambda note: (note.start, note.pitch))


def metal(groove: Groove, n_bars: int, rng: Generator) -> list[Note]:
    """Return the time-keeping cymbal, with a crash where a section begins, in beats."""
    notes = [Note(0.0, 2.0, _CRASH, 104)] if rng.random() < 0.8 else []
    for bar in range(n_bars):
        start = bar * BEATS_PER_BAR
        for onset in groove.time:
            opened = groove.time_key == _CLOSED_HAT and onset == 3.5 and rng.random() < 0.4
            key = _OPEN_HAT if opened else groove.time_key
            notes.append(Note(start + onset, 0.45, key, 92 if onset % 1 == 0 else 78))
    return sorted(notes, key=lambda note: (note.start, note.pitch))
