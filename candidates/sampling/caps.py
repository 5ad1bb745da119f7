"""Caps per recording, album and artist, made into a tree that a flow can run through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from candidates.sampling.chance import hashes
from consonance.errors import ParameterError

Codes = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Caps:
    """How many candidates, over all classes together, may come from one source.

    Parameters
    ----------
    recording, artist, album
        1 or more; None for no cap.
    """

    recording: int | None = 1
    artist: int | None = None
    album: int | None = None

    def __post_init__(self) -> None:
        """Refuse caps that let nothing through."""
        for name in ("recording", "artist", "album"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ParameterError(
                    f"The cap per {name} is {value}: allow at least one candidate, or leave it out."
                )


@dataclass(frozen=True)
class Tree:
    """Recordings in parts of albums, parts in artists; each with a capacity.

    A part is what one artist has on one album. An album of several artists cannot hang in the
    tree, so its cap is divided among its parts by chance before the draw: `available` is the
    probability that a recording's part has been given anything.

    Parameters
    ----------
    part_of : np.ndarray [shape=(n_recordings,), dtype=int64]
    artist_of : np.ndarray [shape=(n_parts,), dtype=int64]
    recording_cap, artist_cap
        One number for all.
    part_cap : np.ndarray [shape=(n_parts,), dtype=int64]
    available : np.ndarray [shape=(n_recordings,), dtype=float64, in (0, 1]]
    """

    part_of: Codes
    artist_of: Codes
    recording_cap: int
    artist_cap: int
    part_cap: Codes
    available: NDArray[np.float64]

    @property
    def open(self) -> NDArray[np.bool_]:
        """Whether anything may come from each recording."""
        return np.asarray(self.part_cap[self.part_of] > 0)

    def capacity(self, most: Codes) -> int:
        """Return how many candidates fit, when each recording could give at most so many."""
        total = np.minimum(most, self.recording_cap)
        by_part = np.bincount(self.part_of, weights=total, minlength=self.part_cap.size)
        by_part = np.minimum(by_part, self.part_cap)
        by_artist = np.bincount(self.artist_of, weights=by_part)
        return int(np.minimum(by_artist, self.artist_cap).sum())


def tree_of(
    recording: Codes, artist: Codes, album: Codes, caps: Caps, *, most: int, seed: int
) -> Tree:
    """Build the tree over recordings.

    Parameters
    ----------
    recording : np.ndarray [shape=(n_recordings,), dtype=int64]
        Lasting codes, ascending.
    artist, album : np.ndarray [shape=(n_recordings,), dtype=int64]
        Codes. A recording with a negative one has no known artist or album, and counts as one of
        its own.
    caps
        The caps.
    most
        More than this is never drawn in all: what stands for no cap.
    seed
        Of the division of albums that several artists share.
    """
    own = np.arange(recording.size)
    artists = _numbered(np.where(artist < 0, 2 * own + 1, 2 * artist))
    albums = _numbered(np.where(album < 0, 2 * own + 1, 2 * album))
    n_artists = int(artists.max(initial=-1)) + 1
    parts, first, part_of = np.unique(
        albums * n_artists + artists, return_index=True, return_inverse=True
    )
    part_cap, share = _divided(albums[first], recording[first], caps.album or most, seed)
    return Tree(
        part_of=part_of.reshape(-1),
        artist_of=parts % max(1, n_artists),
        recording_cap=min(caps.recording or most, most),
        artist_cap=min(caps.artist or most, most),
        part_cap=np.minimum(part_cap, most),
        available=share[part_of.reshape(-1)],
    )


def _numbered(codes: Codes) -> Codes:
    return np.unique(codes, return_inverse=True)[1].reshape(-1)


def _divided(album: Codes, code: Codes, cap: int, seed: int) -> tuple[Codes, NDArray[np.float64]]:
    """Divide each album's cap among its parts: the whole part to all, and to some one more."""
    chance = hashes(code.view(np.uint64), seed=seed, key="", purpose="album")
    order = np.lexsort((chance, album))
    first = np.flatnonzero(np.diff(album[order], prepend=-1))
    size = np.diff(first, append=album.size)
    place = np.arange(album.size) - np.repeat(first, size)
    parts = np.repeat(size, size)
    divided, share = np.empty(album.size, np.int64), np.ones(album.size)
    divided[order] = cap // parts + (place < cap % parts)
    share[order] = np.minimum(1.0, cap / parts)
    return divided, share
