"""The simulated crowd is what it says: OpenMIC's size, its moments, and the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from annotation.consensus import MajorityVote
from consonance.demo.crowd import (
    NO,
    UNSURE,
    YES,
    SimulatedCrowd,
    draw_gold,
    simulate,
    simulate_pool,
)
from consonance.errors import ParameterError


@pytest.fixture(scope="module")
def crowd() -> SimulatedCrowd:
    return simulate(seed=11)


def small(seed: int = 5, **changes: float) -> SimulatedCrowd:
    sizes = {"n_clips": 200, "n_classes": 4, "n_items": 500, "n_ratings": 2_500, "n_people": 60}
    return simulate(**{**sizes, **changes}, seed=seed)  # type: ignore[arg-type]


def test_it_has_openmics_size(crowd: SimulatedCrowd) -> None:
    assert crowd.n_tasks == 41_500
    assert len(crowd.task) == len(crowd.annotator) == len(crowd.answer) == 230_000
    assert crowd.n_people == 2_450
    assert crowd.n_classes == 20
    assert len(np.unique(crowd.clip)) == 20_000


def test_every_item_has_four_to_seven_answers_and_every_person_one(crowd: SimulatedCrowd) -> None:
    a_task = np.bincount(crowd.task, minlength=crowd.n_tasks)
    assert (a_task.min(), a_task.max()) == (4, 7)
    assert np.bincount(crowd.annotator, minlength=crowd.n_people).min() >= 1


def test_nobody_answers_an_item_twice_and_no_pair_is_asked_twice(crowd: SimulatedCrowd) -> None:
    answers = crowd.task * crowd.n_people + crowd.annotator
    assert len(np.unique(answers)) == len(answers)
    pairs = crowd.clip * crowd.n_classes + crowd.context
    assert len(np.unique(pairs)) == len(pairs)


def test_classes_are_present_in_28_to_58_percent(crowd: SimulatedCrowd) -> None:
    share = np.bincount(crowd.context, crowd.truth) / np.bincount(crowd.context)
    # 2,075 items a class: two standard errors are 2.2 points.
    assert share.min() > 0.28 - 0.03
    assert share.max() < 0.58 + 0.03
    assert np.ptp(share) > 0.15


def test_the_detector_ranks_as_well_as_ours_did(crowd: SimulatedCrowd) -> None:
    order = np.argsort(np.argsort(crowd.detector))
    present = crowd.truth == 1
    above = order[present].sum() - present.sum() * (present.sum() - 1) / 2
    assert above / (present.sum() * (~present).sum()) == pytest.approx(0.894, abs=0.006)
    assert np.allclose(np.log(crowd.detector / (1 - crowd.detector)), crowd.detector_logit)


def test_the_detectors_prior_is_calibrated(crowd: SimulatedCrowd) -> None:
    present = crowd.detector_prior()[:, 1]
    for low in np.arange(0, 1, 0.1):
        inside = (present >= low) & (present < low + 0.1)
        assert crowd.truth[inside].mean() == pytest.approx(present[inside].mean(), abs=0.04)


def test_a_few_people_do_most_of_the_work(crowd: SimulatedCrowd) -> None:
    done = np.sort(np.bincount(crowd.annotator))[::-1]
    assert done[:245].sum() / done.sum() == pytest.approx(0.56, abs=0.03)
    assert np.median(done) == pytest.approx(30, abs=5)
    assert np.percentile(done, 90) == pytest.approx(242, abs=30)
    assert done[0] == pytest.approx(1_122, abs=120)


def test_single_answers_are_right_and_unsure_as_often_as_measured() -> None:
    right, unsure = [], []
    for seed in range(4):  # one draw of twenty classes and their spammers moves them by a point
        crowd = simulate(seed=seed)
        definite = crowd.answer != UNSURE
        right.append((crowd.answer == crowd.truth[crowd.task])[definite].mean())
        unsure.append(1 - definite.mean())
    assert np.mean(right) == pytest.approx(0.798, abs=0.01)
    assert np.mean(unsure) == pytest.approx(0.098, abs=0.008)


def test_a_majority_is_right_as_often_as_measured(crowd: SimulatedCrowd) -> None:
    vote = MajorityVote().fit(crowd.task, crowd.annotator, crowd.answer, n_truths=2)
    assert (vote.labels_ == crowd.truth).mean() == pytest.approx(0.905, abs=0.02)


def test_one_in_ten_is_a_spammer_who_does_not_listen(crowd: SimulatedCrowd) -> None:
    assert crowd.is_spammer.sum() == 245
    theirs = crowd.is_spammer[crowd.annotator]
    assert not (crowd.answer[theirs] == UNSURE).any()
    present = crowd.truth[crowd.task] == 1
    yes = crowd.answer == YES
    assert yes[theirs & present].mean() == pytest.approx(yes[theirs & ~present].mean(), abs=0.02)
    assert yes[~theirs & present].mean() - yes[~theirs & ~present].mean() > 0.4


def test_people_answer_with_the_skill_that_is_told_of_them() -> None:
    crowd = simulate(
        n_clips=4_000, n_classes=2, n_items=8_000, n_ratings=80_000, n_people=12, seed=2
    )
    for person in np.flatnonzero(~crowd.is_spammer)[:4]:
        mine = (crowd.annotator == person) & (crowd.answer != UNSURE)
        tasks = crowd.task[mine]
        for truth, skill in ((YES, crowd.sensitivity), (NO, crowd.specificity)):
            of_truth = crowd.truth[tasks] == truth
            told = skill[person, crowd.context[tasks[of_truth]]].mean()
            did = (crowd.answer[mine][of_truth] == truth).mean()
            # Hard items take more than easy ones give, and the hardest end in "unsure".
            assert did == pytest.approx(told, abs=0.05)


def test_hard_items_are_hard_for_all(crowd: SimulatedCrowd) -> None:
    """Given the truth and the class, answers to an item are not independent."""
    right = crowd.answer == crowd.truth[crowd.task]
    difficulty = crowd.item_difficulty[crowd.task]
    definite = crowd.answer != UNSURE
    easy, hard = (
        right[definite & chosen].mean() for chosen in (difficulty < -0.9, difficulty > 0.9)
    )
    assert easy - hard > 0.15


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    one, two, three = small(), small(), small(seed=6)
    for name in ("task", "annotator", "answer", "truth", "detector", "is_spammer", "sensitivity"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()
    assert one.answer.tobytes() != three.answer.tobytes()


def test_without_spammers_there_are_none_and_with_all_everybody_is() -> None:
    assert not small(spammer_share=0.0).is_spammer.any()
    assert small(spammer_share=1.0).is_spammer.all()


def test_ten_times_the_size_is_only_more_of_the_same() -> None:
    crowd = simulate(n_clips=200_000, n_items=415_000, n_ratings=2_300_000, n_people=24_500, seed=3)
    assert len(crowd.task) == 2_300_000
    a_task = np.bincount(crowd.task)
    assert (a_task.min(), a_task.max()) == (4, 7)


def test_a_pool_gives_every_item_the_same_number_of_answers() -> None:
    crowd = simulate_pool(n_items=300, pool=10, n_people=40, n_clips=100, n_classes=4, seed=1)
    assert (np.bincount(crowd.task) == 10).all()
    first = crowd.first(3)
    assert (np.bincount(first.task) == 3).all()
    assert first.annotator[:3].tolist() == crowd.annotator[:3].tolist()
    assert first.truth is crowd.truth


def test_a_pool_of_everybody_is_possible() -> None:
    crowd = simulate_pool(n_items=50, pool=6, n_people=6, n_clips=50, n_classes=1, seed=1)
    assert (np.sort(crowd.annotator.reshape(50, 6), axis=1) == np.arange(6)).all()


def test_gold_is_the_truth_of_as_many_as_asked_for(crowd: SimulatedCrowd) -> None:
    gold = crowd.gold(830, seed=4)
    assert (gold >= 0).sum() == 830
    assert (gold[gold >= 0] == crowd.truth[gold >= 0]).all()
    assert (gold == crowd.gold(830, seed=4)).all()
    assert (gold != crowd.gold(830, seed=5)).any()
    assert (crowd.gold(0, seed=4) == -1).all()


def test_gold_is_drawn_among_known_truths_only() -> None:
    gold = draw_gold([-1, 1, -1, 0], 2, seed=0)
    assert gold.tolist() == [-1, 1, -1, 0]
    with pytest.raises(ParameterError, match="of 2 tasks with a known truth"):
        draw_gold([-1, 1, -1, 0], 3, seed=0)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"n_items": 801}, "make only 800 pairs"),
        ({"n_ratings": 499}, "each of 500 items needs at least one answer"),
        ({"n_people": 4}, "there are only 4 people"),
        ({"n_people": 2_501}, "only 2500 ratings"),
        ({"n_people": 0}, "n_people is 0"),
        ({"spammer_share": 1.5}, "a share from 0 to 1"),
        ({"spammer_share": float("nan")}, "a share from 0 to 1"),
    ],
)
def test_numbers_that_do_not_fit_are_told(changes: dict[str, float], says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        small(**changes)  # type: ignore[arg-type]


def test_a_pool_of_none_and_a_first_of_none_are_refused() -> None:
    with pytest.raises(ParameterError, match="pool is 0"):
        simulate_pool(pool=0, seed=1)
    with pytest.raises(ParameterError, match="number is 0"):
        small().first(0)
