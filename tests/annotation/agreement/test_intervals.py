"""Shares with Wilson's intervals, many at once."""

from __future__ import annotations

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.agreement import Interval, NotEnoughData, Shares, wilson, wilson_many
from consonance.errors import ParameterError


def test_many_are_as_each() -> None:
    number = np.arange(1, 40)
    successes = number // 3
    shares = wilson_many(successes, number, confidence=0.9)
    for index in range(len(number)):
        single, one = (
            wilson(int(successes[index]), int(number[index]), confidence=0.9),
            shares.of(index),
        )
        assert isinstance(single, Interval)
        assert isinstance(one, Interval)
        assert one.number == single.number
        assert (one.value, one.low, one.high) == pytest.approx(
            (single.value, single.low, single.high), abs=1e-12
        )


def test_where_nothing_is_known_the_interval_is_everything() -> None:
    shares = wilson_many([0, 3], [0, 4], what="answers on gold")
    assert shares.is_known.tolist() == [False, True]
    assert (shares.value[0], shares.low[0], shares.high[0]) == (0, 0, 1)
    assert str(shares.of(0)) == "not enough data: 0 answers on gold, 1 needed"


def test_tables_keep_their_shape() -> None:
    shares = wilson_many(np.ones((2, 3), int), np.full((2, 3), 4))
    assert shares.value.shape == (2, 3)
    found = shares.of(1, 2)
    assert isinstance(found, Interval)
    assert found.value == 0.25
    assert wilson_many([], []).number.shape == (0,)


def test_the_ends_are_exact() -> None:
    shares = wilson_many([0, 7], [7, 7])
    assert shares.low[0] == 0
    assert shares.high[1] == 1


@given(
    number=arrays.arrays(np.int64, st.integers(0, 20), elements=st.integers(0, 10_000)),
    seed=st.integers(0, 1000),
    confidence=st.floats(0.5, 0.999),
)
@settings(max_examples=80)
def test_every_interval_is_finite_and_holds_its_share(
    number: np.ndarray, seed: int, confidence: float
) -> None:
    successes = np.random.default_rng(seed).binomial(number, 0.3)
    shares = wilson_many(successes, number, confidence=confidence)
    assert np.isfinite([shares.value, shares.low, shares.high]).all()
    known = shares.is_known
    assert (shares.low[known] <= shares.value[known] + 1e-12).all()
    assert (shares.value[known] <= shares.high[known] + 1e-12).all()
    assert (shares.low >= 0).all()
    assert (shares.high <= 1).all()


@pytest.mark.parametrize(
    ("successes", "totals", "keywords", "sentence"),
    [
        ([1, 5], [2, 4], {}, "5 successes of 4 trials is impossible"),
        ([-1], [4], {}, "-1 successes of 4 trials is impossible"),
        ([1, 2], [3], {}, r"successes has shape \(2,\), totals \(1,\)"),
        ([0.5], [1], {}, "successes has type float64"),
        ([1], [1.5], {}, "totals has type float64"),
        ([1], [2], {"confidence": 1.0}, "confidence is 1.0"),
    ],
)
def test_wrong_arguments_are_told_with_the_value(successes, totals, keywords, sentence) -> None:
    with pytest.raises(ParameterError, match=sentence):
        wilson_many(successes, totals, **keywords)


def test_shares_say_nothing_of_nobody() -> None:
    shares = wilson_many([0], [0])
    assert isinstance(shares, Shares)
    assert isinstance(shares.of(0), NotEnoughData)
