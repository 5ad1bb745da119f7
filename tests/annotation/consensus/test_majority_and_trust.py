"""Majority, and OpenMIC-2018's trust-weighted share."""

from __future__ import annotations

import numpy as np
import pytest

from annotation.consensus import MajorityVote, TrustWeighted
from consonance.errors import ParameterError


def test_majority_is_the_share_of_definite_answers() -> None:
    fitted = MajorityVote().fit([0, 0, 0, 0, 1], [0, 1, 2, 3, 0], [1, 1, 0, 2, 0], n_truths=2)
    assert fitted.posterior_[0] == pytest.approx([1 / 3, 2 / 3])
    assert fitted.labels_.tolist() == [1, 0]


def test_a_prior_speaks_only_where_nobody_answered() -> None:
    prior = [[0.9, 0.1], [0.2, 0.8]]
    fitted = MajorityVote().fit([0], [0], [1], n_truths=2, prior=prior)
    assert fitted.posterior_.tolist() == [[0, 1], [0.2, 0.8]]
    assert fitted.labels_.tolist() == [1, 1]


def test_a_tie_is_a_half_and_goes_to_the_lower_truth() -> None:
    fitted = MajorityVote().fit([0, 0], [0, 1], [0, 1], n_truths=2)
    assert fitted.posterior_.tolist() == [[0.5, 0.5]]
    assert fitted.labels_.tolist() == [0]


def test_the_published_relevance_of_openmics_clarinet_is_reproduced_exactly() -> None:
    # 000046_3840, clarinet: no, yes, no by people of trust .7692, .8, .7692. The released table
    # says 0.17104999999999998, three responses.
    trust = [0.7692, 0.8, 0.7692]
    fitted = TrustWeighted(trust=trust).fit([0, 0, 0], [0, 1, 2], [0, 1, 0], n_truths=2)
    assert fitted.relevance_[0] == 0.17104999999999998
    assert fitted.posterior_[0, 1] == pytest.approx(0.8 / 2.3384)
    assert fitted.labels_.tolist() == [0]


def test_relevance_has_nothing_between_a_quarter_and_three_quarters() -> None:
    rng = np.random.default_rng(0)
    task, annotator, answer = (rng.integers(high, size=2000) for high in (400, 30, 3))
    trust = rng.uniform(0.1, 1, 30)
    fitted = TrustWeighted(trust=trust).fit(task, annotator, answer, n_truths=2)
    answered = np.bincount(task[answer < 2], minlength=400) > 0
    relevance = fitted.relevance_[answered]
    assert ((relevance <= 0.25) | (relevance >= 0.75)).all()
    assert ((relevance >= 0.5) == (fitted.posterior_[answered, 1] > 0.5)).all()
    assert (fitted.relevance_[~answered] == 0.5).all()


def test_trust_comes_from_gold_where_it_is_not_given() -> None:
    task = np.repeat(np.arange(20), 2)
    annotator = np.tile([0, 1], 20)
    gold = np.where(np.arange(20) < 18, np.arange(20) % 2, -1)
    answer = np.where(annotator == 0, task % 2, 0)  # 1 always says no
    fitted = TrustWeighted().fit(task, annotator, answer, n_truths=2, gold=gold)
    assert fitted.trust_ == pytest.approx([19 / 20, 10 / 20])
    assert fitted.posterior_[19, 1] == pytest.approx(0.95 / 1.45)


def test_without_gold_all_count_the_same() -> None:
    ratings = ([0, 0, 0], [0, 1, 2], [1, 0, 1])
    weighted = TrustWeighted().fit(*ratings, n_truths=2)
    plain = MajorityVote().fit(*ratings, n_truths=2)
    assert weighted.posterior_.tolist() == plain.posterior_.tolist()


def test_people_without_any_trust_decide_nothing() -> None:
    fitted = TrustWeighted(trust=[0.0, 0.0]).fit([0, 0], [0, 1], [1, 1], n_truths=2)
    assert fitted.posterior_.tolist() == [[0.5, 0.5]]
    assert fitted.relevance_.tolist() == [0.5]


@pytest.mark.parametrize("trust", [[0.5], [0.5, -0.1], [0.5, np.nan], [[0.5, 0.5]]])
def test_impossible_trust_is_refused(trust: list[float]) -> None:
    with pytest.raises(ParameterError, match="trust"):
        TrustWeighted(trust=trust).fit([0, 0], [0, 1], [1, 1], n_truths=2)


def test_more_than_two_truths_have_no_relevance() -> None:
    fitted = TrustWeighted().fit([0, 0, 1], [0, 1, 0], [2, 2, 1], n_truths=3)
    assert fitted.relevance_.shape == (0,)
    assert fitted.labels_.tolist() == [2, 1]
