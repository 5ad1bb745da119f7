"""Little or odd data gives a stated, finite result; wrong arguments a sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotation.consensus import (
    UNKNOWN,
    Calibration,
    ConsensusMethod,
    DawidSkene,
    MajorityVote,
    OneCoin,
    TrustWeighted,
)
from consonance.errors import ParameterError, StateError

METHODS = [MajorityVote, TrustWeighted, OneCoin, DawidSkene]
NOTHING = np.zeros(0, np.int64)


@pytest.mark.parametrize("method", METHODS)
def test_no_ratings_at_all_is_an_empty_result(method: type[ConsensusMethod]) -> None:
    fitted = method().fit([], [], [], n_truths=2)
    assert fitted.posterior_.shape == (0, 2)
    assert fitted.labels_.shape == (0,)
    assert "not enough data: 0 ratings with a definite answer" in str(fitted.shortage_)


@pytest.mark.parametrize("method", METHODS)
def test_tasks_nobody_answered_are_unknown(method: type[ConsensusMethod]) -> None:
    gold = np.array([-1, 1, -1])
    fitted = method().fit(NOTHING, NOTHING, NOTHING, n_truths=2, gold=gold)
    assert fitted.labels_.tolist() == [UNKNOWN, 1, UNKNOWN]
    assert fitted.posterior_[0] == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("method", METHODS)
def test_all_unsure_decides_nothing(method: type[ConsensusMethod]) -> None:
    fitted = method().fit([0, 0, 1, 1], [0, 1, 0, 1], [2, 2, 2, 2], n_truths=2)
    assert fitted.labels_.tolist() == [UNKNOWN, UNKNOWN]
    assert fitted.posterior_ == pytest.approx(np.full((2, 2), 0.5))
    assert "0 ratings with a definite answer" in str(fitted.shortage_)


def test_two_ratings_are_too_few_to_judge_people() -> None:
    fitted = DawidSkene().fit([0, 0], [0, 1], [1, 1], n_truths=2)
    assert str(fitted.shortage_) == ("not enough data: 2 ratings with a definite answer, 3 needed")
    assert fitted.labels_.tolist() == [1]
    assert 0.9 < fitted.posterior_[0, 1] < 0.99  # two people who are right four times in five
    assert (fitted.n_iter_, fitted.converged_) == (0, False)
    assert np.isfinite(fitted.log_likelihood_)


def test_one_person_does_not_confirm_herself() -> None:
    fitted = DawidSkene().fit(np.arange(50), np.zeros(50, int), np.arange(50) % 2, n_truths=2)
    assert str(fitted.shortage_) == "not enough data: 1 people with a definite answer, 2 needed"
    assert fitted.trust_[0] == pytest.approx(0.8)
    assert fitted.posterior_.max() < 0.85


def test_people_who_never_meet_do_not_confirm_themselves() -> None:
    fitted = DawidSkene().fit(np.arange(50), np.arange(50) % 5, np.arange(50) % 2, n_truths=2)
    assert str(fitted.shortage_) == "not enough data: 0 tasks answered by two people, 1 needed"
    assert fitted.posterior_.max() < 0.85


def test_somebody_who_repeats_an_answer_meets_nobody() -> None:
    fitted = DawidSkene().fit([0, 0, 1, 1, 2], [0, 0, 0, 0, 1], [1, 1, 0, 0, 1], n_truths=2)
    assert fitted.shortage_ is not None
    assert fitted.shortage_.what == "tasks answered by two people"


def test_gold_is_enough_to_judge_one_person() -> None:
    gold = np.where(np.arange(60) < 40, np.arange(60) % 2, -1)
    fitted = DawidSkene().fit(
        np.arange(60), np.zeros(60, int), np.arange(60) % 2, n_truths=2, gold=gold
    )
    assert fitted.shortage_ is None
    assert fitted.trust_[0] > 0.95


def test_a_class_nobody_answered_has_a_prevalence_all_the_same() -> None:
    rng = np.random.default_rng(0)
    task, annotator, answer = (rng.integers(high, size=90) for high in (30, 5, 2))
    context = np.repeat([0, 2], [30, 10])  # class 1 has no task, class 2 no answer
    fitted = DawidSkene().fit(task, annotator, answer, n_truths=2, context=context)
    assert fitted.prevalence_.shape == (3, 2)
    assert np.isfinite(fitted.prevalence_).all()
    assert (fitted.labels_[30:] == UNKNOWN).all()


def test_an_answer_nobody_gave_is_possible_all_the_same() -> None:
    fitted = DawidSkene(strength=0).fit(
        np.repeat(np.arange(20), 3), np.tile(np.arange(3), 20), np.zeros(60, int), n_truths=3
    )
    assert fitted.confusion_.min() > 0
    assert (fitted.labels_ == 0).all()
    assert np.isfinite(fitted.log_likelihood_)


def test_contradicting_gold_is_finite() -> None:
    task, annotator = np.repeat(np.arange(10), 3), np.tile(np.arange(3), 10)
    answer = task % 2
    fitted = DawidSkene().fit(task, annotator, answer, n_truths=2, gold=(np.arange(10) + 1) % 2)
    assert np.isfinite(fitted.posterior_).all()
    assert (fitted.trust_ < 0.3).all()  # everybody is wrong on all gold


def test_a_gap_in_the_numbers_of_people_is_somebody_average() -> None:
    fitted = DawidSkene().fit([0, 0, 1, 1], [0, 7, 0, 7], [1, 1, 0, 0], n_truths=2)
    assert len(fitted.trust_) == 8
    assert np.isfinite(fitted.trust_).all()


def test_more_truths_than_anybody_named_is_finite() -> None:
    rng = np.random.default_rng(1)
    task, annotator, answer = (rng.integers(high, size=120) for high in (30, 6, 2))
    for method in (DawidSkene, OneCoin):
        fitted = method().fit(task, annotator, answer, n_truths=7)
        assert fitted.posterior_.shape == (30, 7)
        assert np.isfinite(fitted.posterior_).all()
        assert fitted.confusion_.min() > 0
        assert set(fitted.labels_.tolist()) <= {0, 1}


def test_classes_without_a_rating_are_possible() -> None:
    fitted = DawidSkene().fit([], [], [], n_truths=2, context=[0, 1, 1])
    assert fitted.posterior_ == pytest.approx(np.full((3, 2), 0.5))
    assert fitted.shortage_ is not None
    assert fitted.class_confusion_ is not None
    assert len(fitted.class_confusion_.annotator) == 0
    few = DawidSkene().fit([0, 2], [0, 4], [1, 2], n_truths=2, context=[0, 1, 1])
    assert few.labels_.tolist() == [1, UNKNOWN, UNKNOWN]


def test_gold_of_one_truth_only_is_finite() -> None:
    rng = np.random.default_rng(2)
    task, annotator = np.repeat(np.arange(80), 4), np.tile(np.arange(8), 40)
    answer = np.where(rng.random(320) < 0.8, task % 2, 1 - task % 2)
    gold = np.where((np.arange(80) < 60) & (np.arange(80) % 2 == 1), 1, -1)
    fitted = DawidSkene().fit(task, annotator, answer, n_truths=2, gold=gold)
    assert isinstance(fitted.calibration_, Calibration)
    assert not fitted.calibration_.scale.offset.any()
    assert np.isfinite(fitted.posterior_).all()


def test_gold_for_all_tasks_leaves_nothing_to_decide() -> None:
    gold = np.arange(40) % 2
    fitted = DawidSkene().fit(
        np.repeat(np.arange(40), 3), np.tile(np.arange(6), 20), np.repeat(gold, 3), n_truths=2,
        gold=gold,
    )  # fmt: skip
    assert (fitted.posterior_.max(axis=1) == 1).all()
    assert isinstance(fitted.calibration_, Calibration)
    assert fitted.calibration_.after.right == 1.0


BAD: list[tuple[str, dict[str, Any]]] = [
    ("n_truths is 1", {"n_truths": 1}),
    ("have 3, 2 and 3 entries", {"annotator": [0, 1]}),
    (r"task has shape \(1, 3\)", {"task": [[0, 0, 1]]}),
    ("answer has type float64", {"answer": [0.0, 1.0, 1.0]}),
    ("annotator holds -1", {"annotator": [0, -1, 1]}),
    ("gold holds 2; truths are 0 to 1", {"gold": [2, -1]}),
    ("gold holds -2; values start at -1", {"gold": [-2, 0]}),
    ("gold has 1 entries, but task goes up to 1", {"gold": [1]}),
    (r"prior has shape \(2, 3\)", {"prior": np.full((2, 3), 1 / 3)}),
    ("prior row 1 sums to 0.9", {"prior": [[0.5, 0.5], [0.5, 0.4]]}),
    ("negative or not finite", {"prior": [[0.5, 0.5], [np.nan, 0.4]]}),
    ("lengths differ: context 2, gold 3", {"context": [0, 0], "gold": [0, 0, 0]}),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("sentence", "wrong"), BAD)
def test_wrong_arguments_are_told_with_the_value(
    method: type[ConsensusMethod], sentence: str, wrong: dict[str, Any]
) -> None:
    right = {"task": [0, 0, 1], "annotator": [0, 1, 0], "answer": [1, 1, 0], "n_truths": 2}
    with pytest.raises(ParameterError, match=sentence):
        method().fit(**(right | wrong))


@pytest.mark.parametrize(
    "wrong",
    [
        {"strength": -1},
        {"strength": np.nan},
        {"skill_strength": -0.1},
        {"class_strength": np.inf},
        {"max_iterations": 0},
        {"tolerance": 0},
    ],
)
def test_impossible_parameters_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        DawidSkene(**wrong)  # type: ignore[arg-type]


def test_asking_before_fitting_is_refused() -> None:
    with pytest.raises(StateError, match="call fit first"):
        DawidSkene().posterior_without_own([0], [0], [0])


def test_the_package_needs_no_web() -> None:
    root = Path(__file__).resolve().parents[3]
    program = (
        "import sys, annotation.consensus, annotation.agreement\n"
        "print(sorted({'django', 'celery', 'torch', 'pandas', 'sklearn'} & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": f"{root / 'platform'}:{root}"},
        check=True,
    )
    assert ended.stdout.strip() == "[]"
