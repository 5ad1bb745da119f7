"""The archive's made-up artists: who they are, which instruments they own, how they publish."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import Generator

from consonance.demo.corpus.timbres import CONTENT

#: Fewest and most instruments of one artist.
PALETTE_SIZES: Final = (4, 8)
#: Every class belongs to at least this share of artists, so that it is nobody's signature.
_CLASS_SHARE: Final = 0.3


@dataclass(frozen=True, slots=True)
class Style:
    """A way of making music.

    Attributes
    ----------
    genre_id, genre
        As in FMA's genres.csv.
    classes
        Instruments usual in the style.
    tempo
        Slowest and fastest, in beats a minute.
    room_s
        Reverberation time in seconds.
    """

    genre_id: int
    genre: str
    classes: tuple[str, ...]
    tempo: tuple[int, int]
    room_s: float


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence as an archive spells it: a title, and in the raw table an address."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Artist:
    """One artist.

    Attributes
    ----------
    artist_id
        From 1.
    name, bio, website
        As published; a biography is third-party text with markup in it.
    style
        The artist's style.
    palette
        Classes the artist plays, alphabetically.
    licence
        Licence of most of the artist's recordings.
    split
        FMA's own recommended split; by artist.
    """

    artist_id: int
    name: str
    bio: str
    website: str
    style: Style
    palette: tuple[str, ...]
    licence: Licence
    split: str


_CC: Final = "https://creativecommons.org"
BY: Final = Licence("Attribution 4.0 International", f"{_CC}/licenses/by/4.0/")
BY_SA: Final = Licence("Attribution-ShareAlike 3.0 International", f"{_CC}/licenses/by-sa/3.0/")
BY_NC: Final = Licence("Attribution-NonCommercial 4.0 International", f"{_CC}/licenses/by-nc/4.0/")
BY_NC_SA: Final = Licence(
    "Attribution-Noncommercial-Share Alike 3.0 United States",
    f"{_CC}/licenses/by-nc-sa/3.0/us/",
)
BY_NC_ND: Final = Licence(
    "Attribution-NonCommercial-NoDerivatives (aka Music Sharing) 3.0 International",
    f"{_CC}/licenses/by-nc-nd/3.0/",
)
CC0: Final = Licence("CC0 1.0 Universal", f"{_CC}/publicdomain/zero/1.0/")
#: A spelling that names the licence clearly, but as no other row does.
ODD_SPELLING: Final = Licence(
    "creative commons attribution noncommercial - no derivatives v2.0 UK",
    f"{_CC}/licenses/by-nc-nd/2.0/uk/",
)
#: Says nothing that a filter may rely on.
UNKNOWN: Final = Licence("Ask the artist first", "")

#: Licences handed to artists in turn: mostly usable, so that filters leave enough to work with.
ARTIST_LICENCES: Final = (
    BY,
    BY_SA,
    BY_NC,
    BY,
    CC0,
    BY_NC_SA,
    BY,
    BY_SA,
    BY_NC,
    BY,
    CC0,
    BY_NC_SA,
    BY_NC_ND,
)

STYLES: Final = tuple(
    Style(
        genre_id=entry["genre_id"],
        genre=entry["genre"],
        classes=tuple(entry["classes"]),
        tempo=tuple(entry["tempo"]),
        room_s=entry["room_s"],
    )
    for entry in CONTENT["styles"]
)

_FIRST: Final = (
    "Copper", "Winter", "Paper", "Salt", "Northern", "Hollow", "Amber", "Slow", "Distant", "Velvet",
    "Seven", "Glass", "Harbour", "Señor", "Łódź", "Quiet", "Electric", "Juniper", "Marble", "Tin",
)  # fmt: skip
_SECOND: Final = (
    "Lanterns", "Foxes", "Meadow", "Telegraph", "Orchard", "Engines", "Cartographers", "Tide",
    "Sparrows", "Observatory", "Ferry", "Almanac", "Weather", "Kites", "Choir", "Parade", "Index",
)  # fmt: skip
_BIOS: Final = (
    "<p>Started in a kitchen, still there.</p>",
    "",
    '<p>Play loud.</p>\n<p>Write to <a href="https://artists.example.org/hello">us</a>.</p>',
    # What third parties write must never run in a page of ours.
    "<p>Hello</p><script>document.title = 'taken over'</script>",
    'Duo, trio on Sundays; "quotes", commas, and a line\nbreak.',
)


def make_artists(n_artists: int, reachable: Sequence[str], rng: Generator) -> tuple[Artist, ...]:
    """Return artists whose palettes together cover the reachable classes.

    Parameters
    ----------
    n_artists
        How many; at least 1.
    reachable
        Classes the SoundFont can play.
    rng
        Source of chance.
    """
    order = [int(k) for k in rng.permutation(len(STYLES))]
    styles = [STYLES[order[k % len(order)]] for k in range(n_artists)]
    palettes = [_palette(style, reachable, rng) for style in styles]
    _cover(palettes, reachable, rng)
    names = _names(n_artists, rng)
    first_licence = int(rng.integers(len(ARTIST_LICENCES)))
    splits = _splits(n_artists, rng)
    return tuple(
        Artist(
            artist_id=k + 1,
            name=names[k],
            bio=_BIOS[k % len(_BIOS)],
            website=f"https://artists.example.org/{k + 1}",
            style=styles[k],
            palette=tuple(sorted(palettes[k])),
            licence=ARTIST_LICENCES[(first_licence + k) % len(ARTIST_LICENCES)],
            split=splits[k],
        )
        for k in range(n_artists)
    )


def _palette(style: Style, reachable: Sequence[str], rng: Generator) -> set[str]:
    usual = [name for name in style.classes if name in reachable]
    smallest, largest = PALETTE_SIZES
    keep = max(min(smallest, len(usual)), len(usual) - int(rng.integers(0, 2)))
    palette = {str(name) for name in rng.permutation(usual)[:keep]}
    others = [name for name in reachable if name not in palette]
    wanted = max(smallest - len(palette), int(rng.integers(0, 2)))
    palette.update(str(name) for name in rng.permutation(others)[:wanted])
    return set(sorted(palette)[:largest])


def _cover(palettes: list[set[str]], reachable: Sequence[str], rng: Generator) -> None:
    """Give rare classes to the artists with the smallest palettes."""
    wanted = max(1, round(_CLASS_SHARE * len(palettes)))
    for name in reachable:
        owners = sum(name in palette for palette in palettes)
        candidates = [
            k
            for k in rng.permutation(len(palettes))
            if name not in palettes[k] and len(palettes[k]) < PALETTE_SIZES[1]
        ]
        candidates.sort(key=lambda k: len(palettes[k]))
        for k in candidates[: max(0, wanted - owners)]:
            palettes[k].add(name)


def _names(n_artists: int, rng: Generator) -> list[str]:
    pairs = rng.permutation(len(_FIRST) * len(_SECOND))
    names = [f"{_FIRST[p // len(_SECOND)]} {_SECOND[p % len(_SECOND)]}" for p in pairs[:n_artists]]
    # More artists than pairs of words: number the rest.
    return names + [f"Untitled Ensemble {k}" for k in range(len(names) + 1, n_artists + 1)]


def _splits(n_artists: int, rng: Generator) -> list[str]:
    n_held_out = max(1, round(0.1 * n_artists)) if n_artists >= 3 else 0
    splits = ["validation"] * n_held_out + ["test"] * n_held_out
    splits += ["training"] * (n_artists - len(splits))
    return [splits[k] for k in np.asarray(rng.permutation(n_artists))]
