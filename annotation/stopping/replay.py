"""How a campaign would have gone under a policy, on ratings that were really given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from annotation.consensus import Ratings
from annotation.stopping.people import log_prior, refit, strangers, summed
from annotation.stopping.policy import Policy
from annotation.stopping.pools import BoolArray, FloatArray, IntArray, Pools, consensus_labels
from consonance.errors import ParameterError

#: A replay without a wish of its own refits so many times per answer and task.
REFITS_PER_ANSWER: Final = 2


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What came of it; the first axis of every array is the random order.

    Attributes
    ----------
    policy, seeds
        What was replayed, in which random orders.
    scored : np.ndarray [shape=(n_tasks,), dtype=bool]
        Tasks whose truth is known and that were not used as gold: what accuracy is about.
    used : np.ndarray [shape=(n_orders, n_tasks), dtype=int64]
        Ratings asked for.
    is_right : np.ndarray [shape=(n_orders, n_tasks), dtype=bool]
        Whether the label of the last consensus, over all ratings asked for, is the truth.
    confidence : np.ndarray [shape=(n_orders, n_tasks), in [0, 1]]
        The calibrated posterior of its likeliest truth when all was over.
    stopped_right : np.ndarray [shape=(n_orders, n_tasks), dtype=bool]
        Whether that likeliest truth is the truth.
    is_decided : np.ndarray [shape=(n_orders, n_tasks), dtype=bool]
        Stopped by its posterior; the others ran out of ratings.
    reopened : np.ndarray [shape=(n_orders,), dtype=int64]
        How often a refit asked a decided task again.
    temperature : np.ndarray [shape=(n_orders,)]
        The last one.
    """

    policy: Policy
    seeds: tuple[int, ...]
    scored: BoolArray
    used: IntArray
    is_right: BoolArray
    confidence: FloatArray
    stopped_right: BoolArray
    is_decided: BoolArray
    reopened: IntArray
    temperature: FloatArray

    @property
    def ratings(self) -> float:
        """Mean number of ratings a scored task."""
        return float(self.used[:, self.scored].mean())

    @property
    def accuracy(self) -> float:
        """Share of scored tasks whose label is right."""
        return float(self.is_right[:, self.scored].mean())

    def calibration_error(self, bins: int = 10) -> float:
        """Return the expected calibration error of decided tasks' posteriors.

        The distance between what was said and what was right, in bins of equal numbers of tasks.
        0 where nothing was decided.
        """
        chosen = self.is_decided & self.scored
        said, right = self.confidence[chosen], self.stopped_right[chosen].astype(np.float64)
        if not len(said):
            return 0.0
        order = np.argsort(said, kind="stable")
        parts = np.array_split(order, min(bins, len(order)))
        gaps = [abs(said[part].mean() - right[part].mean()) * len(part) for part in parts]
        return float(sum(gaps) / len(said))


def replay(
    ratings: Ratings,
    truth: npt.ArrayLike,
    policy: Policy,
    *,
    seeds: Sequence[int],
    gold: npt.ArrayLike | None = None,
    at_once: int | None = None,
    refit_every: int | None = None,
) -> Replay:
    """Replay ratings in random orders under a policy.

    Every tick, each task that is asked gets its next rating and is decided on by the weights of the
    last refit, as in a request. A refit judges people anew, weighs all ratings in again, decides
    open tasks that now pass and asks decided ones again that no longer do.

    Parameters
    ----------
    ratings
        All that was collected, with `prior` where a detector speaks first. Their `gold` is not
        used.
    truth : array_like of int [shape=(n_tasks,)]
        -1 where unknown.
    policy
        The rule.
    seeds
        One random order each.
    gold : array_like of int [shape=(n_tasks,)], optional
        Truths that the campaign knows, -1 elsewhere. They give the temperature and are not scored.
    at_once : int, optional
        How many tasks are in hand at a time, those begun first as the platform hands them out; all
        by default.
    refit_every : int, optional
        Ratings between refits; by default half the number of tasks.

    Raises
    ------
    ParameterError
        There are no ratings, or arrays do not fit.
    """
    known, sure, scored = check_truths(ratings, truth, gold)
    if not len(seeds):
        raise ParameterError("at least one seed is needed")
    if at_once is not None and at_once < 1:
        raise ParameterError(f"at_once is {at_once}; at least 1 is needed")
    every = max(1, ratings.n_tasks // REFITS_PER_ANSWER) if refit_every is None else refit_every
    if every < 1:
        raise ParameterError(f"refit_every is {every}; at least 1 is needed")
    shows = [
        _Campaign(Pools.shuffled(ratings, seed=seed), policy, sure, at_once, every, seed).run()
        for seed in seeds
    ]
    labels = np.stack([show.labels() for show in shows])
    beliefs = np.stack([show.posterior(show.people.temperature) for show in shows])
    return Replay(
        policy=policy,
        seeds=tuple(seeds),
        scored=scored,
        used=np.stack([show.answered for show in shows]),
        is_right=labels == known,
        confidence=beliefs.max(axis=2),
        stopped_right=beliefs.argmax(axis=2) == known,
        is_decided=np.stack([show.is_decided for show in shows]),
        reopened=np.array([show.reopened for show in shows], dtype=np.int64),
        temperature=np.array([show.people.temperature for show in shows]),
    )


def check_truths(
    ratings: Ratings, truth: npt.ArrayLike, gold: npt.ArrayLike | None
) -> tuple[IntArray, IntArray, BoolArray]:
    """Return truths, gold (-1 where there is none), and which tasks are scored.

    Raises
    ------
    ParameterError
        They do not fit the ratings, or nothing can be scored.
    """
    known = _one_each(truth, ratings, "truth")
    none = np.full(ratings.n_tasks, -1, np.int64)
    sure = none if gold is None else _one_each(gold, ratings, "gold")
    if known.size and max(known.max(), sure.max()) >= ratings.n_truths:
        raise ParameterError(f"truth or gold holds a value above {ratings.n_truths - 1}")
    scored = (known >= 0) & (sure < 0)
    if not scored.any():
        raise ParameterError("no task has a known truth that is not gold: nothing can be scored")
    return known, sure, scored


def _one_each(values: npt.ArrayLike, ratings: Ratings, name: str) -> IntArray:
    array = np.asarray(values, dtype=np.int64)
    if array.shape != (ratings.n_tasks,):
        raise ParameterError(
            f"{name} has shape {array.shape}; one entry for each of {ratings.n_tasks} tasks is "
            "needed"
        )
    return array


class _Campaign:
    """One order: what the platform's rows hold, as arrays."""

    def __init__(
        self,
        pools: Pools,
        policy: Policy,
        gold: IntArray,
        at_once: int | None,
        every: int,
        seed: int,
    ) -> None:
        self.pools, self.policy, self.gold = pools, policy, gold
        self.at_once, self.every = at_once, every
        self.limit = np.minimum(pools.available, policy.max_ratings)
        self.answered = np.zeros(pools.n_tasks, np.int64)
        self.known = np.zeros(pools.n_tasks, np.int64)
        self.is_decided = np.zeros(pools.n_tasks, bool)
        self.people = strangers(pools, policy.max_weight)
        self.is_known = self.people.known(policy.min_support)
        self.start = log_prior(pools)
        self.evidence = np.zeros_like(self.start)
        # Gold is asked first: without it nobody knows how far to trust a posterior.
        self.priority = np.lexsort(
            (np.random.default_rng([seed, 1]).random(pools.n_tasks), gold < 0)
        ).argsort()
        self.reopened = 0

    def run(self) -> _Campaign:
        """Ask until nothing is left, and refit a last time."""
        since = 0
        while True:
            asked = self._asked()
            if len(asked):
                self._answer(asked)
                since += len(asked)
                if since < self.every:
                    continue
            elif since == 0:
                return self
            since = 0
            self._refit()

    def posterior(self, temperature: float = 1.0) -> FloatArray:
        """Return the running posterior [shape=(n_tasks, n_truths)]."""
        belief = self.start + self.evidence / temperature
        odds = np.exp(belief - belief.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float64)

    def labels(self) -> IntArray:
        """Return the labels of a consensus over everything that was asked."""
        return consensus_labels(self.pools, self.pools.received(self.answered))

    def _asked(self) -> IntArray:
        asked = np.flatnonzero(~self.is_decided & (self.answered < self.limit))
        if self.at_once is None or len(asked) <= self.at_once:
            return asked
        order = np.lexsort((self.priority[asked], -self.answered[asked]))
        return np.asarray(asked[order[: self.at_once]])

    def _answer(self, asked: IntArray) -> None:
        rating = self.pools.first[asked] + self.answered[asked]
        person = self.pools.annotator[rating]
        answer = self.pools.answer[rating]
        self.evidence[asked] += self.people.said(person, self.pools.context[asked], answer)
        self.answered[asked] += 1
        self.known[asked] += self.is_known[person]
        self.is_decided[asked] = self._passes()[asked]

    def _passes(self) -> BoolArray:
        plain = self.posterior().max(axis=1)
        calibrated = self.posterior(self.people.temperature).max(axis=1)
        return np.asarray(
            self.policy.is_sure(self.answered, self.known, calibrated, plain), dtype=bool
        )

    def _refit(self) -> None:
        received = self.pools.received(self.answered)
        self.people = refit(self.pools, received, self.gold, self.policy.max_weight)
        self.is_known = self.people.known(self.policy.min_support)
        self.evidence = summed(self.pools, received, self.people)
        self.known = np.bincount(
            self.pools.task[received],
            weights=self.is_known[self.pools.annotator[received]],
            minlength=self.pools.n_tasks,
        ).astype(np.int64)
        passes = self._passes()
        self.reopened += int((self.is_decided & ~passes & (self.answered < self.limit)).sum())
        self.is_decided = passes
