from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from consonance.demo.corpus.plan import CorpusPlan, make_plan
from consonance.demo.corpus.timbres import INSTRUMENTS

EIGHTEEN = tuple(sorted(set(INSTRUMENTS) - {"mandolin", "ukulele"}))
SEEDS = (2018, 0, 1, 2)


def _plan(seed: int, reachable: tuple[str, ...] = EIGHTEEN, n: int = 60) -> CorpusPlan:
    return make_plan(seed=seed, n_recordings=n, n_artists=min(n, 15), reachable=reachable)


@pytest.mark.parametrize("reachable", [EIGHTEEN, tuple(INSTRUMENTS)], ids=["18", "20"])
@pytest.mark.parametrize("seed", SEEDS)
def test_every_reachable_class_plays_in_eight_recordings_of_three_artists(
    seed: int, reachable: tuple[str, ...]
) -> None:
    plan = _plan(seed, reachable)
    counts = plan.class_counts()
    assert min(counts[name] for name in reachable) >= 8
    assert set(counts) == set(reachable)
    for name in reachable:
        owners = {
            track.artist.artist_id
            for track in plan.tracks
            if name in track.classes and track.fault is None
        }
        assert len(owners) >= 3, name


@pytest.mark.parametrize("seed", SEEDS)
def test_artists_play_only_their_palette_of_four_to_eight(seed: int) -> None:
    plan = _plan(seed)
    assert all(4 <= len(artist.palette) <= 8 for artist in plan.artists)
    for track in plan.tracks:
        if track.fault != "duplicate":
            assert set(track.classes) <= set(track.artist.palette)


def test_an_artist_tells_much_about_the_classes() -> None:
    """Two recordings of an artist share more classes than two of different artists."""
    tracks = [track for track in _plan(2018).tracks if track.fault is None]
    same, other = [], []
    for k, one in enumerate(tracks):
        for two in tracks[k + 1 :]:
            shared = len(set(one.classes) & set(two.classes))
            overlap = shared / len(set(one.classes) | set(two.classes))
            (same if one.artist is two.artist else other).append(overlap)
    assert np.mean(same) > 2 * np.mean(other)


def test_songs_have_four_to_six_parts() -> None:
    sizes = Counter(len(track.classes) for track in _plan(2018).tracks if track.fault is None)
    assert set(sizes) == {4, 5, 6}


def test_titles_and_numbers_are_unique_and_names_too() -> None:
    plan = _plan(2018)
    assert len({track.title for track in plan.tracks}) == len(plan.tracks)
    assert len({track.track_no for track in plan.tracks}) == len(plan.tracks)
    assert len({artist.name for artist in plan.artists}) == len(plan.artists)
    assert max(track.track_no for track in plan.tracks) > 999  # more than one of FMA's folders


def test_a_large_archive_runs_out_of_words_but_not_of_names() -> None:
    plan = make_plan(seed=1, n_recordings=800, n_artists=400, reachable=EIGHTEEN)
    assert len({artist.name for artist in plan.artists}) == 400
    assert len({track.title for track in plan.tracks}) == len(plan.tracks)


def test_most_recordings_may_be_used_and_each_doubtful_licence_is_there() -> None:
    titles = Counter(t.licence.title for t in _plan(2018).tracks if t.fault is None)
    doubtful = [t for t in titles if "deriv" in t.lower() or t.startswith("Ask")]
    assert len(doubtful) == 3
    assert sum(titles[title] for title in doubtful) < 0.3 * sum(titles.values())
    assert len(titles) >= 6


def test_a_copy_is_published_by_somebody_else() -> None:
    for seed in SEEDS:
        plan = _plan(seed, n=3)
        by_number = {track.track_no: track for track in plan.tracks}
        copies = [track for track in plan.tracks if track.of_track_no is not None]
        assert len({track.of_track_no for track in copies}) == 3
        for copy in copies:
            original = by_number[copy.of_track_no or 0]
            assert original.fault is None
            assert original.artist != copy.artist
            assert original.classes == copy.classes


def test_a_single_artist_is_enough() -> None:
    plan = make_plan(seed=0, n_recordings=3, n_artists=1, reachable=EIGHTEEN)
    assert {track.artist.artist_id for track in plan.tracks} == {1}


def test_another_seed_is_another_archive() -> None:
    assert _plan(1) == _plan(1)
    assert _plan(1) != _plan(2)
