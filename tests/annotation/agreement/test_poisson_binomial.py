"""Tails of sums of unequal coins, against the exact ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.agreement.poisson_binomial import upper_tail


def exact_tail(chance: np.ndarray) -> np.ndarray:
    """Return P(so many or more) for 0 to all successes, by convolution."""
    mass = np.ones(1)
    for one in chance:
        mass = np.convolve(mass, [1 - one, one])
    return mass[::-1].cumsum()[::-1]


@given(
    number=st.integers(1, 150), share=st.floats(0.2, 0.95), spread=st.floats(0.3, 20),
    seed=st.integers(0, 10_000),
)  # fmt: skip
@settings(max_examples=80)
def test_every_tail_is_close_to_the_exact_one(
    number: int, share: float, spread: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    chance = rng.beta(share * spread, (1 - share) * spread, size=number).clip(0.01, 0.99)
    exact = exact_tail(chance)
    # All numbers of successes at once, as many sums lying one after the other.
    found = upper_tail(
        np.tile(chance, number + 1), np.arange(number + 1) * number, np.arange(number + 1)
    )
    assert np.isfinite(found).all()
    far = exact < 0.2
    assert found[far] == pytest.approx(exact[far], rel=0.08)
    assert found[~far] == pytest.approx(exact[~far], abs=0.06)  # where nobody is accused


def test_all_and_all_but_one_are_exact() -> None:
    chance = np.array([0.2, 0.9, 0.5, 0.7])
    exact = exact_tail(chance)
    found = upper_tail(np.tile(chance, 2), np.array([0, 4]), np.array([4, 3]))
    assert found == pytest.approx([exact[4], exact[3]], rel=1e-12)


def test_sums_of_different_length_do_not_mix() -> None:
    first, second = np.array([0.3] * 3), np.array([0.8] * 20)
    found = upper_tail(np.concatenate([first, second]), np.array([0, 3]), np.array([3, 20]))
    assert found == pytest.approx([0.3**3, 0.8**20], rel=1e-9)


def test_tiny_tails_stay_positive_and_finite() -> None:
    chance = np.full(1_000, 0.05)
    found = upper_tail(chance, np.array([0]), np.array([900]))
    assert 0 <= found[0] < 1e-300
    assert upper_tail(np.zeros(0), np.zeros(0, int), np.zeros(0, int)).shape == (0,)
    assert upper_tail(chance, np.array([0]), np.array([0])).tolist() == [1]
