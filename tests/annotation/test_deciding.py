from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.deciding import MAX_WEIGHT, UNKNOWN, posterior, verdict, weights_of
from annotation.models import Campaign, Question

share = st.floats(0.0, 1.0)


@given(st.floats(-1e4, 1e4))
def test_a_posterior_is_a_probability_and_mirrors(log_odds):
    assert 0 <= posterior(log_odds) <= 1
    assert posterior(log_odds) + posterior(-log_odds) == pytest.approx(1)


@given(share, share, share, share)
def test_weights_are_finite_and_bounded_for_any_person(sens, spec, unsure_present, unsure_absent):
    weights = weights_of(
        sensitivity=sens,
        specificity=spec,
        unsure_if_present=unsure_present,
        unsure_if_absent=unsure_absent,
    )
    for weight in (weights.yes, weights.no, weights.unsure):
        assert math.isfinite(weight)
        assert abs(weight) <= MAX_WEIGHT


def test_a_coin_weighs_nothing():
    coin = weights_of(sensitivity=0.5, specificity=0.5, unsure_if_present=0.2, unsure_if_absent=0.2)
    assert (coin.yes, coin.no, coin.unsure) == (0, 0, 0)


def test_a_stranger_leans_the_way_of_the_answer():
    assert UNKNOWN.yes > 0 > UNKNOWN.no
    assert UNKNOWN.unsure == 0


def test_one_stranger_never_decides_at_the_default_and_three_who_agree_always_do():
    threshold = Campaign().stop_posterior
    assert posterior(abs(UNKNOWN.yes)) < threshold
    assert posterior(abs(UNKNOWN.no)) < threshold
    assert posterior(3 * UNKNOWN.yes) > threshold
    assert posterior(3 * abs(UNKNOWN.no)) > threshold
    assert posterior(abs(2 * UNKNOWN.yes + UNKNOWN.no)) < threshold


@given(
    log_odds=st.floats(-20, 20),
    answered=st.integers(0, 6),
    minimum=st.integers(1, 5),
    more=st.integers(0, 5),
)
def test_a_question_stops_only_when_it_may_and_always_when_it_must(
    log_odds, answered, minimum, more
):
    campaign = Campaign(min_ratings=minimum, max_ratings=minimum + more)
    question = Question(campaign=campaign, answered=answered, log_odds=log_odds)
    state, reason = verdict(question)
    if answered < minimum:
        assert state == "open"
    elif posterior(abs(log_odds)) >= campaign.stop_posterior:
        assert (state, reason) == ("decided", "posterior")
    elif answered >= minimum + more:
        assert (state, reason) == ("disputed", "maximum")
    else:
        assert (state, reason) == ("open", "")
