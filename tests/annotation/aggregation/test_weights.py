from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.aggregation.collected import collect
from annotation.aggregation.judging import judge
from annotation.aggregation.settings import RunSettings
from annotation.aggregation.weights import (
    class_skills,
    log_ratio_weights,
    right_when_definite,
    tempering,
)
from annotation.stopping.policy import MAX_WEIGHT
from tests.annotation.aggregation.crowds import crowd

PROBABILITY = st.floats(0.0, 1.0)


@pytest.fixture(autouse=True)
def _tables(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"


def rows(sensitivity: float, specificity: float, unsure: float) -> np.ndarray:
    sure = 1 - unsure
    no = [specificity * sure, (1 - specificity) * sure, unsure]
    yes = [(1 - sensitivity) * sure, sensitivity * sure, unsure]
    return np.array([[no, yes]])


@given(PROBABILITY, PROBABILITY, PROBABILITY)
def test_weights_are_finite_and_bounded_whatever_the_skill(sensitivity, specificity, unsure):
    confusion = rows(sensitivity, specificity, unsure)
    weights = log_ratio_weights(confusion)
    assert (np.abs(weights) <= MAX_WEIGHT).all()
    assert weights[0, 2] == pytest.approx(0)
    assert np.isfinite(right_when_definite(confusion)).all()


def test_weights_are_logarithms_of_likelihood_ratios():
    [[no, yes, unsure]] = log_ratio_weights(rows(0.8, 0.9, 0.1))
    assert no == pytest.approx(np.log(0.2 / 0.9))
    assert yes == pytest.approx(np.log(0.8 / 0.1))
    assert unsure == pytest.approx(0)


def test_a_coin_weighs_nothing_and_is_right_half_the_time():
    coin = rows(0.5, 0.5, 0.2)
    assert log_ratio_weights(coin) == pytest.approx(0)
    assert right_when_definite(coin) == pytest.approx(0.5)


def test_an_answer_that_is_never_given_weighs_nothing():
    assert log_ratio_weights(rows(0.8, 0.9, 0.0))[0, 2] == 0


@pytest.mark.django_db
def test_the_tempering_is_that_of_gold_times_that_of_correlated_answers():
    settings = RunSettings()
    collected = collect(crowd(present=20, absent=20, gold=14, good=5, spammers=0, accuracy=0.8))
    judgement = judge(collected, settings)
    crowds = judgement.crowd
    several = collected.counts[:, :2].sum() / collected.n_tasks - 1
    told = crowds.temperature_ * (1 + several * crowds.correlation_)
    assert tempering(collected, judgement) == pytest.approx(max(1.0, told))


@pytest.mark.django_db
@pytest.mark.parametrize("classes", [1, 2])
def test_skills_in_classes_need_support(classes):
    collected = collect(crowd(present=6, absent=6, classes=classes))
    judgement = judge(collected, RunSettings())
    rater, target, support, confusion = class_skills(
        collected, judgement, RunSettings(class_support=12)
    )
    assert len(rater) == 5 * classes
    assert sorted(set(target.tolist())) == list(range(classes))
    assert support.tolist() == [12] * len(rater)
    assert confusion.shape == (len(rater), 2, 3)
    assert confusion.sum(axis=2) == pytest.approx(1)
    none, *_ = class_skills(collected, judgement, RunSettings(class_support=13))
    assert len(none) == 0
