"""The whole engine on a simulated campaign: classes, spammers, "unsure", a raw detector, gold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from annotation.consensus import DawidSkene, MajorityVote, OneCoin, Reliability, reliability
from consonance.demo.crowd import SimulatedCrowd, simulate


@pytest.fixture(scope="module")
def crowd() -> SimulatedCrowd:
    return simulate(
        n_clips=5000, n_classes=10, n_items=10_000, n_ratings=55_000, n_people=600, seed=1
    )


@pytest.fixture(scope="module")
def fitted(crowd: SimulatedCrowd) -> dict[str, DawidSkene]:
    ratings = (crowd.task, crowd.annotator, crowd.answer)
    prior = np.stack([1 - crowd.detector, crowd.detector], axis=1)
    told: dict[str, Any] = {"n_truths": 2, "context": crowd.context}
    gold = crowd.gold(400, seed=1)
    return {
        "overall": DawidSkene().fit(*ratings, n_truths=2),
        "classes": DawidSkene().fit(*ratings, **told),
        "one coin": OneCoin().fit(*ratings, **told),
        "detector": DawidSkene().fit(*ratings, **told, prior=prior),
        "both": DawidSkene().fit(*ratings, **told, prior=prior, gold=gold),
    }


def told(one: DawidSkene, truth: np.ndarray) -> Reliability:
    found = reliability(one.posterior_, truth)
    assert isinstance(found, Reliability)
    return found


def test_skill_within_classes_costs_no_accuracy_and_makes_posteriors_better(
    crowd: SimulatedCrowd, fitted: dict[str, DawidSkene]
) -> None:
    overall = told(fitted["overall"], crowd.truth)
    classes = told(fitted["classes"], crowd.truth)
    assert classes.right > overall.right - 0.002
    assert classes.brier < overall.brier
    assert classes.nll < overall.nll


def test_people_are_worth_more_than_votes(
    crowd: SimulatedCrowd, fitted: dict[str, DawidSkene]
) -> None:
    votes = MajorityVote().fit_predict(crowd.task, crowd.annotator, crowd.answer, n_truths=2)
    by_votes = (votes == crowd.truth).mean()
    assert told(fitted["classes"], crowd.truth).right > by_votes + 0.01
    assert told(fitted["one coin"], crowd.truth).right > by_votes


def test_the_raw_detector_is_worth_two_and_a_half_points(
    crowd: SimulatedCrowd, fitted: dict[str, DawidSkene]
) -> None:
    alone = told(fitted["classes"], crowd.truth)
    helped = told(fitted["detector"], crowd.truth)
    assert helped.right > alone.right + 0.025
    assert helped.brier < alone.brier - 0.03
    calibration = fitted["detector"].prior_calibration_
    assert calibration is not None
    assert np.median(calibration.slope) == pytest.approx(1.408, abs=0.25)  # 2 x 1.1 / 1.25^2


def test_a_nine_in_ten_is_right_nine_times_in_ten(
    crowd: SimulatedCrowd, fitted: dict[str, DawidSkene]
) -> None:
    gold = crowd.gold(400, seed=1)
    rest = np.where(gold < 0, crowd.truth, -1)
    assert told(fitted["detector"], crowd.truth).ece < 0.02
    assert told(fitted["both"], rest).ece < 0.015


def test_spammers_end_with_the_trust_of_coins(
    crowd: SimulatedCrowd, fitted: dict[str, DawidSkene]
) -> None:
    number = np.bincount(crowd.annotator, minlength=crowd.n_people)
    trust = fitted["detector"].trust_
    busy = number >= 60
    assert trust[crowd.is_spammer & busy] == pytest.approx(0.5, abs=0.15)
    assert np.median(trust[~crowd.is_spammer & busy]) > 0.75
