"""Figures over known labels, and intervals that draw sources instead of clips."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import average_precision_score, roc_auc_score

from candidates.detector.comparing import compared
from candidates.detector.evaluation import average_precision, figures, mean_of
from consonance.errors import ParameterError


@given(
    st.integers(2, 30).flatmap(
        lambda n: st.tuples(
            arrays.arrays(bool, (n, 1)),
            arrays.arrays(np.float32, (n, 1), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0])),
        )
    )
)
def test_average_precision_is_scikit_learns_ties_and_all(
    drawn: tuple[np.ndarray, np.ndarray],
) -> None:
    present, scores = drawn
    value = average_precision(present, scores)[0]
    if present.any():
        assert value == pytest.approx(average_precision_score(present[:, 0], scores[:, 0]))
    else:
        assert np.isnan(value)


def test_unknown_labels_count_for_nothing() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 2, (200, 2)).astype(np.int8)
    scores = rng.random((200, 2))
    found = figures(labels, scores, ("a", "b"))
    for column, name in enumerate(("a", "b")):
        known = labels[:, column] >= 0
        truth = labels[known, column]
        assert found[name]["auc"] == pytest.approx(roc_auc_score(truth, scores[known, column]))
        assert found[name]["positives"] == int((truth == 1).sum())
        assert found[name]["negatives"] == int((truth == 0).sum())


def test_a_class_that_is_everywhere_or_nowhere_has_no_figure() -> None:
    found = figures([[1, 0], [1, 0]], [[0.1, 0.2], [0.3, 0.4]], ("a", "b"))
    assert found["a"] == {"auc": None, "ap": None, "positives": 2, "negatives": 0}
    assert found["b"] == {"auc": None, "ap": None, "positives": 0, "negatives": 2}
    assert mean_of(found, "auc", min_positives=1) is None


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ParameterError, match="do not fit"):
        figures([[1]], [[0.1, 0.2]], ("a",))


def detectors(n: int, seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    truth = (rng.random((n, 3)) < 0.4).astype(np.int8)
    return truth, {
        "good": truth + rng.normal(0.0, 0.4, truth.shape),
        "poor": truth + rng.normal(0.0, 3.0, truth.shape),
        "same": truth + rng.normal(0.0, 3.0, truth.shape),
    }


def test_a_better_detector_is_ahead_outside_its_interval_and_a_like_one_is_not() -> None:
    truth, scores = detectors(200, 1)
    sources = [[f"s{row}"] for row in range(200)]
    apart = compared(truth, scores, sources, against="poor", seed=1, resamples=100)
    assert apart["good"]["auc"]["low"] > 0.1
    assert apart["same"]["auc"]["low"] < 0.0 < apart["same"]["auc"]["high"]
    assert apart["good"]["ap"]["difference"] > 0.0


def test_takes_of_one_source_widen_the_interval() -> None:
    truth, scores = detectors(40, 2)
    many = np.repeat(truth, 5, axis=0)
    copies = {name: np.repeat(values, 5, axis=0) for name, values in scores.items()}
    width = []
    for sources in ([[f"s{row}"] for row in range(200)], [[f"s{row // 5}"] for row in range(200)]):
        one = compared(many, copies, sources, against="poor", seed=1, resamples=150)["good"]["auc"]
        width.append(one["high"] - one["low"])
    assert width[1] > 1.5 * width[0]


def test_the_seed_decides_the_interval() -> None:
    truth, scores = detectors(60, 3)
    sources = [[f"s{row}", f"t{row % 7}"] for row in range(60)]
    one, again, other = (
        compared(truth, scores, sources, against="poor", seed=seed, resamples=30)
        for seed in (1, 1, 2)
    )
    assert one == again != other
