"""Keys, scales and chord progressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from numpy.random import Generator

from consonance.demo.corpus.score import BEATS_PER_BAR, Chord

PITCH_NAMES: Final = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")

#: Semitones above the root, by Harte shorthand (Harte et al., ISMIR 2005).
CHORD_TONES: Final[dict[str, tuple[int, ...]]] = {
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "dim": (0, 3, 6),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "min7": (0, 3, 7, 10),
}

_SCALES: Final = {"maj": (0, 2, 4, 5, 7, 9, 11), "min": (0, 2, 3, 5, 7, 8, 10)}

# One chord a bar: (semitones above the tonic, quality).
_PROGRESSIONS: Final[dict[str, tuple[tuple[tuple[int, str], ...], ...]]] = {
    "maj": (
        ((0, "maj"), (7, "maj"), (9, "min"), (5, "maj")),
        ((0, "maj"), (9, "min"), (5, "maj"), (7, "7")),
        ((9, "min"), (5, "maj"), (0, "maj"), (7, "maj")),
        ((2, "min7"), (7, "7"), (0, "maj7"), (9, "min7")),
        ((0, "maj"), (5, "maj"), (0, "maj"), (7, "7")),
        ((5, "maj"), (7, "maj"), (4, "min"), (9, "min")),
        ((0, "maj7"), (4, "min7"), (5, "maj7"), (7, "7")),
        ((0, "maj"), (10, "maj"), (5, "maj"), (0, "maj")),
    ),
    "min": (
        ((0, "min"), (8, "maj"), (3, "maj"), (10, "maj")),
        ((0, "min"), (5, "min"), (7, "7"), (0, "min")),
        ((0, "min"), (10, "maj"), (8, "maj"), (7, "7")),
        ((0, "min7"), (5, "min7"), (10, "7"), (3, "maj7")),
        ((2, "dim"), (7, "7"), (0, "min"), (0, "min")),
        ((8, "maj"), (10, "maj"), (0, "min"), (3, "maj")),
    ),
}


@dataclass(frozen=True, slots=True)
class Key:
    """A tonic (pitch class, 0 = C) and a mode, `maj` or `min`."""

    tonic: int
    mode: str

    @property
    def scale(self) -> frozenset[int]:
        """Return the pitch classes of the scale."""
        return frozenset((self.tonic + step) % 12 for step in _SCALES[self.mode])

    def __str__(self) -> str:
        return f"{PITCH_NAMES[self.tonic]}:{self.mode}"


def random_key(rng: Generator) -> Key:
    """Return a key; two of three are major."""
    return Key(int(rng.integers(12)), "maj" if rng.random() < 2 / 3 else "min")


def progression(key: Key, n_bars: int, rng: Generator) -> tuple[Chord, ...]:
    """Return chords that fill `n_bars`, one a bar, some bars divided in two.

    Parameters
    ----------
    key
        Key the degrees are taken in.
    n_bars
        Bars of four beats.
    rng
        Source of chance.
    """
    choices = _PROGRESSIONS[key.mode]
    pattern = choices[int(rng.integers(len(choices)))]
    split_bar = int(rng.integers(4)) if rng.random() < 0.35 else -1
    chords: list[Chord] = []
    for bar in range(n_bars):
        degree, quality = pattern[bar % len(pattern)]
        root = (key.tonic + degree) % 12
        start = float(bar * BEATS_PER_BAR)
        if bar % len(pattern) == split_bar:
            following, following_quality = pattern[(bar + 1) % len(pattern)]
            chords.append(Chord(root, quality, start, 2.0))
            chords.append(Chord((key.tonic + following) % 12, following_quality, start + 2.0, 2.0))
        else:
            chords.append(Chord(root, quality, start, float(BEATS_PER_BAR)))
    return tuple(chords)


def pitch_classes(chord: Chord) -> tuple[int, ...]:
    """Return the chord's pitch classes, the root first."""
    return tuple((chord.root + step) % 12 for step in CHORD_TONES[chord.quality])


def pitches_between(classes: tuple[int, ...] | frozenset[int], low: int, high: int) -> list[int]:
    """Return the MIDI pitches of these pitch classes from `low` to `high`, ascending."""
    return [pitch for pitch in range(low, high + 1) if pitch % 12 in classes]


def harte(chord: Chord) -> str:
    """Return the chord's label in Harte's syntax, e.g. `A:min7`."""
    return f"{PITCH_NAMES[chord.root]}:{chord.quality}"
