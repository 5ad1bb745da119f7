"""OpenMIC-2018's way: shares weighted by trust, and its legacy number `relevance`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from annotation.consensus.method import ConsensusMethod, clamp_gold, likeliest, shares
from annotation.consensus.ratings import FloatArray, Ratings
from annotation.consensus.shortage import NotEnoughData
from consonance.errors import ParameterError

#: Digits to which the crowdsourcing service gave its confidence, and so the released relevance.
CONFIDENCE_DIGITS: Final = 4

#: The relevance of a task nobody answered. Answered tasks never have it: see `relevance_`.
NO_RELEVANCE: Final = 0.5


@dataclass
class TrustWeighted(ConsensusMethod):
    """Shares of the trust behind each truth.

    Parameters
    ----------
    trust : sequence of float [shape=(n_annotators,), >= 0], optional
        Each person's trust, as a service or an earlier run gives it. Without it, trust is the
        person's accuracy on gold tasks, as CrowdFlower had it: one right and one wrong answer are
        added, so that nobody is trusted or distrusted for a single answer. With neither, all
        count the same.

    Attributes
    ----------
    relevance_ : np.ndarray [shape=(n_tasks,)]
        For two truths only: OpenMIC-2018's number, `.5 + c/2` where "yes" (truth 1) has more trust
        behind it and `.5 - c/2` where "no" has, with c the winner's share of the trust, to four
        decimals. It is not a probability: since c >= .5, values lie in [0, .25] and [.75, 1]
        only. `NO_RELEVANCE` where nobody gave a definite answer; empty for more than two truths.

    Notes
    -----
    The formula is that of `scripts/parse_aggregated_responses.py` in the repository
    cosmir/openmic-2018; Humphrey, Durand and McFee (2018), *OpenMIC-2018: an open dataset for
    multiple instrument recognition*.
    """

    trust: Sequence[float] | FloatArray | None = None
    relevance_: FloatArray = field(init=False, repr=False, compare=False)

    def _fit(self, ratings: Ratings) -> None:
        self.trust_ = self._given(ratings) if self.trust is not None else _gold_accuracy(ratings)
        definite = ratings.is_definite
        cell = ratings.task[definite] * ratings.n_truths + ratings.answer[definite]
        weight = (
            np.bincount(
                cell,
                weights=self.trust_[ratings.annotator[definite]],
                minlength=ratings.n_tasks * ratings.n_truths,
            )
            .astype(np.float64)
            .reshape(ratings.n_tasks, ratings.n_truths)
        )
        share = shares(weight, ratings)
        answered = weight.sum(axis=1) > 0
        self.relevance_ = _relevance(share, answered) if ratings.n_truths == 2 else np.zeros(0)
        self.posterior_ = clamp_gold(share, ratings)
        self.labels_ = likeliest(self.posterior_, ratings)
        if not definite.any():
            self.shortage_ = NotEnoughData(what="ratings with a definite answer", have=0, needed=1)

    def _given(self, ratings: Ratings) -> FloatArray:
        trust = np.asarray(self.trust, dtype=np.float64)
        if trust.ndim != 1 or len(trust) < ratings.n_annotators:
            raise ParameterError(
                f"trust has shape {trust.shape}; one value for each of {ratings.n_annotators} "
                f"people is needed"
            )
        if not (np.isfinite(trust).all() and (trust >= 0).all()):
            raise ParameterError("trust holds a value that is negative or not finite")
        return trust


def _gold_accuracy(ratings: Ratings) -> FloatArray:
    truth = ratings.gold[ratings.task]
    judged = (truth >= 0) & ratings.is_definite
    if not judged.any():
        return np.ones(ratings.n_annotators)
    people = ratings.annotator[judged]
    right = np.bincount(
        people,
        weights=(truth[judged] == ratings.answer[judged]).astype(np.float64),
        minlength=ratings.n_annotators,
    )
    number = np.bincount(people, minlength=ratings.n_annotators)
    return np.asarray((right + 1) / (number + 2), dtype=np.float64)


def _relevance(share: FloatArray, answered: np.ndarray) -> FloatArray:
    confidence = np.round(share.max(axis=1), CONFIDENCE_DIGITS)
    sign = np.where(share[:, 1] > share[:, 0], 1.0, -1.0)
    return np.where(answered, 0.5 + sign * confidence / 2, NO_RELEVANCE)
