"""Single people against the others, and shares with intervals."""

from __future__ import annotations

import numpy as np
import pytest

from annotation.agreement import (
    Interval,
    NotEnoughData,
    agreement_with_others,
    agreement_with_rest,
    annotator_pairs,
    wilson,
)
from annotation.consensus import DawidSkene, MajorityVote
from consonance.errors import ParameterError, StateError


def test_wilsons_interval_is_the_textbooks() -> None:
    interval = wilson(8, 10)
    assert isinstance(interval, Interval)
    z = 1.959963984540054
    centre = (8 + z * z / 2) / (10 + z * z)
    half = z / (10 + z * z) * np.sqrt(8 * 2 / 10 + z * z / 4)
    assert (interval.value, interval.number) == (0.8, 10)
    assert (interval.low, interval.high) == pytest.approx((centre - half, centre + half))


def test_wilsons_interval_stays_within_nought_and_one() -> None:
    none, all_of_them = wilson(0, 3), wilson(3, 3)
    assert isinstance(none, Interval)
    assert isinstance(all_of_them, Interval)
    assert none.low == 0
    assert none.high < 0.75
    assert all_of_them.high == 1
    assert all_of_them.low > 0.25


def test_no_trials_are_not_enough() -> None:
    assert str(wilson(0, 0)) == "not enough data: 0 trials, 1 needed"


@pytest.mark.parametrize(("successes", "number"), [(4, 3), (-1, 3)])
def test_impossible_shares_are_refused(successes: int, number: int) -> None:
    with pytest.raises(ParameterError, match="is impossible"):
        wilson(successes, number)


def test_everybody_is_compared_with_the_majority_of_the_others() -> None:
    #        task 0: 1 1 0     task 1: 0 0     task 2: 1 alone
    task = np.array([0, 0, 0, 1, 1, 2])
    annotator = np.array([0, 1, 2, 0, 1, 2])
    answer = np.array([1, 1, 0, 0, 0, 1])
    result = agreement_with_others(task, annotator, answer, n_truths=2)
    # On task 0 the others of 0 (and of 1) are divided: a tie, not compared. 2 is against both.
    assert result.number.tolist() == [1, 1, 1]
    assert result.equal.tolist() == [1, 1, 0]


def test_unsure_neither_agrees_nor_disagrees() -> None:
    result = agreement_with_others([0, 0, 0], [0, 1, 2], [1, 1, 2], n_truths=2)
    assert result.number.tolist() == [1, 1, 0]


def test_ones_own_second_answer_is_left_out_with_the_first() -> None:
    task, annotator, answer = [0, 0, 0, 0], [0, 0, 0, 1], [1, 1, 1, 0]
    result = agreement_with_others(task, annotator, answer, n_truths=2)
    assert result.equal.tolist() == [0, 0]
    assert result.number.tolist() == [3, 1]


def test_somebody_nobody_can_be_compared_with_is_a_statement() -> None:
    result = agreement_with_others([0, 1], [0, 1], [1, 1], n_truths=2)
    assert isinstance(result.of(0), NotEnoughData)
    known = agreement_with_others([0, 0], [0, 1], [1, 1], n_truths=2).of(0)
    assert isinstance(known, Interval)
    assert (known.value, known.number) == (1.0, 1)


def test_ones_own_vote_inflates_agreement() -> None:
    rng = np.random.default_rng(0)
    task = np.repeat(np.arange(3000), 5)
    annotator = np.concatenate([rng.permutation(20)[:5] for _ in range(3000)])
    answer = rng.integers(2, size=15_000)  # twenty coins
    labels = MajorityVote().fit_predict(task, annotator, answer, n_truths=2)
    naive = (labels[task] == answer).mean()
    result = agreement_with_others(task, annotator, answer, n_truths=2)
    honest = result.equal.sum() / result.number.sum()
    assert naive > 0.65
    assert abs(honest - 0.5) < 0.03


def test_a_careless_person_stands_out_against_the_rest() -> None:
    rng = np.random.default_rng(1)
    task = np.repeat(np.arange(800), 5)
    annotator = np.concatenate([rng.permutation(8)[:5] for _ in range(800)])
    truth = rng.integers(2, size=800)
    right = rng.random(len(task)) < np.where(annotator == 3, 0.55, 0.9)
    answer = np.where(right, truth[task], 1 - truth[task])
    fitted = DawidSkene().fit(task, annotator, answer, n_truths=2)
    result = agreement_with_rest(fitted, task, annotator, answer, n_truths=2)
    share = result.equal / result.number
    assert share.argmin() == 3
    assert abs(share[3] - 0.55) < 0.06
    assert np.abs(np.delete(share, 3) - 0.9).max() < 0.05


def test_tasks_of_one_person_are_not_compared_with_an_empty_rest() -> None:
    task, annotator, answer = [0, 0, 1, 1, 2], [0, 1, 0, 1, 0], [1, 1, 0, 0, 1]
    fitted = DawidSkene().fit(task, annotator, answer, n_truths=2)
    result = agreement_with_rest(fitted, task, annotator, answer, n_truths=2)
    assert result.number.tolist() == [2, 2]


def test_gold_is_compared_though_nobody_else_answered() -> None:
    task, annotator, answer = [0, 1, 2, 3], [0, 0, 0, 0], [1, 0, 1, 1]
    gold = [1, 1, -1, 1]
    fitted = DawidSkene().fit(task, annotator, answer, n_truths=2, gold=gold)
    result = agreement_with_rest(fitted, task, annotator, answer, n_truths=2)
    assert (result.equal.tolist(), result.number.tolist()) == ([2], [3])


def test_an_unfitted_consensus_is_refused() -> None:
    with pytest.raises(StateError, match="call fit first"):
        agreement_with_rest(DawidSkene(), [0, 0], [0, 1], [1, 1], n_truths=2)


def test_pairs_are_counted_from_the_tasks_they_share() -> None:
    task = np.array([0, 0, 0, 1, 1, 2, 3])
    annotator = np.array([0, 1, 2, 0, 1, 4, 4])
    answer = np.array([1, 1, 0, 0, 1, 1, 2])
    pairs = annotator_pairs(task, annotator, answer, n_truths=2)
    found = list(zip(pairs.first, pairs.second, pairs.shared, pairs.equal, strict=True))
    assert found == [(0, 1, 2, 1), (0, 2, 1, 0), (1, 2, 1, 0)]


def test_pairs_agree_with_counting_one_by_one() -> None:
    rng = np.random.default_rng(3)
    task, annotator, answer = (rng.integers(high, size=200) for high in (40, 9, 3))
    once = np.unique(np.stack([task, annotator]), axis=1, return_index=True)[1]
    task, annotator, answer = task[once], annotator[once], answer[once]
    pairs = annotator_pairs(task, annotator, answer, n_truths=2)
    said = {(t, p): a for t, p, a in zip(task, annotator, answer, strict=True) if a < 2}
    for first, second, shared, equal in zip(
        pairs.first, pairs.second, pairs.shared, pairs.equal, strict=True
    ):
        both = [t for t in range(40) if (t, first) in said and (t, second) in said]
        assert shared == len(both)
        assert equal == sum(said[t, first] == said[t, second] for t in both)
    assert pairs.shared.sum() > 0


def test_without_ratings_there_are_no_pairs() -> None:
    pairs = annotator_pairs([], [], [], n_truths=2)
    assert len(pairs.first) == len(pairs.shared) == 0
    others = agreement_with_others([], [], [], n_truths=2)
    assert others.number.shape == (0,)
