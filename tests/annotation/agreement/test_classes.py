"""Agreement of all classes at once, unsure and contested shares, and Fleiss' kappa."""

from __future__ import annotations

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.agreement import (
    FleissKappa,
    Interval,
    NotEnoughData,
    by_class,
    contested_rates,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    raw_agreement,
    unsure_rates,
)
from consonance.errors import ParameterError

TABLES = arrays.arrays(
    np.int64, st.tuples(st.integers(0, 25), st.just(3)), elements=st.integers(0, 3)
)


def crowd_counts(n_tasks: int, n_classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    context = rng.integers(n_classes, size=n_tasks)
    present = rng.random(n_tasks) < 0.4
    answers = rng.integers(4, 8, size=n_tasks)
    unsure = rng.binomial(answers, 0.1)
    yes = rng.binomial(answers - unsure, np.where(present, 0.85, 0.1))
    return np.stack([answers - unsure - yes, yes, unsure], axis=1), context


def test_each_class_has_the_coefficients_of_its_own_table() -> None:
    counts, context = crowd_counts(600, 4, seed=0)
    classes = by_class(counts, context, n_bootstrap=200, seed=7)
    assert len(classes) == 4
    for index, found in enumerate(classes):
        mine = counts[context == index][:, :2]
        for name, single in (
            ("alpha", krippendorff_alpha), ("ac1", gwet_ac1),
            ("raw", raw_agreement), ("fleiss", fleiss_kappa),
        ):  # fmt: skip
            seed = np.random.default_rng([7, index])
            assert getattr(found, name) == single(mine, n_bootstrap=200, seed=seed)


def test_the_intervals_of_a_class_do_not_depend_on_the_other_classes() -> None:
    counts, context = crowd_counts(300, 3, seed=1)
    together = by_class(counts, context, n_bootstrap=100)
    alone = by_class(counts[context == 0], context[context == 0], n_bootstrap=100)
    assert together[0] == alone[0]


def test_a_class_nobody_answered_is_stated() -> None:
    counts = np.array([[2, 0, 0], [0, 3, 0], [0, 0, 0]])
    answered, silent, unasked = by_class(counts, [0, 0, 1], n_classes=3, n_bootstrap=50)
    assert answered.n_tasks == 2
    for found in (silent, unasked):
        assert (found.n_tasks, found.n_answers) == (0, 0)
        assert str(found.alpha) == "not enough data: 0 tasks with two answers, 1 needed"
        assert str(found.unsure) == "not enough data: 0 answers, 1 needed"
        assert str(found.contested) == "not enough data: 0 tasks with two answers, 1 needed"
        assert isinstance(found.fleiss, NotEnoughData)


def test_unsure_and_contested_are_shares_with_intervals() -> None:
    counts = np.array([[2, 1, 1], [3, 0, 0], [0, 1, 4], [0, 2, 0]])
    unsure = unsure_rates(counts, [0, 0, 0, 1])
    assert unsure.successes.tolist() == [5, 0]
    assert unsure.number.tolist() == [12, 2]
    contested = contested_rates(counts, [0, 0, 0, 1])
    # The third task has one definite answer: nobody can contradict it.
    assert contested.successes.tolist() == [1, 0]
    assert contested.number.tolist() == [2, 1]
    first = contested.of(0)
    assert isinstance(first, Interval)
    assert first.low < first.value == 0.5 < first.high


@given(counts=TABLES, seed=st.integers(0, 100))
@settings(max_examples=60)
def test_every_table_gives_finite_values_or_statements(counts: np.ndarray, seed: int) -> None:
    context = np.random.default_rng(seed).integers(3, size=len(counts))
    for found in by_class(counts, context, n_classes=3, n_bootstrap=30, seed=seed):
        for value in (found.alpha, found.ac1, found.raw, found.fleiss, found.unsure):
            if isinstance(value, NotEnoughData):
                assert str(value).startswith("not enough data: ")
            else:
                assert np.isfinite([value.value, value.low or 0, value.high or 0]).all()


@given(counts=TABLES, seed=st.integers(0, 100))
@settings(max_examples=40)
def test_the_order_of_tasks_changes_nothing(counts: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    context = rng.integers(2, size=len(counts))
    order = rng.permutation(len(counts))
    before = by_class(counts, context, n_classes=2, n_bootstrap=30)
    after = by_class(counts[order], context[order], n_classes=2, n_bootstrap=30)
    assert repr(before) == repr(after)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"counts": [[1, 2, 3]] * 2}, r"context has 3 entries, counts 2 rows"),
        ({"counts": [[1], [2], [3]]}, r"counts has shape \(3, 1\)"),
        ({"counts": [[1.5, 2]] * 3}, "counts has type float64"),
        ({"counts": [[1, -2]] * 3}, "counts holds -2"),
        ({"context": [0, 1, -1]}, "context holds -1"),
        ({"n_classes": 1}, "n_classes is 1, but numbers go up to 1"),
        ({"n_truths": 1}, "n_truths is 1"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": None}, "needs a seed"),
        ({"seed": 0.5}, "seed is 0.5"),
        ({"n_bootstrap": -1}, "n_bootstrap is -1"),
        ({"confidence": 0}, "confidence is 0"),
    ],
)
def test_wrong_arguments_are_told_with_the_value(wrong: dict, sentence: str) -> None:
    right = {"counts": [[1, 2], [2, 1], [0, 3]], "context": [0, 1, 1]}
    with pytest.raises(ParameterError, match=sentence):
        by_class(**(right | wrong))


def test_fleiss_kappa_of_the_published_example() -> None:
    # Fleiss (1971): 14 raters, ten subjects, five categories, as retold in many textbooks.
    counts = np.array(
        [
            [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
            [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
        ]
    )  # fmt: skip
    kappa = fleiss_kappa(counts)
    assert isinstance(kappa, FleissKappa)
    assert kappa.value == pytest.approx(0.210, abs=5e-4)
    assert (kappa.n_each, kappa.n_tasks, kappa.n_left_out, kappa.is_subset) == (14, 10, 0, False)


def test_uneven_tasks_are_refused_or_the_commonest_number_is_used_and_said() -> None:
    counts = np.array([[3, 0], [2, 1], [0, 3], [2, 0], [5, 1], [1, 0]])
    refused = fleiss_kappa(counts, is_modal_allowed=False)
    assert str(refused) == (
        "not enough data: 3 tasks with the same number of answers (3), 5 needed"
    )
    kappa = fleiss_kappa(counts)
    assert isinstance(kappa, FleissKappa)
    assert (kappa.n_each, kappa.n_tasks, kappa.n_left_out, kappa.is_subset) == (3, 3, 3, True)
    alone = fleiss_kappa(counts[:3])
    assert isinstance(alone, FleissKappa)
    assert kappa.value == alone.value


def test_of_equally_common_numbers_the_larger_is_used() -> None:
    kappa = fleiss_kappa([[1, 1], [2, 0], [4, 1], [0, 5]])
    assert isinstance(kappa, FleissKappa)
    assert (kappa.n_each, kappa.n_tasks) == (5, 2)


def test_a_single_answer_to_a_task_does_not_make_it_a_subset() -> None:
    kappa = fleiss_kappa([[2, 0], [0, 2], [1, 1], [1, 0], [0, 0]])
    assert isinstance(kappa, FleissKappa)
    assert (kappa.n_left_out, kappa.is_subset) == (2, False)


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        (np.zeros((0, 2), int), "0 tasks with two answers, 1 needed"),
        ([[1, 0], [0, 1]], "0 tasks with two answers, 1 needed"),
        ([[3, 0], [3, 0]], "1 different answers, 2 needed"),
    ],
)
def test_fleiss_kappa_says_what_is_missing(counts, sentence: str) -> None:
    assert str(fleiss_kappa(counts)) == f"not enough data: {sentence}"


def test_the_interval_of_fleiss_kappa_holds_its_value_and_can_be_had_again() -> None:
    rng = np.random.default_rng(3)
    yes = rng.binomial(4, np.where(rng.random(80) < 0.4, 0.9, 0.1))
    counts = np.stack([4 - yes, yes], axis=1)
    first = fleiss_kappa(counts, n_bootstrap=300, seed=1)
    assert isinstance(first, FleissKappa)
    assert first.low is not None
    assert first.high is not None
    assert first.low < first.value < first.high
    assert first == fleiss_kappa(counts, n_bootstrap=300, seed=1)
    with pytest.raises(ParameterError, match="needs a seed"):
        fleiss_kappa(counts, n_bootstrap=300)
