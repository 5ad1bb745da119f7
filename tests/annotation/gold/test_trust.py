from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from annotation.gold.trust import (
    LEAST_ANSWERS,
    PRIOR_RIGHT,
    PRIOR_WRONG,
    TAIL,
    ClassTrust,
    Trust,
    doubtful,
)

counts = st.integers(0, 300)


@given(right=counts, wrong=counts, accuracy=st.floats(0, 1))
def test_the_posterior_is_the_beta_of_scipy(right, wrong, accuracy):
    beta = stats.beta(PRIOR_RIGHT + right, PRIOR_WRONG + wrong)
    trust = Trust(right=right, wrong=wrong)
    assert trust.chance_above(accuracy) == pytest.approx(beta.sf(accuracy), abs=1e-9)
    assert trust.mean == pytest.approx(beta.mean())
    assert trust.low == pytest.approx(beta.ppf(TAIL), abs=1e-9)
    assert trust.high == pytest.approx(beta.ppf(1 - TAIL), abs=1e-9)


@given(right=counts, wrong=counts)
def test_an_answer_more_never_moves_trust_the_wrong_way(right, wrong):
    now = Trust(right=right, wrong=wrong)
    assert Trust(right=right + 1, wrong=wrong).mean > now.mean
    assert Trust(right=right, wrong=wrong + 1).mean < now.mean
    assert 0 <= now.low < now.mean < now.high <= 1


@given(wrong=st.integers(0, LEAST_ANSWERS - 1), floor=st.floats(0, 1))
def test_a_few_answers_pause_nobody(wrong, floor):
    assert not Trust(wrong=wrong).is_below(floor)


def test_who_is_always_wrong_is_found_soon_and_who_throws_a_coin_later():
    assert Trust(wrong=5).is_below(0.7)
    assert not Trust(right=8, wrong=8).is_below(0.7)
    assert Trust(right=16, wrong=16).is_below(0.7)
    assert not Trust(right=80, wrong=20).is_below(0.7)
    assert not Trust(wrong=300).is_below(0)
    assert Trust(right=300, wrong=1).is_below(1)


def test_classes_are_looked_at_one_by_one_and_together():
    def rows(*several):
        return [ClassTrust(target=None, trust=Trust(right=r, wrong=w)) for r, w in several]

    assert doubtful(rows((20, 2), (9, 1)), 0.7) is None
    assert doubtful(rows((20, 2), (0, 6)), 0.7) == rows((0, 6))
    assert doubtful(rows((4, 4), (4, 4), (4, 4), (4, 4)), 0.7) == []
