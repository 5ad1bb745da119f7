"""Whether a 0.9 is right nine times in ten, measured and repaired on tasks of known truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from annotation.consensus.ratings import FloatArray, IntArray
from annotation.consensus.shortage import NotEnoughData
from consonance.errors import ParameterError

#: Gold tasks with answers below which nothing is fitted or reported.
NEEDED_GOLD: Final = 20
#: Bins of a reliability diagram; fewer where there are not this many tasks for each.
BINS: Final = 10
BIN_TASKS: Final = 10
#: Folds in which gold is left out, so that what is reported was not fitted on itself.
FOLDS: Final = 5

# How far posteriors may be off, as standard deviations of normal priors about "not at all": of the
# temperature's logarithm (a half: by a factor of 1.6), and of what is added to each truth's logit.
# Twenty tasks move the one a little and the other hardly; hundreds move both freely.
LOG_TEMPERATURE_SD: Final = 0.5
OFFSET_SD: Final = 0.25
#: Tasks of each of two truths, at least, before truths are told apart.
NEEDED_EACH: Final = 5

TEMPERATURES: Final = (0.05, 100.0)
_SMALLEST: Final = 1e-12
_STEPS: Final = 100


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """How posteriors and truths agree.

    Attributes
    ----------
    n_tasks : int
    confidence, accuracy : np.ndarray [shape=(n_bins,), in [0, 1]]
        The diagram: in each bin the mean posterior of the likeliest truth, and how often that was
        the truth. Bins hold equal numbers of tasks, from the least to the most confident.
    count : np.ndarray [shape=(n_bins,)]
        Tasks in each bin.
    right : float
        How often the likeliest truth was the truth.
    ece : float
        Expected calibration error: the mean distance between the two, weighted by tasks (Naeini,
        Cooper and Hauskrecht, AAAI 2015, with bins of equal numbers).
    brier : float
        Brier score, the mean squared distance to the truth, summed over truths: in [0, 2].
    nll : float
        Mean negative logarithm of the true truth's posterior, in nats.
    """

    n_tasks: int
    confidence: FloatArray
    accuracy: FloatArray
    count: IntArray
    right: float
    ece: float
    brier: float
    nll: float


def reliability(
    posterior: npt.ArrayLike, truth: npt.ArrayLike, n_bins: int = BINS
) -> Reliability | NotEnoughData:
    """Compare posteriors with known truths.

    Parameters
    ----------
    posterior : array_like of float [shape=(n_tasks, n_truths), rows sum to 1]
    truth : array_like of int [shape=(n_tasks,)]
        -1 where unknown: those tasks are left out.
    n_bins : int >= 1
        At most; there are fewer where bins would hold less than `BIN_TASKS` tasks.

    Returns
    -------
    Reliability or NotEnoughData
        The latter where no truth is known.

    Raises
    ------
    ParameterError
        Shapes differ, or there is no bin.
    """
    beliefs, truths = np.asarray(posterior, np.float64), np.asarray(truth, np.int64)
    if beliefs.ndim != 2 or truths.shape != beliefs.shape[:1]:
        raise ParameterError(
            f"posterior has shape {beliefs.shape} and truth {truths.shape}; (n_tasks, n_truths) "
            "and (n_tasks,) are needed"
        )
    if n_bins < 1:
        raise ParameterError(f"n_bins is {n_bins}; at least 1 is needed")
    known = truths >= 0
    beliefs, truths = beliefs[known], truths[known]
    number = len(truths)
    if number == 0:
        return NotEnoughData(what="tasks of known truth", have=0, needed=1)
    confidence = beliefs.max(axis=1)
    is_right = (beliefs.argmax(axis=1) == truths).astype(np.float64)
    order = np.lexsort((is_right, confidence))
    bins = min(n_bins, max(1, number // BIN_TASKS))
    parts = np.array_split(order, bins)
    said = np.array([confidence[part].mean() for part in parts])
    happened = np.array([is_right[part].mean() for part in parts])
    count = np.array([len(part) for part in parts], dtype=np.int64)
    missed = beliefs.copy()
    missed[np.arange(number), truths] -= 1
    likely = np.maximum(beliefs[np.arange(number), truths], _SMALLEST)
    return Reliability(
        n_tasks=number,
        confidence=said,
        accuracy=happened,
        count=count,
        right=float(is_right.mean()),
        ece=float((np.abs(said - happened) * count).sum() / number),
        brier=float((missed**2).sum() / number),
        nll=float(-np.log(likely).mean()),
    )


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A repair of posteriors: their logarithms over `temperature`, plus an offset each truth.

    Attributes
    ----------
    temperature : float > 0
        Above 1 where posteriors were too sure of themselves.
    offset : np.ndarray [shape=(n_truths,)]
        In logits.
    """

    temperature: float
    offset: FloatArray

    @classmethod
    def identity(cls, n_truths: int) -> Scale:
        """Return the repair that changes nothing."""
        return cls(temperature=1.0, offset=np.zeros(n_truths))

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        return self.temperature == 1.0 and not self.offset.any()

    def apply(self, log_posterior: FloatArray) -> FloatArray:
        """Return repaired posteriors.

        Parameters
        ----------
        log_posterior : np.ndarray [shape=(n_truths, n_tasks)]
            Up to a constant in each column.

        Returns
        -------
        np.ndarray [shape=(n_tasks, n_truths), rows sum to 1]
        """
        joint = log_posterior
        if not self.is_identity:
            joint = log_posterior / self.temperature + self.offset[:, None]
        joint = joint - joint.max(axis=0)
        odds = np.exp(joint, out=joint)
        odds /= odds.sum(axis=0)
        return np.ascontiguousarray(odds.T)


def fit_temperature(log_posterior: FloatArray, truth: IntArray) -> Scale:
    """Return the repair that makes known truths likeliest, shrunk towards none.

    Maximum a posteriori by Newton's method with step halving. With one truth only, or few tasks of
    all but one, a single temperature is fitted (Guo et al., *On calibration of modern neural
    networks*, ICML 2017); otherwise an offset each truth as well (Platt scaling, for two truths).

    Parameters
    ----------
    log_posterior : np.ndarray [shape=(n_tasks, n_truths)]
        Of tasks whose posterior does not know their truth; up to a constant in each row.
    truth : np.ndarray [shape=(n_tasks,), dtype=int64, >= 0]

    Returns
    -------
    Scale
        The identity where there are no tasks.
    """
    n_tasks, n_truths = log_posterior.shape
    if n_tasks == 0:
        return Scale.identity(n_truths)
    logits = log_posterior - log_posterior.max(axis=1, keepdims=True)
    often = np.bincount(truth, minlength=n_truths) >= NEEDED_EACH
    has_offsets = int(often.sum()) >= 2
    observed = np.eye(n_truths)[truth]
    # The last parameter is the logarithm of the inverse temperature.
    parameters = np.zeros(n_truths + 1)
    precision = np.append(np.full(n_truths, OFFSET_SD**-2), LOG_TEMPERATURE_SD**-2)
    lowest, highest = -np.log(TEMPERATURES[1]), -np.log(TEMPERATURES[0])

    def loss(at: FloatArray) -> tuple[float, FloatArray]:
        joint = logits * np.exp(at[-1]) + at[:-1]
        joint = joint - joint.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(joint).sum(axis=1, keepdims=True))
        predicted = joint - log_sum
        value = -float((predicted * observed).sum()) + float(precision @ at**2) / 2
        return value, np.exp(predicted)

    value, predicted = loss(parameters)
    for _ in range(_STEPS):
        heat = logits * np.exp(parameters[-1])  # derivative by the last parameter
        missing = predicted - observed
        mean_heat = (predicted * heat).sum(axis=1, keepdims=True)
        centred = predicted * (heat - mean_heat)
        gradient = np.append(missing.sum(axis=0), (missing * heat).sum()) + precision * parameters
        curvature = np.diag(precision)
        curvature[:-1, :-1] += np.diag(predicted.sum(axis=0)) - predicted.T @ predicted
        curvature[-1, :-1] += centred.sum(axis=0)
        curvature[:-1, -1] = curvature[-1, :-1]
        curvature[-1, -1] += (centred * heat).sum()  # Gauss-Newton: always positive
        if not has_offsets:
            gradient[:-1] = 0
            curvature[:-1, -1] = curvature[-1, :-1] = 0
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while size > _SMALLEST:
            tried = parameters - size * step
            tried[-1] = np.clip(tried[-1], lowest, highest)
            new_value, new_predicted = loss(tried)
            if new_value <= value + _SMALLEST * (1 + abs(value)):  # up to rounding
                break
            size /= 2
        else:
            break
        moved = float(np.abs(tried - parameters).max())
        parameters, value, predicted = tried, new_value, new_predicted
        if moved < 1e-9:
            break
    return Scale(temperature=float(np.exp(-parameters[-1])), offset=parameters[:-1])


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What gold says about the posteriors of a fit.

    Attributes
    ----------
    n_gold : int
        Gold tasks that people answered.
    scale : Scale
        The repair, fitted on all of them; it is in `posterior_` already.
    before, after : Reliability
        Without and with a repair, on gold, each task judged by a fit that did not know its truth
        and, for `after`, by a repair fitted on other gold.
    """

    n_gold: int
    scale: Scale
    before: Reliability
    after: Reliability

    @property
    def bins(self) -> tuple[FloatArray, FloatArray, IntArray]:
        """Confidence, accuracy and count in each bin of `after`."""
        return self.after.confidence, self.after.accuracy, self.after.count

    @property
    def ece(self) -> float:
        """Expected calibration error after repair."""
        return self.after.ece

    @property
    def brier(self) -> float:
        """Brier score after repair."""
        return self.after.brier

    @property
    def nll(self) -> float:
        """Mean negative log-likelihood after repair, in nats."""
        return self.after.nll


def folds(log_posterior: FloatArray, truth: IntArray, n_folds: int = FOLDS) -> IntArray:
    """Return a fold for each task, such that each fold has easy and hard ones.

    Parameters
    ----------
    log_posterior : np.ndarray [shape=(n_tasks, n_truths)]
    truth : np.ndarray [shape=(n_tasks,)]

    Returns
    -------
    np.ndarray [shape=(n_tasks,), in [0, n_folds)]
        By rank of confidence, so that numbering tasks otherwise does not matter.
    """
    relative = log_posterior - log_posterior.max(axis=1, keepdims=True)
    confidence = -np.log(np.exp(relative).sum(axis=1))
    of_truth = np.take_along_axis(relative, truth[:, None], axis=1)[:, 0]
    order = np.lexsort((of_truth, confidence))
    fold = np.empty(len(truth), np.int64)
    fold[order] = np.arange(len(truth)) % n_folds
    return fold


def calibrate(
    log_posterior: FloatArray, truth: IntArray, fold: IntArray
) -> Calibration | NotEnoughData:
    """Fit a repair on gold and report what it is worth, honestly.

    Parameters
    ----------
    log_posterior : np.ndarray [shape=(n_gold, n_truths)]
        Each row from a fit that did not know the task's truth.
    truth, fold : np.ndarray [shape=(n_gold,)]

    Returns
    -------
    Calibration or NotEnoughData
        The latter below `NEEDED_GOLD` tasks.
    """
    if len(truth) < NEEDED_GOLD:
        return NotEnoughData(what="gold tasks with an answer", have=len(truth), needed=NEEDED_GOLD)
    n_truths = log_posterior.shape[1]
    repaired = np.empty_like(log_posterior)
    for one in np.unique(fold):
        held = fold == one
        repaired[held] = fit_temperature(log_posterior[~held], truth[~held]).apply(
            log_posterior[held].T
        )
    before = reliability(Scale.identity(n_truths).apply(log_posterior.T), truth)
    after = reliability(repaired, truth)
    if isinstance(before, NotEnoughData) or isinstance(after, NotEnoughData):
        raise AssertionError("there is gold")
    return Calibration(
        n_gold=len(truth),
        scale=fit_temperature(log_posterior, truth),
        before=before,
        after=after,
    )
