"""One more answer at a time, and fits that begin where the last one ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.consensus import UNKNOWN, DawidSkene, OneCoin
from annotation.consensus.design_effect import effect
from consonance.errors import ParameterError, StateError

N_TASKS, N_PEOPLE, N_CLASSES = 120, 12, 3


@dataclass(frozen=True)
class Ratings:
    task: np.ndarray
    annotator: np.ndarray
    answer: np.ndarray
    context: np.ndarray
    truth: np.ndarray

    @property
    def three(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.task, self.annotator, self.answer


def drawn(seed: int, *, n_tasks: int = N_TASKS, each: int = 4) -> Ratings:
    rng = np.random.default_rng(seed)
    truth = rng.integers(2, size=n_tasks)
    task = np.repeat(np.arange(n_tasks), each)
    annotator = np.concatenate([rng.permutation(N_PEOPLE)[:each] for _ in range(n_tasks)])
    right = rng.uniform(0.55, 0.95, N_PEOPLE)[annotator]
    answer = np.where(rng.random(len(task)) < right, truth[task], 1 - truth[task])
    answer = np.where(rng.random(len(task)) < 0.1, 2, answer)
    return Ratings(task, annotator, answer, rng.integers(N_CLASSES, size=n_tasks), truth)


def e_step(fitted: DawidSkene, ratings: Ratings, task: int, more: list[tuple[int, int]]) -> Any:
    """Return a task's posterior from the definition, rating by rating."""
    skill = fitted.class_confusion_
    assert skill is not None
    own = [
        (int(person), int(answer))
        for person, answer in zip(
            ratings.annotator[ratings.task == task],
            ratings.answer[ratings.task == task],
            strict=True,
        )
    ]
    joint = np.log(fitted.prevalence_[ratings.context[task]])
    for person, answer in own + more:
        pair = np.flatnonzero(
            (skill.annotator == person) & (skill.context == ratings.context[task])
        )
        joint = joint + np.log(skill.confusion[pair[0], :, answer])
    definite = sum(answer < 2 for _, answer in own + more)
    alike = fitted.class_correlation_[ratings.context[task]]
    joint = joint / effect(np.array([definite]), alike)[0] / fitted.temperature_
    odds = np.exp(joint - joint.max())
    return odds / odds.sum()


@given(
    more=st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, N_PEOPLE - 1), st.integers(0, 2)),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=25)
def test_an_update_is_an_e_step_over_all_ratings(more: list[tuple[int, int, int]]) -> None:
    ratings = drawn(1)
    fitted = DawidSkene().fit(*ratings.three, n_truths=2, context=ratings.context)
    skill = fitted.class_confusion_
    assert skill is not None
    met = set(zip(skill.annotator.tolist(), skill.context.tolist(), strict=True))
    before = fitted.posterior_.copy()
    given_to: dict[int, list[tuple[int, int]]] = {}
    for task, person, answer in more:
        if (person, ratings.context[task]) not in met:
            continue
        given_to.setdefault(task, []).append((person, answer))
        row = fitted.update(task, person, answer)
        expected = e_step(fitted, ratings, task, given_to[task])
        assert row == pytest.approx(expected, abs=1e-10)
        assert fitted.posterior_[task].tolist() == row.tolist()
        assert fitted.labels_[task] == row.argmax()
    rest = [task for task in range(N_TASKS) if task not in given_to]
    assert np.array_equal(fitted.posterior_[rest], before[rest])


def test_a_fit_and_its_updates_agree_with_taking_all_at_once() -> None:
    """Half the ratings fitted and half added one by one: nearly the labels of one fit over all."""
    ratings = drawn(2, n_tasks=400, each=6)
    first = np.arange(len(ratings.task)) % 2 == 0
    fitted = DawidSkene().fit(*(part[first] for part in ratings.three), n_truths=2)
    early = (fitted.labels_ == ratings.truth).mean()
    for one in zip(*(part[~first].tolist() for part in ratings.three), strict=True):
        fitted.update(*one)
    whole = DawidSkene().fit(*ratings.three, n_truths=2)
    assert (fitted.labels_ == whole.labels_).mean() > 0.94
    assert (fitted.labels_ == ratings.truth).mean() > early + 0.03


def test_somebody_new_is_one_of_the_crowd() -> None:
    ratings = drawn(3)
    fitted = DawidSkene(calibrate=False).fit(*ratings.three, n_truths=2)
    before = fitted.posterior_[5].copy()
    row = fitted.update(5, N_PEOPLE + 40, 1)
    moved = np.log(row[1] / row[0]) - np.log(before[1] / before[0])
    typical = np.log(fitted.confusion_[:, 1, 1] / fitted.confusion_[:, 0, 1])
    assert typical.min() < moved < typical.max()


def test_a_new_task_begins_at_the_prevalence_of_its_class() -> None:
    ratings = drawn(4)
    fitted = DawidSkene().fit(*ratings.three, n_truths=2, context=ratings.context)
    row = fitted.update(N_TASKS, 0, 9, context=1)  # an answer that says nothing
    assert row == pytest.approx(fitted.prevalence_[1], abs=1e-12)
    assert fitted.labels_[N_TASKS] == UNKNOWN
    assert fitted.posterior_.shape == (N_TASKS + 1, 2)
    yes = fitted.update(N_TASKS, 0, 1)
    assert yes[1] > row[1]
    assert fitted.labels_[N_TASKS] == 1
    classless = fitted.update(N_TASKS + 1, 0, 1)
    assert classless.sum() == pytest.approx(1)


def test_a_new_task_may_bring_a_prior() -> None:
    ratings = drawn(5)
    prior = np.where(ratings.truth[:, None] == np.arange(2), 0.8, 0.2)
    fitted = DawidSkene().fit(*ratings.three, n_truths=2, prior=prior)
    high = fitted.update(N_TASKS, 0, 9, prior=[0.1, 0.9])
    low = fitted.update(N_TASKS + 1, 0, 9, prior=[0.9, 0.1])
    assert high[1] > 0.7 > 0.3 > low[1]


def test_gold_stays_what_it_is() -> None:
    ratings = drawn(6)
    gold = np.full(N_TASKS, -1)
    gold[7] = 1
    fitted = DawidSkene().fit(*ratings.three, n_truths=2, gold=gold)
    assert fitted.update(7, 0, 0).tolist() == [0.0, 1.0]
    assert fitted.is_gold([7, 8]).tolist() == [True, False]


def test_an_answer_nobody_had_given_says_nothing() -> None:
    ratings = drawn(7)
    fitted = DawidSkene().fit(*ratings.three, n_truths=2)
    before = fitted.posterior_[3].copy()
    assert fitted.update(3, 0, 9) == pytest.approx(before, abs=1e-12)


def test_many_new_tasks_are_taken_in() -> None:
    fitted = DawidSkene().fit([0, 0, 1, 1], [0, 1, 0, 1], [1, 1, 0, 0], n_truths=2)
    for task in range(2, 400):
        fitted.update(task, task % 3, task % 2)
    assert fitted.posterior_.shape == (400, 2)
    assert fitted.labels_[2:].tolist() == [task % 2 for task in range(2, 400)]


def test_updates_are_possible_where_nobody_could_be_judged() -> None:
    fitted = DawidSkene().fit([0], [0], [1], n_truths=2)
    assert fitted.shortage_ is not None
    before = fitted.posterior_[0, 1]
    assert fitted.update(0, 1, 1)[1] > before


@pytest.mark.parametrize(
    ("sentence", "wrong"),
    [
        ("task is 122; the next new task is 120", (122, 0, 0)),
        ("annotator is -1", (0, -1, 0)),
        ("answer is -2", (0, 0, -2)),
    ],
)
def test_impossible_updates_are_refused(sentence: str, wrong: tuple[int, int, int]) -> None:
    fitted = DawidSkene().fit(*drawn(8).three, n_truths=2)
    with pytest.raises(ParameterError, match=sentence):
        fitted.update(*wrong)


def test_updating_before_fitting_is_refused() -> None:
    with pytest.raises(StateError, match="this OneCoin has not been fitted; call fit first"):
        OneCoin().update(0, 0, 0)


# --- warm start ----------------------------------------------------------------------------
def test_a_warm_start_gets_to_the_same_place_in_fewer_steps() -> None:
    ratings = drawn(9, n_tasks=800)
    exact = {"tolerance": 1e-7, "max_iterations": 500}
    cold = DawidSkene(**exact).fit(*ratings.three, n_truths=2)
    warm = DawidSkene(**exact, warm_start=True)
    first = np.arange(len(ratings.task)) < 0.9 * len(ratings.task)
    warm.fit(*(part[first] for part in ratings.three), n_truths=2)
    warm.fit(*ratings.three, n_truths=2)
    assert warm.n_iter_ < cold.n_iter_
    assert warm.posterior_ == pytest.approx(cold.posterior_, abs=1e-3)


def test_without_a_warm_start_fits_know_nothing_of_each_other() -> None:
    ratings = drawn(10)
    once = DawidSkene().fit(*ratings.three, n_truths=2)
    twice = DawidSkene().fit(*drawn(11).three, n_truths=2).fit(*ratings.three, n_truths=2)
    assert np.array_equal(twice.posterior_, once.posterior_)


def test_a_warm_start_takes_in_new_people_tasks_classes_and_answers() -> None:
    small, large = drawn(12), drawn(13, n_tasks=300)
    method = DawidSkene(warm_start=True)
    decided = small.answer < 2  # nobody has been unsure yet
    method.fit(*(part[decided] for part in small.three), n_truths=2, context=small.context % 2)
    grown = (large.task, large.annotator + np.where(large.task > 200, 5, 0), large.answer)
    method.fit(*grown, n_truths=2, context=large.context)
    assert method.posterior_.shape == (300, 2)
    assert method.confusion_.shape == (N_PEOPLE + 5, 2, 3)
    cold = DawidSkene().fit(*grown, n_truths=2, context=large.context)
    assert (method.labels_ == cold.labels_).mean() > 0.97


def test_a_warm_start_needs_the_same_truths() -> None:
    method = DawidSkene(warm_start=True).fit(*drawn(14).three, n_truths=2)
    with pytest.raises(ParameterError, match="n_truths is 3, but the former fit had 2"):
        method.fit(*drawn(14).three, n_truths=3)
