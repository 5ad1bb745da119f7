"""Skill that differs from class to class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from annotation.consensus import DawidSkene

N_CLASSES, N_PEOPLE = 4, 24


@dataclass(frozen=True)
class Campaign:
    task: np.ndarray
    annotator: np.ndarray
    answer: np.ndarray
    truth: np.ndarray
    context: np.ndarray

    def fit(self, **parameters: float) -> DawidSkene:
        return DawidSkene(**parameters).fit(
            self.task, self.annotator, self.answer, n_truths=2, context=self.context
        )

    def right(self, fitted: DawidSkene) -> float:
        return float((fitted.labels_ == self.truth).mean())


def campaign(right: np.ndarray, *, n_tasks: int, each: int, seed: int) -> Campaign:
    """Draw answers of people who are right in each class as `right` [n_people, n_classes] says."""
    rng = np.random.default_rng(seed)
    truth, context = rng.integers(2, size=n_tasks), rng.integers(N_CLASSES, size=n_tasks)
    task = np.repeat(np.arange(n_tasks), each)
    annotator = np.concatenate([rng.permutation(len(right))[:each] for _ in range(n_tasks)])
    is_right = rng.random(len(task)) < right[annotator, context[task]]
    answer = np.where(is_right, truth[task], 1 - truth[task])
    return Campaign(task, annotator, answer, truth, context)


def specialists() -> np.ndarray:
    """Everybody knows two classes well and guesses in the others."""
    right = np.full((N_PEOPLE, N_CLASSES), 0.55)
    for person in range(N_PEOPLE):
        right[person, [person % N_CLASSES, (person + 1) % N_CLASSES]] = 0.93
    return right


def test_specialists_are_believed_in_their_classes() -> None:
    right = specialists()
    crowd = campaign(right, n_tasks=3000, each=5, seed=1)
    by_class = crowd.fit()
    overall = crowd.fit(class_strength=1e9)
    assert crowd.right(by_class) > crowd.right(overall) + 0.03
    skill = by_class.class_confusion_
    assert skill is not None
    diagonal = np.diagonal(skill.confusion, axis1=1, axis2=2).mean(axis=1)
    assert np.corrcoef(diagonal, right[skill.annotator, skill.context])[0, 1] > 0.9


def test_where_classes_do_not_differ_telling_them_apart_costs_nothing() -> None:
    rng = np.random.default_rng(2)
    right = np.repeat(rng.uniform(0.55, 0.95, (N_PEOPLE, 1)), N_CLASSES, axis=1)
    losses = []
    for seed in range(4):
        crowd = campaign(right, n_tasks=1500, each=4, seed=seed)
        losses.append(crowd.right(crowd.fit(class_strength=1e9)) - crowd.right(crowd.fit()))
    assert np.mean(losses) < 0.004


def test_a_class_that_is_hard_for_all_is_hard_for_somebody_new_to_it() -> None:
    right = np.repeat([[0.95, 0.95, 0.95, 0.6]], N_PEOPLE, axis=0)
    crowd = campaign(right, n_tasks=3000, each=4, seed=3)
    # Person 0 has one rating in the hard class only.
    own = (crowd.annotator == 0) & (crowd.context[crowd.task] == 3)
    kept = ~own | (np.cumsum(own) == 1)
    fitted = DawidSkene().fit(
        crowd.task[kept],
        crowd.annotator[kept],
        crowd.answer[kept],
        n_truths=2,
        context=crowd.context,
    )
    skill = fitted.class_confusion_
    assert skill is not None
    pair = np.flatnonzero((skill.annotator == 0) & (skill.context == 3))
    assert skill.support[pair].tolist() == [1]
    # Nearer to what the class does to everybody (.6) than to what this person does elsewhere.
    assert skill.confusion[pair[0], 0, 0] < fitted.confusion_[0, 0, 0] - 0.08


def test_pairs_are_those_observed_in_order_with_their_ratings() -> None:
    crowd = campaign(specialists(), n_tasks=60, each=3, seed=4)
    skill = crowd.fit().class_confusion_
    assert skill is not None
    key = crowd.annotator * N_CLASSES + crowd.context[crowd.task]
    pairs, support = np.unique(key, return_counts=True)
    assert (skill.annotator * N_CLASSES + skill.context).tolist() == pairs.tolist()
    assert skill.support.tolist() == support.tolist()
    assert skill.confusion.shape == (len(pairs), 2, 2)
    assert skill.confusion.sum(axis=2) == pytest.approx(np.ones((len(pairs), 2)), abs=1e-12)


def test_one_class_has_no_skill_within_classes() -> None:
    crowd = campaign(specialists(), n_tasks=60, each=3, seed=5)
    ratings = (crowd.task, crowd.annotator, crowd.answer)
    alone = DawidSkene().fit(*ratings, n_truths=2)
    same = DawidSkene().fit(*ratings, n_truths=2, context=np.full(60, 3))
    assert alone.class_confusion_ is None
    assert same.class_confusion_ is None
    assert same.posterior_ == pytest.approx(alone.posterior_, abs=1e-12)
