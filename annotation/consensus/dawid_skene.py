"""Truth and people estimated together: Dawid and Skene (1979), with priors, as sparse algebra."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse

from annotation.consensus.method import ConsensusMethod, clamp_gold, shares, starting_belief
from annotation.consensus.ratings import FloatArray, IntArray, Ratings
from annotation.consensus.shortage import NotEnoughData
from consonance.errors import ParameterError, StateError

# What is believed of people before anybody has answered: right four times in five, worth ten
# ratings. The figures are those of Branson, Van Horn and Perona (Lean Crowdsourcing, CVPR 2017).
EXPECTED_ACCURACY: Final = 0.8
EXPECTATION_RATINGS: Final = 10.0

#: How many tasks' worth the overall prevalence counts in a context of its own.
PREVALENCE_TASKS: Final = 10.0

#: The share of a start that does not come from votes, so that no truth starts at zero.
SOFTENING_VOTES: Final = 0.01

NEEDED_RATINGS: Final = 3
NEEDED_PEOPLE: Final = 2
NEEDED_SHARED: Final = 1


@dataclass
class DawidSkene(ConsensusMethod):
    """Maximum a posteriori Dawid-Skene: each person has a confusion matrix, shrunk to the crowd's.

    A rating is a draw from its author's row for the task's truth. A person's rows are estimated
    from counts to which `strength` ratings of the average person are added, and the average
    person's from all counts and ten ratings of somebody who is right four times in five: whoever
    answered three questions is judged mildly, and truths cannot change places. "Unsure" is one
    more answer that a row may give, not a truth.

    Parameters
    ----------
    strength : float >= 0
        How many ratings of the average person, for each truth, are added to a person's own.
        The default predicts held-out ratings of two-valued sets best (cross-validated on the
        ratings of rte and bluebird: flat between 3 and 4); sets with more truths would bear
        more. Much more makes everybody alike.
    max_iterations : int >= 1
        When to stop at the latest.
    tolerance : float > 0
        Stop when the posterior moves less than this, on average over tasks.

    Attributes
    ----------
    confusion_ : np.ndarray [shape=(n_annotators, n_truths, n_answers), rows sum to 1]
        P(answer | truth) of each person. Nobody's is zero.
    trust_ : np.ndarray [shape=(n_annotators,), in [0, 1]]
        How often a definite answer is right, the average over truths: 1 for a perfect person,
        `1 / n_truths` for a coin and for somebody who always says yes, less for a contrarian.
    prevalence_ : np.ndarray [shape=(n_contexts, n_truths), rows sum to 1]
        How common each truth is; used where there is no `prior`.
    n_iter_ : int
        Iterations taken; 0 where there was too little to judge people (`shortage_`).
    converged_ : bool
        Whether the tolerance was reached.
    log_likelihood_ : float
        Natural logarithm of the probability of all ratings (and gold) under the estimates.
    log_likelihood_path_ : np.ndarray [shape=(n_iter_ + 1,)]
        The same after each E-step.

    Notes
    -----
    With A the sparse matrix of who said what (tasks by person-and-answer) and P the posterior, an
    M-step is A'P and an E-step A log(theta): two sparse products, no join and no loop. As rows of P
    sum to 1, all but one of the truths suffice; with two, each product is of one vector.

    The posterior of EM is over-confident on real crowds: read it as an order, or calibrate it on
    gold, before reading it as a probability.
    """

    strength: float = 3.0
    max_iterations: int = 100
    tolerance: float = 1e-4

    confusion_: FloatArray = field(init=False, repr=False, compare=False)
    prevalence_: FloatArray = field(init=False, repr=False, compare=False)
    n_iter_: int = field(init=False, repr=False, compare=False)
    converged_: bool = field(init=False, repr=False, compare=False)
    log_likelihood_: float = field(init=False, repr=False, compare=False)
    log_likelihood_path_: FloatArray = field(init=False, repr=False, compare=False)
    _log_joint: FloatArray = field(init=False, repr=False, compare=False)
    _gold: IntArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not (np.isfinite(self.strength) and self.strength >= 0):
            raise ParameterError(f"strength is {self.strength}; a number from 0 up is needed")
        if self.max_iterations < 1:
            raise ParameterError(f"max_iterations is {self.max_iterations}; at least 1 is needed")
        if not self.tolerance > 0:
            raise ParameterError(f"tolerance is {self.tolerance}; a number above 0 is needed")

    def _fit(self, ratings: Ratings) -> None:
        self.shortage_ = shortage_of(ratings)
        engine = _Engine(ratings, self.strength)
        posterior = engine.start()
        path: list[float] = []
        self.converged_ = False
        if self.shortage_ is not None:
            # Nobody can be judged: all are taken for the person we expect, in one step.
            engine.expect_everybody_alike()
            posterior, likelihood = engine.e_step()
            path.append(likelihood)
        else:
            for _ in range(self.max_iterations):
                engine.m_step(posterior)
                new, likelihood = engine.e_step()
                path.append(likelihood)
                # Half the sum of absolute differences is the probability that changed hands.
                moved = float(np.abs(new - posterior).sum() / 2 / max(1, ratings.n_tasks))
                posterior = new
                if moved < self.tolerance:
                    self.converged_ = True
                    break
        self.n_iter_ = 0 if self.shortage_ is not None else len(path)
        self.posterior_ = posterior
        self.prevalence_ = engine.prevalence
        self.confusion_ = np.ascontiguousarray(engine.theta.transpose(0, 2, 1))
        self.trust_ = _trust(self.confusion_)
        self.log_likelihood_path_ = np.asarray(path)
        self.log_likelihood_ = path[-1]
        self._log_joint = engine.log_joint
        self._gold = ratings.gold

    def posterior_without_own(
        self, task: npt.ArrayLike, annotator: npt.ArrayLike, answer: npt.ArrayLike
    ) -> FloatArray:
        """Return what the others alone say of each rated task, for judging a rating by them.

        One's own vote inflates agreement with a consensus; here it is taken out of the posterior
        (the confusion matrices stay as they are).

        Parameters
        ----------
        task, annotator, answer : array_like of int [shape=(n_ratings,)]
            Ratings that `fit` was given.

        Returns
        -------
        np.ndarray [shape=(n_ratings, n_truths), rows sum to 1]
            Gold tasks keep their known truth.

        Raises
        ------
        StateError
            `fit` has not been called.
        """
        self._check_fitted()
        tasks, people, answers = (np.asarray(part) for part in (task, annotator, answer))
        joint = self._log_joint[tasks] - np.log(self.confusion_[people, :, answers])
        posterior, _ = _normalise(joint)
        known = np.flatnonzero(self.is_gold(tasks))
        posterior[known] = 0.0
        posterior[known, self._gold[tasks[known]]] = 1.0
        return posterior

    def is_gold(self, task: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Say of each of these tasks whether `fit` was given its truth.

        Raises
        ------
        StateError
            `fit` has not been called.
        """
        self._check_fitted()
        return np.asarray(self._gold[np.asarray(task)] >= 0)

    def _check_fitted(self) -> None:
        if not hasattr(self, "_gold"):
            raise StateError("this DawidSkene has not been fitted; call fit first")


class _Engine:
    """The two steps of EM over one sparse matrix.

    Arrays of people are [n_annotators, n_answers, n_truths] here, so that they are the sparse
    matrix' columns without a copy.
    """

    def __init__(self, ratings: Ratings, strength: float) -> None:
        self.ratings = ratings
        self.strength = strength
        self.people = (ratings.n_annotators, ratings.n_answers)
        self.matrix = ratings.indicator()
        self.transposed: scipy.sparse.csr_array = self.matrix.T.tocsr()
        self.totals = self.transposed.sum(axis=1)
        self.unsure_share = _unsure_share(ratings)
        self.theta = np.zeros((*self.people, ratings.n_truths))
        self.prevalence = np.zeros((0, ratings.n_truths))
        self.log_joint = np.zeros((ratings.n_tasks, ratings.n_truths))
        self.estimate_prevalence(starting_belief(ratings))

    def start(self) -> FloatArray:
        """Return vote shares, slightly softened, with gold clamped."""
        belief = starting_belief(self.ratings)
        votes = self.ratings.votes + SOFTENING_VOTES * belief
        return clamp_gold(shares(votes, self.ratings), self.ratings)

    def expected_person(self, accuracy: float) -> FloatArray:
        """Return the rows of somebody right with `accuracy`, whatever the truth.

        Returns
        -------
        np.ndarray [shape=(n_answers, n_truths), columns sum to 1]
            "Unsure" is as frequent as in all ratings and says nothing of the truth.
        """
        n_truths = self.ratings.n_truths
        definite = np.full((n_truths, n_truths), (1 - accuracy) / (n_truths - 1))
        np.fill_diagonal(definite, accuracy)
        unsure = np.repeat(self.unsure_share[:, None], n_truths, axis=1)
        return np.concatenate([definite * (1 - self.unsure_share.sum()), unsure])

    def expect_everybody_alike(self) -> None:
        """Set everybody's rows to the expected person's."""
        self.theta = np.broadcast_to(
            self.expected_person(EXPECTED_ACCURACY), (*self.people, self.ratings.n_truths)
        ).copy()

    def m_step(self, posterior: FloatArray) -> None:
        """Estimate people's rows and the prevalence from a posterior."""
        n_truths = self.ratings.n_truths
        some = self.transposed @ posterior[:, 1:]
        last = np.maximum(self.totals - some.sum(axis=1), 0.0)  # rounding may go below
        counts = np.concatenate([last[:, None], some], axis=1).reshape(*self.people, n_truths)
        everybody = counts.sum(axis=0)
        right = np.trace(everybody[:n_truths]) + EXPECTATION_RATINGS * EXPECTED_ACCURACY
        accuracy = right / (everybody[:n_truths].sum() + EXPECTATION_RATINGS)
        pooled = everybody + EXPECTATION_RATINGS * self.expected_person(float(accuracy))
        pooled /= pooled.sum(axis=0)
        # A trace of the average person stays even at strength 0: no row may hold a zero.
        added = max(self.strength, SOFTENING_VOTES)
        self.theta = (counts + added * pooled) / (counts.sum(axis=1, keepdims=True) + added)
        self.estimate_prevalence(posterior)

    def estimate_prevalence(self, posterior: FloatArray) -> None:
        """Estimate how common each truth is, in each context."""
        ratings = self.ratings
        n_contexts = int(ratings.context.max()) + 1 if ratings.n_tasks else 1
        overall = (posterior.sum(axis=0) + 1) / (ratings.n_tasks + ratings.n_truths)
        sums = np.stack(
            [
                np.bincount(ratings.context, weights=posterior[:, truth], minlength=n_contexts)
                for truth in range(ratings.n_truths)
            ],
            axis=1,
        )
        sums = sums + PREVALENCE_TASKS * overall  # bincount of nothing is of integers
        self.prevalence = sums / sums.sum(axis=1, keepdims=True)

    def e_step(self) -> tuple[FloatArray, float]:
        """Return the posterior under the estimates, and the log-likelihood of the ratings."""
        ratings = self.ratings
        log_theta = np.log(self.theta).reshape(-1, ratings.n_truths)
        against_first = log_theta[:, 1:] - log_theta[:, :1]
        joint = np.log(self.prevalence[ratings.context] if ratings.prior is None else ratings.prior)
        joint[:, 1:] += self.matrix @ against_first
        posterior, evidence = _normalise(joint)
        known = np.flatnonzero(ratings.gold >= 0)
        evidence[known] = joint[known, ratings.gold[known]]
        self.log_joint = joint
        of_first = float(self.totals @ log_theta[:, 0]) if log_theta.size else 0.0
        return clamp_gold(posterior, ratings), of_first + float(evidence.sum())


def shortage_of(ratings: Ratings) -> NotEnoughData | None:
    """Say what is missing for judging people, if anything is.

    Skill shows only where people meet: on a task that two of them answered, or on gold.
    """
    definite = ratings.is_definite
    number = int(definite.sum())
    if number < NEEDED_RATINGS:
        return NotEnoughData(
            what="ratings with a definite answer", have=number, needed=NEEDED_RATINGS
        )
    on_gold = bool((ratings.gold[ratings.task[definite]] >= 0).any())
    people = len(np.unique(ratings.annotator[definite]))
    if people < NEEDED_PEOPLE and not on_gold:
        return NotEnoughData(
            what="people with a definite answer", have=people, needed=NEEDED_PEOPLE
        )
    met = _tasks_of_several(ratings.task[definite], ratings.annotator[definite])
    if met < NEEDED_SHARED and not on_gold:
        return NotEnoughData(what="tasks answered by two people", have=met, needed=NEEDED_SHARED)
    return None


def _tasks_of_several(task: IntArray, annotator: IntArray) -> int:
    """Return how many tasks have definite answers of two different people or more."""
    n_tasks = int(task.max()) + 1
    lowest = np.full(n_tasks, np.iinfo(np.int64).max)
    highest = np.full(n_tasks, -1)
    np.minimum.at(lowest, task, annotator)
    np.maximum.at(highest, task, annotator)
    return int((highest > lowest).sum())


def _unsure_share(ratings: Ratings) -> FloatArray:
    """Return how frequent each answer beyond the truths is among all ratings."""
    counts = np.bincount(ratings.answer, minlength=ratings.n_answers).astype(np.float64)
    # One rating of each kind more, so that an answer nobody gave is possible all the same.
    return np.asarray((counts + 1) / (counts.sum() + ratings.n_answers))[ratings.n_truths :]


def _normalise(log_joint: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return rows that sum to 1, and the logarithm of what each summed to."""
    highest = log_joint.max(axis=1, keepdims=True)
    odds = np.exp(log_joint - highest)
    total = odds.sum(axis=1, keepdims=True)
    return odds / total, (highest + np.log(total))[:, 0]


def _trust(confusion: FloatArray) -> FloatArray:
    n_truths = confusion.shape[1]
    definite = confusion[:, :, :n_truths]
    right = np.diagonal(definite, axis1=1, axis2=2) / definite.sum(axis=2)
    return np.asarray(right.mean(axis=1), dtype=np.float64)
