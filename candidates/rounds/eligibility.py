"""Which tracks a round may draw from, and which excerpts were asked about before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from candidates.models import SamplingRound, ScoreSet
from candidates.rounds.recipes import RoundRecipe
from consonance.catalog.licences import parse as parse_licence
from consonance.catalog.models import Clip, Track

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from candidates.sampling import Sources


def eligible_tracks(score_set: ScoreSet, recipe: RoundRecipe) -> list[Track]:
    """Return the tracks that a recipe lets a round draw from, by their numbers."""
    tracks = Track.objects.of(score_set.collection).ready().select_related("collection")
    tracks = tracks.filter(duration_ms__gte=round(recipe.min_seconds * 1000))
    if recipe.max_seconds is not None:
        tracks = tracks.filter(duration_ms__lte=round(recipe.max_seconds * 1000))
    if not recipe.explicit:
        tracks = tracks.exclude(is_explicit=True)
    tracks = tracks.order_by("track_no")
    return [
        track
        for track in tracks
        if is_allowed(track.licence_title, track.licence_url, recipe.licences)
    ]


@lru_cache(maxsize=4096)
def is_allowed(title: str, url: str, licences: str) -> bool:
    """Return whether a track of this licence may be drawn by a recipe's `licences`."""
    if licences == "all":
        return True
    licence = parse_licence(title, url)
    shared = licence.may_cut and licence.may_redistribute
    return shared and not (licences == "commercial" and licence.is_nc)


def sources_of(tracks: Sequence[Track]) -> Sources:
    """Return the tracks as sources of a draw: artist and album by number."""
    from candidates.sampling import Sources

    artists = _numbered([track.artist_key for track in tracks])
    albums = _numbered([track.album_key for track in tracks])
    numbers = np.array([track.track_no for track in tracks], np.int64)
    return Sources(recording=numbers, artist=artists, album=albums)


def _numbered(keys: Sequence[str]) -> NDArray[np.int64]:
    """Return a number for each key, -1 for an empty one."""
    number = {key: place for place, key in enumerate(sorted({key for key in keys if key}))}
    return np.array([number.get(key, -1) for key in keys], np.int64)


@dataclass(frozen=True)
class Asked:
    """Excerpts that earlier rounds asked about.

    Attributes
    ----------
    rounds
        Numbers of those rounds in their score set, and of which score set: part of the recipe.
    places
        Track number and start in ms of each clip.
    """

    rounds: list[str]
    places: list[tuple[int, int]]


def asked_before(score_set: ScoreSet, rounds: Sequence[str] | None = None) -> Asked:
    """Return what the collection's rounds have asked.

    Parameters
    ----------
    score_set
        Whose collection counts; rounds of its other score sets do, too.
    rounds
        Ids of the rounds that count; by default all that were drawn and not rejected.
    """
    drawn = SamplingRound.objects.filter(score_set__collection=score_set.collection)
    if rounds is None:
        drawn = drawn.filter(state=SamplingRound.State.DRAWN)
    else:
        drawn = drawn.filter(pk__in=rounds)
    found = sorted(str(pk) for pk in drawn.values_list("pk", flat=True))
    clips = Clip.objects.filter(candidates__round__in=drawn).distinct()
    places = clips.order_by("track__track_no", "start_ms")
    return Asked(found, list(places.values_list("track__track_no", "start_ms")))
