"""The tasks people disagree about most."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.agreement import rank_disputes
from consonance.errors import ParameterError


def test_the_most_divided_come_first() -> None:
    counts = np.array([[3, 0, 2], [4, 1, 0], [2, 2, 0], [4, 4, 0], [1, 0, 0], [0, 0, 0]])
    posterior = np.array([[0.99, 0.01], [0.9, 0.1], [0.5, 0.5], [0.5, 0.5], [0.8, 0.2], [0.5, 0.5]])
    found = rank_disputes(posterior, counts)
    # Unanimous, single and unanswered tasks are no disputes, whatever the posterior says.
    assert found.task.tolist() == [3, 2, 1]
    assert found.entropy[:2] == pytest.approx([1, 1])
    assert found.split[0] > found.split[1] > found.split[2]
    assert found.score == pytest.approx((found.entropy + found.split) / 2)
    assert rank_disputes(posterior, counts, top=1).task.tolist() == [3]
    assert rank_disputes(posterior, counts, top=0).task.tolist() == []


def test_equal_scores_stand_in_the_order_of_their_numbers() -> None:
    posterior, counts = np.full((5, 2), 0.5), np.full((5, 2), 2)
    assert rank_disputes(posterior, counts).task.tolist() == [0, 1, 2, 3, 4]


def test_a_confident_posterior_over_a_split_vote_is_less_disputed() -> None:
    found = rank_disputes([[0.5, 0.5], [0.999, 0.001]], [[3, 2], [3, 2]])
    assert found.task.tolist() == [0, 1]


@given(seed=st.integers(0, 1000), number=st.integers(0, 30))
@settings(max_examples=50)
def test_the_order_of_tasks_changes_nothing_but_ties(seed: int, number: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(4, size=(number, 4))
    posterior = rng.dirichlet(np.ones(3), size=number).reshape(number, 3)
    order = rng.permutation(number)
    before = rank_disputes(posterior, counts, n_truths=3)
    after = rank_disputes(posterior[order], counts[order], n_truths=3)
    assert np.isfinite([before.score, before.entropy, before.split]).all()
    assert (before.score[:-1] >= before.score[1:]).all()
    assert before.score == pytest.approx(after.score)
    assert order[after.task].tolist() == before.task.tolist()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"posterior": [[0.5, 0.4]]}, "posterior holds a distribution that sums to 0.9"),
        ({"posterior": [[0.5, 0.5]] * 2}, r"posterior has shape \(2, 2\); \(1, 2\)"),
        ({"posterior": [[np.nan, 0.5]]}, "not finite"),
        ({"counts": [[1]]}, r"counts has shape \(1, 1\)"),
        ({"counts": [[1, -1]]}, "no count"),
        ({"top": -1}, "top is -1"),
        ({"n_truths": 1}, "n_truths is 1"),
    ],
)
def test_wrong_arguments_are_told_with_the_value(wrong: dict, sentence: str) -> None:
    right = {"posterior": [[0.5, 0.5]], "counts": [[2, 1]]}
    with pytest.raises(ParameterError, match=sentence):
        rank_disputes(**(right | wrong))
