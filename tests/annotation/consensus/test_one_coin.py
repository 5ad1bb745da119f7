"""One coin a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from annotation.consensus import DawidSkene, OneCoin, create


def test_each_matrix_has_one_accuracy_and_one_error(crowd_of: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    confusion = np.stack([0.6 * np.eye(3) + 0.4 * rng.dirichlet(np.ones(3), 3) for _ in range(6)])
    crowd = crowd_of(confusion, n_tasks=800, each=4, seed=1)
    unsure = np.random.default_rng(2).random(len(crowd.task)) < 0.1
    answer = np.where(unsure, 3, crowd.answer)
    fitted = OneCoin().fit(crowd.task, crowd.annotator, answer, n_truths=3)
    diagonal = np.diagonal(fitted.confusion_[:, :, :3], axis1=1, axis2=2)
    assert np.ptp(diagonal, axis=1) == pytest.approx(np.zeros(6), abs=1e-12)
    errors = fitted.confusion_[:, ~np.eye(3, 4, dtype=bool)].reshape(6, 3, 3)[:, :, :2]
    assert np.ptp(errors, axis=(1, 2)) == pytest.approx(np.zeros(6), abs=1e-12)
    assert np.ptp(fitted.confusion_[:, :, 3], axis=1) == pytest.approx(np.zeros(6), abs=1e-12)


def test_accuracies_are_recovered(crowd_of: Callable[..., Any]) -> None:
    right = np.array([0.95, 0.85, 0.75, 0.65, 0.55, 0.45])
    off = (np.ones((4, 4)) - np.eye(4)) / 3
    confusion = np.stack([p * np.eye(4) + (1 - p) * off for p in right])
    crowd = crowd_of(confusion, n_tasks=3000, each=5, seed=2)
    fitted = OneCoin().fit(crowd.task, crowd.annotator, crowd.answer, n_truths=4)
    assert fitted.trust_ == pytest.approx(right, abs=0.03)


def test_with_few_answers_one_coin_is_steadier_on_many_truths(
    crowd_of: Callable[..., Any],
) -> None:
    off = (np.ones((8, 8)) - np.eye(8)) / 7
    gains = []
    for seed in range(5):
        right = np.random.default_rng(seed).uniform(0.3, 0.9, 60)
        confusion = np.stack([p * np.eye(8) + (1 - p) * off for p in right])
        crowd = crowd_of(confusion, n_tasks=200, each=4, seed=seed)
        ratings = (crowd.task, crowd.annotator, crowd.answer)
        coin = OneCoin().fit_predict(*ratings, n_truths=8)
        full = DawidSkene(strength=0.1).fit_predict(*ratings, n_truths=8)
        gains.append((coin == crowd.truth).mean() - (full == crowd.truth).mean())
    assert np.mean(gains) > 0.01


def test_it_has_a_name() -> None:
    assert isinstance(create("one_coin", strength=4.0), OneCoin)
