"""Made-up crowds whose truth and skill are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest


@dataclass(frozen=True)
class Crowd:
    """Ratings drawn from known truths and known confusion matrices."""

    task: np.ndarray
    annotator: np.ndarray
    answer: np.ndarray
    truth: np.ndarray
    confusion: np.ndarray

    @property
    def n_truths(self) -> int:
        return int(self.confusion.shape[1])


def draw_crowd(
    confusion: np.ndarray, *, n_tasks: int, each: int, seed: int, prevalence: float | None = None
) -> Crowd:
    """Draw ratings: `each` people, chosen at random, answer each task.

    Parameters
    ----------
    confusion : np.ndarray [shape=(n_annotators, n_truths, n_answers)]
    prevalence
        Of truth 1, for two truths; even otherwise.
    """
    rng = np.random.default_rng(seed)
    n_people, n_truths, n_answers = confusion.shape
    if prevalence is None:
        truth = rng.integers(n_truths, size=n_tasks)
    else:
        truth = (rng.random(n_tasks) < prevalence).astype(int)
    task = np.repeat(np.arange(n_tasks), each)
    annotator = np.concatenate([rng.permutation(n_people)[:each] for _ in range(n_tasks)])
    steps = confusion[annotator, truth[task]].cumsum(axis=1)
    answer = np.minimum((rng.random(len(task))[:, None] > steps).sum(axis=1), n_answers - 1)
    return Crowd(task, annotator, answer, truth, confusion)


def person(right: float, *, unsure: float = 0.0) -> np.ndarray:
    """Return the rows of somebody right with this probability on a yes/no question."""
    rows = np.array([[right, 1 - right], [1 - right, right]]) * (1 - unsure)
    return np.column_stack([rows, [unsure, unsure]]) if unsure else rows


@pytest.fixture
def crowd_of() -> Callable[..., Crowd]:
    return draw_crowd


@pytest.fixture
def a_person() -> Callable[..., np.ndarray]:
    return person
