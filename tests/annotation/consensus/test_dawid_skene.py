"""Dawid-Skene on crowds whose truth is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from annotation.consensus import DawidSkene, MajorityVote

CrowdOf = Callable[..., Any]
APerson = Callable[..., np.ndarray]


def accuracy(labels: np.ndarray, truth: np.ndarray) -> float:
    return float((labels == truth).mean())


def test_known_confusion_matrices_are_recovered(crowd_of: CrowdOf) -> None:
    rng = np.random.default_rng(5)
    confusion = np.stack([0.6 * np.eye(3) + 0.4 * rng.dirichlet(np.ones(3), 3) for _ in range(8)])
    crowd = crowd_of(confusion, n_tasks=4000, each=5, seed=1)
    fitted = DawidSkene().fit(crowd.task, crowd.annotator, crowd.answer, n_truths=3)
    assert np.abs(fitted.confusion_ - confusion).max() < 0.06
    assert np.abs(fitted.confusion_.sum(axis=2) - 1).max() < 1e-12


def test_different_skill_is_used_and_beats_the_majority(
    crowd_of: CrowdOf, a_person: APerson
) -> None:
    confusion = np.stack([a_person(p) for p in (0.95, 0.9, 0.6, 0.6, 0.55, 0.55, 0.5)])
    crowd = crowd_of(confusion, n_tasks=1500, each=5, seed=2)
    ratings = (crowd.task, crowd.annotator, crowd.answer)
    by_skill = accuracy(DawidSkene().fit_predict(*ratings, n_truths=2), crowd.truth)
    by_votes = accuracy(MajorityVote().fit_predict(*ratings, n_truths=2), crowd.truth)
    assert by_skill > by_votes + 0.03


def test_a_perfect_person_is_trusted_and_a_coin_is_not(
    crowd_of: CrowdOf, a_person: APerson
) -> None:
    confusion = np.stack([a_person(p) for p in (1.0, 0.8, 0.8, 0.8, 0.8, 0.5)])
    crowd = crowd_of(confusion, n_tasks=800, each=5, seed=3)
    fitted = DawidSkene().fit(crowd.task, crowd.annotator, crowd.answer, n_truths=2)
    assert fitted.trust_[0] > 0.97
    assert abs(fitted.trust_[5] - 0.5) < 0.06


def test_a_coin_has_no_influence(crowd_of: CrowdOf, a_person: APerson) -> None:
    confusion = np.stack([a_person(0.85)] * 5 + [a_person(0.5)])
    crowd = crowd_of(confusion, n_tasks=800, each=6, seed=4)
    fitted = DawidSkene().fit(crowd.task, crowd.annotator, crowd.answer, n_truths=2)
    weight = np.log(fitted.confusion_[:, 1, 1] / fitted.confusion_[:, 0, 1])
    assert abs(weight[5]) < 0.25
    assert weight[:5].min() > 1.2
    honest = crowd.annotator < 5
    without = DawidSkene().fit_predict(
        crowd.task[honest], crowd.annotator[honest], crowd.answer[honest], n_truths=2
    )
    assert (fitted.labels_ == without).mean() > 0.99


def test_somebody_who_always_says_yes_is_trusted_like_a_coin(
    crowd_of: CrowdOf, a_person: APerson
) -> None:
    confusion = np.stack([a_person(0.85)] * 5 + [np.array([[0.0, 1.0], [0.0, 1.0]])])
    crowd = crowd_of(confusion, n_tasks=500, each=6, seed=5, prevalence=0.8)
    fitted = DawidSkene().fit(crowd.task, crowd.annotator, crowd.answer, n_truths=2)
    assert abs(fitted.trust_[5] - 0.5) < 0.03  # not .8, though four in five answers are right


def test_a_contrarian_is_read_the_other_way_round(crowd_of: CrowdOf, a_person: APerson) -> None:
    confusion = np.stack([a_person(0.85)] * 5 + [a_person(0.05)])
    crowd = crowd_of(confusion, n_tasks=600, each=6, seed=6)
    fitted = DawidSkene().fit(crowd.task, crowd.annotator, crowd.answer, n_truths=2)
    assert fitted.trust_[5] < 0.15
    assert accuracy(fitted.labels_, crowd.truth) > 0.98


@pytest.mark.parametrize("seed", range(4))
def test_adding_a_spammer_lowers_accuracy_by_no_more_than_noise(
    seed: int, crowd_of: CrowdOf, a_person: APerson
) -> None:
    confusion = np.stack([a_person(0.8)] * 7 + [a_person(0.5)])
    crowd = crowd_of(confusion, n_tasks=600, each=8, seed=seed)
    honest = crowd.annotator < 7
    with_spam = DawidSkene().fit_predict(crowd.task, crowd.annotator, crowd.answer, n_truths=2)
    without = DawidSkene().fit_predict(
        crowd.task[honest], crowd.annotator[honest], crowd.answer[honest], n_truths=2
    )
    assert accuracy(with_spam, crowd.truth) > accuracy(without, crowd.truth) - 0.01


def test_three_ratings_are_judged_mildly(crowd_of: CrowdOf, a_person: APerson) -> None:
    crowd = crowd_of(np.stack([a_person(0.85)] * 6), n_tasks=300, each=5, seed=7)
    newcomer = 6
    wrong = 1 - crowd.truth[:3]
    fitted = DawidSkene().fit(
        np.concatenate([crowd.task, np.arange(3)]),
        np.concatenate([crowd.annotator, np.full(3, newcomer)]),
        np.concatenate([crowd.answer, wrong]),
        n_truths=2,
    )
    assert 0.3 < fitted.trust_[newcomer] < 0.75  # wrong three times of three, and not at 0


def test_unsure_is_an_answer_and_never_a_truth(crowd_of: CrowdOf, a_person: APerson) -> None:
    crowd = crowd_of(np.stack([a_person(0.85, unsure=0.3)] * 6), n_tasks=1200, each=4, seed=8)
    assert (crowd.answer == 2).mean() > 0.2
    fitted = DawidSkene().fit(crowd.task, crowd.annotator, crowd.answer, n_truths=2)
    assert fitted.posterior_.shape == (1200, 2)
    assert fitted.confusion_.shape == (6, 2, 3)
    assert np.abs(fitted.confusion_[:, :, 2] - 0.3).max() < 0.06
    heard = np.unique(crowd.task[crowd.answer < 2])
    assert accuracy(fitted.labels_[heard], crowd.truth[heard]) > 0.88


def test_an_unsure_that_goes_with_a_truth_is_evidence(crowd_of: CrowdOf) -> None:
    shy = np.array([[0.85, 0.05, 0.10], [0.10, 0.50, 0.40]])  # hesitates where the sound is there
    crowd = crowd_of(np.stack([shy] * 6), n_tasks=1500, each=4, seed=9)
    fitted = DawidSkene().fit(crowd.task, crowd.annotator, crowd.answer, n_truths=2)
    assert (fitted.confusion_[:, 1, 2] > 2 * fitted.confusion_[:, 0, 2]).all()


def test_gold_holds_whatever_people_say(crowd_of: CrowdOf, a_person: APerson) -> None:
    crowd = crowd_of(np.stack([a_person(0.9)] * 6), n_tasks=200, each=5, seed=10)
    gold = np.full(200, -1)
    gold[:5] = 1 - crowd.truth[:5]  # against everybody
    fitted = DawidSkene().fit(crowd.task, crowd.annotator, crowd.answer, n_truths=2, gold=gold)
    assert (fitted.labels_[:5] == gold[:5]).all()
    assert (fitted.posterior_[np.arange(5), gold[:5]] == 1).all()
    assert accuracy(fitted.labels_[5:], crowd.truth[5:]) > 0.95


def test_gold_tells_who_is_right_in_a_crowd_of_mostly_contrarians(
    crowd_of: CrowdOf, a_person: APerson
) -> None:
    confusion = np.stack([a_person(0.9)] * 2 + [a_person(0.2)] * 4)
    crowd = crowd_of(confusion, n_tasks=600, each=4, seed=11)
    ratings = (crowd.task, crowd.annotator, crowd.answer)
    gold = np.where(np.arange(600) < 150, crowd.truth, -1)
    rest = np.arange(600) >= 150
    without = DawidSkene().fit_predict(*ratings, n_truths=2)
    with_gold = DawidSkene().fit_predict(*ratings, n_truths=2, gold=gold)
    assert accuracy(without[rest], crowd.truth[rest]) < 0.5
    assert accuracy(with_gold[rest], crowd.truth[rest]) > 0.9


def test_a_good_prior_helps(crowd_of: CrowdOf, a_person: APerson) -> None:
    crowd = crowd_of(np.stack([a_person(0.7)] * 8), n_tasks=1000, each=3, seed=12)
    ratings = (crowd.task, crowd.annotator, crowd.answer)
    present = np.where(np.random.default_rng(0).random(1000) < 0.85, crowd.truth, 1 - crowd.truth)
    prior = np.where(present[:, None] == np.arange(2), 0.85, 0.15)
    alone = accuracy(DawidSkene().fit_predict(*ratings, n_truths=2), crowd.truth)
    helped = accuracy(DawidSkene().fit_predict(*ratings, n_truths=2, prior=prior), crowd.truth)
    assert helped > alone + 0.05


def test_a_prior_of_one_can_be_overruled_by_people() -> None:
    people = np.tile(np.arange(10), 40)
    tasks = np.repeat(np.arange(40), 10)
    answers = np.where(tasks % 2, 1, 0)
    prior = np.tile([0.5, 0.5], (40, 1))
    prior[0] = [0.0, 1.0]  # wrong: everybody says 0
    fitted = DawidSkene().fit(tasks, people, answers, n_truths=2, prior=prior)
    assert fitted.labels_[0] == 0


def test_each_context_has_a_prevalence_of_its_own(crowd_of: CrowdOf, a_person: APerson) -> None:
    rare = crowd_of(np.stack([a_person(0.8)] * 8), n_tasks=600, each=3, seed=13, prevalence=0.1)
    often = crowd_of(np.stack([a_person(0.8)] * 8), n_tasks=600, each=3, seed=14, prevalence=0.9)
    task = np.concatenate([rare.task, often.task + 600])
    annotator = np.concatenate([rare.annotator, often.annotator])
    answer = np.concatenate([rare.answer, often.answer])
    truth = np.concatenate([rare.truth, often.truth])
    context = np.repeat([0, 1], 600)
    fitted = DawidSkene().fit(task, annotator, answer, n_truths=2, context=context)
    assert fitted.prevalence_[0, 1] < 0.2
    assert fitted.prevalence_[1, 1] > 0.8
    blind = DawidSkene().fit(task, annotator, answer, n_truths=2)
    assert accuracy(fitted.labels_, truth) > accuracy(blind.labels_, truth) + 0.02


def test_the_log_likelihood_is_that_of_the_ratings(crowd_of: CrowdOf, a_person: APerson) -> None:
    crowd = crowd_of(np.stack([a_person(0.8, unsure=0.1)] * 4), n_tasks=30, each=3, seed=15)
    gold = np.where(np.arange(30) < 3, crowd.truth, -1)
    fitted = DawidSkene(calibrate=False).fit(
        crowd.task, crowd.annotator, crowd.answer, n_truths=2, gold=gold
    )
    # One task after the other, from the definition. The last E-step used these very estimates
    # of people; the prevalence, too.
    total = 0.0
    for task in range(30):
        joint = fitted.prevalence_[0].copy()
        for rating in np.flatnonzero(crowd.task == task):
            joint *= fitted.confusion_[crowd.annotator[rating], :, crowd.answer[rating]]
        total += np.log(joint[gold[task]] if gold[task] >= 0 else joint.sum())
        if gold[task] < 0:
            assert fitted.posterior_[task] == pytest.approx(joint / joint.sum(), abs=1e-12)
    assert fitted.log_likelihood_ == pytest.approx(total, rel=1e-12)


def test_the_record_of_convergence_tells_how_it_went(crowd_of: CrowdOf, a_person: APerson) -> None:
    crowd = crowd_of(np.stack([a_person(0.8)] * 6), n_tasks=300, each=5, seed=16)
    ratings = (crowd.task, crowd.annotator, crowd.answer)
    fitted = DawidSkene().fit(*ratings, n_truths=2)
    assert fitted.converged_
    assert len(fitted.log_likelihood_path_) == fitted.n_iter_ < 100
    assert fitted.log_likelihood_ == fitted.log_likelihood_path_[-1]
    assert fitted.log_likelihood_path_[-1] > fitted.log_likelihood_path_[0]
    cut = DawidSkene(max_iterations=1).fit(*ratings, n_truths=2)
    assert (cut.n_iter_, cut.converged_) == (1, False)


def test_ones_own_vote_can_be_taken_out(crowd_of: CrowdOf, a_person: APerson) -> None:
    crowd = crowd_of(np.stack([a_person(0.8)] * 5), n_tasks=40, each=3, seed=17)
    fitted = DawidSkene(calibrate=False).fit(crowd.task, crowd.annotator, crowd.answer, n_truths=2)
    rest = fitted.posterior_without_own(crowd.task, crowd.annotator, crowd.answer)
    for rating in range(len(crowd.task)):
        others = (crowd.task == crowd.task[rating]) & (np.arange(len(crowd.task)) != rating)
        joint = fitted.prevalence_[0].copy()
        for other in np.flatnonzero(others):
            joint *= fitted.confusion_[crowd.annotator[other], :, crowd.answer[other]]
        assert rest[rating] == pytest.approx(joint / joint.sum(), abs=1e-10)


def test_everybody_becomes_alike_at_great_strength(crowd_of: CrowdOf, a_person: APerson) -> None:
    confusion = np.stack([a_person(p) for p in (0.95, 0.8, 0.6)])
    crowd = crowd_of(confusion, n_tasks=200, each=3, seed=18)
    fitted = DawidSkene(strength=1e9, skill_strength=1e9).fit(
        crowd.task, crowd.annotator, crowd.answer, n_truths=2
    )
    assert np.ptp(fitted.trust_) < 1e-3


def test_skill_on_common_truths_tells_of_skill_on_rare_ones(crowd_of: CrowdOf) -> None:
    rng = np.random.default_rng(19)
    good = np.array([0.55, 0.65, 0.75, 0.85, 0.95] * 6)
    off = (np.ones((6, 6)) - np.eye(6)) / 5
    confusion = np.stack([p * np.eye(6) + (1 - p) * off for p in good])
    crowd = crowd_of(confusion, n_tasks=1200, each=4, seed=19)
    # The last truth becomes rare: each person meets it a handful of times.
    kept = (crowd.truth != 5) | (rng.random(1200) < 0.12)
    kept = kept[crowd.task]
    fitted = DawidSkene().fit(
        crowd.task[kept], crowd.annotator[kept], crowd.answer[kept], n_truths=6
    )
    on_rare = fitted.confusion_[:, 5, 5]
    assert np.corrcoef(on_rare, good)[0, 1] > 0.7
