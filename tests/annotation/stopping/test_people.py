"""What a refit says of people: the weights of the platform, and a temperature from gold."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from annotation.consensus import DawidSkene, Ratings
from annotation.stopping.people import (
    HIGHEST_TEMPERATURE,
    NEEDED_GOLD,
    fitted_temperature,
    log_prior,
    refit,
    strangers,
    summed,
)
from annotation.stopping.policy import MAX_WEIGHT
from annotation.stopping.pools import Pools

Crowd = tuple[Ratings, np.ndarray]
CrowdOf = Callable[..., Crowd]


def none_known(pools: Pools) -> np.ndarray:
    return np.full(pools.n_tasks, -1)


def test_strangers_lean_the_way_of_their_answer_and_unsure_says_nothing() -> None:
    ratings = Ratings.checked([0, 0, 0], [0, 1, 2], [0, 1, 2], n_truths=2)
    weights = strangers(Pools.shuffled(ratings, seed=0), MAX_WEIGHT).weights[0]
    odds_of_present = weights[:, 1] - weights[:, 0]
    assert odds_of_present == pytest.approx([-np.log(4), np.log(4), 0.0])


def test_a_refit_weighs_answers_as_the_platform_does(crowd_of: CrowdOf) -> None:
    ratings, _ = crowd_of([0.95, 0.9, 0.8, 0.7, 0.5])
    pools = Pools.shuffled(ratings, seed=1)
    received = pools.received(3)
    people = refit(pools, received, none_known(pools), MAX_WEIGHT)
    fitted = DawidSkene().fit(
        pools.task[received], pools.annotator[received], pools.answer[received], n_truths=2
    )
    ratio = np.log(fitted.confusion_[:, 1] / fitted.confusion_[:, 0])
    weights = people.weights[people.row[:, 0]]
    odds_of_present = weights[:, :, 1] - weights[:, :, 0]
    assert odds_of_present == pytest.approx(np.clip(ratio, -MAX_WEIGHT, MAX_WEIGHT))
    assert people.support.sum() == 900


def test_no_answer_weighs_more_than_the_cap(crowd_of: CrowdOf) -> None:
    ratings, _ = crowd_of([1.0] * 4, n_tasks=2_000, each=4)
    pools = Pools.shuffled(ratings, seed=1)
    people = refit(pools, pools.received(4), none_known(pools), MAX_WEIGHT)
    assert people.weights.min() == pytest.approx(-MAX_WEIGHT)
    assert people.weights.max() == 0.0


def test_whoever_has_not_answered_yet_stays_a_stranger(crowd_of: CrowdOf) -> None:
    ratings, _ = crowd_of([0.9] * 6, n_tasks=40, each=3)
    pools = Pools.shuffled(ratings, seed=1)
    received = np.flatnonzero(pools.annotator != 2)
    people = refit(pools, received, none_known(pools), MAX_WEIGHT)
    assert people.support[2] == 0
    assert (people.weights[people.row[2, 0]] == strangers(pools, MAX_WEIGHT).weights[0]).all()
    assert not people.known(1)[2]
    assert people.known(1).sum() == 5


def test_with_too_little_to_judge_anybody_all_stay_strangers(crowd_of: CrowdOf) -> None:
    ratings, _ = crowd_of([0.9, 0.9], n_tasks=5, each=1)
    pools = Pools.shuffled(ratings, seed=1)
    people = refit(pools, pools.received(1), none_known(pools), MAX_WEIGHT)
    assert not people.support.any()
    assert not people.row.any()
    assert people.temperature == 1.0


def test_what_ratings_add_up_to_does_not_depend_on_their_order(crowd_of: CrowdOf) -> None:
    ratings, _ = crowd_of([0.9, 0.8, 0.7, 0.6], n_truths=3, each=4)
    pools = Pools.shuffled(ratings, seed=1)
    people = refit(pools, pools.received(4), none_known(pools), MAX_WEIGHT)
    received = pools.received(4)
    backwards = summed(pools, received[::-1], people)
    assert summed(pools, received, people) == pytest.approx(backwards)


@pytest.mark.parametrize("told", [1.0, 2.5, 6.0])
@pytest.mark.parametrize("n_truths", [2, 4])
def test_a_known_over_confidence_is_found(told: float, n_truths: int) -> None:
    rng = np.random.default_rng(3)
    honest = rng.normal(0, 1.5, (40_000, n_truths))
    chance = np.exp(honest) / np.exp(honest).sum(axis=1, keepdims=True)
    truth = (rng.random((len(chance), 1)) > np.cumsum(chance, axis=1)).sum(axis=1)
    found = fitted_temperature(np.zeros_like(honest), honest * told, truth)
    assert found == pytest.approx(told, rel=0.05)


def test_the_prior_is_not_cooled() -> None:
    rng = np.random.default_rng(3)
    start = rng.normal(0, 2, (40_000, 2))
    evidence = rng.normal(0, 1.5, start.shape)
    joint = start + evidence
    truth = (rng.random(len(joint)) < 1 / (1 + np.exp(joint[:, 0] - joint[:, 1]))).astype(int)
    assert fitted_temperature(start, 3 * evidence, truth) == pytest.approx(3.0, rel=0.05)


def test_a_crowd_that_is_too_modest_is_not_sharpened() -> None:
    evidence = np.tile([0.0, 0.5], (100, 1))
    assert fitted_temperature(np.zeros((100, 2)), evidence, np.ones(100, int)) == pytest.approx(
        1.0, abs=1e-3
    )


def test_a_crowd_that_is_always_wrong_is_cooled_no_further_than_the_limit() -> None:
    evidence = np.tile([0.0, 3.0], (100, 1))
    found = fitted_temperature(np.zeros((100, 2)), evidence, np.zeros(100, int))
    assert found == pytest.approx(HIGHEST_TEMPERATURE, rel=1e-3)


def test_little_gold_or_gold_nobody_answered_tells_nothing() -> None:
    evidence = np.tile([0.0, 3.0], (100, 1))
    gold = np.full(100, -1)
    gold[: NEEDED_GOLD - 1] = 0
    assert fitted_temperature(np.zeros((100, 2)), evidence, gold) is None
    assert fitted_temperature(np.zeros((100, 2)), np.zeros((100, 2)), np.zeros(100, int)) is None


def test_skill_in_a_class_is_used_where_there_is_enough_of_it() -> None:
    rng = np.random.default_rng(4)
    n_tasks, n_people = 1_200, 8
    context = np.arange(n_tasks) % 2
    truth = rng.integers(0, 2, n_tasks)
    task = np.repeat(np.arange(n_tasks), 6)
    annotator = np.argsort(rng.random((n_tasks, n_people)), axis=1)[:, :6].reshape(-1)
    # Person 0 knows class 0 and guesses in class 1.
    guesses = (annotator == 0) & (context[task] == 1)
    accuracy = np.where(guesses, 0.5, 0.85)
    answer = np.where(rng.random(len(task)) < accuracy, truth[task], 1 - truth[task])
    pools = Pools.shuffled(
        Ratings.checked(task, annotator, answer, n_truths=2, context=context), seed=0
    )
    people = refit(pools, pools.received(6), none_known(pools), MAX_WEIGHT)
    yes = np.ones(2, np.int64)
    weighs = people.said(np.zeros(2, np.int64), np.array([0, 1]), yes)
    knows, guessing = weighs[:, 1] - weighs[:, 0]
    assert knows > guessing + 0.5
    few = refit(pools, pools.received(6)[:40], none_known(pools), MAX_WEIGHT)
    assert (few.row[0] == few.row[0, 0]).all()


def test_without_gold_answers_that_are_alike_are_cooled_all_the_same() -> None:
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, 1_000)
    heard = np.where(rng.random(1_000) < 0.75, truth, 1 - truth)  # one mistake for all
    task = np.repeat(np.arange(1_000), 6)
    annotator = np.argsort(rng.random((1_000, 20)), axis=1)[:, :6].reshape(-1)
    hard = rng.random(1_000) < 0.4
    accuracy = np.where(hard[task], 0.55, 0.95)
    answer = np.where(rng.random(6_000) < accuracy, heard[task], 1 - heard[task])
    pools = Pools.shuffled(Ratings.checked(task, annotator, answer, n_truths=2), seed=0)
    people = refit(pools, pools.received(6), none_known(pools), MAX_WEIGHT)
    assert people.temperature > 1.2


def test_tasks_start_at_their_prior(crowd_of: CrowdOf) -> None:
    prior = np.tile([0.3, 0.7], (300, 1))
    ratings, _ = crowd_of([0.8] * 8, prior=prior)
    assert np.exp(log_prior(Pools.shuffled(ratings, seed=0))) == pytest.approx(prior)
