"""Small crowds with known truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from annotation.consensus import Ratings

Crowd = tuple[Ratings, np.ndarray]


@pytest.fixture
def crowd_of() -> Callable[..., Crowd]:
    """Return a maker of ratings by people of given accuracy."""

    def make(
        accuracy: Sequence[float],
        *,
        n_tasks: int = 300,
        each: int = 8,
        n_truths: int = 2,
        seed: int = 0,
        prior: np.ndarray | None = None,
    ) -> Crowd:
        rng = np.random.default_rng(seed)
        truth = rng.integers(0, n_truths, n_tasks)
        people = np.argsort(rng.random((n_tasks, len(accuracy))), axis=1)[:, :each]
        right = rng.random(people.shape) < np.asarray(accuracy)[people]
        other = (truth[:, None] + rng.integers(1, n_truths, people.shape)) % n_truths
        answer = np.where(right, truth[:, None], other)
        task = np.repeat(np.arange(n_tasks), people.shape[1])
        ratings = Ratings.checked(
            task, people.reshape(-1), answer.reshape(-1), n_truths=n_truths, prior=prior
        )
        return ratings, truth

    return make
