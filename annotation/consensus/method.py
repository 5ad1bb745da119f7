"""What every consensus method can do."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from annotation.consensus.ratings import FloatArray, IntArray, Ratings
from annotation.consensus.shortage import NotEnoughData

#: The label of a task about which nothing is known.
UNKNOWN: Final = -1


@dataclasses.dataclass
class ConsensusMethod(ABC):
    """A way from ratings to labels; subclasses are dataclasses whose fields are its parameters.

    Attributes
    ----------
    posterior_ : np.ndarray [shape=(n_tasks, n_truths), in [0, 1], rows sum to 1]
        How likely each truth is; always finite.
    labels_ : np.ndarray [shape=(n_tasks,), dtype=int64]
        The likeliest truth (the lowest of equals), or `UNKNOWN` where nobody gave a definite
        answer and neither gold nor a prior says anything.
    trust_ : np.ndarray [shape=(n_annotators,), in [0, 1]]
        How far each person is to be believed.
    shortage_ : NotEnoughData or None
        Why people could not be judged, where they could not; labels then rest on votes alone.
    """

    posterior_: FloatArray = dataclasses.field(init=False, repr=False, compare=False)
    labels_: IntArray = dataclasses.field(init=False, repr=False, compare=False)
    trust_: FloatArray = dataclasses.field(init=False, repr=False, compare=False)
    shortage_: NotEnoughData | None = dataclasses.field(init=False, repr=False, compare=False)

    def fit(
        self,
        task: npt.ArrayLike,
        annotator: npt.ArrayLike,
        answer: npt.ArrayLike,
        *,
        n_truths: int,
        context: npt.ArrayLike | None = None,
        gold: npt.ArrayLike | None = None,
        prior: npt.ArrayLike | None = None,
    ) -> Self:
        """Estimate the truth of every task.

        Parameters
        ----------
        task, annotator, answer : array_like of int [shape=(n_ratings,), >= 0]
            One entry a rating, in any order; tasks and people are numbered from 0 without large
            gaps. The same person may answer a task more than once.
            An answer of `n_truths` or more ("unsure") is an answer, never a truth.
        n_truths : int >= 2
            How many truths there are.
        context : array_like of int [shape=(n_tasks,), >= 0], optional
            The class a task belongs to (for instance the instrument).
        gold : array_like of int [shape=(n_tasks,), >= -1], optional
            Known truths, -1 where unknown. They hold whatever people say.
        prior : array_like of float [shape=(n_tasks, n_truths), rows sum to 1], optional
            What was believed of a task beforehand, such as a detector's calibrated likelihood.

        Returns
        -------
        Self
            With `posterior_`, `labels_`, `trust_` and `shortage_`.

        Raises
        ------
        ParameterError
            The arrays do not fit together or hold values out of range.
        """
        ratings = Ratings.checked(
            task, annotator, answer, n_truths=n_truths, context=context, gold=gold, prior=prior
        )
        self.shortage_ = None
        self._fit(ratings)
        return self

    def fit_predict(
        self, task: npt.ArrayLike, annotator: npt.ArrayLike, answer: npt.ArrayLike, **more: Any
    ) -> IntArray:
        """Return `labels_` after `fit` with the same arguments."""
        return self.fit(task, annotator, answer, **more).labels_

    def fit_predict_proba(
        self, task: npt.ArrayLike, annotator: npt.ArrayLike, answer: npt.ArrayLike, **more: Any
    ) -> FloatArray:
        """Return `posterior_` after `fit` with the same arguments."""
        return self.fit(task, annotator, answer, **more).posterior_

    def parameters(self) -> dict[str, Any]:
        """Return the method's parameters, for a run's record."""
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.init
        }

    @abstractmethod
    def _fit(self, ratings: Ratings) -> None:
        """Set `posterior_`, `labels_`, `trust_` and, where it applies, `shortage_`."""


def starting_belief(ratings: Ratings) -> FloatArray:
    """Return what is believed of each task without its ratings: the prior, else all alike."""
    if ratings.prior is not None:
        return ratings.prior
    return np.full((ratings.n_tasks, ratings.n_truths), 1.0 / ratings.n_truths)


def clamp_gold(posterior: FloatArray, ratings: Ratings) -> FloatArray:
    """Return the posterior with certainty where the truth is known."""
    known = np.flatnonzero(ratings.gold >= 0)
    posterior[known] = 0.0
    posterior[known, ratings.gold[known]] = 1.0
    return posterior


def shares(weights: FloatArray, ratings: Ratings) -> FloatArray:
    """Return each truth's share of the weight, or the starting belief where there is none."""
    total = weights.sum(axis=1, keepdims=True)
    empty = total <= 0
    divided = weights / np.where(empty, 1.0, total)
    return np.asarray(np.where(empty, starting_belief(ratings), divided), dtype=np.float64)


def likeliest(posterior: FloatArray, ratings: Ratings) -> IntArray:
    """Return labels: the likeliest truth, `UNKNOWN` where nothing at all is known."""
    labels: IntArray = posterior.argmax(axis=1).astype(np.int64)
    if ratings.prior is None:
        labels[(ratings.votes.sum(axis=1) == 0) & (ratings.gold < 0)] = UNKNOWN
    return labels
