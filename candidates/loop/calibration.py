"""From a detector's likelihood to the probability that people will say "present", class by class.

A curve is log(P / (1 - P)) = c + a log(p) - b log(1 - p) of the likelihood p, with a, b > 0: it
never falls, and it may level off at either end, as it does where a detector mistakes a class for
another (beta calibration: M. Kull, T. Silva Filho, P. Flach, AISTATS 2017). With c = 0 and
a = b = 1 it is the likelihood itself: what is believed before anybody has answered.

Curves of all classes are fitted together: c, log(a) and log(b) are normal about common values, the
pooled curve, and how far classes lie from it is estimated, too (empirical Bayes, by expectation
and maximisation with Laplace's approximation; D. MacKay, Neural Computation 4, 1992). So a class
with few labels follows the pooled curve and one with many its own, by how much they tell.

Candidates are drawn by likelihood and by caps. Their weights, the inverses of their inclusion
probabilities, count relative to the mean in the same region of likelihoods: that keeps the fit
right for the whole archive where caps made chances unequal, and does not let the few labels from
between the tails outweigh all others (D. Pfeffermann, M. Sverchkov, Sankhya B 61, 1999).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from consonance.errors import ParameterError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Where a curve comes from: the detector alone, other classes' labels, its own labels too.
BASES: Final = ("detector", "other_classes", "labels")
#: Of the pooled curve about the likelihood itself: (c, log a, log b), standard deviations. Before
#: any label a likelihood of 0.5 may well mean anything from 0.02 to 0.98.
PRIOR_SD: Final = (2.0, 0.7, 0.7)
#: Of classes about the pooled curve: where estimation begins, worth `_PRIOR_CLASSES` classes.
SPREAD_SD: Final = (1.0, 0.4, 0.4)
_PRIOR_CLASSES: Final = 3.0
#: Share of questions that people decide: worth so many of them before any is known.
_DECIDED_PRIOR: Final = 10.0
_BOUND: Final = 8.0  # of c, log a and log b: beyond it curves do not differ
_LOGIT: Final = 16.0
_NORMAL_95: Final = 1.959963984540054
_ROUNDS: Final = 60
_SETTLED: Final = 1e-4  # far less than labels can tell
_STEPS: Final = 40


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One class's calibration.

    Attributes
    ----------
    parameters : np.ndarray [shape=(3,)]
        c, log(a) and log(b).
    covariance : np.ndarray [shape=(3, 3)]
        Of the parameters.
    basis
        One of `BASES`.
    labels, positives
        Decided labels of the class, and those that say "present".
    decided
        Share of questions that end decided, in (0, 1]; 1 while nothing is known.
    """

    parameters: Floats
    covariance: Floats
    basis: str
    labels: int
    positives: int
    decided: float = 1.0

    def present(self, logit: ArrayLike) -> Floats:
        """Return P(present) at some logits of the likelihood."""
        return _sigmoid(_linear(_features(logit), self.parameters))

    def gradient(self, logit: ArrayLike) -> Floats:
        """Return the derivative of P(present) by the parameters [shape=(..., 3)]."""
        features = _features(logit)
        p = _sigmoid(_linear(features, self.parameters))
        return (p * (1 - p))[..., None] * _jacobian(features, self.parameters)

    def interval(self, logit: ArrayLike) -> tuple[Floats, Floats]:
        """Return the ends of the 95 % interval of P(present), by the parameters' uncertainty."""
        features = _features(logit)
        middle = _linear(features, self.parameters)
        slope = _jacobian(features, self.parameters)
        spread = np.sqrt(np.einsum("...i,ij,...j->...", slope, self.covariance, slope))
        return _sigmoid(middle - _NORMAL_95 * spread), _sigmoid(middle + _NORMAL_95 * spread)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "parameters": self.parameters.tolist(),
            "covariance": self.covariance.tolist(),
            "basis": self.basis,
            "labels": self.labels,
            "positives": self.positives,
            "decided": self.decided,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the curve of what `as_json` gave."""
        return cls(
            **{
                **stored,
                "parameters": np.array(stored["parameters"], np.float64),
                "covariance": np.array(stored["covariance"], np.float64),
            }
        )


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The curves of a detector's classes.

    Attributes
    ----------
    curves
        By class name.
    pooled
        For a class that is not among them.
    """

    curves: Mapping[str, Curve]
    pooled: Curve

    @property
    def is_calibrated(self) -> bool:
        """Whether anybody's labels went into it."""
        return self.pooled.basis != BASES[0]

    def of(self, name: str) -> Curve:
        """Return a class's curve."""
        return self.curves.get(name, self.pooled)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "curves": {name: curve.as_json() for name, curve in sorted(self.curves.items())},
            "pooled": self.pooled.as_json(),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the calibration of what `as_json` gave."""
        return cls(
            curves={name: Curve.from_json(curve) for name, curve in stored["curves"].items()},
            pooled=Curve.from_json(stored["pooled"]),
        )


def uncalibrated() -> Calibration:
    """Return what is believed before anybody has answered: the likelihood, give or take much."""
    prior = Curve(
        parameters=np.zeros(3), covariance=np.diag(np.square(PRIOR_SD)), basis=BASES[0], labels=0,
        positives=0,
    )  # fmt: skip
    return Calibration(curves={}, pooled=prior)


def calibrate(
    class_index: ArrayLike,
    logit: ArrayLike,
    truth: ArrayLike,
    *,
    classes: Sequence[str],
    weight: ArrayLike | None = None,
    region: ArrayLike | None = None,
) -> Calibration:
    """Fit the curves of all classes to labels.

    Parameters
    ----------
    class_index : array_like [shape=(n,), dtype=int64]
        Class of each label.
    logit : array_like [shape=(n,), dtype=float]
        log(p / (1 - p)) of the detector's likelihood.
    truth : array_like [shape=(n,), dtype=int8]
        1 present, 0 absent, -1 undecided. What is undecided says nothing about the curves; how
        often it happens is `Curve.decided`.
    classes
        Names.
    weight : array_like [shape=(n,), dtype=float], optional
        1 / inclusion probability; by default all alike.
    region : array_like [shape=(n,), dtype=int64], optional
        Region of likelihoods within which weights are compared; by default a class is one.

    Raises
    ------
    ParameterError
        If shapes differ, a value is out of range, or a logit or weight is not finite.
    """
    place, x, y = np.asarray(class_index), np.asarray(logit, np.float64), np.asarray(truth)
    w = np.ones(x.size) if weight is None else np.asarray(weight, np.float64)
    where = np.zeros(x.size, np.int64) if region is None else np.asarray(region)
    _check(place, x, y, w, where, len(classes))
    known = y >= 0
    if not known.any():
        return uncalibrated()
    count = len(classes)
    part = _relative(place[known], where[known], w[known])
    features, answers, groups = _features(x[known]), y[known].astype(np.float64), place[known]
    members = [np.flatnonzero(groups == j) for j in range(count)]
    fit = _Fit([(features[m], answers[m], part[m]) for m in members if m.size])
    labels = np.bincount(groups, minlength=count)
    positives = np.bincount(groups, weights=answers, minlength=count)
    share = _decided(np.bincount(place, minlength=count), labels)
    pooled = Curve(
        parameters=fit.center,
        covariance=fit.elsewhere,
        basis=BASES[1],
        labels=int(labels.sum()),
        positives=int(positives.sum()),
        decided=float(labels.sum() / place.size),
    )
    own = iter(zip(fit.parameters, fit.covariances(), strict=True))
    curves: dict[str, Curve] = {}
    for j, name in enumerate(classes):
        has_labels = members[j].size > 0
        parameters, covariance = next(own) if has_labels else (fit.center, fit.elsewhere)
        curves[name] = Curve(
            parameters=parameters,
            covariance=covariance,
            basis=BASES[2] if has_labels else BASES[1],
            labels=int(labels[j]),
            positives=int(positives[j]),
            decided=float(share[j]),
        )
    return Calibration(curves=curves, pooled=pooled)


def _check(
    place: NDArray[Any], x: Floats, y: NDArray[Any], w: Floats, where: NDArray[Any], count: int
) -> None:
    if not place.shape == x.shape == y.shape == w.shape == where.shape == (x.size,):
        raise ParameterError("Give each label one class, logit, truth, weight and region.")
    if x.size == 0:
        return
    if place.min() < 0 or place.max() >= count:
        raise ParameterError(f"class_index must lie from 0 to {count - 1}.")
    if not np.isin(y, (-1, 0, 1)).all():
        raise ParameterError("truth must be 1 (present), 0 (absent) or -1 (undecided).")
    if not (np.isfinite(x).all() and np.isfinite(w).all() and (w > 0).all()):
        raise ParameterError("Logits must be finite, and weights finite and above 0.")


def _relative(place: NDArray[Any], region: NDArray[Any], weight: Floats) -> Floats:
    """Return weights divided by their mean in the same class and region."""
    keys = np.unique(np.stack([place, region]), axis=1, return_inverse=True)[1].reshape(-1)
    mean = np.bincount(keys, weights=weight) / np.bincount(keys)
    relative = weight / mean[keys]
    # Unequal weights tell less than as many equal ones (L. Kish, Survey Sampling, 1965).
    told = np.bincount(keys, weights=relative) / np.bincount(keys, weights=relative**2)
    scaled: Floats = relative * told[keys]
    return scaled


def _decided(asked: Integers, decided: Integers) -> Floats:
    """Return each class's share of decided questions, drawn to that of all classes."""
    overall = decided.sum() / max(1, asked.sum())
    share: Floats = (decided + _DECIDED_PRIOR * overall) / (asked + _DECIDED_PRIOR)
    return share


class _Fit:
    """Normal classes about a pooled curve, by expectation and maximisation."""

    def __init__(self, data: list[tuple[Floats, Floats, Floats]]) -> None:
        self.data = data
        self.center = np.zeros(3)
        self.spread = np.square(np.array(SPREAD_SD))
        self.parameters = np.zeros((len(data), 3))
        self.own = np.zeros((len(data), 3, 3))
        prior = np.square(np.array(PRIOR_SD))
        for _ in range(_ROUNDS):
            before = np.append(self.center, self.spread)
            for j, (features, answers, part) in enumerate(data):
                self.parameters[j], self.own[j] = _map(
                    features, answers, part, self.parameters[j], self.center, self.spread
                )
            total = len(data) / self.spread + 1 / prior
            self.center = (self.parameters.sum(axis=0) / self.spread) / total
            apart = np.square(self.parameters - self.center).sum(axis=0)
            apart += np.diagonal(self.own, axis1=1, axis2=2).sum(axis=0)
            start = _PRIOR_CLASSES * np.square(np.array(SPREAD_SD))
            self.spread = (start + apart) / (_PRIOR_CLASSES + len(data))
            if np.abs(np.append(self.center, self.spread) - before).max() < _SETTLED:
                break
        precision = np.diag(1 / prior)
        for own in self.own:
            # What a class alone tells of the pooled curve: its labels, blurred by the spread.
            alone = np.linalg.inv(_alone(own, self.spread) + np.diag(self.spread))
            precision = precision + alone
        self.uncertainty = np.linalg.inv(precision)
        self.elsewhere = self.uncertainty + np.diag(self.spread)

    def covariances(self) -> list[Floats]:
        """Return each class's covariance, the pooled curve's own uncertainty included."""
        found = []
        for own in self.own:
            drawn = own / self.spread  # how far a class follows the pooled curve
            found.append(own + drawn @ self.uncertainty @ drawn.T)
        return found


def _alone(own: Floats, spread: Floats) -> Floats:
    """Return the covariance that a class's labels alone would give, without the pooled curve."""
    precision = np.linalg.inv(own) - np.diag(1 / spread)
    values, vectors = np.linalg.eigh((precision + precision.T) / 2)
    kept = np.maximum(values, 1e-6)  # a direction that no label speaks of
    alone: Floats = (vectors / kept) @ vectors.T
    return alone


def _map(
    features: Floats, answers: Floats, part: Floats, start: Floats, center: Floats, spread: Floats
) -> tuple[Floats, Floats]:
    """Return the most probable parameters and their covariance, by Fisher scoring."""
    theta, damping = start.copy(), 0.0
    value = _log_posterior(features, answers, part, theta, center, spread)
    for _ in range(_STEPS):
        p = _sigmoid(_linear(features, theta))
        slope = _jacobian(features, theta)
        score = slope.T @ (part * (answers - p)) - (theta - center) / spread
        information = (slope * (part * p * (1 - p))[:, None]).T @ slope + np.diag(1 / spread)
        while True:
            step = np.linalg.solve(information + damping * np.eye(3), score)
            tried = np.clip(theta + step, -_BOUND, _BOUND)
            reached = _log_posterior(features, answers, part, tried, center, spread)
            if reached >= value - 1e-12:
                damping /= 4
                break
            damping = max(1e-3, 4 * damping)
            if damping > 1e9:
                tried, reached = theta, value
                break
        moved = float(np.abs(tried - theta).max())
        theta, value = tried, reached
        if moved < 1e-8:
            break
    return theta, np.asarray(np.linalg.inv(information), np.float64)


def _log_posterior(
    features: Floats, answers: Floats, part: Floats, theta: Floats, center: Floats, spread: Floats
) -> float:
    linear = _linear(features, theta)
    told = part * (answers * linear - np.logaddexp(0.0, linear))
    return float(told.sum() - 0.5 * (np.square(theta - center) / spread).sum())


def _features(logit: ArrayLike) -> Floats:
    """Return log(p) and -log(1 - p) of the likelihood [shape=(..., 2)]."""
    x = np.clip(np.asarray(logit, np.float64), -_LOGIT, _LOGIT)
    return np.stack([-np.logaddexp(0.0, -x), np.logaddexp(0.0, x)], axis=-1)


def _linear(features: Floats, theta: Floats) -> Floats:
    line: Floats = theta[0] + features @ np.exp(theta[1:])
    return line


def _jacobian(features: Floats, theta: Floats) -> Floats:
    return np.concatenate([np.ones((*features.shape[:-1], 1)), features * np.exp(theta[1:])], -1)


def _sigmoid(x: Floats) -> Floats:
    p: Floats = 0.5 * (1 + np.tanh(0.5 * x))
    return p
