from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.allocation.deciding import (
    MAX_WEIGHT,
    UNKNOWN,
    Backing,
    backing_of,
    calibrated,
    policy_of,
    posterior,
    temperature_of,
    verdict,
    weights_of,
)
from annotation.models import Campaign, ConsensusRun, Measure, Question
from tests.factories import (
    CampaignFactory,
    CollectionFactory,
    ConsensusRunFactory,
    MeasureFactory,
    QuestionFactory,
    RatingFactory,
    SkillSnapshotFactory,
)

share = st.floats(0.0, 1.0)
#: Everybody is known and the crowd is as sure as it may be.
BACKED = Backing(known=9, temperature=1.0)
STRANGERS = Backing(known=0, temperature=1.0)


def odds(probability: float) -> float:
    """Return log-odds that are that sure, and a little more for rounding."""
    return math.log(probability / (1 - probability)) + 1e-9


# --- numbers -------------------------------------------------------------------------------
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
    policy = policy_of(Campaign())
    assert posterior(abs(UNKNOWN.yes)) < policy.stop_posterior
    assert posterior(abs(UNKNOWN.no)) < policy.stop_posterior
    # Three are the minimum: at it strangers are held to half the risk.
    assert posterior(3 * UNKNOWN.yes) > policy.settled_posterior
    assert posterior(3 * abs(UNKNOWN.no)) > policy.settled_posterior
    assert posterior(abs(2 * UNKNOWN.yes + UNKNOWN.no)) < policy.stop_posterior


def test_the_answers_are_cooled_and_the_prior_is_not():
    question = Question(prior_log_odds=-1.0, log_odds=3.0)
    assert calibrated(question, 2.0) == pytest.approx(-1.0 + 4.0 / 2)
    assert calibrated(question, 1.0) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("calibration", "temperature"),
    [
        ({"temperature": 2.5}, 2.5),
        ({"temperature": 3}, 3.0),
        ({"temperature": 0.4}, 1.0),  # a modest crowd is not sharpened
        ({"temperature": None}, 1.0),
        ({"temperature": "warm"}, 1.0),
        ({"temperature": float("nan")}, 1.0),
        ({}, 1.0),
    ],
)
def test_a_runs_temperature_is_at_least_one(calibration, temperature):
    assert temperature_of(ConsensusRun(calibration=calibration)) == temperature


def test_without_a_run_nothing_is_cooled():
    assert temperature_of(None) == 1.0


# --- the verdict ---------------------------------------------------------------------------
def asked(log_odds, answered, *, backing=BACKED, is_audit=False, prior=0.0, **fields):
    question = Question(
        campaign=Campaign(**fields), answered=answered, log_odds=log_odds,
        prior_log_odds=prior, is_audit=is_audit,
    )  # fmt: skip
    return verdict(question, backing)


@given(
    log_odds=st.floats(-20, 20),
    answered=st.integers(0, 6),
    minimum=st.integers(1, 5),
    more=st.integers(0, 5),
)
def test_a_question_stops_only_when_it_may_and_always_when_it_must(
    log_odds, answered, minimum, more
):
    state, reason = asked(log_odds, answered, min_ratings=minimum, max_ratings=minimum + more)
    if answered < minimum:
        assert state == "open"
    elif posterior(abs(log_odds)) >= 0.95:
        assert (state, reason) == ("decided", "posterior")
    elif answered >= minimum + more:
        assert (state, reason) == ("disputed", "maximum")
    else:
        assert (state, reason) == ("open", "")


def test_at_the_minimum_strangers_are_held_to_half_the_risk():
    assert asked(odds(0.96), 3, backing=STRANGERS)[0] == "open"
    assert asked(odds(0.975), 3, backing=STRANGERS)[0] == "decided"
    assert asked(odds(0.96), 3, backing=BACKED)[0] == "decided"


def test_one_answer_more_than_the_minimum_or_the_maximum_makes_up_for_strangers():
    assert asked(odds(0.96), 4, backing=STRANGERS)[0] == "decided"
    assert asked(odds(0.96), 3, backing=STRANGERS, max_ratings=3)[0] == "decided"


def test_a_crowd_that_is_over_confident_must_be_surer():
    hot = Backing(known=9, temperature=3.0)
    assert asked(odds(0.96), 3, backing=hot)[0] == "open"
    # Further answers would hardly turn this one, however little is known of the truth.
    assert asked(odds(0.975), 3, backing=hot)[0] == "decided"


def test_a_prior_that_is_sure_stands_against_answers_that_are_cooled():
    hot = Backing(known=9, temperature=8.0)
    assert asked(odds(0.9), 3, prior=odds(0.97))[0] == "open"
    assert asked(odds(0.9), 3, prior=odds(0.97), backing=hot)[0] == "decided"


def test_an_audit_question_is_asked_in_full_however_sure():
    assert asked(20.0, 4, is_audit=True) == ("open", "")
    assert asked(20.0, 5, is_audit=True) == ("decided", "maximum")
    assert asked(0.0, 5, is_audit=True) == ("disputed", "maximum")


# --- what is known of the people -----------------------------------------------------------
@pytest.fixture
def judged(db):
    """Return a question that three judged people answered, and a maker of more answers."""
    campaign = CampaignFactory()
    run = ConsensusRunFactory(campaign=campaign, calibration={"temperature": 2.0})
    question = QuestionFactory(campaign=campaign)

    def answer(support=20, target=None, in_run=run, **fields):
        rating = RatingFactory(question=question, **fields)
        if in_run is not None:
            SkillSnapshotFactory(run=in_run, person=rating.person, support=support, target=target)
        return rating

    for _ in range(3):
        answer()
    return question, answer


def test_answers_of_people_with_support_are_known(judged):
    question, answer = judged
    answer(support=9)  # one short
    answer(in_run=None)  # never judged
    assert backing_of(question) == Backing(known=3, temperature=2.0)


def test_answers_that_do_not_count_are_not_known(judged):
    question, answer = judged
    answer(is_withdrawn=True)
    answer(occasion=1)
    assert backing_of(question).known == 3


def test_skill_in_one_class_is_not_yet_a_person_who_is_known(judged):
    question, answer = judged
    answer(target=question.target)
    assert backing_of(question).known == 3


def test_whoever_is_left_out_of_consensus_is_not_known(judged):
    question, answer = judged
    person = answer().person
    assert backing_of(question).known == 4
    measure = MeasureFactory(campaign=question.campaign, person=person, kind=Measure.Kind.EXCLUDE)
    assert backing_of(question).known == 3
    measure.lifted_at = measure.created_at
    measure.save()
    assert backing_of(question).known == 4


def test_who_was_judged_in_another_campaign_of_the_collection_is_known_here(judged):
    question, answer = judged
    beside = CampaignFactory(collection=question.campaign.collection)
    answer(in_run=ConsensusRunFactory(campaign=beside, calibration={"temperature": 7.0}))
    answer(in_run=ConsensusRunFactory())  # in another collection
    # The campaign's own run keeps the word on the temperature.
    assert backing_of(question) == Backing(known=4, temperature=2.0)


def test_a_campaign_without_a_run_takes_the_collections_temperature(db):
    collection = CollectionFactory()
    ConsensusRunFactory(
        campaign=CampaignFactory(collection=collection), calibration={"temperature": 4.0}
    )
    question = QuestionFactory(campaign=CampaignFactory(collection=collection))
    assert backing_of(question) == Backing(known=0, temperature=4.0)


def test_without_any_run_nobody_is_known(db):
    assert backing_of(QuestionFactory()) == Backing(known=0, temperature=1.0)


def test_people_are_looked_up_only_where_it_matters(judged, django_assert_num_queries):
    question, _ = judged
    question.answered = 3
    for log_odds, queries in ((0.0, 0), (odds(0.9), 0), (odds(0.99), 0), (odds(0.96), 2)):
        question.log_odds = log_odds
        with django_assert_num_queries(queries):
            verdict(question)
