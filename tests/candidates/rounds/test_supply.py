"""What a recipe may draw from: the same as a draw takes, without loading a track."""

from __future__ import annotations

from typing import Any

import pytest

from candidates.rounds.eligibility import eligible_tracks
from candidates.rounds.recipes import RoundRecipe
from candidates.rounds.supply import capacity, supply_of
from candidates.sampling import Caps
from consonance.audio.excerpts import grid
from tests.factories import ScoreSetFactory, TrackFactory

BY = {
    "licence_title": "Attribution 4.0",
    "licence_url": "https://creativecommons.org/licenses/by/4.0/",
}
NC = {
    "licence_title": "Attribution-NonCommercial 4.0",
    "licence_url": "https://creativecommons.org/licenses/by-nc/4.0/",
}
NONE = {"licence_title": "", "licence_url": ""}


@pytest.fixture
def scored() -> Any:
    score_set = ScoreSetFactory(excerpts=10_000, tracks=6)
    collection = score_set.collection
    for number, fields in enumerate(
        (
            {**BY, "duration_ms": 30_000, "artist_key": "a", "is_explicit": False},
            {**BY, "duration_ms": 61_234, "artist_key": "a", "is_explicit": True},
            {**NC, "duration_ms": 29_999, "artist_key": "b"},
            {**NONE, "duration_ms": 200_000, "artist_key": "c"},
            {**BY, "duration_ms": 9_999, "artist_key": "d"},
            {**BY, "duration_ms": 30_000, "artist_key": "e", "state": "quarantined"},
        )
    ):
        TrackFactory(collection=collection, track_no=number, **fields)
    return score_set


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {}, {"licences": "all"}, {"licences": "commercial"}, {"explicit": True},
        {"min_seconds": 30.0}, {"max_seconds": 60.0, "licences": "all", "explicit": True},
    ],
)  # fmt: skip
def test_it_counts_what_a_draw_would_take(scored: Any, fields: dict[str, Any]) -> None:
    recipe = RoundRecipe(**fields)
    tracks = [track for track in eligible_tracks(scored, recipe) if track.duration_ms >= 10_000]
    found = supply_of(scored, recipe)
    assert found.tracks == len(tracks)
    assert found.excerpts == sum(grid(track.duration_ms).size for track in tracks)
    assert found.artists == len({track.artist_key for track in tracks})
    assert found.capacity == len(tracks)


@pytest.mark.django_db
def test_other_lines_and_caps_ask_the_database_nothing_more(
    scored: Any, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        first = supply_of(scored, RoundRecipe())
        again = supply_of(scored, RoundRecipe(per_class=7, low=0.2, max_per_track=2))
    assert (again.tracks, again.excerpts) == (first.tracks, first.excerpts)
    assert again.capacity == 2 * (first.capacity or 0)


class TestCapacity:
    @pytest.mark.parametrize(
        ("caps", "most"),
        [
            (Caps(recording=1), 10),
            (Caps(recording=2), 20),
            (Caps(recording=1, artist=2), 2 + 1 + 2),
            (Caps(recording=2, artist=3), 3 + 2 + 4),
            (Caps(recording=1, album=3), 3 + 2 + 1 + 2),
            (Caps(recording=None, artist=4), 4 + 4 + 8),
            (Caps(recording=None), None),
        ],
    )
    def test_it_is_what_recordings_albums_and_artists_let_through(
        self, caps: Caps, most: int | None
    ) -> None:
        # An artist with two albums, one with a single, and two recordings of nobody known.
        parts = [("a", "x", 5), ("a", "y", 2), ("b", "", 1), ("", "", 2)]
        assert capacity(parts, caps) == most

    def test_nothing_lets_nothing_through(self) -> None:
        assert capacity([], Caps()) == 0
