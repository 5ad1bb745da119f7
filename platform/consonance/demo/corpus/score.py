"""Notes, chords and parts: what is composed before anything sounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from consonance.demo.corpus.timbres import Timbre

BEATS_PER_BAR: Final = 4


@dataclass(frozen=True, slots=True)
class Note:
    """One note; time in beats while composing, in seconds once timed.

    Attributes
    ----------
    start, length
        Onset and duration.
    pitch
        MIDI pitch, or percussion key.
    velocity
        1 to 127.
    """

    start: float
    length: float
    pitch: int
    velocity: int

    def moved(self, offset: float) -> Note:
        """Return the note `offset` later."""
        return Note(self.start + offset, self.length, self.pitch, self.velocity)


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord with its place.

    Attributes
    ----------
    root
        Pitch class, 0 = C.
    quality
        Harte shorthand: maj, min, 7, min7, maj7, dim.
    start, length
        In beats.
    """

    root: int
    quality: str
    start: float
    length: float


@dataclass(frozen=True, slots=True)
class Part:
    """What one instrument plays in a whole piece, in seconds.

    Attributes
    ----------
    class_name
        The taxonomy's class, None for an instrument outside it.
    timbre
        Preset it is played with.
    notes
        In order of onset.
    level_db
        Wanted level against the other parts of the mix.
    pan
        -1 left to 1 right.
    tuning
        Semitones away from concert pitch.
    """

    class_name: str | None
    timbre: Timbre
    notes: tuple[Note, ...]
    level_db: float = 0.0
    pan: float = 0.0
    tuning: float = 0.0


def timed(notes: Iterable[Note], *, beat_s: float, start_s: float = 0.0) -> list[Note]:
    """Return `notes` with beats turned into seconds.

    Parameters
    ----------
    notes
        Notes in beats.
    beat_s
        Seconds a beat lasts.
    start_s
        Where beat 0 lies.
    """
    return [Note(start_s + n.start * beat_s, n.length * beat_s, n.pitch, n.velocity) for n in notes]
