"""Composes a song: form, harmony, and who plays in which section."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import Generator

from consonance.demo.corpus import harmony, patterns, percussion
from consonance.demo.corpus.artists import Style
from consonance.demo.corpus.score import BEATS_PER_BAR, Chord, Note, Part, timed
from consonance.demo.corpus.soundfont import SoundFont
from consonance.demo.corpus.timbres import IN_THE_MIDDLE, INSTRUMENTS, ROLES, Role, Timbre

#: Shortest and longest recording, in seconds.
DURATION_S: Final = (30.0, 60.0)
_TAIL_S: Final = 1.5  # what rings on after the last bar

# Sections with their length in bars. A label that comes back brings its music back.
_FORMS: Final[tuple[tuple[tuple[str, int], ...], ...]] = (
    (("intro", 2), ("verse", 4), ("chorus", 4), ("verse", 4), ("chorus", 4)),
    (("intro", 2), ("verse", 4), ("chorus", 4), ("bridge", 4), ("chorus", 4)),
    (("verse", 4), ("verse", 4), ("bridge", 4), ("verse", 4)),
    (("intro", 2), ("verse", 4), ("chorus", 4), ("bridge", 4), ("verse", 4), ("outro", 2)),
    (
        ("intro", 4),
        ("verse", 4),
        ("chorus", 4),
        ("verse", 4),
        ("bridge", 4),
        ("chorus", 4),
        ("outro", 2),
    ),
)
#: How many of a song's parts play in a section, as a share.
_DENSITY: Final = {"intro": 0.3, "verse": 0.5, "chorus": 0.7, "bridge": 0.4, "outro": 0.35}
_BACKGROUND_CHANCE: Final = 0.12
_BACKGROUND_DB: Final = -9.0


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a song.

    Attributes
    ----------
    label
        intro, verse, chorus, bridge or outro.
    start_s, end_s
        In seconds.
    classes
        Who plays, alphabetically.
    """

    label: str
    start_s: float
    end_s: float
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Song:
    """A finished composition, times in seconds.

    Attributes
    ----------
    key, tempo_bpm, duration_s
        Of the whole song.
    sections, chords, parts
        In order of time; parts in order of class.
    room_s, wet
        The room it is to be recorded in, and how much of it is heard.
    """

    key: harmony.Key
    tempo_bpm: float
    duration_s: float
    sections: tuple[Section, ...]
    chords: tuple[Chord, ...]
    parts: tuple[Part, ...]
    room_s: float
    wet: float


def compose(
    *, classes: Sequence[str], style: Style, artist_id: int, font: SoundFont, seed: Sequence[int]
) -> Song:
    """Return a song of 30 to 60 seconds in which every class plays in some section.

    Parameters
    ----------
    classes
        Who plays; within the SoundFont's reach.
    style
        Tempo range and room.
    artist_id
        An artist keeps to the same presets from song to song.
    font
        The SoundFont.
    seed
        Entropy; the same entropy gives the same song.
    """
    rng = np.random.default_rng([*seed, 0])
    key = harmony.random_key(rng)
    form = _FORMS[int(rng.integers(len(_FORMS)))]
    beats = float(sum(bars for _, bars in form) * BEATS_PER_BAR)
    tempo = _tempo(beats, style, rng)
    beat_s = 60.0 / tempo
    casts = _casts([label for label, _ in form], tuple(sorted(classes)), rng)
    timbres = {name: _timbre(name, artist_id, font, rng) for name in sorted(classes)}
    sections: list[Section] = []
    chords: list[Chord] = []
    notes: dict[str, list[Note]] = {name: [] for name in sorted(classes)}
    mains: dict[str, Role] = {}
    start = 0.0
    for index, (label, n_bars) in enumerate(form):
        start_s = start * beat_s
        local = harmony.progression(key, n_bars, _stream(seed, label, "chords"))
        chords += [
            Chord(c.root, c.quality, start_s + c.start * beat_s, c.length * beat_s) for c in local
        ]
        roles = _roles(label, casts[index])
        for name, role in roles.items():
            mains.setdefault(name, role)
            material = _material(name, role, local, key, timbres[name], n_bars, seed, label)
            played = patterns.humanised(material, rng)
            notes[name] += timed(played, beat_s=beat_s, start_s=start_s)
        start += n_bars * BEATS_PER_BAR
        sections.append(Section(label, start_s, start * beat_s, casts[index]))
    parts = [
        _part(name, timbres[name], notes[name], mains.get(name, "comp"), rng) for name in notes
    ]
    return Song(
        key=key,
        tempo_bpm=tempo,
        duration_s=beats * beat_s + _TAIL_S,
        sections=tuple(sections),
        chords=tuple(chords),
        parts=tuple(parts),
        room_s=style.room_s,
        wet=float(rng.uniform(0.05, 0.2)),
    )


def _stream(seed: Sequence[int], *names: str) -> Generator:
    """Return chance that belongs to a name, so that a section that returns is the same music."""
    return np.random.default_rng([*seed, 1, *(zlib.crc32(name.encode()) for name in names)])


def _tempo(beats: float, style: Style, rng: Generator) -> float:
    shortest, longest = DURATION_S
    # The length of the recording binds harder than the style.
    slowest = max(style.tempo[0], 60.0 * beats / (longest - _TAIL_S - 0.5))
    fastest = max(slowest, min(style.tempo[1], 60.0 * beats / (shortest - _TAIL_S)))
    return round(float(rng.uniform(slowest, fastest)), 1)


def _casts(
    labels: Sequence[str], classes: tuple[str, ...], rng: Generator
) -> list[tuple[str, ...]]:
    """Choose who plays in each section: different people, and nobody left out of the song."""
    plays = dict.fromkeys(classes, 0)
    casts: list[set[str]] = []
    for label in labels:
        size = max(2, round(_DENSITY[label] * len(classes)))
        by_need = sorted(classes, key=lambda name: plays[name] + float(rng.normal(0.0, 0.8)))
        cast = set(by_need[:size])
        for name in cast:
            plays[name] += 1
        casts.append(cast)
    choruses = [k for k, label in enumerate(labels) if label in ("chorus", "verse")]
    for name in classes:
        if plays[name] == 0:
            casts[choruses[int(rng.integers(len(choruses)))]].add(name)
    return [tuple(sorted(cast)) for cast in casts]


def _roles(label: str, cast: Sequence[str]) -> dict[str, Role]:
    """Give one instrument the tune and the others something that does not fight it."""
    roles: dict[str, Role] = {}
    offset = zlib.crc32(label.encode()) % len(cast)
    leader = next(
        (
            name
            for name in (*cast[offset:], *cast[:offset])
            if "melody" in INSTRUMENTS[name].roles
            and (INSTRUMENTS[name].roles[0] == "melody" or len(cast) > 1)
        ),
        None,
    )
    for name in cast:
        own = INSTRUMENTS[name].roles
        roles[name] = (
            "melody" if name == leader else next((r for r in own if r != "melody"), own[0])
        )
    return roles


def _timbre(name: str, artist_id: int, font: SoundFont, rng: Generator) -> Timbre:
    timbres = font.timbres_of(INSTRUMENTS[name])
    usual = zlib.crc32(f"{artist_id} {name}".encode()) % len(timbres)
    return timbres[usual if rng.random() < 0.8 else int(rng.integers(len(timbres)))]


def _material(
    name: str,
    role: Role,
    chords: Sequence[Chord],
    key: harmony.Key,
    timbre: Timbre,
    n_bars: int,
    seed: Sequence[int],
    label: str,
) -> list[Note]:
    rng = _stream(seed, label, name, role)
    plays = ROLES[role].plays
    if plays == "beat" or plays == "metal":
        # Both hands of one drummer: the groove is the section's, not the part's.
        groove = percussion.random_groove(_stream(seed, label, "groove"))
        play = percussion.beat if plays == "beat" else percussion.metal
        return play(groove, n_bars, rng)
    return patterns.compose(
        plays,
        chords,
        key,
        (timbre.low, timbre.high),
        rng,
        sustained=INSTRUMENTS[name].sustained,
    )


def _part(name: str, timbre: Timbre, notes: list[Note], role: Role, rng: Generator) -> Part:
    level = ROLES[role].level_db + float(rng.normal(0.0, 2.0))
    if rng.random() < _BACKGROUND_CHANCE:
        level += _BACKGROUND_DB
    width = 0.1 if name in IN_THE_MIDDLE else 0.6
    return Part(
        class_name=name,
        timbre=timbre,
        notes=tuple(sorted(notes, key=lambda n: (n.start, n.pitch))),
        level_db=level,
        pan=float(rng.uniform(-width, width)),
        tuning=float(rng.normal(0.0, 0.04)),
    )
