"""The referee against scikit-learn, on what is known only."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from splits.release.loader import LoadError, evaluate

RNG = np.random.default_rng(5)


def case(n: int = 60, classes: int = 3, ties: int = 6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    y = RNG.integers(0, 2, (n, classes))
    mask = RNG.random((n, classes)) < 0.6
    return y, mask, RNG.integers(0, ties, (n, classes)) / ties


@st.composite
def partly_known(draw):
    n = draw(st.integers(2, 40))
    y = draw(hnp.arrays(np.int8, (n, 2), elements=st.integers(0, 1)))
    mask = draw(hnp.arrays(np.bool_, (n, 2)))
    # Few values, so that ties are the rule; some huge, some tiny.
    value = st.sampled_from([0.0, 0.1, 0.5, 0.5000001, 0.9, 1.0, -3.0, 1e-300, 1e300])
    return y, mask, draw(hnp.arrays(np.float64, (n, 2), elements=value))


@given(partly_known())
def test_it_says_what_scikit_learn_says_of_the_known_ones(drawn):
    y, mask, scores = drawn
    told = evaluate(y, mask, scores, n_boot=0)["classes"]
    for column, row in enumerate(told):
        truth, score = y[mask[:, column], column], scores[mask[:, column], column]
        assert row["clips"] == len(truth)
        if len(set(truth.tolist())) < 2:
            assert row["ap"] is row["auc"] is row["f1"] is None
            assert row["note"].startswith("no clip is labelled")
            continue
        assert row["ap"] == pytest.approx(average_precision_score(truth, score), abs=1e-12)
        assert row["auc"] == pytest.approx(roc_auc_score(truth, score), abs=1e-12)
        assert row["f1"] == pytest.approx(f1_score(truth, score >= 0.5), abs=1e-12)


@given(partly_known(), st.integers(0, 2**32 - 1))
def test_what_is_unknown_never_counts(drawn, seed):
    y, mask, scores = drawn
    rng = np.random.default_rng(seed)
    other = np.where(mask, y, rng.integers(-1, 5, y.shape))
    noise = np.where(mask, scores, rng.choice([np.nan, np.inf, 0.7], y.shape))
    assume(not (np.isnan(noise).all(axis=0) & mask.any(axis=0)).any())
    groups = np.arange(len(y)) // 2
    first = evaluate(y, mask, scores, n_boot=20, groups=groups)
    second = evaluate(other, mask, noise, n_boot=20, groups=groups)
    assert first == second


@given(partly_known(), st.permutations(range(40)))
def test_the_order_of_clips_changes_nothing(drawn, order):
    y, mask, scores = drawn
    rows = [row for row in order if row < len(y)]
    first = evaluate(y, mask, scores, n_boot=0)
    second = evaluate(y[rows], mask[rows], scores[rows], n_boot=0)
    for one, other in zip(first["classes"], second["classes"], strict=True):
        assert one["ap"] == pytest.approx(other["ap"], abs=1e-12)
        assert one["auc"] == other["auc"]


def test_a_resampling_is_scored_as_scikit_learn_scores_the_drawn_clips():
    y, mask, scores = case(40, 1)
    low_high = [evaluate(y, mask, scores, n_boot=2, seed=9, level=0.999999)["classes"][0]]
    known = mask[:, 0]
    weights = np.random.default_rng(9).multinomial(40, np.full(40, 1 / 40), size=2)[:, known]
    drawn = sorted(
        average_precision_score(y[known, 0], scores[known, 0], sample_weight=row) for row in weights
    )
    assert low_high[0]["ap_low"] == pytest.approx(drawn[0], abs=1e-5)
    assert low_high[0]["ap_high"] == pytest.approx(drawn[1], abs=1e-5)


def test_intervals_hold_the_value_and_follow_the_seed():
    y, mask, scores = case(300)
    first, again = (evaluate(y, mask, scores, n_boot=200, seed=4) for _ in range(2))
    assert first == again
    assert evaluate(y, mask, scores, n_boot=200, seed=5) != first
    for row in [*first["classes"], first["macro"]]:
        for measure in ("ap", "auc", "f1"):
            assert row[f"{measure}_low"] <= row[measure] <= row[f"{measure}_high"]


def test_clips_of_one_artist_are_drawn_together_and_widen_the_interval():
    artists = np.repeat(np.arange(30), 20)
    y = np.repeat(RNG.integers(0, 2, 30), 20)[:, None]
    scores = np.repeat(RNG.random(30), 20)[:, None] + 0.4 * y  # one artist, one sound
    mask = np.ones_like(y, dtype=bool)
    alone = evaluate(y, mask, scores, n_boot=300)["classes"][0]
    whole = evaluate(y, mask, scores, n_boot=300, groups=artists.astype(str))
    row = whole["classes"][0]
    assert row["auc"] == alone["auc"]
    assert row["auc_high"] - row["auc_low"] > 2 * (alone["auc_high"] - alone["auc_low"])
    assert whole["settings"] | {"resampled": "groups", "units": 30} == whole["settings"]


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    # Normal scores one apart: AUC is Phi(1 / sqrt 2).
    truth = 0.5 * (1 + math.erf(0.5))
    held = 0
    for trial in range(100):
        y = rng.integers(0, 2, (200, 1))
        row = evaluate(y, y >= 0, rng.normal(size=y.shape) + y, n_boot=200, seed=trial)["classes"][
            0
        ]
        held += row["auc_low"] <= truth <= row["auc_high"]
    assert 87 <= held <= 100


def test_the_macro_mean_is_over_classes_that_can_be_scored():
    y, mask, scores = case()
    y[:, 1] = 1
    told = evaluate(y, mask, scores, n_boot=10, classes=["a", "b", "c"])
    assert told["classes"][1]["note"] == "no clip is labelled absent"
    assert told["macro"]["note"] == "mean of 2 of 3 classes"
    kept = [told["classes"][index]["ap"] for index in (0, 2)]
    assert told["macro"]["ap"] == pytest.approx(np.mean(kept))


def test_a_class_without_scores_is_listed_and_not_scored():
    y, mask, scores = case()
    scores[:, 0] = np.nan
    told = evaluate(y, mask, scores, n_boot=3)
    assert told["classes"][0]["note"] == "no scores"
    assert told["classes"][0]["clips"] == mask[:, 0].sum()


def test_no_interval_is_given_from_the_few_resamplings_that_can_be_scored():
    y = np.zeros((30, 1), dtype=int)
    y[0] = 1
    groups = np.append([0], np.ones(29, dtype=int))  # one in two draws has no present clip
    row = evaluate(y, y >= 0, RNG.random((30, 1)), n_boot=200, groups=groups)["classes"][0]
    assert row["ap"] is not None
    # Both groups are drawn with probability one half; one group alone can never be scored.
    lone = evaluate(y[:1], y[:1] >= 0, np.ones((1, 1)), n_boot=5)["classes"][0]
    assert lone["ap"] is lone["ap_low"] is None
    rare = evaluate(np.eye(4, 1, dtype=int), np.ones((4, 1), bool), RNG.random((4, 1)), n_boot=0)
    assert rare["classes"][0]["ap_low"] is None


def test_nothing_at_all_is_no_error():
    told = evaluate(np.zeros((0, 2)), np.zeros((0, 2), bool), np.zeros((0, 2)))
    assert [row["note"] for row in told["classes"]] == ["no clip is labelled"] * 2
    assert told["macro"]["ap"] is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"y_true": np.zeros(4)}, "one shape"),
        ({"scores": np.zeros((4, 3))}, "one shape"),
        ({"mask": np.ones((4, 2))}, "boolean"),
        ({"y_true": np.full((4, 2), -1)}, r"y_true\[0, 0\] \(0\) is -1"),
        ({"scores": np.array([[0.1, 0.2], [np.nan, 0.3]] * 2)}, r"scores\[1, 0\]"),
        ({"scores": np.full((4, 2), "high")}, "no numbers"),
        ({"groups": [1, 2]}, "give one for each of 4"),
        ({"classes": ["a"]}, "1 class names for 2"),
        ({"n_boot": -1}, "n_boot is -1"),
        ({"level": 1.0}, "level 1.0"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(change, told):
    given = {
        "y_true": np.array([[0, 1], [1, 0]] * 2), "mask": np.ones((4, 2), bool),
        "scores": np.full((4, 2), 0.5),
    }  # fmt: skip
    with pytest.raises(LoadError, match=told):
        evaluate(**{**given, **change})
