"""Decides what the archive holds before a note is composed: who recorded what, what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.random import Generator

from consonance.demo.corpus.artists import ODD_SPELLING, UNKNOWN, Artist, Licence, make_artists
from consonance.errors import ParameterError

FaultKind = Literal[
    "duplicate",
    "truncated",
    "silent",
    "not audio",
    "too short",
    "row without file",
    "file without row",
]

#: Numbers of consecutive tracks lie this far apart, so that even a small archive fills several
#: of FMA's folders of a thousand, and a row number is never mistaken for a track number.
TRACK_NO_STEP: Final = 37
_PARTS_PER_SONG: Final = (4, 6)
_TRACKS_PER_ALBUM: Final = 4

#: Which faults are planted. `of` points at the n-th recording, for copies.
_FAULTS: Final[tuple[tuple[FaultKind, str, int | None], ...]] = (
    ("duplicate", "bitrate", 0),
    ("duplicate", "offset", 1),
    ("duplicate", "gain", 2),
    ("truncated", "", None),
    ("silent", "", None),
    ("not audio", "", None),
    ("too short", "", None),
    ("row without file", "", None),
    ("file without row", "", None),
)


@dataclass(frozen=True, slots=True)
class TrackPlan:
    """One track of the archive.

    Attributes
    ----------
    track_no
        Its number, as in FMA's file names.
    song_seed
        Entropy of the composition.
    classes
        What plays in it; empty where nothing does.
    artist, title, album_id, album, number, licence, explicit
        What its row says.
    fault
        What is wrong with it, None for nothing.
    way
        How a duplicate differs: bitrate, offset or gain.
    of_track_no
        The recording a duplicate was made from.
    """

    track_no: int
    song_seed: tuple[int, ...]
    classes: tuple[str, ...]
    artist: Artist
    title: str
    album_id: int
    album: str
    number: int
    licence: Licence
    explicit: bool = False
    fault: FaultKind | None = None
    way: str = ""
    of_track_no: int | None = None


@dataclass(frozen=True, slots=True)
class CorpusPlan:
    """The whole archive on paper."""

    artists: tuple[Artist, ...]
    tracks: tuple[TrackPlan, ...]

    def class_counts(self) -> Counter[str]:
        """Return in how many sound recordings (faulty ones left out) each class plays."""
        return Counter(c for t in self.tracks if t.fault is None for c in t.classes)


_OPENINGS: Final = (
    "Rain, Then", "After the", "Northbound", "Every Second", "No More", "Song for the",
    "Halfway to the", "Leaving the", "Blue", "The Last", "Letter from the", "Under the",
    "One More", "Beyond the",
)  # fmt: skip
_ENDINGS: Final = (
    "Lighthouse", "Stranger", "Express", "Sunday", "Map", "Dog", "August", "Station", "Hour",
    "Piñata", "River", "\"Moon\"", "Café", "Staircase", "Winter", "Harbour",
)  # fmt: skip


def make_plan(
    *, seed: int, n_recordings: int, n_artists: int, reachable: Sequence[str]
) -> CorpusPlan:
    """Return the plan of an archive.

    Every class is kept about equally frequent: a song takes from its artist's palette the
    classes that have been heard least so far.

    Parameters
    ----------
    seed
        Same seed, same plan.
    n_recordings
        Sound recordings, planted faults not counted; at least 3.
    n_artists
        At most as many as recordings.
    reachable
        Classes the SoundFont can play.

    Raises
    ------
    ParameterError
        If a number is out of range.
    """
    if n_recordings < 3:
        raise ParameterError(f"{n_recordings} recordings are too few: ask for at least 3")
    if not 1 <= n_artists <= n_recordings:
        raise ParameterError(
            f"{n_artists} artists cannot share {n_recordings} recordings: ask for 1 to "
            f"{n_recordings} artists"
        )
    if seed < 0:
        raise ParameterError(f"seed {seed} is negative: ask for 0 or more")
    rng = np.random.default_rng([seed, 1])
    artists = make_artists(n_artists, reachable, rng)
    titles = _titles(n_recordings + len(_FAULTS), rng)
    makers = _makers(artists, n_recordings, rng)
    tracks = _sound_tracks(seed, makers, titles, rng)
    tracks += _faulty_tracks(seed, artists, tracks, titles[n_recordings:], rng)
    return CorpusPlan(artists, tuple(tracks))


def _makers(artists: Sequence[Artist], n_recordings: int, rng: Generator) -> list[Artist]:
    """Hand out recordings: one or two to everybody, the rest to the busy ones."""
    base = min(2, n_recordings // len(artists))
    weights = rng.permutation(1.0 / np.arange(1, len(artists) + 1) ** 0.7)
    extra = rng.choice(
        len(artists), size=n_recordings - base * len(artists), p=weights / weights.sum()
    )
    counts = base + np.bincount(extra, minlength=len(artists))
    return [artist for artist, count in zip(artists, counts, strict=True) for _ in range(count)]


def _sound_tracks(
    seed: int, makers: Sequence[Artist], titles: Sequence[str], rng: Generator
) -> list[TrackPlan]:
    n = len(makers)
    heard: Counter[str] = Counter()
    chosen: dict[int, tuple[str, ...]] = {}
    for k in (int(k) for k in rng.permutation(n)):
        chosen[k] = _classes(makers[k].palette, heard, rng)
        heard.update(chosen[k])
    explicit = {int(k) for k in rng.permutation(n)[: max(1, n // 30)]}
    odd, unknown = (int(k) for k in rng.permutation(n)[:2])
    tracks = []
    numbers: Counter[int] = Counter()
    for k, artist in enumerate(makers):
        position = numbers[artist.artist_id]
        numbers[artist.artist_id] += 1
        licence = {odd: ODD_SPELLING, unknown: UNKNOWN}.get(k, artist.licence)
        volume = position // _TRACKS_PER_ALBUM
        tracks.append(
            TrackPlan(
                track_no=1 + TRACK_NO_STEP * k,
                song_seed=(seed, 2, k),
                classes=chosen[k],
                artist=artist,
                title=titles[k],
                album_id=100 * artist.artist_id + volume,
                album=f"{artist.name}, Volume {volume + 1}",
                number=position % _TRACKS_PER_ALBUM + 1,
                licence=licence,
                explicit=k in explicit,
            )
        )
    return tracks


def _classes(palette: Sequence[str], heard: Counter[str], rng: Generator) -> tuple[str, ...]:
    fewest, most = _PARTS_PER_SONG
    size = min(len(palette), int(rng.integers(fewest, most + 1)))
    by_need = sorted(palette, key=lambda name: heard[name] + float(rng.normal(0.0, 1.5)))
    return tuple(sorted(by_need[:size]))


def _faulty_tracks(
    seed: int,
    artists: Sequence[Artist],
    sound: Sequence[TrackPlan],
    titles: Sequence[str],
    rng: Generator,
) -> list[TrackPlan]:
    originals = [int(k) for k in rng.permutation(len(sound))[:3]]
    tracks = []
    for k, (kind, way, of) in enumerate(_FAULTS):
        original = sound[originals[of]] if of is not None else None
        # A copy under its own maker's name would be found by name; leakage is the harder case.
        others = [a for a in artists if original is None or a != original.artist]
        artist = (others or list(artists))[int(rng.integers(len(others or artists)))]
        plays = kind in ("truncated", "too short", "file without row")
        size = min(len(artist.palette), _PARTS_PER_SONG[0])
        tracks.append(
            TrackPlan(
                track_no=1 + TRACK_NO_STEP * (len(sound) + k),
                song_seed=original.song_seed if original else (seed, 2, len(sound) + k),
                classes=original.classes
                if original
                else tuple(sorted(str(c) for c in rng.permutation(artist.palette)[:size]))
                if plays
                else (),
                artist=artist,
                title=titles[k],
                album_id=100 * artist.artist_id + 99,
                album="Odds and Ends",
                number=k + 1,
                licence=artist.licence,
                fault=kind,
                way=way,
                of_track_no=original.track_no if original else None,
            )
        )
    return tracks


def _titles(n_titles: int, rng: Generator) -> list[str]:
    pairs = rng.permutation(len(_OPENINGS) * len(_ENDINGS))
    titles = [
        f"{_OPENINGS[p // len(_ENDINGS)]} {_ENDINGS[p % len(_ENDINGS)]}" for p in pairs[:n_titles]
    ]
    return titles + [f"Improvisation {k}" for k in range(len(titles) + 1, n_titles + 1)]
