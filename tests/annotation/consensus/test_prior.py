"""A detector's word: put right in each class, and harmless where it says nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from annotation.consensus import DawidSkene
from annotation.consensus.priors import SLOPES, PriorCalibration

N_TASKS = 1500


def crowd_and_detector(
    seed: int, *, n_truths: int = 2, right: float = 0.72, each: int = 3
) -> tuple[Any, Any, Any]:
    """Return ratings, truths, and a calibrated detector's likelihoods."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_truths, size=N_TASKS)
    task = np.repeat(np.arange(N_TASKS), each)
    annotator = np.concatenate([rng.permutation(20)[:each] for _ in range(N_TASKS)])
    wrong = (truth[task] + rng.integers(1, n_truths, len(task))) % n_truths
    answer = np.where(rng.random(len(task)) < right, truth[task], wrong)
    # Equal variances: the logarithm of the likelihood ratio is linear in what is heard.
    heard = rng.normal(0, 1, (N_TASKS, n_truths)) + 1.5 * np.eye(n_truths)[truth]
    return (task, annotator, answer), truth, rows(1.5 * heard)


def rows(joint: np.ndarray) -> np.ndarray:
    odds = np.exp(joint - joint.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def right(fitted: DawidSkene, truth: np.ndarray) -> float:
    return float((fitted.labels_ == truth).mean())


@pytest.mark.parametrize("n_truths", [2, 4])
def test_a_detector_helps_however_sure_of_itself_it_is(n_truths: int) -> None:
    ratings, truth, honest = crowd_and_detector(1, n_truths=n_truths)
    alone = DawidSkene().fit(*ratings, n_truths=n_truths)
    fitted = {
        heat: DawidSkene().fit(*ratings, n_truths=n_truths, prior=rows(heat * np.log(honest)))
        for heat in (0.5, 1.0, 3.0)
    }
    for one in fitted.values():
        assert right(one, truth) > right(alone, truth) + 0.05
    slopes = {heat: float(one.prior_calibration_.slope[0]) for heat, one in fitted.items()}  # type: ignore[union-attr]
    assert slopes[1.0] == pytest.approx(1.0, abs=0.25)
    assert slopes[3.0] == pytest.approx(slopes[1.0] / 3, rel=0.15)
    assert slopes[0.5] > 1.4 * slopes[1.0]


def test_a_detector_that_says_yes_too_often_is_put_right_in_its_class() -> None:
    ratings, truth, honest = crowd_and_detector(2)
    context = np.arange(N_TASKS) % 2
    shifted = rows(np.log(honest) + np.where(context, 2.0, 0.0)[:, None] * np.array([0.0, 1.0]))
    fitted = DawidSkene().fit(*ratings, n_truths=2, context=context, prior=shifted)
    told = fitted.prior_calibration_
    assert told is not None
    lift = told.intercept[:, 1] - told.intercept[:, 0]
    assert lift[0] == pytest.approx(0, abs=0.4)
    assert lift[1] == pytest.approx(-2, abs=0.7)
    straight = DawidSkene().fit(*ratings, n_truths=2, context=context, prior=honest)
    assert right(fitted, truth) > right(straight, truth) - 0.01


@pytest.mark.parametrize("n_truths", [2, 3])
@pytest.mark.parametrize("kind", ["even", "constant", "noise"])
def test_a_prior_that_says_nothing_does_no_harm(kind: str, n_truths: int) -> None:
    ratings, truth, _ = crowd_and_detector(3, n_truths=n_truths, each=4)
    if kind == "even":
        prior = np.full((N_TASKS, n_truths), 1 / n_truths)
    elif kind == "constant":
        prior = np.tile(rows(np.arange(n_truths, dtype=float)[None]), (N_TASKS, 1))
    else:
        prior = rows(np.random.default_rng(9).normal(0, 2, (N_TASKS, n_truths)))
    alone = DawidSkene().fit(*ratings, n_truths=n_truths)
    fitted = DawidSkene().fit(*ratings, n_truths=n_truths, prior=prior)
    assert right(fitted, truth) > right(alone, truth) - 0.01
    if kind == "noise":
        assert fitted.prior_calibration_ is not None
        assert fitted.prior_calibration_.slope[0] < 0.08


def test_a_prior_that_says_the_opposite_is_not_heard() -> None:
    ratings, truth, honest = crowd_and_detector(4, each=4)
    alone = DawidSkene().fit(*ratings, n_truths=2)
    fitted = DawidSkene().fit(*ratings, n_truths=2, prior=honest[:, ::-1])
    assert fitted.prior_calibration_ is not None
    assert fitted.prior_calibration_.slope.tolist() == [0.0]
    assert right(fitted, truth) > right(alone, truth) - 0.01


def test_a_task_nobody_answered_has_the_calibrated_prior() -> None:
    ratings, _, honest = crowd_and_detector(5)
    answered = ratings[0] >= 10
    prior = rows(2 * np.log(honest))
    prior = np.clip(prior, 1e-4, 1 - 1e-4)
    fitted = DawidSkene().fit(*(part[answered] for part in ratings), n_truths=2, prior=prior)
    told = fitted.prior_calibration_
    assert told is not None
    expected = np.exp(told.apply(np.log(prior).T, np.zeros(N_TASKS, int)))[:, :10].T
    assert fitted.posterior_[:10] == pytest.approx(expected, abs=1e-9)
    assert (fitted.labels_[:10] == expected.argmax(axis=1)).all()


def test_without_a_prior_there_is_no_calibration_of_one() -> None:
    ratings, _, _ = crowd_and_detector(6)
    assert DawidSkene().fit(*ratings, n_truths=2).prior_calibration_ is None


def test_where_nobody_can_be_judged_the_prior_is_taken_at_its_word() -> None:
    prior = np.array([[0.3, 0.7], [0.9, 0.1]])
    fitted = DawidSkene().fit([0], [0], [1], n_truths=2, prior=prior)
    assert fitted.shortage_ is not None
    assert fitted.posterior_[1] == pytest.approx(prior[1])
    assert fitted.posterior_[0, 1] > 0.7


# --- the logistic regression ---------------------------------------------------------------
def test_a_calibration_is_what_a_logistic_regression_finds(
    crowd_of: Callable[..., Any],
) -> None:
    rng = np.random.default_rng(7)
    logit = rng.normal(0, 2, 5000)
    truth = (rng.random(5000) < 1 / (1 + np.exp(-(0.7 * logit - 1.1)))).astype(int)
    prior = rows(np.stack([np.zeros(5000), logit], axis=1))
    posterior = np.eye(2)[truth].T
    told = PriorCalibration.identity(1, 2).fitted(np.log(prior).T, np.zeros(5000, int), posterior)
    peer = LogisticRegression(C=1e6).fit(logit[:, None], truth)
    assert told.slope[0] == pytest.approx(peer.coef_[0, 0], abs=0.02)
    lift = told.intercept[0, 1] - told.intercept[0, 0]
    assert lift == pytest.approx(peer.intercept_[0], abs=0.02)


def test_a_context_without_tasks_keeps_the_identity() -> None:
    log_prior = np.log(np.full((3, 20), 1 / 3))
    context = np.repeat([0, 2], 10)
    posterior = np.eye(3)[:, np.arange(20) % 3]
    told = PriorCalibration.identity(3, 3).fitted(log_prior, context, posterior)
    assert told.slope[1] == 1.0
    assert told.intercept[1].tolist() == [0.0, 0.0, 0.0]
    assert (told.slope >= SLOPES[0]).all()
    assert told.apply(log_prior, context).shape == (3, 20)
    assert np.exp(told.apply(log_prior, context)).sum(axis=0) == pytest.approx(np.ones(20))
