"""The detector against the crowd's labels."""

from __future__ import annotations

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.agreement import Auc, Interval, auc, detector_report
from consonance.errors import ParameterError


def test_precision_is_counted_by_bin_by_tail_and_by_class() -> None:
    score = [0.05, 0.15, 0.95, 1.0, 0.95, 0.1]
    truth = [0, 1, 1, 1, -1, 0]
    context = [0, 0, 0, 1, 1, 1]
    tail = [0, 0, 1, 1, 1, -1]
    found = detector_report(score, truth, context=context, n_bins=10, tail=tail, n_classes=3)
    assert found.edges == pytest.approx(np.arange(11) / 10)
    assert found.bins.number.shape == (4, 10)
    assert found.bins.number[0].tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert found.bins.successes[0].tolist() == [0, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert found.bins.number[1, 1] == 1  # a score of .1 begins its bin
    assert found.bins.number[1, 9] == 1  # 1.0 is in the last one
    assert found.bins.number[3].tolist() == found.bins.number[:3].sum(axis=0).tolist()
    assert found.tails.number.tolist() == [[2, 1], [0, 1], [0, 0], [2, 2]]
    assert found.tails.successes.tolist() == [[1, 1], [0, 1], [0, 0], [1, 2]]
    assert found.n_decided.tolist() == [3, 2, 0, 5]
    assert found.n_undecided.tolist() == [0, 1, 0, 1]
    assert str(found.auc[0]) == "not enough data: 1 absent tasks, 2 needed"
    assert isinstance(found.auc[3], Auc)
    low = found.bins.of(0, 1)
    assert isinstance(low, Interval)
    assert (low.value, low.number) == (1, 1)


def test_without_tails_or_classes_there_is_one_row_and_all() -> None:
    found = detector_report([0.2, 0.9, 0.3, 0.8], [0, 1, 0, 1])
    assert found.bins.number.shape == (2, 10)
    assert found.bins.number[0].tolist() == found.bins.number[1].tolist()
    assert found.tails.number.shape == (2, 0)
    assert found.auc[0] == found.auc[1]


def test_no_tasks_are_no_error() -> None:
    found = detector_report([], [], n_classes=2, n_tails=2, tail=[])
    assert found.bins.number.sum() == 0
    assert [str(one) for one in found.auc] == ["not enough data: 0 present tasks, 2 needed"] * 3


def test_a_perfect_detector_is_one_with_an_honest_lower_bound() -> None:
    present = np.array([True] * 10 + [False] * 30)
    perfect = auc(present.astype(float), present)
    assert isinstance(perfect, Auc)
    assert (perfect.value, perfect.high) == (1, 1)
    assert 0.6 < perfect.low < 0.75  # ten of ten: Clopper and Pearson's .692
    upside_down = auc(-present.astype(float), present)
    assert isinstance(upside_down, Auc)
    assert (upside_down.value, upside_down.low) == (0, 0)
    assert upside_down.high == pytest.approx(1 - perfect.low)


def test_the_interval_holds_the_true_area_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    true = 0.7602499389065233  # of normal scores one standard deviation apart: Phi(1 / sqrt 2)
    held = 0
    for _ in range(400):
        present = np.arange(120) < 40
        found = auc(rng.normal(present * 1.0), present, confidence=0.9)
        assert isinstance(found, Auc)
        held += found.low <= true <= found.high
    assert 340 <= held <= 380  # 360 expected


@given(
    scores=arrays.arrays(np.float64, st.integers(0, 25), elements=st.floats(0, 1)),
    seed=st.integers(0, 100),
)
@settings(max_examples=80)
def test_every_area_is_finite_and_turns_with_the_scores(scores: np.ndarray, seed: int) -> None:
    present = np.random.default_rng(seed).random(len(scores)) < 0.5
    found, turned = auc(scores, present), auc(-scores, present)
    if isinstance(found, Auc):
        assert isinstance(turned, Auc)
        assert 0 <= found.low <= found.value + 1e-12
        assert found.value - 1e-12 <= found.high <= 1
        assert turned.value == pytest.approx(1 - found.value)
    else:
        assert str(found).startswith("not enough data: ")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"score": [0.5]}, r"score has shape \(1,\)"),
        ({"score": [0.5, 1.5]}, "score holds 1.5"),
        ({"score": [0.5, np.nan]}, "not finite"),
        ({"truth": [0, 2]}, "truth holds 2"),
        ({"context": [0]}, "context has 1 entries, truth 2"),
        ({"context": [0, 2], "n_classes": 2}, "n_classes is 2"),
        ({"tail": [0, -2]}, "tail holds -2"),
        ({"n_bins": 0}, "n_bins is 0"),
        ({"confidence": 0}, "confidence is 0"),
    ],
)
def test_wrong_arguments_are_told_with_the_value(wrong: dict, sentence: str) -> None:
    right = {"score": [0.5, 0.6], "truth": [0, 1]}
    with pytest.raises(ParameterError, match=sentence):
        detector_report(**(right | wrong))


@pytest.mark.parametrize(
    ("present", "sentence"), [([1, 0], "has type int64"), ([[True]], "one dimension")]
)
def test_labels_that_are_none_are_refused(present, sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        auc([0.5, 0.5], present)
