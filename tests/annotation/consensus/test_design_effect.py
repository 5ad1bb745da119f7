"""Answers to one task are worth less than as many independent ones: measured without any truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from annotation.consensus import DawidSkene, OneCoin, Reliability, reliability
from annotation.consensus.design_effect import effect


def shared_mistakes(
    share: float, *, seed: int, n_tasks: int = 1200, each: int = 8, right: float = 0.85
) -> Any:
    """Draw answers of people who are mostly right, on tasks of which a share misleads them."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(3, size=n_tasks)
    chance = np.where(rng.random(n_tasks) < share, 0.4, right)
    task = np.repeat(np.arange(n_tasks), each)
    annotator = np.concatenate([rng.permutation(30)[:each] for _ in range(n_tasks)])
    wrong = (truth[task] + rng.integers(1, 3, len(task))) % 3
    answer = np.where(rng.random(len(task)) < chance[task], truth[task], wrong)
    return task, annotator, answer, truth


def test_ten_answers_of_correlation_one_ninth_count_for_five() -> None:
    assert 10 / effect(np.array([10.0]), 1 / 9) == pytest.approx([5.0])
    assert effect(np.array([0.0, 1.0, 5.0]), 1.0).tolist() == [1.0, 1.0, 5.0]


@pytest.mark.parametrize("method", [DawidSkene, OneCoin])
def test_independent_answers_stay_honest(method: type[DawidSkene]) -> None:
    task, annotator, answer, truth = shared_mistakes(0.0, seed=1, n_tasks=6000, each=6, right=0.7)
    fitted = method().fit(task, annotator, answer, n_truths=3)
    assert fitted.correlation_ < 0.02
    told = reliability(fitted.posterior_, truth)
    assert isinstance(told, Reliability)
    assert told.ece < 0.015


@pytest.mark.parametrize("method", [DawidSkene, OneCoin])
def test_answers_that_share_their_mistakes_are_correlated(method: type[DawidSkene]) -> None:
    for share in (0.15, 0.4):
        ratings = shared_mistakes(share, seed=2)[:3]
        assert method().fit(*ratings, n_truths=3).correlation_ > 0.12


def test_posteriors_become_honest_and_labels_stay() -> None:
    task, annotator, answer, truth = shared_mistakes(0.3, seed=3)
    raw = DawidSkene(calibrate=False).fit(task, annotator, answer, n_truths=3)
    fitted = DawidSkene().fit(task, annotator, answer, n_truths=3)
    assert (fitted.labels_ == raw.labels_).all()
    before, after = reliability(raw.posterior_, truth), reliability(fitted.posterior_, truth)
    assert isinstance(before, Reliability)
    assert isinstance(after, Reliability)
    assert after.ece < before.ece / 2
    assert after.nll < before.nll
    assert after.brier < before.brier


def test_where_nobody_shares_a_task_there_is_no_correlation() -> None:
    gold = np.where(np.arange(60) < 40, np.arange(60) % 2, -1)
    fitted = DawidSkene().fit(
        np.arange(60), np.arange(60) % 3, np.arange(60) % 2, n_truths=2, gold=gold
    )
    assert fitted.correlation_ == 0.0


def test_everybody_of_one_mind_is_finite() -> None:
    fitted = DawidSkene().fit(
        np.repeat(np.arange(20), 5), np.tile(np.arange(5), 20), np.ones(100, int), n_truths=2
    )
    assert 0 <= fitted.correlation_ <= 1
    assert np.isfinite(fitted.posterior_).all()


def test_a_class_in_which_answers_mislead_is_told_from_others() -> None:
    easy, hard = shared_mistakes(0.0, seed=5), shared_mistakes(0.5, seed=6)
    task = np.concatenate([easy[0], hard[0] + 1200])
    annotator, answer, truth = (np.concatenate([easy[k], hard[k]]) for k in (1, 2, 3))
    context = np.repeat([0, 1], 1200)
    fitted = DawidSkene().fit(task, annotator, answer, n_truths=3, context=context)
    assert fitted.class_correlation_.shape == (2,)
    assert fitted.class_correlation_[1] > fitted.class_correlation_[0] + 0.05
    assert fitted.correlation_ == pytest.approx(fitted.class_correlation_.mean())
    told = reliability(fitted.posterior_[context == 1], truth[context == 1])
    assert isinstance(told, Reliability)
    assert told.ece < 0.08
