"""What must not change a consensus, over random ratings."""

from __future__ import annotations

from dataclasses import dataclass

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.consensus import (
    ConsensusMethod,
    DawidSkene,
    MajorityVote,
    OneCoin,
    TrustWeighted,
)

METHODS = [MajorityVote, TrustWeighted, OneCoin, DawidSkene]
N_TASKS, N_PEOPLE = 12, 5


@dataclass(frozen=True)
class Drawn:
    task: np.ndarray
    annotator: np.ndarray
    answer: np.ndarray
    n_truths: int
    gold: np.ndarray
    prior: np.ndarray | None
    context: np.ndarray

    def fit(self, method: ConsensusMethod) -> ConsensusMethod:
        return method.fit(
            self.task,
            self.annotator,
            self.answer,
            n_truths=self.n_truths,
            gold=self.gold,
            prior=self.prior,
            context=self.context,
        )


@st.composite
def ratings(draw: st.DrawFn) -> Drawn:
    n_truths = draw(st.integers(2, 4))
    number = draw(st.integers(0, 60))

    def whole(high: int) -> np.ndarray:
        return draw(arrays.arrays(np.int64, number, elements=st.integers(0, high)))

    gold = draw(arrays.arrays(np.int64, N_TASKS, elements=st.integers(-1, n_truths - 1)))
    prior = None
    if draw(st.booleans()):
        weights = arrays.arrays(np.float64, (N_TASKS, n_truths), elements=st.floats(0, 1))
        prior = draw(weights) + 1e-9
        prior /= prior.sum(axis=1, keepdims=True)
    return Drawn(
        task=whole(N_TASKS - 1),
        annotator=whole(N_PEOPLE - 1),
        answer=whole(n_truths),  # one more than truths: "unsure"
        n_truths=n_truths,
        gold=gold,
        prior=prior,
        context=draw(arrays.arrays(np.int64, N_TASKS, elements=st.integers(0, 2))),
    )


@pytest.mark.parametrize("method", METHODS)
@given(drawn=ratings())
@settings(max_examples=60)
def test_the_posterior_is_always_a_distribution(
    method: type[ConsensusMethod], drawn: Drawn
) -> None:
    fitted = drawn.fit(method())
    assert fitted.posterior_.shape == (N_TASKS, drawn.n_truths)
    assert np.isfinite(fitted.posterior_).all()
    assert fitted.posterior_.min() >= 0
    assert fitted.posterior_.sum(axis=1) == pytest.approx(np.ones(N_TASKS), abs=1e-9)
    assert np.isfinite(fitted.trust_).all()
    assert set(fitted.labels_.tolist()) <= set(range(-1, drawn.n_truths))
    known = drawn.gold >= 0
    assert (fitted.labels_[known] == drawn.gold[known]).all()


@pytest.mark.parametrize("method", METHODS)
@given(drawn=ratings(), seed=st.integers(0, 2**16))
@settings(max_examples=40)
def test_the_order_of_ratings_changes_nothing(
    method: type[ConsensusMethod], drawn: Drawn, seed: int
) -> None:
    order = np.random.default_rng(seed).permutation(len(drawn.task))
    shuffled = Drawn(
        drawn.task[order], drawn.annotator[order], drawn.answer[order],
        drawn.n_truths, drawn.gold, drawn.prior, drawn.context,
    )  # fmt: skip
    before, after = drawn.fit(method()), shuffled.fit(method())
    # Sums are rounded in the order in which ratings come.
    assert after.posterior_ == pytest.approx(before.posterior_, abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
@given(drawn=ratings(), seed=st.integers(0, 2**16))
@settings(max_examples=40)
def test_other_numbers_for_people_tasks_and_truths_change_nothing(
    method: type[ConsensusMethod], drawn: Drawn, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    people, tasks = rng.permutation(N_PEOPLE), rng.permutation(N_TASKS)
    truths = np.append(rng.permutation(drawn.n_truths), drawn.n_truths)
    gold = np.empty_like(drawn.gold)
    gold[tasks] = np.where(drawn.gold >= 0, truths[drawn.gold], -1)
    prior = None
    if drawn.prior is not None:
        prior = np.empty_like(drawn.prior)
        prior[np.ix_(tasks, truths[:-1])] = drawn.prior
    renamed = Drawn(
        tasks[drawn.task], people[drawn.annotator], truths[drawn.answer],
        drawn.n_truths, gold, prior, drawn.context[np.argsort(tasks)],
    )  # fmt: skip
    # A fixed number of steps: rounding must not decide when to stop.
    keywords = {"max_iterations": 8, "tolerance": 1e-300} if issubclass(method, DawidSkene) else {}
    before, after = drawn.fit(method(**keywords)), renamed.fit(method(**keywords))
    back = after.posterior_[tasks][:, truths[:-1]]
    assert back == pytest.approx(before.posterior_, abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_input_gives_the_same_bytes(method: type[ConsensusMethod]) -> None:
    rng = np.random.default_rng(0)
    task, annotator, answer = (rng.integers(high, size=500) for high in (100, 20, 3))
    first, second = (method().fit(task, annotator, answer, n_truths=2) for _ in range(2))
    assert first.posterior_.tobytes() == second.posterior_.tobytes()
    assert first.trust_.tobytes() == second.trust_.tobytes()
