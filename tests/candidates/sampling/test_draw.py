"""What a draw promises, whatever the scores."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from candidates.sampling import TAILS, Draw, draw
from consonance.errors import ParameterError


def archive(
    n: int, *, n_classes: int = 3, n_tracks: int = 40, seed: int = 0, levels: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return random scores (with many ties if `levels`) and the track of each excerpt."""
    rng = np.random.default_rng(seed)
    scores = rng.beta(0.3, 2.0, size=(n, n_classes)).astype(np.float32)
    if levels:
        scores = np.round(scores * levels).astype(np.float32) / np.float32(levels)
    return scores, rng.integers(0, n_tracks, n)


archives = st.builds(
    archive,
    st.integers(0, 200),
    n_classes=st.integers(1, 4),
    n_tracks=st.integers(1, 60),
    seed=st.integers(0, 1000),
    levels=st.sampled_from([0, 1, 2, 5, 20]),
)
wishes = st.fixed_dictionaries(
    {
        "per_class": st.integers(1, 30),
        "low": st.floats(0.0, 0.45),
        "high": st.floats(0.5, 1.0),
        "share_high": st.sampled_from([0.0, 0.3, 0.5, 1.0]),
        "share_low": st.sampled_from([None, 0.0]),
        "max_per_track": st.integers(1, 4),
        "seed": st.integers(0, 2**40),
    }
)


def rows_of(drawn: Draw, class_index: int, tail: str) -> NDArray[np.int64]:
    return drawn.excerpt[(drawn.class_index == class_index) & (drawn.tail == tail)]


def assert_same(one: Draw, other: Draw) -> None:
    for field in fields(Draw):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))


@given(archives, wishes)
def test_no_track_gives_more_candidates_than_the_cap(data: Any, wish: dict[str, Any]) -> None:
    scores, track = data
    drawn = draw(scores, track, **wish)
    if drawn.excerpt.size:
        assert np.bincount(track[drawn.excerpt]).max() <= wish["max_per_track"]


@given(archives, wishes)
def test_every_candidate_lies_in_its_tail(data: Any, wish: dict[str, Any]) -> None:
    scores, track = data
    drawn = draw(scores, track, **wish)
    low, high = drawn.thresholds.T
    in_low, in_high = drawn.tail == "low", drawn.tail == "high"
    assert (drawn.likelihood[in_low] <= low[drawn.class_index[in_low]]).all()
    assert (drawn.likelihood[in_high] >= high[drawn.class_index[in_high]]).all()


@given(archives, wishes)
def test_low_candidates_score_below_high_ones_of_the_class(data: Any, wish: dict[str, Any]) -> None:
    scores, track = data
    drawn = draw(scores, track, **wish)
    for j in range(scores.shape[1]):
        below, above = (scores[rows_of(drawn, j, tail), j] for tail in ("low", "high"))
        if below.size and above.size:
            assert below.max() < above.min()


@given(archives, wishes)
def test_drawn_and_missing_add_up_to_what_was_wanted(data: Any, wish: dict[str, Any]) -> None:
    scores, track = data
    drawn = draw(scores, track, **wish)
    for j in range(scores.shape[1]):
        for t, tail in enumerate(TAILS):
            found = rows_of(drawn, j, tail).size
            assert found + drawn.shortfall[j, t] == drawn.wanted[j, t]
    assert (drawn.wanted.sum(axis=1) == wish["per_class"]).all()
    assert (drawn.shortfall >= 0).all()


@given(archives, wishes)
def test_no_class_is_asked_about_an_excerpt_twice(data: Any, wish: dict[str, Any]) -> None:
    scores, track = data
    drawn = draw(scores, track, **wish)
    pairs = set(zip(drawn.class_index.tolist(), drawn.excerpt.tolist(), strict=True))
    assert len(pairs) == drawn.excerpt.size


@given(archives, wishes)
def test_likelihood_and_quantile_are_those_of_the_scores(data: Any, wish: dict[str, Any]) -> None:
    scores, track = data
    drawn = draw(scores, track, **wish)
    for row, j, likelihood, quantile in zip(
        drawn.excerpt, drawn.class_index, drawn.likelihood, drawn.quantile, strict=True
    ):
        column = scores[:, j]
        share = ((column < column[row]).sum() + 0.5 * (column == column[row]).sum()) / column.size
        assert likelihood == column[row]
        assert quantile == pytest.approx(share, abs=1e-6)


@given(archives, wishes)
def test_the_same_seed_gives_the_same_draw(data: Any, wish: dict[str, Any]) -> None:
    scores, track = data
    assert_same(draw(scores, track, **wish), draw(scores.copy(), track.copy(), **wish))


@given(archives, wishes, st.randoms(use_true_random=False))
def test_a_reordered_table_with_ids_gives_the_same_draw(
    data: Any, wish: dict[str, Any], shuffler: Any
) -> None:
    scores, track = data
    ids = np.random.default_rng(5).permutation(10_000)[: track.size] - 5000
    order = list(range(track.size))
    shuffler.shuffle(order)
    index = np.array(order, np.int64)
    one = draw(scores, track, ids=ids, **wish)
    other = draw(scores[index], track[index], ids=ids[index], **wish)
    np.testing.assert_array_equal(ids[one.excerpt], ids[index][other.excerpt])
    for name in ("class_index", "tail", "likelihood", "quantile", "shortfall", "supply"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@given(archives, wishes)
def test_reordered_classes_with_names_give_the_same_draw(data: Any, wish: dict[str, Any]) -> None:
    scores, track = data
    names = tuple("abcd"[: scores.shape[1]])
    one = draw(scores, track, class_keys=names, **wish)
    other = draw(scores[:, ::-1], track, class_keys=names[::-1], **wish)
    for j in range(len(names)):
        for tail in TAILS:
            np.testing.assert_array_equal(
                rows_of(one, j, tail), rows_of(other, len(names) - 1 - j, tail)
            )


@given(archives, wishes)
def test_a_shortfall_means_that_no_free_track_was_left(data: Any, wish: dict[str, Any]) -> None:
    scores, track = data
    drawn = draw(scores, track, **wish)
    used = np.bincount(track[drawn.excerpt], minlength=60)
    for j in range(scores.shape[1]):
        column = scores[:, j]
        for t, tail in enumerate(TAILS):
            if drawn.shortfall[j, t]:
                # Strictly inside the tail no tie is broken, so all of these could be drawn.
                inside = {
                    "low": column < drawn.thresholds[j, 0],
                    "high": column > drawn.thresholds[j, 1],
                    "any": np.ones(column.size, bool),
                }[tail]
                spare = set(np.flatnonzero(inside & (used[track] < wish["max_per_track"])).tolist())
                asked = set(drawn.excerpt[drawn.class_index == j].tolist())
                assert spare <= asked


def test_another_seed_gives_another_draw() -> None:
    scores, track = archive(2000, n_tracks=500)
    one, other = (draw(scores, track, per_class=20, seed=seed) for seed in (1, 2))
    assert set(one.excerpt.tolist()) != set(other.excerpt.tolist())


def test_a_tail_has_the_size_its_quantile_says_in_spite_of_ties() -> None:
    scores = np.repeat(np.float32([0.1, 0.5, 0.9]), [40, 30, 30])[:, np.newaxis]
    drawn = draw(scores, np.arange(100), per_class=200, low=0.1, high=0.9, seed=3)
    # floor(0.1 * 99) + 1 = 10 in each tail, chosen among 40 and 30 equal scores.
    assert drawn.supply[0].tolist() == [10, 10, 0]
    assert (scores[rows_of(drawn, 0, "low"), 0] == np.float32(0.1)).all()
    assert (scores[rows_of(drawn, 0, "high"), 0] == np.float32(0.9)).all()


def test_which_of_equal_scores_are_drawn_is_left_to_the_seed() -> None:
    scores = np.repeat(np.float32([0.1, 0.5, 0.9]), [40, 30, 30])[:, np.newaxis]
    counts = np.zeros(100)
    for seed in range(300):
        drawn = draw(scores, np.arange(100), per_class=20, seed=seed)
        counts[drawn.excerpt] += 1
    # Each of the 40 is among the 10 lowest with chance 1/4: 75 times in 300, sd 7.5.
    assert 40 < counts[:40].min() <= counts[:40].max() < 115
    assert counts[40:70].max() == 0


def test_scores_that_do_not_differ_have_no_tails() -> None:
    drawn = draw(np.full((50, 1), 0.5, np.float32), np.arange(50), per_class=10, seed=0)
    assert drawn.excerpt.size == 0
    assert drawn.shortfall_per_class.tolist() == [10]
    assert drawn.supply[0].tolist() == [0, 0, 0]


def test_what_the_tails_leave_is_drawn_from_all_excerpts() -> None:
    scores, track = archive(3000, n_classes=1, n_tracks=3000)
    drawn = draw(scores, track, per_class=400, share_high=0.25, share_low=0.25, seed=8)
    assert drawn.wanted[0].tolist() == [100, 100, 200]
    quantiles = drawn.quantile[drawn.tail == "any"]
    assert 0.4 < quantiles.mean() < 0.6
    assert ((quantiles > 0.2) & (quantiles < 0.8)).sum() > 80


def test_scarce_tracks_are_shared_evenly_among_classes() -> None:
    rng = np.random.default_rng(4)
    scores = rng.random((600, 6), dtype=np.float32)
    drawn = draw(scores, np.arange(600) % 60, per_class=20, low=0.4, high=0.6, seed=1)
    per_class = np.bincount(drawn.class_index, minlength=6)
    assert per_class.sum() == 60
    assert per_class.max() - per_class.min() <= 2


def test_the_class_with_the_fewest_tracks_chooses_first() -> None:
    # Class 0 can only use tracks 0 to 9; class 1 can use all of 100.
    scores = np.zeros((100, 2), np.float32)
    scores[:10, 0] = np.linspace(0.8, 0.9, 10)
    scores[:, 1] = np.random.default_rng(0).permutation(np.linspace(0.1, 0.9, 100))
    drawn = draw(
        scores, np.arange(100), per_class=10, low=0.05, high=0.05 + 1e-6, share_high=1.0, seed=2
    )
    assert drawn.shortfall_per_class[1] == 0
    assert rows_of(drawn, 0, "high").size >= 8


def test_ineligible_excerpts_are_neither_drawn_nor_counted() -> None:
    scores, track = archive(500, n_classes=2, n_tracks=500)
    eligible = np.zeros((500, 2), bool)
    eligible[:100, 0] = True
    eligible[100:200, 1] = True
    scores[~eligible] = np.nan  # not scored: may not matter
    drawn = draw(scores, track, per_class=20, eligible=eligible, seed=1)
    assert eligible[drawn.excerpt, drawn.class_index].all()
    np.testing.assert_allclose(
        drawn.thresholds[0],
        np.float32(
            [
                np.quantile(scores[:100, 0], 0.1, method="lower"),
                np.quantile(scores[:100, 0], 0.9, method="higher"),
            ]
        ),
    )


def test_one_row_of_eligibility_holds_for_every_class() -> None:
    scores, track = archive(300, n_tracks=300)
    eligible = np.arange(300) < 150
    both = np.repeat(eligible[:, np.newaxis], 3, axis=1)
    assert_same(
        draw(scores, track, per_class=8, eligible=eligible, seed=3),
        draw(scores, track, per_class=8, eligible=both, seed=3),
    )


def test_an_empty_archive_is_all_shortfall() -> None:
    drawn = draw(np.empty((0, 2), np.float32), np.empty(0, np.int64), per_class=7, seed=0)
    assert drawn.excerpt.size == 0
    assert drawn.shortfall_per_class.tolist() == [7, 7]
    assert np.isnan(drawn.thresholds).all()


def test_candidates_stand_by_class_and_tail() -> None:
    scores, track = archive(900, n_tracks=900)
    drawn = draw(scores, track, per_class=9, share_high=0.5, share_low=0.3, seed=0)
    order = [
        (j, TAILS.index(str(tail))) for j, tail in zip(drawn.class_index, drawn.tail, strict=True)
    ]
    assert all(one <= other for one, other in pairwise(order))


def test_adding_a_class_leaves_a_named_class_its_draw_when_tracks_abound() -> None:
    scores, track = archive(4000, n_classes=2, n_tracks=4000)
    track = np.arange(4000)
    alone = draw(scores[:, :1], track, per_class=5, class_keys=("a",), max_per_track=9, seed=6)
    both = draw(scores, track, per_class=5, class_keys=("a", "b"), max_per_track=9, seed=6)
    np.testing.assert_array_equal(alone.excerpt, both.excerpt[both.class_index == 0])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"per_class": 0}, "at least one candidate per class"),
        ({"low": 0.9, "high": 0.1}, "0 <= low < high <= 1"),
        ({"low": 0.5, "high": 0.5}, "0 <= low < high <= 1"),
        ({"high": 1.5}, "0 <= low < high <= 1"),
        ({"share_high": 0.8, "share_low": 0.3}, "more than 1 together"),
        ({"share_high": -0.1}, "must not be negative"),
        ({"share_high": float("nan")}, "must not be negative"),
        ({"max_per_track": 0}, "at least one candidate per track"),
        ({"seed": -1}, "not negative"),
        ({"track": np.arange(9)}, "one integer for each of the 10"),
        ({"track": np.linspace(0, 1, 10)}, "one integer for each of the 10"),
        ({"scores": np.arange(10)}, "floating-point numbers"),
        ({"scores": np.zeros((10, 2), int)}, "floating-point numbers"),
        ({"eligible": np.ones(9, bool)}, "eligible must be booleans"),
        ({"eligible": np.ones(10)}, "eligible must be booleans"),
        ({"ids": np.zeros(10, int)}, "stands in two rows"),
        ({"ids": np.arange(9)}, "one integer for each of the 10"),
        ({"class_keys": ("a",)}, "2 different names"),
        ({"class_keys": ("a", "a")}, "2 different names"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], told: str) -> None:
    arguments: dict[str, Any] = {
        "scores": np.random.default_rng(0).random((10, 2)),
        "track": np.arange(10),
        "per_class": 2,
        "seed": 0,
    }
    with pytest.raises(ParameterError, match=told):
        draw(**{**arguments, **change})


def test_a_score_that_is_not_a_number_is_refused_with_its_row() -> None:
    scores, track = archive(20)
    scores[13, 2] = np.nan
    with pytest.raises(ParameterError, match="row 13 is NaN"):
        draw(scores, track, per_class=2, seed=0)
