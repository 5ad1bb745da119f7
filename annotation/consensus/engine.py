"""The two steps of expectation maximisation, as sparse algebra."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

import numpy as np

from annotation.consensus.design_effect import effect
from annotation.consensus.evidence import Evidence
from annotation.consensus.priors import PriorCalibration, prevalence
from annotation.consensus.ratings import FloatArray, IntArray
from annotation.consensus.skill import SkillModel, Skills

#: The share of a start that does not come from votes, so that no truth starts at zero.
SOFTENING_VOTES: Final = 0.01


@dataclass(frozen=True, kw_only=True)
class Tasks:
    """What is known of tasks besides their ratings.

    Parameters
    ----------
    n_truths : int
    context, gold : np.ndarray [shape=(n_tasks,), dtype=int64]
        Each task's class, and its truth or -1.
    prior : np.ndarray [shape=(n_tasks, n_truths), in (0, 1), rows sum to 1] or None
        As given.
    """

    n_truths: int
    context: IntArray
    gold: IntArray
    prior: FloatArray | None

    def __len__(self) -> int:
        return len(self.gold)


class Estimation:
    """An estimate of tasks and people that can be improved step by step.

    Each step sets attributes anew and changes no array in place, so that `copy.copy` is a save
    point.

    Attributes
    ----------
    skills : Skills
        From the last M-step.
    prevalence : np.ndarray [shape=(n_contexts, n_truths), rows sum to 1]
    prior_calibration : PriorCalibration or None
    log_prevalence : np.ndarray [shape=(n_truths, n_tasks)]
        Of each task's context.
    news : np.ndarray [shape=(n_truths, n_tasks)] or None
        What the calibrated prior says beyond that, as logarithms; None where it is not used.
    summed : np.ndarray [shape=(n_truths, n_tasks)]
        What the answers say, as logarithms of likelihoods relative to the first truth's.
    counted : np.ndarray [shape=(n_truths, n_tasks)]
        The posterior that the last M-step counted with.
    gold : np.ndarray [shape=(n_tasks,)]
        Truths to hold on to.
    path : list of float
        The log-likelihood after each E-step.
    """

    def __init__(self, evidence: Evidence, tasks: Tasks, model: SkillModel) -> None:
        self.evidence, self.tasks, self.model = evidence, tasks, model
        self.hold(tasks.gold)
        self.path: list[float] = []
        self.skills: Skills = model.alike()
        census = evidence.census
        self._totals = evidence.totals()
        self._last: tuple[FloatArray, FloatArray] | None = None  # a start and its counts
        self._votes = census.votes
        self._n_definite = self._votes.sum(axis=0)
        self._named = self._votes.sum(axis=1)
        self._given: FloatArray | None = None
        # What is believed of tasks without their ratings: one number for all takes no room.
        shape = (tasks.n_truths, len(tasks))
        belief: FloatArray = np.broadcast_to(1.0 / tasks.n_truths, shape)
        if tasks.prior is not None:
            belief = np.ascontiguousarray(tasks.prior.T)
            self._given = np.log(belief)
        self._belief = self.counted = belief
        self.summed: FloatArray = np.broadcast_to(0.0, shape)
        self.news: FloatArray | None = None
        self._take_prevalence(prevalence(belief, self._named, tasks.context))
        self.prior_calibration: PriorCalibration | None = None

    def hold(self, gold: IntArray) -> None:
        """Hold on to these truths from now on [shape=(n_tasks,)]; -1 where there is none."""
        self.gold = gold
        self._held = np.flatnonzero(gold >= 0)

    def take_prior(self, posterior: FloatArray | None = None) -> None:
        """Use the given prior from now on, if there is one.

        Parameters
        ----------
        posterior : np.ndarray [shape=(n_truths, n_tasks)], optional
            What it is calibrated to; without it, it is taken at its word.
        """
        if self._given is None:
            return
        calibration = PriorCalibration.identity(*self.prevalence.shape)
        if posterior is not None:
            calibration = calibration.fitted(self._given, self.tasks.context, posterior)
        self._apply_prior(calibration)

    def start(self) -> FloatArray:
        """Take the crowd's matrix from vote shares, and return them with gold clamped."""
        weight = self._votes + SOFTENING_VOTES * self._belief
        weight /= weight.sum(axis=0)
        posterior = self._clamped(weight)
        counts = self._counts(posterior)
        self.model.take_crowd(counts.sum(axis=2))
        self._last = (posterior, counts)
        return posterior

    def run(
        self, posterior: FloatArray, *, correlation: FloatArray | float, most: int, tolerance: float
    ) -> bool:
        """Iterate until the posterior moves less than `tolerance`, or `most` times.

        Returns
        -------
        bool
            Whether it came to rest.
        """
        for _ in range(most):
            self.m_step(posterior)
            new = self.e_step(correlation)
            # Half the sum of absolute differences is the probability that changed hands.
            moved = float(np.abs(new - posterior).sum() / 2 / max(1, len(self.tasks)))
            posterior = new
            if moved < tolerance:
                return True
        return False

    def m_step(self, posterior: FloatArray) -> None:
        """Estimate people, prevalence and the prior's calibration from a posterior."""
        context = self.tasks.context
        self.counted = posterior
        self.skills = self.model.estimate(self._counts(posterior))
        self._last = None
        self._take_prevalence(prevalence(posterior, self._named, context))
        if self._given is not None and self.prior_calibration is not None:
            self._apply_prior(self.prior_calibration.refit(self._given, context, posterior))

    def e_step(self, correlation: FloatArray | float = 0.0) -> FloatArray:
        """Return the posterior under the estimates.

        Parameters
        ----------
        correlation : float or np.ndarray [shape=(n_contexts,)]
            Of answers to one task; their evidence is divided by the design effect.
        """
        log_rows = np.log(self.skills.unit)
        against_first = log_rows[1:] - log_rows[:1]
        summed = self.evidence.summed(against_first)
        self.summed = np.zeros((self.tasks.n_truths, len(self.tasks)))
        self.summed[1:] = summed
        joint = self.log_prevalence + self.summed
        if self.news is not None:
            joint += self.news
        posterior, likelihood = _normalised(joint)
        if len(self._held):
            likelihood[self._held] = joint[self.gold[self._held], self._held]
        self.path.append(float(np.vdot(self._totals, log_rows[0]) + likelihood.sum()))
        if np.any(correlation):
            posterior, _ = _normalised(self.joint(correlation))
        return self._clamped(posterior)

    def posterior(self, correlation: FloatArray | float) -> FloatArray:
        """Return the posterior of the last E-step under a design effect, gold clamped."""
        return self._clamped(_normalised(self.joint(correlation))[0])

    def support(self) -> IntArray:
        """Return how many ratings each unit has [shape=(n_units,)]."""
        return np.asarray(self._totals.sum(axis=0), dtype=np.int64)

    def take_rows(self, unit: FloatArray, prevalence: FloatArray) -> None:
        """Take over estimates for one E-step.

        Parameters
        ----------
        unit : np.ndarray [shape=(n_truths, n_answers, n_units)]
        prevalence : np.ndarray [shape=(n_contexts, n_truths)]
            Of the contexts that were known; new ones keep what votes say.
        """
        self.skills = dataclasses.replace(self.skills, unit=unit)
        known = min(len(prevalence), len(self.prevalence))
        self._take_prevalence(np.concatenate([prevalence[:known], self.prevalence[known:]]))

    def joint(self, correlation: FloatArray | float) -> FloatArray:
        """Return logarithms of posteriors up to a constant each column, gold unclamped."""
        each = np.broadcast_to(correlation, len(self.prevalence))[self.tasks.context]
        by = effect(self._n_definite, each)
        return combined(self.log_prevalence, self.news, self.summed, by)

    @property
    def uses_prior(self) -> bool:
        """Whether a given prior is part of the posterior."""
        return self.prior_calibration is not None

    def _clamped(self, posterior: FloatArray) -> FloatArray:
        """Put certainty where the truth is known, in place."""
        posterior[:, self._held] = 0.0
        posterior[self.gold[self._held], self._held] = 1.0
        return posterior

    def _take_prevalence(self, prevalence: FloatArray) -> None:
        self.prevalence = prevalence
        logs = np.log(prevalence).T
        shape = (self.tasks.n_truths, len(self.tasks))
        if logs.shape[1] == 1:
            self.log_prevalence = np.broadcast_to(logs, shape)
        else:
            self.log_prevalence = np.take(logs, self.tasks.context, axis=1)

    def _apply_prior(self, calibration: PriorCalibration) -> None:
        if self._given is not None:
            self.prior_calibration = calibration
            calibrated = calibration.apply(self._given, self.tasks.context)
            self.news = calibrated - self.log_prevalence

    def _counts(self, posterior: FloatArray) -> FloatArray:
        if self._last is not None and self._last[0] is posterior:
            return self._last[1]
        # As a posterior sums to 1, all but one of the truths suffice.
        some = self.evidence.counts(posterior[1:])
        counts = np.empty((len(posterior), *self._totals.shape))
        counts[1:] = some
        np.subtract(self._totals, some.sum(axis=0), out=counts[0])
        np.maximum(counts[0], 0.0, out=counts[0])  # rounding may go below
        return counts


def combined(
    log_prevalence: FloatArray, news: FloatArray | None, summed: FloatArray, by: FloatArray
) -> FloatArray:
    """Return the logarithm of the posterior, up to a constant, under a design effect `by`.

    The prevalence comes from the same answers as the evidence: dividing both leaves every label as
    it was. What a given prior says beyond it is news of its own and stays whole.
    """
    joint = (log_prevalence + summed) / by
    return joint if news is None else joint + news


def _normalised(log_joint: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return columns that sum to 1, and the logarithm of what each summed to."""
    highest = log_joint.max(axis=0)
    odds = log_joint - highest
    np.exp(odds, out=odds)
    total = odds.sum(axis=0)
    odds /= total
    return odds, highest + np.log(total)
