"""Agreement coefficients, against published values, definitions and properties."""

from __future__ import annotations

import itertools

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.agreement import (
    Coefficient,
    NotEnoughData,
    answer_counts,
    gwet_ac1,
    krippendorff_alpha,
    raw_agreement,
)
from consonance.errors import ParameterError

# Four raters, twelve units, five answers, with gaps: the standard example of the literature
# (Krippendorff 2011, "Computing Krippendorff's alpha-reliability"; Gwet 2014, table 2.10).
EXAMPLE = np.array(
    [
        [3, 0, 0, 0, 0],
        [0, 3, 1, 0, 0],
        [0, 0, 4, 0, 0],
        [0, 0, 4, 0, 0],
        [0, 4, 0, 0, 0],
        [1, 1, 1, 1, 0],
        [0, 0, 0, 4, 0],
        [3, 1, 0, 0, 0],
        [0, 4, 0, 0, 0],
        [0, 0, 0, 0, 3],
        [2, 0, 0, 0, 0],
        [0, 0, 1, 0, 0],
    ]
)
COEFFICIENTS = [krippendorff_alpha, gwet_ac1, raw_agreement]

TABLES = arrays.arrays(
    np.int64,
    st.tuples(st.integers(0, 15), st.integers(2, 4)),
    elements=st.integers(0, 4),
)


def alpha_by_definition(counts: np.ndarray) -> float:
    """Return alpha from every single pair of answers."""
    units = [np.repeat(np.arange(len(row)), row) for row in counts if row.sum() >= 2]
    values = np.concatenate(units)
    observed = sum(
        sum(a != b for a, b in itertools.permutations(unit, 2)) / (len(unit) - 1) for unit in units
    ) / len(values)
    pairs = len(values) * (len(values) - 1)
    expected = sum(a != b for a, b in itertools.permutations(values, 2)) / pairs
    return float(1 - observed / expected)


def test_alpha_of_the_standard_example() -> None:
    alpha = krippendorff_alpha(EXAMPLE)
    assert isinstance(alpha, Coefficient)
    assert alpha.value == pytest.approx(0.743, abs=5e-4)  # as published
    assert (alpha.n_tasks, alpha.n_left_out) == (11, 1)
    assert (alpha.low, alpha.high) == (None, None)


def test_ac1_and_raw_agreement_of_the_standard_example() -> None:
    ac1, raw = gwet_ac1(EXAMPLE), raw_agreement(EXAMPLE)
    assert isinstance(ac1, Coefficient)
    assert isinstance(raw, Coefficient)
    assert ac1.value == pytest.approx(0.77544, abs=5e-6)  # as published
    assert raw.value == pytest.approx(0.81818, abs=5e-6)


@given(counts=TABLES)
@settings(max_examples=80)
def test_alpha_is_its_definition(counts: np.ndarray) -> None:
    alpha = krippendorff_alpha(counts)
    if isinstance(alpha, Coefficient):
        assert alpha.value == pytest.approx(alpha_by_definition(counts), abs=1e-9)


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
@given(counts=TABLES)
@settings(max_examples=60)
def test_every_table_gives_a_finite_value_or_a_statement(coefficient, counts: np.ndarray) -> None:
    result = coefficient(counts, n_bootstrap=50, seed=0)
    if isinstance(result, NotEnoughData):
        assert str(result).startswith("not enough data: ")
    else:
        assert np.isfinite(result.value)
        assert result.value <= 1 + 1e-12
        if result.low is not None:
            assert result.low <= result.high


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
@given(counts=TABLES, seed=st.integers(0, 1000))
@settings(max_examples=40)
def test_the_order_of_tasks_and_the_names_of_answers_change_nothing(
    coefficient, counts: np.ndarray, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    shuffled = counts[rng.permutation(len(counts))]
    shuffled = shuffled[:, rng.permutation(counts.shape[1])]
    before, after = coefficient(counts), coefficient(shuffled)
    if isinstance(before, NotEnoughData):
        assert after == before
    else:
        assert after.value == pytest.approx(before.value, abs=1e-12)


def test_full_agreement_is_one_and_chance_is_nought() -> None:
    perfect = krippendorff_alpha([[3, 0], [0, 3], [3, 0]])
    assert isinstance(perfect, Coefficient)
    assert perfect.value == pytest.approx(1)
    coins = np.random.default_rng(0).multinomial(4, [0.5, 0.5], size=20_000)
    chance = krippendorff_alpha(coins)
    assert isinstance(chance, Coefficient)
    assert abs(chance.value) < 0.02


def test_ac1_stands_where_alpha_collapses() -> None:
    skewed = np.array([[4, 0]] * 97 + [[3, 1]] * 3)  # a sound that is nearly never there
    alpha, ac1 = krippendorff_alpha(skewed), gwet_ac1(skewed)
    assert isinstance(alpha, Coefficient)
    assert isinstance(ac1, Coefficient)
    assert alpha.value < 0.01
    assert ac1.value > 0.97


def test_the_interval_holds_the_true_value_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)

    def table(n_tasks: int) -> np.ndarray:
        truth = rng.random(n_tasks) < 0.4
        return rng.binomial(5, np.where(truth, 0.85, 0.1))[:, None] * [-1, 1] + [5, 0]

    true = krippendorff_alpha(table(200_000))
    assert isinstance(true, Coefficient)
    held = 0
    for seed in range(200):
        one = krippendorff_alpha(table(200), n_bootstrap=300, confidence=0.9, seed=seed)
        assert isinstance(one, Coefficient)
        assert one.low is not None
        assert one.high is not None
        held += one.low <= true.value <= one.high
    assert 165 <= held <= 194  # 180 expected


def test_the_same_seed_gives_the_same_interval() -> None:
    first = krippendorff_alpha(EXAMPLE, n_bootstrap=200, seed=3)
    second = krippendorff_alpha(EXAMPLE, n_bootstrap=200, seed=np.random.default_rng(3))
    assert first == second
    assert krippendorff_alpha(EXAMPLE, n_bootstrap=200, seed=4) != first


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
@pytest.mark.parametrize("counts", [np.zeros((0, 2), int), [[0, 0], [0, 0]], [[1, 0], [0, 1]]])
def test_tasks_with_one_answer_say_nothing_of_agreement(coefficient, counts) -> None:
    result = coefficient(counts, n_bootstrap=10, seed=0)
    assert str(result) == "not enough data: 0 tasks with two answers, 1 needed"


def test_alpha_needs_two_different_answers() -> None:
    result = krippendorff_alpha([[3, 0], [2, 0]])
    assert str(result) == "not enough data: 1 different answers, 2 needed"


def test_few_usable_draws_give_no_interval() -> None:
    # Almost every table drawn anew holds one answer only, for which alpha is not defined.
    result = krippendorff_alpha([[2, 0]] * 1 + [[0, 2]], n_bootstrap=20, seed=0)
    assert isinstance(result, Coefficient)
    assert result.low is None


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
@pytest.mark.parametrize(
    ("counts", "keywords", "sentence"),
    [
        ([1, 2], {}, r"counts has shape \(2,\)"),
        ([[1], [2]], {}, r"counts has shape \(2, 1\)"),
        ([[0.5, 1.0]], {}, "counts has type float64"),
        ([[-1, 2]], {}, "counts holds -1"),
        ([[2, 1]], {"n_bootstrap": 10}, "needs a seed"),
        ([[2, 1]], {"n_bootstrap": -1, "seed": 0}, "n_bootstrap is -1"),
        ([[2, 1]], {"confidence": 1.0}, "confidence is 1.0"),
    ],
)
def test_wrong_arguments_are_told_with_the_value(coefficient, counts, keywords, sentence) -> None:
    with pytest.raises(ParameterError, match=sentence):
        coefficient(counts, **keywords)


def test_ratings_become_counts_and_unsure_is_left_out() -> None:
    counts = answer_counts([0, 0, 0, 2, 2], [1, 1, 2, 0, 1], n_answers=2)
    assert counts.tolist() == [[0, 2], [0, 0], [1, 1]]
    assert answer_counts([0], [1], n_answers=2, n_tasks=2).tolist() == [[0, 1], [0, 0]]
    assert answer_counts([], [], n_answers=2, n_tasks=1).tolist() == [[0, 0]]
    with pytest.raises(ParameterError, match="n_tasks is 1, but task goes up to 3"):
        answer_counts([3], [0], n_answers=2, n_tasks=1)


def test_tables_too_wide_for_one_number_are_collapsed_all_the_same() -> None:
    rng = np.random.default_rng(2)
    wide = rng.integers(0, 9, size=(12, 25))
    alpha = krippendorff_alpha(wide)
    assert isinstance(alpha, Coefficient)
    assert alpha.value == pytest.approx(alpha_by_definition(wide), abs=1e-9)
