"""How much a recipe may draw from: counted in the database, no track is loaded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.core.cache import cache
from django.db.models import Count, F, QuerySet, Sum

from candidates.models import ScoreSet
from candidates.rounds.eligibility import is_allowed
from candidates.rounds.recipes import RoundRecipe
from candidates.sampling import Caps
from consonance.catalog.models import Track

_KEPT_SECONDS: Final = 300
#: Artist, album, and how many tracks that part has.
Part = tuple[str, str, int]


@dataclass(frozen=True, kw_only=True)
class Supply:
    """What may be drawn from.

    Attributes
    ----------
    tracks, excerpts, artists
        That the recipe's filters leave.
    all_tracks, all_excerpts
        That were scored.
    capacity
        Candidates that the caps let through at most, over all classes; None without caps.
    """

    tracks: int
    excerpts: int
    artists: int
    all_tracks: int
    all_excerpts: int
    capacity: int | None


def supply_of(score_set: ScoreSet, recipe: RoundRecipe) -> Supply:
    """Return what a recipe may draw from; `eligibility.eligible_tracks` has the same rules.

    The count is kept for some minutes: a page asks anew whenever a line is moved, and over a
    hundred thousand tracks it takes half a second.
    """
    # To a tenth of a second: whoever moves a number does not fill the cache.
    longest = None if recipe.max_seconds is None else round(recipe.max_seconds, 1)
    filters = (recipe.licences, recipe.explicit, round(recipe.min_seconds, 1), longest)
    key = f"supply/{score_set.pk}/" + "/".join(map(str, filters))
    found = cache.get(key)
    if found is None:
        found = _counted(score_set, recipe)
        cache.set(key, found, _KEPT_SECONDS)
    parts, excerpts = found
    return Supply(
        tracks=sum(tracks for _, _, tracks in parts),
        excerpts=min(excerpts, score_set.excerpts),
        artists=len({artist for artist, _, _ in parts if artist}),
        all_tracks=score_set.tracks,
        all_excerpts=score_set.excerpts,
        capacity=capacity(parts, recipe.caps()),
    )


def _counted(score_set: ScoreSet, recipe: RoundRecipe) -> tuple[list[Part], int]:
    """Return the artists' parts of albums, and the excerpts of all of them."""
    rows = (
        _tracks(score_set, recipe)
        .values_list("licence_title", "licence_url", "artist_key", "album_key")
        .annotate(
            tracks=Count("pk"),
            steps=Sum((F("duration_ms") - score_set.window_ms) / score_set.hop_ms),
        )
        .order_by()
    )
    parts: dict[tuple[str, str], int] = defaultdict(int)
    excerpts = 0
    for title, url, artist, album, tracks, steps in rows:
        if is_allowed(title, url, recipe.licences):
            parts[artist, album] += tracks
            excerpts += tracks + int(steps)
    return [(artist, album, tracks) for (artist, album), tracks in parts.items()], excerpts


def _tracks(score_set: ScoreSet, recipe: RoundRecipe) -> QuerySet[Track]:
    shortest = max(score_set.window_ms, round(round(recipe.min_seconds, 1) * 1000))
    tracks = Track.objects.of(score_set.collection).ready().filter(duration_ms__gte=shortest)
    if recipe.max_seconds is not None:
        tracks = tracks.filter(duration_ms__lte=round(round(recipe.max_seconds, 1) * 1000))
    return tracks if recipe.explicit else tracks.exclude(is_explicit=True)


def capacity(parts: Iterable[Part], caps: Caps) -> int | None:
    """Return how many candidates the caps let through at most; None without any.

    Each track gives at most so many, then each artist's part of an album, then each artist. Tracks
    without an artist or an album count as that of nobody else, as they do in a draw.
    """
    if caps.recording is None and caps.artist is None and caps.album is None:
        return None
    unknown = 0
    by_artist: dict[str, int] = defaultdict(int)
    endless = float("inf")
    for artist, album, tracks in parts:
        own = tracks * (caps.recording or endless)
        album_cap = caps.album or endless
        own = min(own, album_cap if album else tracks * album_cap)
        if artist:
            by_artist[artist] += own  # type: ignore[assignment]
        else:
            unknown += min(own, tracks * (caps.artist or endless))  # type: ignore[assignment]
    most = caps.artist or endless
    total = unknown + sum(min(own, most) for own in by_artist.values())
    # Where a cap is on albums or artists alone, an unknown one lets through whatever there is.
    return None if total == endless else int(total)
