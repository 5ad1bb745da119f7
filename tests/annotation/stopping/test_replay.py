"""Replays: what is promised of every campaign, and that skill and priors save answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from annotation.consensus import Ratings
from annotation.stopping.curve import fixed_curve, saving
from annotation.stopping.policy import Policy
from annotation.stopping.pools import Pools
from annotation.stopping.replay import replay
from consonance.demo.crowd import draw_gold, simulate_pool
from consonance.errors import ParameterError

Crowd = tuple[Ratings, np.ndarray]
CrowdOf = Callable[..., Crowd]
EIGHT = Policy(max_ratings=8)


# --- pools ---------------------------------------------------------------------------------
def test_an_order_keeps_every_rating_with_its_task(crowd_of: CrowdOf) -> None:
    ratings, _ = crowd_of([0.8] * 10, each=4)
    pools = Pools.shuffled(ratings, seed=3)
    before = set(zip(ratings.task, ratings.annotator, ratings.answer, strict=True))
    assert set(zip(pools.task, pools.annotator, pools.answer, strict=True)) == before
    assert (np.diff(pools.task) >= 0).all()
    assert (pools.available == 4).all()
    assert pools.place[:5].tolist() == [0, 1, 2, 3, 0]


def test_orders_differ_by_seed_and_the_same_seed_gives_the_same(crowd_of: CrowdOf) -> None:
    ratings, _ = crowd_of([0.8] * 10, each=4)
    one, two = Pools.shuffled(ratings, seed=3), Pools.shuffled(ratings, seed=3)
    assert (one.annotator == two.annotator).all()
    assert (one.annotator != Pools.shuffled(ratings, seed=4).annotator).any()


def test_received_are_the_first_answers_of_each_task() -> None:
    ratings = Ratings.checked([0, 0, 0, 2], [0, 1, 2, 0], [1, 1, 0, 1], n_truths=2)
    pools = Pools.shuffled(ratings, seed=0)
    assert pools.available.tolist() == [3, 0, 1]
    assert pools.received(2).tolist() == [0, 1, 3]
    assert pools.received(np.array([1, 5, 0])).tolist() == [0]


# --- what is promised ----------------------------------------------------------------------
@pytest.mark.parametrize("at_once", [None, 25, 1])
def test_no_task_gets_fewer_or_more_answers_than_allowed(
    crowd_of: CrowdOf, at_once: int | None
) -> None:
    ratings, truth = crowd_of([0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.5], n_tasks=120, each=7)
    policy = Policy(min_ratings=2, max_ratings=6)
    shown = replay(ratings, truth, policy, seeds=[1, 2], at_once=at_once)
    assert shown.used.shape == (2, 120)
    assert (shown.used.min(), shown.used.max()) == (2, 6)
    # Whoever ran out was asked as often as allowed, whoever did not was sure.
    assert (shown.used[~shown.is_decided] == 6).all()
    cooled = np.log(shown.confidence / (1 - shown.confidence))
    plain = 1 / (1 + np.exp(-cooled * shown.temperature[:, None]))
    assert (plain[shown.is_decided] >= policy.stop_posterior - 1e-9).all()


def test_a_task_with_few_ratings_gives_all_it_has_and_one_without_none() -> None:
    task = [0, 0, 2, 2, 2, 2]
    ratings = Ratings.checked(task, [0, 1, 0, 1, 2, 3], [0, 1, 1, 1, 1, 1], n_truths=2)
    shown = replay(ratings, [0, 0, 1], Policy(), seeds=[0])
    assert shown.used[0, :2].tolist() == [2, 0]
    assert shown.used[0, 2] in (3, 4)


def test_the_same_seeds_give_the_same_replay_whatever_stands_beside(crowd_of: CrowdOf) -> None:
    ratings, truth = crowd_of([0.9, 0.8, 0.8, 0.7, 0.6])
    one = replay(ratings, truth, Policy(), seeds=[4, 5])
    two = replay(ratings, truth, Policy(), seeds=[5])
    assert (one.used[1] == two.used[0]).all()
    assert (one.confidence[1] == two.confidence[0]).all()


def test_those_begun_first_are_asked_on(crowd_of: CrowdOf) -> None:
    """With one task in hand at a time, all are settled with refits of everything before them."""
    ratings, truth = crowd_of([0.97] * 6, n_tasks=60, each=6)
    shown = replay(ratings, truth, Policy(max_ratings=6), seeds=[1], at_once=1, refit_every=10)
    assert shown.is_decided.mean() > 0.95
    assert shown.accuracy > 0.97


def test_a_refit_asks_again_where_early_weights_were_wrong(crowd_of: CrowdOf) -> None:
    """Half the people are coins: strangers' weights take them for good ones at first."""
    ratings, truth = crowd_of([0.9] * 6 + [0.5] * 6, n_tasks=300, each=10, seed=2)
    shown = replay(ratings, truth, Policy(max_ratings=10), seeds=[1], refit_every=150)
    assert shown.reopened[0] > 0


# --- what it is for ------------------------------------------------------------------------
def test_good_people_are_asked_at_the_minimum_and_coins_to_the_end(crowd_of: CrowdOf) -> None:
    good, truth = crowd_of([0.98] * 8)
    assert replay(good, truth, EIGHT, seeds=[1]).ratings < 3.6
    coins, truth = crowd_of([0.5] * 8)
    assert replay(coins, truth, EIGHT, seeds=[1]).ratings > 6.5


def test_several_truths_are_replayed_alike(crowd_of: CrowdOf) -> None:
    ratings, truth = crowd_of([0.85] * 12, n_truths=5, each=8)
    shown = replay(ratings, truth, EIGHT, seeds=[1, 2])
    curve = fixed_curve(ratings, truth, max_ratings=8, seeds=[1, 2])
    assert saving(shown, curve, samples=50).share.value > 0.2


def test_a_prior_that_knows_something_saves_answers(crowd_of: CrowdOf) -> None:
    plain, truth = crowd_of([0.75] * 10, n_tasks=600)
    told = np.where(np.random.default_rng(0).random(600) < 0.85, truth, 1 - truth)
    prior = np.full((600, 2), 0.15)
    prior[np.arange(600), told] = 0.85
    informed, _ = crowd_of([0.75] * 10, n_tasks=600, prior=prior)
    policy = Policy(min_ratings=1, max_ratings=8)
    without = replay(plain, truth, policy, seeds=[1])
    with_prior = replay(informed, truth, policy, seeds=[1])
    assert with_prior.ratings < without.ratings
    assert with_prior.accuracy > without.accuracy + 0.02


def test_gold_cools_a_crowd_that_shares_its_mistakes_and_is_not_scored() -> None:
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, 500)
    heard = np.where(rng.random(500) < 0.8, truth, 1 - truth)  # one mistake for all
    task = np.repeat(np.arange(500), 6)
    people = np.argsort(rng.random((500, 30)), axis=1)[:, :6].reshape(-1)
    answer = np.where(rng.random(3_000) < 0.93, heard[task], 1 - heard[task])
    ratings = Ratings.checked(task, people, answer, n_truths=2)
    gold = draw_gold(truth, 100, seed=1)
    cooled = replay(ratings, truth, Policy(max_ratings=6), seeds=[1], gold=gold)
    plain = replay(ratings, truth, Policy(max_ratings=6), seeds=[1])
    assert cooled.scored.sum() == 400
    assert cooled.temperature[0] > 1.5
    assert cooled.calibration_error() < plain.calibration_error() - 0.03
    # What no number of answers can mend is not asked to the end.
    assert cooled.ratings < 4.5


def test_a_detector_saves_two_fifths_in_the_simulation() -> None:
    crowd = simulate_pool(n_items=2_000, n_people=220, n_clips=1_000, seed=3)
    ratings = Ratings.checked(
        crowd.task, crowd.annotator, crowd.answer, n_truths=2,
        context=crowd.context, prior=crowd.detector_prior(),
    )  # fmt: skip
    shown = replay(ratings, crowd.truth, Policy(min_ratings=2, max_ratings=10), seeds=[1])
    curve = fixed_curve(ratings, crowd.truth, max_ratings=10, seeds=[1])
    assert saving(shown, curve, samples=50).share.value > 0.4


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "saved"), [("rte", 0.2), ("bluebird", None)])
def test_real_ratings_are_saved_and_early_posteriors_do_no_harm(
    test_data: Path, name: str, saved: float | None
) -> None:
    labels = np.loadtxt(
        test_data / "crowd" / f"{name}.labels.csv", delimiter=",", skiprows=1, dtype=np.int64
    )
    known = np.loadtxt(
        test_data / "crowd" / f"{name}.truth.csv", delimiter=",", skiprows=1, dtype=np.int64
    )
    tasks, task = np.unique(labels[:, 0], return_inverse=True)
    _, person = np.unique(labels[:, 1], return_inverse=True)
    truth = np.full(len(tasks), -1)
    truth[np.searchsorted(tasks, known[:, 0])] = known[:, 1]
    ratings = Ratings.checked(task, person, labels[:, 2], n_truths=2)
    shown = replay(ratings, truth, Policy(max_ratings=10), seeds=[0, 1, 2])
    curve = fixed_curve(ratings, truth, max_ratings=10, seeds=[0, 1, 2])
    found = saving(shown, curve, samples=100)
    assert found.gain.value >= 0
    if saved is not None:
        assert found.share.value > saved


# --- bad input -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"truth": [0, 1]}, "truth has shape"),
        ({"truth": [-1] * 10}, "nothing can be scored"),
        ({"truth": [7] * 10}, "above 1"),
        ({"gold": [0] * 10}, "nothing can be scored"),
        ({"gold": [0]}, "gold has shape"),
        ({"seeds": []}, "one seed"),
        ({"at_once": 0}, "at_once is 0"),
        ({"refit_every": 0}, "refit_every is 0"),
    ],
)
def test_what_does_not_fit_is_told(
    crowd_of: CrowdOf, changes: dict[str, object], says: str
) -> None:
    ratings, truth = crowd_of([0.9] * 4, n_tasks=10, each=3)
    arguments: dict[str, object] = {"truth": truth, "seeds": [1], **changes}
    with pytest.raises(ParameterError, match=says):
        replay(ratings, policy=Policy(), **arguments)  # type: ignore[arg-type]


def test_no_ratings_are_refused() -> None:
    empty = Ratings.checked([], [], [], n_truths=2, gold=[-1, -1])
    with pytest.raises(ParameterError, match="no ratings to replay"):
        replay(empty, [0, 1], Policy(), seeds=[1])


def test_one_person_and_all_unsure_are_replayed_without_a_decision() -> None:
    ratings = Ratings.checked([0, 1, 2], [0, 0, 0], [2, 2, 2], n_truths=2)
    shown = replay(ratings, [0, 1, 0], Policy(min_ratings=1), seeds=[1])
    assert not shown.is_decided.any()
    assert np.isfinite(shown.confidence).all()
    assert shown.calibration_error() == 0.0
