"""Ratings that pass by in batches give what they give in memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from annotation.consensus import DawidSkene, OneCoin
from consonance.errors import ParameterError

Three = tuple[np.ndarray, np.ndarray, np.ndarray]


def ratings(seed: int, *, n_tasks: int = 900, n_people: int = 40, n_truths: int = 2) -> Any:
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_truths, size=n_tasks)
    task = rng.integers(n_tasks, size=5 * n_tasks)
    annotator = rng.integers(n_people, size=len(task))
    right = rng.uniform(0.4, 0.95, n_people)[annotator]
    wrong = (truth[task] + rng.integers(1, n_truths, len(task))) % n_truths
    answer = np.where(rng.random(len(task)) < right, truth[task], wrong)
    answer = np.where(rng.random(len(task)) < 0.1, n_truths, answer)
    return (task, annotator, answer), truth


class Cut:
    """Ratings cut into batches; counts how often they were read."""

    def __init__(self, three: Three, size: int) -> None:
        self.three, self.size, self.readings = three, size, 0

    def __call__(self) -> Iterator[Three]:
        self.readings += 1
        task, annotator, answer = self.three
        for start in range(0, len(task), self.size):
            part = slice(start, start + self.size)
            yield task[part], annotator[part], answer[part]


def assert_same(streamed: DawidSkene, held: DawidSkene) -> None:
    assert streamed.n_iter_ == held.n_iter_
    assert streamed.converged_ == held.converged_
    assert streamed.posterior_ == pytest.approx(held.posterior_, abs=1e-9)
    assert streamed.confusion_ == pytest.approx(held.confusion_, abs=1e-9)
    assert streamed.prevalence_ == pytest.approx(held.prevalence_, abs=1e-9)
    assert streamed.correlation_ == pytest.approx(held.correlation_, abs=1e-9)
    assert streamed.temperature_ == pytest.approx(held.temperature_, abs=1e-9)
    assert np.array_equal(streamed.labels_, held.labels_)


@pytest.mark.parametrize("method", [DawidSkene, OneCoin])
@pytest.mark.parametrize("size", [1000, 97])
@pytest.mark.parametrize("n_truths", [2, 4])
def test_batches_give_what_memory_gives(method: type[DawidSkene], size: int, n_truths: int) -> None:
    three, truth = ratings(1, n_truths=n_truths)
    rng = np.random.default_rng(0)
    more: dict[str, Any] = {
        "n_truths": n_truths,
        "context": rng.integers(3, size=len(truth)),
        "gold": np.where(rng.random(len(truth)) < 0.1, truth, -1),
    }
    held = method().fit(*three, **more)
    assert_same(method().fit_batches(Cut(three, size), **more), held)


def test_a_prior_is_heard_the_same_way() -> None:
    three, truth = ratings(2)
    rng = np.random.default_rng(1)
    present = 1 / (1 + np.exp(-rng.normal(np.where(truth, 1.5, -1.5), 1.2)))
    more: dict[str, Any] = {"n_truths": 2, "prior": np.stack([1 - present, present], axis=1)}
    streamed = DawidSkene().fit_batches(Cut(three, 500), **more)
    held = DawidSkene().fit(*three, **more)
    assert_same(streamed, held)
    assert streamed.prior_calibration_ is not None
    assert held.prior_calibration_ is not None
    assert streamed.prior_calibration_.slope == pytest.approx(held.prior_calibration_.slope)


def test_without_anything_told_of_tasks_their_number_is_found() -> None:
    three, _ = ratings(3)
    assert_same(
        DawidSkene().fit_batches(Cut(three, 400), n_truths=2),
        DawidSkene().fit(*three, n_truths=2),
    )


def test_people_are_read_again_in_each_step_and_updates_go_on() -> None:
    three, _ = ratings(4)
    cut = Cut(three, 400)
    streamed = DawidSkene().fit_batches(cut, n_truths=2)
    assert cut.readings > 2 * streamed.n_iter_
    held = DawidSkene().fit(*three, n_truths=2)
    assert streamed.update(0, 0, 1) == pytest.approx(held.update(0, 0, 1), abs=1e-9)


def test_memory_is_that_of_tasks_people_and_one_batch() -> None:
    """Ten times the ratings of the same people on the same tasks: hardly more memory."""

    def peak(times: int) -> int:
        def batches() -> Iterator[Three]:
            for seed in range(4 * times):
                rng = np.random.default_rng(seed)
                task = rng.integers(2000, size=5000)
                annotator = rng.integers(50, size=5000)
                is_right = rng.random(5000) < 0.8
                yield task, annotator, np.where(is_right, task % 2, 1 - task % 2)

        tracemalloc.start()
        DawidSkene(max_iterations=2).fit_batches(batches, n_truths=2)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    few, many = peak(4), peak(40)
    assert many < 1.3 * few


def test_nothing_passes_by() -> None:
    fitted = DawidSkene().fit_batches(list, n_truths=2)
    assert fitted.posterior_.shape == (0, 2)
    assert "0 ratings with a definite answer" in str(fitted.shortage_)
    empty = np.zeros(0, np.int64)
    fitted = DawidSkene().fit_batches(
        lambda: [(empty, empty, empty)], n_truths=2, gold=np.array([1, -1])
    )
    assert fitted.labels_.tolist() == [1, -1]


@pytest.mark.parametrize(
    ("sentence", "batch", "more"),
    [
        ("of a batch have 2, 1 and 2 entries", ([0, 1], [0], [1, 1]), {}),
        ("answer holds -1", ([0], [0], [-1]), {}),
        ("gold has 1 entries, but task goes up to 1", ([0, 1], [0, 0], [1, 1]), {"gold": [1]}),
        ("context has 2 entries, but task goes up to 2", ([2], [0], [1]), {"context": [0, 1]}),
    ],
)
def test_bad_batches_are_told(sentence: str, batch: Any, more: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=sentence):
        DawidSkene().fit_batches(lambda: [batch], n_truths=2, **more)
