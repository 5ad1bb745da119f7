"""A 0.9 is right nine times in ten: measured, and repaired on gold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from annotation.consensus import (
    Calibration,
    DawidSkene,
    NotEnoughData,
    Reliability,
    Scale,
    reliability,
)
from annotation.consensus.calibration import NEEDED_GOLD, calibrate, fit_temperature, folds
from consonance.errors import ParameterError


def beliefs(n_tasks: int, *, heat: float, seed: int, n_truths: int = 2) -> tuple[Any, Any]:
    """Draw logarithms of posteriors that are `heat` times too sure, and truths."""
    rng = np.random.default_rng(seed)
    honest = rng.normal(0, 1.5, (n_tasks, n_truths))
    odds = np.exp(honest)
    share = odds / odds.sum(axis=1, keepdims=True)
    truth = (rng.random(n_tasks)[:, None] > share.cumsum(axis=1)).sum(axis=1)
    return heat * honest, np.minimum(truth, n_truths - 1)


# --- the diagram ---------------------------------------------------------------------------
def test_the_diagram_is_scikit_learns() -> None:
    joint, truth = beliefs(500, heat=1.7, seed=1)
    posterior = Scale.identity(2).apply(joint.T)
    told = reliability(posterior, truth, n_bins=10)
    assert isinstance(told, Reliability)
    confidence = posterior.max(axis=1)
    is_right = posterior.argmax(axis=1) == truth
    observed, said = calibration_curve(is_right, confidence, n_bins=10, strategy="quantile")
    assert told.confidence == pytest.approx(said, abs=1e-12)
    assert told.accuracy == pytest.approx(observed, abs=1e-12)
    assert told.count.tolist() == [50] * 10
    assert told.ece == pytest.approx(np.abs(observed - said).mean(), abs=1e-12)
    assert told.nll == pytest.approx(log_loss(truth, posterior), abs=1e-12)
    assert told.brier == pytest.approx(2 * brier_score_loss(truth, posterior[:, 1]))
    assert told.right == pytest.approx(is_right.mean())


def test_unknown_truths_are_left_out_and_few_tasks_make_few_bins() -> None:
    posterior = np.tile([0.2, 0.8], (40, 1))
    truth = np.where(np.arange(40) < 15, 1, -1)
    told = reliability(posterior, truth)
    assert isinstance(told, Reliability)
    assert (told.n_tasks, told.count.tolist(), told.accuracy.tolist()) == (15, [15], [1.0])
    assert told.ece == pytest.approx(0.2)


def test_without_a_known_truth_there_is_nothing_to_compare() -> None:
    told = reliability(np.full((3, 2), 0.5), [-1, -1, -1])
    assert str(told) == "not enough data: 0 tasks of known truth, 1 needed"


@pytest.mark.parametrize(
    ("sentence", "arguments"),
    [
        ("truth", ([[0.5, 0.5]], [0, 1])),
        (r"posterior has shape \(2,\)", ([0.5, 0.5], [0, 1])),
        ("n_bins is 0", ([[0.5, 0.5]], [0], 0)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(sentence: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(ParameterError, match=sentence):
        reliability(*arguments)


# --- the repair ----------------------------------------------------------------------------
@pytest.mark.parametrize("heat", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("n_truths", [2, 5])
def test_a_temperature_is_recovered_from_many_tasks(heat: float, n_truths: int) -> None:
    joint, truth = beliefs(20_000, heat=heat, seed=2, n_truths=n_truths)
    scale = fit_temperature(joint, truth)
    assert scale.temperature == pytest.approx(heat, rel=0.05)
    assert np.abs(scale.offset).max() < 0.1


def test_twenty_tasks_move_it_a_little_only() -> None:
    found = [fit_temperature(*beliefs(20, heat=1.0, seed=seed)).temperature for seed in range(40)]
    assert min(found) > 0.6
    assert max(found) < 1.8
    hot = [fit_temperature(*beliefs(20, heat=4.0, seed=seed)).temperature for seed in range(40)]
    assert np.median(hot) > 1.5


def test_hundreds_of_tasks_find_a_truth_that_is_believed_too_much() -> None:
    joint, truth = beliefs(600, heat=1.0, seed=3)
    scale = fit_temperature(joint + np.array([0.0, 1.2]), truth)
    assert scale.offset[1] - scale.offset[0] == pytest.approx(-1.2, abs=0.3)


def test_gold_of_one_truth_tells_of_the_temperature_alone() -> None:
    joint, truth = beliefs(400, heat=2.0, seed=4)
    scale = fit_temperature(joint[truth == 1], truth[truth == 1])
    assert not scale.offset.any()
    assert np.isfinite(scale.temperature)


def test_gold_against_everything_ends_near_knowing_nothing() -> None:
    joint = np.tile([0.0, 9.0], (300, 1))
    scale = fit_temperature(joint, np.zeros(300, int))
    assert np.isfinite(scale.temperature)
    assert scale.apply(joint.T)[:, 1].max() < 0.6
    with_both = fit_temperature(np.tile([[0.0, 9.0], [9.0, 0.0]], (150, 1)), np.arange(300) % 2)
    assert with_both.apply(joint.T)[0].max() < 0.6


def test_nothing_to_fit_changes_nothing() -> None:
    scale = fit_temperature(np.zeros((0, 3)), np.zeros(0, int))
    assert scale.is_identity


def test_the_order_of_truths_and_tasks_does_not_matter() -> None:
    joint, truth = beliefs(200, heat=2.0, seed=5, n_truths=3)
    order = np.random.default_rng(0).permutation(200)
    turned = fit_temperature(joint[order][:, [2, 0, 1]], (truth[order] + 1) % 3)
    plain = fit_temperature(joint, truth)
    assert turned.temperature == pytest.approx(plain.temperature, abs=1e-6)
    assert turned.offset == pytest.approx(plain.offset[[2, 0, 1]], abs=1e-6)
    fold = folds(joint, truth)
    assert np.bincount(fold).tolist() == [40] * 5
    assert folds(joint[order], truth[order]).tolist() == fold[order].tolist()


def test_what_is_reported_was_not_fitted_on_itself() -> None:
    """Pure noise: a repair fitted on all gold looks better than it is; the report must not."""
    worse = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        joint, truth = rng.normal(0, 0.05, (40, 2)), rng.integers(2, size=40)
        told = calibrate(joint, truth, folds(joint, truth))
        assert isinstance(told, Calibration)
        on_itself = reliability(told.scale.apply(joint.T), truth)
        assert isinstance(on_itself, Reliability)
        worse += told.nll > on_itself.nll
    assert worse >= 18


# --- in a fit ------------------------------------------------------------------------------
def hard_campaign(seed: int, n_tasks: int = 1500) -> tuple[Any, ...]:
    """Draw answers that share their mistakes: what is hard for one is hard for all."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(2, size=n_tasks)
    ease = rng.normal(1.2, 1.2, n_tasks)
    task = np.repeat(np.arange(n_tasks), 9)
    annotator = np.concatenate([rng.permutation(40)[:9] for _ in range(n_tasks)])
    right = 1 / (1 + np.exp(-ease[task]))
    answer = np.where(rng.random(len(task)) < right, truth[task], 1 - truth[task])
    return task, annotator, answer, truth


def test_gold_calibrates_what_is_not_gold() -> None:
    task, annotator, answer, truth = hard_campaign(1)
    gold = np.where(np.arange(1500) < 400, truth, -1)
    rest = gold < 0
    ratings = (task, annotator, answer)
    raw = DawidSkene(calibrate=False).fit(*ratings, n_truths=2)
    plain = DawidSkene().fit(*ratings, n_truths=2)
    fitted = DawidSkene().fit(*ratings, n_truths=2, gold=gold)

    def error(one: DawidSkene) -> float:
        told = reliability(one.posterior_[rest], truth[rest])
        assert isinstance(told, Reliability)
        return told.ece

    assert error(fitted) < 0.04
    assert error(fitted) < error(plain) < error(raw)
    told = fitted.calibration_
    assert isinstance(told, Calibration)
    assert told.n_gold == 400
    assert fitted.temperature_ == told.scale.temperature > 1
    assert told.nll < told.before.nll
    assert told.ece < told.before.ece
    assert told.bins[2].sum() == 400
    # Honest: on gold as on the rest.
    on_rest = reliability(fitted.posterior_[rest], truth[rest])
    assert isinstance(on_rest, Reliability)
    assert told.nll == pytest.approx(on_rest.nll, abs=0.08)
    assert (fitted.posterior_[~rest, truth[~rest]] == 1).all()


def test_too_little_gold_is_stated_and_changes_no_posterior_scale() -> None:
    task, annotator, answer, truth = hard_campaign(2, n_tasks=200)
    gold = np.where(np.arange(200) < NEEDED_GOLD - 1, truth, -1)
    fitted = DawidSkene().fit(task, annotator, answer, n_truths=2, gold=gold)
    assert str(fitted.calibration_) == "not enough data: 19 gold tasks with an answer, 20 needed"
    assert fitted.temperature_ == 1.0


def test_gold_that_nobody_answered_does_not_count() -> None:
    task, annotator, answer, truth = hard_campaign(3, n_tasks=200)
    answered = task >= 50
    gold = np.where(np.arange(200) < 60, truth, -1)
    fitted = DawidSkene().fit(
        task[answered], annotator[answered], answer[answered], n_truths=2, gold=gold
    )
    assert isinstance(fitted.calibration_, NotEnoughData)
    assert fitted.calibration_.have == 10
    assert (fitted.labels_[:60] == truth[:60]).all()


def test_gold_that_contradicts_all_answers_is_stated_and_finite(
    crowd_of: Callable[..., Any], a_person: Callable[..., Any]
) -> None:
    crowd = crowd_of(np.stack([a_person(0.95)] * 10), n_tasks=400, each=5, seed=4)
    gold = np.where(np.arange(400) < 60, 1 - crowd.truth, -1)
    fitted = DawidSkene().fit(crowd.task, crowd.annotator, crowd.answer, n_truths=2, gold=gold)
    told = fitted.calibration_
    assert isinstance(told, Calibration)
    assert told.after.right < 0.2
    assert fitted.temperature_ > 2
    assert np.isfinite(fitted.posterior_).all()
    assert fitted.posterior_[60:].max() < 0.95


def test_without_being_asked_nothing_is_calibrated() -> None:
    task, annotator, answer, truth = hard_campaign(5, n_tasks=200)
    gold = np.where(np.arange(200) < 60, truth, -1)
    fitted = DawidSkene(calibrate=False).fit(task, annotator, answer, n_truths=2, gold=gold)
    assert fitted.calibration_ is None
    assert (fitted.correlation_, fitted.temperature_) == (0.0, 1.0)
