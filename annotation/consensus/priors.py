"""What is believed of tasks before anybody answers: prevalence, or a detector's word put right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from annotation.consensus.ratings import FloatArray, IntArray

#: How many tasks' worth the vote shares count against the posterior. With few and weak ratings the
#: prevalence would otherwise run away to one truth for all.
VOTE_TASKS: Final = 30.0
#: How many tasks' worth the overall prevalence counts in a context of its own.
PREVALENCE_TASKS: Final = 10.0

# How far a detector's calibration may be off, as standard deviations of normal priors about "not
# at all": an intercept of one logit, a slope of one half.
INTERCEPT_SD: Final = 1.0
SLOPE_SD: Final = 0.5
#: A prior that speaks against the truth is left out, not turned round.
SLOPES: Final = (0.0, 5.0)
#: The largest step of an intercept or a slope in one iteration, for safety far from the optimum.
LARGEST_STEP: Final = 1.0
#: When a calibration from scratch is done.
STEPS: Final = 25
PRECISION: Final = 1e-3


def prevalence(posterior: FloatArray, votes: FloatArray, context: IntArray) -> FloatArray:
    """Return how common each truth is in each context.

    Parameters
    ----------
    posterior : np.ndarray [shape=(n_truths, n_tasks), columns sum to 1]
    votes : np.ndarray [shape=(n_truths,)]
        How often each truth was named in all.
    context : np.ndarray [shape=(n_tasks,)]

    Returns
    -------
    np.ndarray [shape=(n_contexts, n_truths), rows sum to 1]
    """
    named = votes + 1
    sums = by_context(posterior, context)
    overall = sums.sum(axis=0) + 1 + VOTE_TASKS * named / named.sum()
    sums = sums + PREVALENCE_TASKS * overall / overall.sum()
    return np.asarray(sums / sums.sum(axis=1, keepdims=True), dtype=np.float64)


def by_context(values: FloatArray, context: IntArray) -> FloatArray:
    """Return sums [shape=(n_contexts, n_rows)] of values [shape=(n_rows, n_tasks)]."""
    n_contexts = int(context.max()) + 1 if context.size else 1
    if n_contexts == 1:
        return np.asarray(values.sum(axis=1)[None], dtype=np.float64)
    sums = [np.bincount(context, weights=one, minlength=n_contexts) for one in values]
    return np.stack(sums, axis=1)


@dataclass(frozen=True, kw_only=True)
class PriorCalibration:
    """How a given prior was put right: `intercept + slope x logarithm of the given`.

    Attributes
    ----------
    intercept : np.ndarray [shape=(n_contexts, n_truths)]
        Added to the logarithm of each truth's prior; a row's mean is about 0.
    slope : np.ndarray [shape=(n_contexts,), in [0, 5]]
        1 where the prior was right as given, 0 where it says nothing, below 1 where it was too
        sure of itself.
    """

    intercept: FloatArray
    slope: FloatArray

    @classmethod
    def identity(cls, n_contexts: int, n_truths: int) -> PriorCalibration:
        """Return the calibration that changes nothing."""
        return cls(intercept=np.zeros((n_contexts, n_truths)), slope=np.ones(n_contexts))

    def apply(self, log_prior: FloatArray, context: IntArray) -> FloatArray:
        """Return calibrated logarithms, columns normalised.

        Parameters
        ----------
        log_prior : np.ndarray [shape=(n_truths, n_tasks)]
        context : np.ndarray [shape=(n_tasks,)]
        """
        raw = log_prior * self.slope[context]
        raw += np.take(self.intercept.T, context, axis=1)
        raw -= raw.max(axis=0)
        raw -= np.log(np.exp(raw).sum(axis=0))
        return raw

    def fitted(
        self, log_prior: FloatArray, context: IntArray, posterior: FloatArray
    ) -> PriorCalibration:
        """Return the calibration after as many steps of `refit` as it takes."""
        current = self
        for _ in range(STEPS):
            new = current.refit(log_prior, context, posterior)
            moved = max(
                float(np.abs(new.slope - current.slope).max()),
                float(np.abs(new.intercept - current.intercept).max()),
            )
            current = new
            if moved < PRECISION:
                break
        return current

    def refit(
        self, log_prior: FloatArray, context: IntArray, posterior: FloatArray
    ) -> PriorCalibration:
        """Return the calibration one Newton step nearer to predicting the posterior.

        A logistic regression in each context with the posterior as soft label, shrunk to the
        identity by `INTERCEPT_SD` and `SLOPE_SD`: a context of few tasks, or a prior that is the
        same for all of them, moves little.

        Parameters
        ----------
        log_prior, posterior : np.ndarray [shape=(n_truths, n_tasks)]
        context : np.ndarray [shape=(n_tasks,)]
        """
        n_truths = len(log_prior)
        predicted = np.exp(self.apply(log_prior, context))
        # All intercepts are free, which leaves no truth special; the shrinkage makes them unique.
        centred = predicted * (log_prior - (predicted * log_prior).sum(axis=0))
        missing = posterior - predicted
        gradient = by_context(_with_slope(missing, log_prior), context)
        curvature = np.empty((len(gradient), n_truths + 1, n_truths + 1))
        for one in range(n_truths):
            cells = -predicted[one] * predicted[one:]
            cells[0] += predicted[one]
            curvature[:, one, one:n_truths] = by_context(cells, context)
            curvature[:, one:n_truths, one] = curvature[:, one, one:n_truths]
        curvature[:, n_truths] = by_context(_with_slope(centred, log_prior), context)
        curvature[:, :, n_truths] = curvature[:, n_truths]
        precision = np.append(np.full(n_truths, INTERCEPT_SD**-2), SLOPE_SD**-2)
        current = np.concatenate([self.intercept, self.slope[:, None]], axis=1)
        gradient -= precision * (current - np.append(np.zeros(n_truths), 1.0))
        curvature += np.diag(precision)
        step = np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0]
        new = current + np.clip(step, -LARGEST_STEP, LARGEST_STEP)
        return PriorCalibration(
            intercept=new[:, :n_truths], slope=np.clip(new[:, n_truths], *SLOPES)
        )


def _with_slope(values: FloatArray, log_prior: FloatArray) -> FloatArray:
    """Return values with one row more, for the slope: their sum weighted by the prior."""
    return np.concatenate([values, (values * log_prior).sum(axis=0, keepdims=True)])
