"""From likelihoods to what people say: never falling, never surer than the labels allow."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from candidates.loop.calibration import Calibration, calibrate, uncalibrated
from consonance.errors import ParameterError

GRID = np.linspace(-14, 14, 57)


def curve(logit: NDArray[np.float64], c: float, a: float, b: float) -> NDArray[np.float64]:
    """Return a beta calibration, written down anew."""
    p = 1 / (1 + np.exp(-logit))
    return 1 / (1 + np.exp(-(c + a * np.log(p) - b * np.log(1 - p))))


labels = st.lists(
    st.tuples(
        st.integers(0, 3), st.floats(-15, 15), st.sampled_from([-1, 0, 1]), st.floats(1, 1e5)
    ),
    max_size=60,
)


def fitted(rows: list[tuple[int, float, int, float]]) -> Calibration:
    columns = [np.array(column) for column in zip(*rows, strict=True)] or [np.empty(0)] * 4
    index, logit, truth, weight = columns
    return calibrate(index.astype(int), logit, truth.astype(int), classes="abcd", weight=weight)


@settings(deadline=None, max_examples=60)
@given(labels)
def test_a_curve_never_falls_and_stays_inside_its_interval(rows: Any) -> None:
    found = fitted(rows)
    for name in "abcd":
        p = found.of(name).present(GRID)
        low, high = found.of(name).interval(GRID)
        assert np.isfinite(p).all()
        assert (np.diff(p) >= -1e-12).all()
        assert ((low <= p + 1e-12) & (p <= high + 1e-12) & (low >= 0) & (high <= 1)).all()


@settings(deadline=None, max_examples=30)
@given(labels, st.integers(0, 99))
def test_neither_the_order_of_labels_nor_undecided_ones_move_a_curve(rows: Any, seed: int) -> None:
    shuffled = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))]
    decided = [row for row in shuffled if row[2] >= 0]
    one, other = fitted(rows), fitted(decided)
    for name in "abcd":
        np.testing.assert_allclose(one.of(name).present(GRID), other.of(name).present(GRID), 1e-5)
        assert one.of(name).labels == other.of(name).labels


def test_before_any_label_the_likelihood_is_believed_and_said_to_be_no_calibration() -> None:
    nothing = np.empty(0)
    for found in (uncalibrated(), calibrate(nothing.astype(int), nothing, nothing, classes=["a"])):
        assert not found.is_calibrated
        assert found.of("a").basis == "detector"
        np.testing.assert_allclose(found.of("a").present(GRID), 1 / (1 + np.exp(-GRID)))
        low, high = found.of("a").interval(np.zeros(1))
        assert low[0] < 0.03
        assert high[0] > 0.97


def test_labels_that_are_all_undecided_calibrate_nothing() -> None:
    found = calibrate([0, 0], [1.0, 2.0], [-1, -1], classes=["a"])
    assert not found.is_calibrated


def test_many_labels_find_the_true_curve_even_where_it_levels_off() -> None:
    rng = np.random.default_rng(3)
    logit = rng.normal(0, 4, 20_000)
    # However sure the detector is, one in three is something else.
    truth = rng.random(logit.size) < curve(logit, 0.7, 0.8, 0.02)
    found = calibrate(np.zeros(logit.size, int), logit, truth.astype(int), classes=["a"]).of("a")
    grid = np.linspace(-6, 8, 30)
    assert np.abs(found.present(grid) - curve(grid, 0.7, 0.8, 0.02)).max() < 0.03
    assert found.basis == "labels"
    assert (found.labels, found.positives) == (20_000, int(truth.sum()))


def test_a_class_without_labels_follows_the_others_and_says_so() -> None:
    rng = np.random.default_rng(0)
    index, logit = np.repeat(np.arange(6), 300), rng.normal(-2, 3, 1800)
    truth = rng.random(1800) < curve(logit, -1.5, 0.6, 0.6)
    found = calibrate(index, logit, truth.astype(int), classes="abcdefz")
    assert found.of("z").basis == "other_classes"
    assert found.of("unheard of").basis == "other_classes"
    assert np.abs(found.of("z").present(GRID) - curve(GRID, -1.5, 0.6, 0.6)).max() < 0.12
    widths = [np.ptp(found.of(name).interval(np.zeros(1))) for name in "za"]
    assert widths[0] > 2 * widths[1]


def test_few_labels_move_a_class_less_than_many() -> None:
    rng = np.random.default_rng(1)
    rest, logit = np.repeat(np.arange(1, 6), 200), rng.normal(-1, 3, 1000)
    truth = (rng.random(1000) < curve(logit, 0, 1, 1)).astype(int)
    moved = []
    for few in (2, 20, 200):
        # The first class is never there, whatever the detector says.
        found = calibrate(
            np.append(rest, np.zeros(few, int)), np.append(logit, rng.normal(0, 2, few)),
            np.append(truth, np.zeros(few, int)), classes="abcdef",
        )  # fmt: skip
        moved.append(float(found.of("a").present(0.0)))
    assert 0.5 > moved[0] > moved[1] > moved[2]
    assert moved[2] < 0.06


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    names = [f"class{j}" for j in range(12)]
    grid = np.array([-6.0, -3.0, 0.0, 3.0])
    held: dict[int, list[NDArray[np.bool_]]] = {0: [], 5: [], 60: []}
    for _ in range(40):
        true = np.c_[rng.normal(-1, 1, 12), rng.normal(-0.3, 0.35, (12, 2))]
        true[:, 1:] = np.exp(true[:, 1:])
        sizes = rng.permutation(np.repeat(list(held), 4))
        index = np.repeat(np.arange(12), sizes)
        logit = rng.normal(-2, 3, index.size)
        chance = [curve(x, *true[j]) for x, j in zip(logit, index, strict=True)]
        truth = (rng.random(index.size) < chance).astype(int)
        found = calibrate(index, logit, truth, classes=names)
        for j, size in enumerate(sizes.tolist()):
            low, high = found.of(names[j]).interval(grid)
            held[size].append((low <= curve(grid, *true[j])) & (curve(grid, *true[j]) <= high))
    for size, each in held.items():
        # 640 points of 160 classes and 40 fits: 95 % give or take.
        assert 0.89 < np.mean(each) <= 1, size


def test_weights_within_a_region_count_and_weights_between_regions_do_not() -> None:
    logit, truth = np.zeros(200), np.repeat([1, 0], 100)
    heavy = np.where(truth == 1, 9.0, 1.0)
    one = calibrate(np.zeros(200, int), logit, truth, classes="a", weight=heavy)
    other = calibrate(np.zeros(200, int), logit, truth, classes="a", weight=heavy, region=truth)
    plain = calibrate(np.zeros(200, int), logit, truth, classes="a")
    assert float(one.of("a").present(0.0)) > 0.8
    assert float(other.of("a").present(0.0)) == pytest.approx(float(plain.of("a").present(0.0)))
    # Nine to one is known less well than it would be from 200 equal labels.
    assert one.of("a").covariance[0, 0] > plain.of("a").covariance[0, 0]


def test_what_is_stored_is_what_was_fitted() -> None:
    found = calibrate([0, 0, 1], [1.0, -1.0, 0.5], [1, 0, 1], classes=["a", "b"])
    again = Calibration.from_json(json.loads(json.dumps(found.as_json())))
    for name in ("a", "b", "c"):
        np.testing.assert_array_equal(again.of(name).present(GRID), found.of(name).present(GRID))
        assert again.of(name).basis == found.of(name).basis


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"class_index": [0, 2]}, "class_index must lie from 0 to 1"),
        ({"logit": [0.0, np.inf]}, "Logits must be finite"),
        ({"logit": [0.0]}, "one class, logit, truth"),
        ({"truth": [0, 2]}, "truth must be"),
        ({"weight": [1.0, 0.0]}, "above 0"),
        ({"weight": [1.0, np.nan]}, "above 0"),
        ({"region": [0]}, "one class, logit, truth"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], told: str) -> None:
    arguments: dict[str, Any] = {"class_index": [0, 1], "logit": [0.0, 1.0], "truth": [0, 1]}
    with pytest.raises(ParameterError, match=told):
        calibrate(**{**arguments, **change}, classes=["a", "b"])
