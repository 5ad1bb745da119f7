"""What a draw promises, whatever the scores."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from candidates.sampling import PRESETS, Caps, Draw, Stratum, draw, tails
from consonance.errors import ParameterError


def archive(
    n: int, *, n_classes: int = 3, n_recordings: int = 40, seed: int = 0, levels: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return random scores (with many ties if `levels`) and the recording of each excerpt."""
    rng = np.random.default_rng(seed)
    scores = rng.beta(0.3, 2.0, size=(n, n_classes)).astype(np.float32)
    if levels:
        scores = np.round(scores * levels).astype(np.float32) / np.float32(levels)
    return scores, rng.integers(0, n_recordings, n)


archives = st.builds(
    archive,
    st.integers(0, 150),
    n_classes=st.integers(1, 4),
    n_recordings=st.integers(1, 50),
    seed=st.integers(0, 1000),
    levels=st.sampled_from([0, 1, 2, 5, 20]),
)
designs = st.one_of(
    st.builds(
        tails,
        st.floats(0.01, 0.45),
        st.floats(0.5, 0.99),
        share_high=st.sampled_from([0.0, 0.3, 0.5, 1.0]),
        share_low=st.sampled_from([None, 0.0]),
    ),
    st.sampled_from(list(PRESETS.values())),
    st.just(
        (
            Stratum(name="bottom", low=0.0, high=0.3, share=0.25),
            Stratum(name="middle", low=0.2, high=0.6, share=0.5),
            Stratum(name="top", low=0.6, high=1.0, share=0.25),
        )
    ),
)
limits = st.builds(
    Caps,
    recording=st.sampled_from([1, 2, None]),
    artist=st.sampled_from([1, 3, None]),
    album=st.sampled_from([1, 2, None]),
)
wishes = st.fixed_dictionaries(
    {
        "per_class": st.integers(1, 25),
        "strata": designs,
        "caps": limits,
        "seed": st.integers(0, 2**40),
    }
)


def sources(recording: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """Return artists of three recordings each, and albums, one of which many artists share."""
    return {"artist": recording // 3, "album": np.where(recording % 5 == 0, 0, recording // 2 + 1)}


def assert_same(one: Draw, other: Draw) -> None:
    for field in fields(Draw):
        if field.name != "strata":
            np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))


@settings(deadline=None, max_examples=20)
@given(archives, wishes)
def test_caps_and_quantiles_are_respected_and_shortages_told(
    data: Any, wish: dict[str, Any]
) -> None:
    scores, recording = data
    places = sources(recording)
    drawn = draw(scores, recording, **wish, **places)
    for name, codes in {"recording": recording, **places}.items():
        cap = getattr(wish["caps"], name)
        if cap is not None and drawn.excerpt.size:
            assert np.bincount(codes[drawn.excerpt]).max() <= cap
    low, high = drawn.bounds[drawn.class_index, drawn.stratum].T
    assert ((drawn.score >= low) & (drawn.score <= high)).all()
    np.testing.assert_array_equal(drawn.score, scores[drawn.excerpt, drawn.class_index])
    pairs = set(zip(drawn.class_index.tolist(), drawn.excerpt.tolist(), strict=True))
    assert len(pairs) == drawn.excerpt.size, "a class is asked about an excerpt once"
    found = np.zeros_like(drawn.wanted)
    np.add.at(found, (drawn.class_index, drawn.stratum), 1)
    np.testing.assert_array_equal(found + drawn.shortfall, drawn.wanted)
    assert (drawn.wanted.sum(axis=1) == wish["per_class"]).all()
    assert ((drawn.inclusion > 0) & (drawn.inclusion <= 1)).all()
    order = list(zip(drawn.class_index.tolist(), drawn.stratum.tolist(), strict=True))
    assert all(one <= other for one, other in pairwise(order))


@settings(deadline=None, max_examples=12)
@given(archives, wishes, st.integers(0, 99))
def test_neither_the_order_of_rows_nor_of_classes_changes_the_draw(
    data: Any, wish: dict[str, Any], shuffle: int
) -> None:
    scores, recording = data
    n, n_classes = scores.shape
    places, keys = sources(recording), tuple("abcd"[:n_classes])
    ids = np.arange(n) * 7 + 3
    rng = np.random.default_rng(shuffle)
    rows, columns = rng.permutation(n), rng.permutation(n_classes)
    one = draw(scores, recording, ids=ids, class_keys=keys, **wish, **places)
    other = draw(
        scores[rows][:, columns],
        recording[rows],
        ids=ids[rows],
        class_keys=[keys[j] for j in columns],
        **wish,
        **{name: codes[rows] for name, codes in places.items()},
    )

    def asked(drawn: Draw, names: Any) -> set[tuple[str, int, str, float]]:
        return {
            (names[j], i, s, round(p, 12))
            for j, i, s, p in zip(
                drawn.class_index, drawn.id, drawn.stratum_name, drawn.inclusion, strict=True
            )
        }

    assert asked(one, keys) == asked(other, [keys[j] for j in columns])


@settings(deadline=None, max_examples=12)
@given(archives, wishes)
def test_no_candidate_is_left_that_every_cap_would_still_let_through(
    data: Any, wish: dict[str, Any]
) -> None:
    scores, recording = data
    wish = {**wish, "strata": tails(), "caps": Caps(recording=wish["caps"].recording)}
    drawn = draw(scores, recording, **wish)
    used = np.bincount(recording[drawn.excerpt], minlength=60)
    cap = wish["caps"].recording or 10**6
    for j, s in zip(*np.nonzero(drawn.shortfall), strict=True):
        column = scores[:, j]
        low, high = drawn.bounds[j]
        # Strictly inside its stratum no tie is broken, so all of these could be drawn.
        inside = column < low[1] if s == 0 else column > high[0]
        spare = set(np.flatnonzero(inside & (used[recording] < cap)).tolist())
        assert spare <= set(drawn.excerpt[drawn.class_index == j].tolist())


def test_the_same_recipe_draws_the_same_and_another_seed_another() -> None:
    scores, recording = archive(2000, n_recordings=500)
    one, again, other = (draw(scores, recording, per_class=20, seed=s) for s in (1, 1, 2))
    assert_same(one, again)
    assert set(one.excerpt.tolist()) != set(other.excerpt.tolist())


@pytest.mark.parametrize(
    ("wish", "n"),
    [
        ({"per_class": 8}, 240),
        ({"per_class": 9, "strata": PRESETS["tails_and_uniform"]}, 240),
        ({"per_class": 6, "caps": Caps(recording=2, artist=3, album=1)}, 240),
        ({"per_class": 6, "caps": Caps(recording=1, album=2)}, 240),
    ],
)
def test_weights_make_totals_unbiased(wish: dict[str, Any], n: int) -> None:
    scores, recording = archive(n, n_classes=2, n_recordings=60, seed=5)
    places = sources(recording)
    truth = np.random.default_rng(1).random((n, 2))
    whole = wish.get("strata") is not None
    inside = (
        np.ones_like(scores, bool)
        if whole
        else (scores <= np.sort(scores, axis=0)[23]) | (scores >= np.sort(scores, axis=0)[-24])
    )
    total = truth[inside].sum()
    estimates = []
    for seed in range(150):
        drawn = draw(scores, recording, seed=seed, **wish, **places)
        assert not drawn.out_of_reach.any()
        estimates.append((truth[drawn.excerpt, drawn.class_index] / drawn.inclusion).sum())
    error = np.std(estimates) / np.sqrt(len(estimates))
    assert abs(np.mean(estimates) - total) < 4 * error
    assert error < 0.05 * total, "or the test could not fail"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wish", "tail"),
    [
        ({"per_class": 4}, 6),
        ({"per_class": 4, "caps": Caps(recording=2, artist=2)}, 6),
        (
            {
                "per_class": 8,
                "strata": tails(share_high=0.2, share_low=0.2),
                "caps": Caps(recording=2),
            },
            30,
        ),
        ({"per_class": 9, "strata": PRESETS["uniform"], "caps": Caps(recording=1, album=2)}, 30),
    ],
)
def test_each_excerpt_s_weights_add_up_to_one_a_draw(wish: dict[str, Any], tail: int) -> None:
    # What Horvitz and Thompson ask for, excerpt by excerpt: drawn with probability p, it weighs
    # 1 / p. A wrong p of one excerpt would show, not only one of all of them together.
    scores, recording = archive(60, n_classes=2, n_recordings=40, seed=2)
    places = sources(recording)
    rank = scores.argsort(axis=0).argsort(axis=0)
    inside = (rank < tail) | (rank >= 60 - tail)
    n = 400
    total, squares = np.zeros(scores.shape), np.zeros(scores.shape)
    for seed in range(n):
        drawn = draw(scores, recording, seed=seed, **wish, **places)
        assert not drawn.out_of_reach.any()
        at = drawn.excerpt, drawn.class_index
        total[at] += 1 / drawn.inclusion
        squares[at] += 1 / drawn.inclusion**2
    mean = total / n
    error = np.sqrt(np.maximum(squares / n - mean**2, 0) / n)
    assert (np.abs(mean - inside) < 4.5 * error + 1e-9).all()
    assert np.median(error[inside]) < 0.2, "or the test could not fail"


def test_a_stratum_has_the_size_its_quantiles_say_in_spite_of_ties() -> None:
    scores = np.repeat(np.float32([0.1, 0.5, 0.9]), [40, 30, 30])[:, np.newaxis]
    drawn = draw(scores, np.arange(100), per_class=200, seed=3)
    # floor(0.1 * 99) + 1 = 10 in each tail, chosen among 40 and 30 equal scores.
    assert drawn.members[0].tolist() == [10, 10]
    assert sorted(drawn.score.tolist()) == [np.float32(0.1)] * 10 + [np.float32(0.9)] * 10


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
    assert drawn.members[0].tolist() == [0, 0]


def test_scarce_recordings_are_shared_evenly_among_classes() -> None:
    rng = np.random.default_rng(4)
    scores = rng.random((600, 6), dtype=np.float32)
    drawn = draw(scores, np.arange(600) % 60, per_class=20, strata=tails(0.4, 0.6), seed=1)
    assert drawn.excerpt.size == 60
    assert drawn.shortfall_per_class.tolist() == [10] * 6


def test_a_class_that_few_recordings_can_serve_gets_them_whatever_its_place() -> None:
    # One class can only use recordings 0 to 9; the others can use all of 100.
    for place in (0, 2):
        scores = np.random.default_rng(0).random((100, 3)).astype(np.float32)
        scores[:, place] = 0
        scores[:10, place] = np.linspace(0.8, 0.9, 10)
        eligible = np.ones((100, 3), bool)
        eligible[10:, place] = False
        drawn = draw(
            scores, np.arange(100), per_class=10, strata=PRESETS["uniform"], eligible=eligible,
            seed=2,
        )  # fmt: skip
        assert drawn.shortfall_per_class.tolist() == [0, 0, 0]
        # The others' share of those ten has no chance: it is told.
        assert drawn.out_of_reach.sum() == 20


def test_excluded_excerpts_count_for_the_quantiles_and_are_not_drawn() -> None:
    scores = np.arange(100, dtype=np.float32)[:, np.newaxis]
    excluded = np.arange(100) < 5
    drawn = draw(scores, np.arange(100), per_class=200, excluded=excluded, seed=0)
    assert sorted(drawn.excerpt[drawn.stratum == 0].tolist()) == [5, 6, 7, 8, 9]
    assert drawn.members[0].tolist() == [5, 10]
    assert drawn.inclusion.tolist() == [1.0] * 15


def test_ineligible_excerpts_are_neither_drawn_nor_counted() -> None:
    scores, recording = archive(500, n_classes=2, n_recordings=500)
    eligible = np.zeros((500, 2), bool)
    eligible[:100, 0] = True
    eligible[100:200, 1] = True
    scores[~eligible] = np.nan  # not scored: may not matter
    drawn = draw(scores, recording, per_class=20, eligible=eligible, seed=1)
    assert eligible[drawn.excerpt, drawn.class_index].all()
    low = np.quantile(scores[:100, 0], 0.1, method="lower")
    high = np.quantile(scores[:100, 0], 0.9, method="higher")
    assert (drawn.bounds[0, 0, 1], drawn.bounds[0, 1, 0]) == (low, high)


def test_an_empty_archive_is_all_shortfall() -> None:
    drawn = draw(np.empty((0, 2), np.float32), np.empty(0, np.int64), per_class=7, seed=0)
    assert drawn.excerpt.size == 0
    assert drawn.shortfall_per_class.tolist() == [7, 7]
    assert np.isnan(drawn.bounds).all()


def test_each_class_may_want_its_own_number() -> None:
    scores, _ = archive(400, n_classes=3)
    drawn = draw(scores, np.arange(400), per_class=[4, 0, 9], seed=0)
    assert np.bincount(drawn.class_index, minlength=3).tolist() == [4, 0, 9]


def test_each_class_may_have_its_own_strata() -> None:
    scores, _ = archive(400, n_classes=2)
    own = [
        (Stratum(name="top", low=0.9, high=1.0, share=0.5),
         Stratum(name="rest", low=0.0, high=0.9, share=0.5)),
        (Stratum(name="top", low=0.5, high=1.0, share=1.0),
         Stratum(name="rest", low=0.0, high=0.5, share=0.0)),
    ]  # fmt: skip
    drawn = draw(scores, np.arange(400), per_class=10, strata=own, seed=0)
    assert drawn.wanted.tolist() == [[5, 5], [10, 0]]
    assert not drawn.shortfall.any()
    for j, quantile in ((0, 0.9), (1, 0.5)):
        top = drawn.score[(drawn.class_index == j) & (drawn.stratum == 0)]
        assert (top >= np.quantile(scores[:, j], quantile, method="higher")).all()
    assert drawn.bounds[1, 0, 0] == np.quantile(scores[:, 1], 0.5, method="higher")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"strata": [tails()]}, "for each of the 2"),
        ({"strata": [tails(), PRESETS["uniform"]]}, "by the same names"),
        ({"per_class": 0}, "at least one candidate per class"),
        ({"per_class": [1]}, "2 numbers"),
        ({"per_class": [1, -1]}, "not negative"),
        ({"strata": ()}, "at least one stratum"),
        ({"seed": -1}, "not negative"),
        ({"keep": 0}, "keep at least one"),
        ({"caps": Caps(artist=1)}, "no excerpt's artist is known"),
        ({"artist": np.arange(10), "recording": np.zeros(10, int)}, "all have the same artist"),
        ({"recording": np.arange(9)}, "one integer for each of the 10"),
        ({"recording": np.linspace(0, 1, 10)}, "one integer for each of the 10"),
        ({"scores": np.arange(10)}, "floating-point numbers"),
        ({"scores": np.zeros((10, 2), int)}, "floating-point numbers"),
        ({"eligible": np.ones(9, bool)}, "eligible must be booleans"),
        ({"eligible": np.ones(10)}, "eligible must be booleans"),
        ({"excluded": np.ones((10, 2), bool)}, "excluded must be booleans"),
        ({"ids": np.zeros(10, int)}, "stands in two rows"),
        ({"ids": np.arange(9)}, "one integer for each of the 10"),
        ({"class_keys": ("a",)}, "2 different names"),
        ({"class_keys": ("a", "a")}, "2 different names"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], told: str) -> None:
    arguments: dict[str, Any] = {
        "scores": np.random.default_rng(0).random((10, 2)),
        "recording": np.arange(10),
        "per_class": 2,
        "seed": 0,
    }
    with pytest.raises(ParameterError, match=told):
        draw(**{**arguments, **change})


def test_a_score_that_is_not_a_number_is_refused_with_its_row() -> None:
    scores, recording = archive(20)
    scores[13, 2] = np.nan
    with pytest.raises(ParameterError, match="row 13 is NaN"):
        draw(scores, recording, per_class=2, seed=0)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"low": 0.9, "high": 0.1}, "0 <= low < high <= 1"),
        ({"high": 1.5}, "0 <= low < high <= 1"),
        ({"share_high": 0.8, "share_low": 0.3}, "more than 1 together"),
        ({"share_high": -0.1}, "must not be negative"),
        ({"share_high": float("nan")}, "must not be negative"),
    ],
)
def test_tails_that_make_no_sense_are_refused(arguments: dict[str, float], told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        tails(**arguments)
