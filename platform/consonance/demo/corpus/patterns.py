"""What pitched instruments play over a progression: bass lines, chords, long lines, melodies.

Every function takes chords in beats and returns notes in beats, before humanisation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from numpy.random import Generator

from consonance.demo.corpus.harmony import Key, pitch_classes, pitches_between
from consonance.demo.corpus.score import Chord, Note

_Pattern = tuple[tuple[float, float], ...]  # (onset, length) in beats

_LOW_RHYTHMS: Final[tuple[_Pattern, ...]] = (
    ((0, 3.8),),
    ((0, 1.9), (2, 1.9)),
    ((0, 1.4), (1.5, 0.5), (2, 1.9)),
    ((0, 0.9), (1, 0.9), (2, 0.9), (3, 0.9)),
    tuple((k / 2, 0.45) for k in range(8)),
)
_PLUCKED_RHYTHMS: Final[tuple[_Pattern, ...]] = (
    ((0, 1.9), (2, 1.9)),
    ((0, 0.9), (1, 0.9), (2, 0.9), (3, 0.9)),
    ((0, 1.4), (1.5, 0.9), (2.5, 0.5), (3, 0.9)),
    ((0.5, 0.4), (1.5, 0.4), (2.5, 0.4), (3.5, 0.4)),
)
_SUSTAINED_RHYTHMS: Final[tuple[_Pattern, ...]] = (
    ((0, 3.9),),
    ((0, 1.9), (2, 1.9)),
    ((0, 2.9), (3, 0.9)),
)
# Two bars of melody each.
_MELODY_RHYTHMS: Final[tuple[_Pattern, ...]] = (
    ((0, 1), (1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 2)),
    ((0, 1.5), (1.5, 0.5), (2, 2), (4, 1), (5, 1), (6, 1.5)),
    ((0, 0.5), (0.5, 0.5), (1, 1), (2, 0.5), (2.5, 0.5), (3, 1), (4, 3)),
    ((0.5, 0.5), (1, 0.5), (1.5, 1), (2.5, 1.5), (4.5, 0.5), (5, 0.5), (5.5, 2)),
    ((0, 3), (3, 1), (4, 2), (6, 1), (7, 1)),
    (*((k / 2, 0.5) for k in range(12)), (6.0, 1.5)),
)


def _pick(options: Sequence[_Pattern], rng: Generator) -> _Pattern:
    return options[int(rng.integers(len(options)))]


def _within(chord: Chord, pattern: _Pattern) -> list[tuple[float, float]]:
    """Return the pattern's onsets that fall in the chord, cut where the chord ends."""
    return [
        (onset, min(length, chord.length - onset))
        for onset, length in pattern
        if onset < chord.length - 0.1
    ]


def _nearest(pitches: Sequence[int], target: float) -> int:
    return min(pitches, key=lambda pitch: (abs(pitch - target), pitch))


def low_line(chords: Sequence[Chord], low: int, high: int, rng: Generator) -> list[Note]:
    """Return roots and fifths in one rhythm, or a walking line."""
    rhythm = _pick(_LOW_RHYTHMS, rng)
    walking = len(rhythm) == 4 and rng.random() < 0.5
    notes: list[Note] = []
    target = (low + min(high, low + 14)) / 2
    for chord in chords:
        root = _nearest(pitches_between((chord.root,), low, high), target)
        tones = pitches_between(pitch_classes(chord), low, high)
        for index, (onset, length) in enumerate(_within(chord, rhythm)):
            if index == 0:
                pitch = root
            elif walking:
                pitch = _nearest(tones, root + 3 * index)
            elif index % 2 and rng.random() < 0.35:
                pitch = _nearest(tones, root + 7)
            else:
                pitch = root
            notes.append(Note(chord.start + onset, length, pitch, 96 if index == 0 else 84))
    return notes


def accompaniment(
    chords: Sequence[Chord], low: int, high: int, rng: Generator, *, sustained: bool
) -> list[Note]:
    """Return chords, held, struck, strummed or broken into an arpeggio."""
    broken = rng.random() < (0.15 if sustained else 0.45)
    rhythm = _pick(_SUSTAINED_RHYTHMS if sustained else _PLUCKED_RHYTHMS, rng)
    spread = 0.0 if sustained else float(rng.choice([0.0, 0.02, 0.04]))
    centre = float(rng.uniform(low + (high - low) * 0.35, low + (high - low) * 0.65))
    notes: list[Note] = []
    for chord in chords:
        pool = pitches_between(pitch_classes(chord), low, high)
        start = max(0, min(pool.index(_nearest(pool, centre)) - 1, len(pool) - 4))
        voicing = pool[start : start + 4]
        if broken:
            order = voicing + voicing[-2:0:-1]
            for step in range(int(chord.length * 2)):
                pitch = order[step % len(order)]
                accent = 88 if step % 4 == 0 else 74
                notes.append(Note(chord.start + step / 2, 0.6, pitch, accent))
            continue
        for onset, length in _within(chord, rhythm):
            for place, pitch in enumerate(voicing):
                lag = spread * place
                notes.append(
                    Note(chord.start + onset + lag, max(0.1, length - lag), pitch, 82 - 2 * place)
                )
    return notes


def long_line(chords: Sequence[Chord], low: int, high: int, rng: Generator) -> list[Note]:
    """Return one chord tone held through each chord, moving as little as possible."""
    target = float(rng.uniform(low + (high - low) * 0.3, low + (high - low) * 0.7))
    notes: list[Note] = []
    for chord in chords:
        pool = pitches_between(pitch_classes(chord), low, high)
        pitch = _nearest(pool, target + float(rng.normal(0, 1.5)))
        target = 0.7 * pitch + 0.3 * target
        notes.append(Note(chord.start, chord.length - 0.1, pitch, 84))
    return notes


def melody(chords: Sequence[Chord], key: Key, low: int, high: int, rng: Generator) -> list[Note]:
    """Return a tune: a two-bar motif whose rhythm comes back, chord tones on strong beats."""
    first = _pick(_MELODY_RHYTHMS, rng)
    second = _pick(_MELODY_RHYTHMS, rng)
    scale = pitches_between(key.scale, low, high)
    position = _nearest(scale, rng.uniform(low + (high - low) * 0.35, low + (high - low) * 0.75))
    end = max(chord.start + chord.length for chord in chords)
    notes: list[Note] = []
    phrase = 0
    while phrase * 8 < end:
        for onset, length in second if phrase % 4 == 3 else first:
            beat = phrase * 8 + onset
            if beat >= end:
                break
            chord = next(c for c in reversed(chords) if c.start <= beat)
            if onset % 2 == 0:
                pool = pitches_between(pitch_classes(chord), low, high)
                position = _nearest(pool, position + float(rng.normal(0, 2.5)))
            else:
                here = scale.index(_nearest(scale, position))
                step = here + int(rng.integers(-2, 3))
                position = scale[max(0, min(step, len(scale) - 1))]
            held = min(length * 0.95, end - beat)
            notes.append(Note(beat, held, position, 100 if onset % 4 == 0 else 88))
        phrase += 1
    return notes


def compose(
    plays: str,
    chords: Sequence[Chord],
    key: Key,
    pitches: tuple[int, int],
    rng: Generator,
    *,
    sustained: bool,
) -> list[Note]:
    """Return what an instrument with this pitched role plays.

    Parameters
    ----------
    plays
        `low line`, `comp`, `line` or `melody`.
    chords, key
        The harmony, in beats.
    pitches
        Lowest and highest MIDI pitch, inclusive.
    rng
        Source of chance.
    sustained
        Whether the instrument's notes keep sounding while held.
    """
    low, high = pitches
    by_name: dict[str, Callable[[], list[Note]]] = {
        "low line": lambda: low_line(chords, low, high, rng),
        "comp": lambda: accompaniment(chords, low, high, rng, sustained=sustained),
        "line": lambda: long_line(chords, low, high, rng),
        "melody": lambda: melody(chords, key, low, high, rng),
    }
    return by_name[plays]()


def humanised(notes: Sequence[Note], rng: Generator, *, timing: float = 0.012) -> list[Note]:
    """Return the notes with small deviations, as hands make them.

    Parameters
    ----------
    notes
        In beats.
    rng
        Source of chance.
    timing
        Standard deviation of onsets, in beats.
    """
    late = rng.normal(0.0, timing, size=len(notes))
    louder = rng.normal(0.0, 6.0, size=len(notes))
    return sorted(
        (
            Note(
                max(0.0, note.start + float(late[i])),
                note.length,
                note.pitch,
                int(min(127, max(20, note.velocity + float(louder[i])))),
            )
            for i, note in enumerate(notes)
        ),
        key=lambda note: (note.start, note.pitch),
    )
