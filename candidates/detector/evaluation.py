"""How well scores put present above absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from consonance.errors import ParameterError

if TYPE_CHECKING:
    from candidates.detector.bags import Bags

#: With fewer positives, a class's figure is too uncertain to enter a mean over classes.
MIN_POSITIVES: Final = 5


def roc_auc(present: ArrayLike, scores: ArrayLike) -> NDArray[np.float64]:
    """Return per class the chance that a present excerpt scores above an absent one.

    Equal scores count one half: the area under the ROC curve by the Mann-Whitney statistic.

    Parameters
    ----------
    present : array_like [shape=(n, n_classes), dtype=bool]
        The truth.
    scores : array_like [shape=(n, n_classes), dtype=float]

    Returns
    -------
    np.ndarray [shape=(n_classes,), dtype=float64, in [0, 1]]
        NaN for a class that is present everywhere or nowhere.

    Raises
    ------
    ParameterError
        If the shapes differ.
    """
    truth, values = np.asarray(present, dtype=bool), np.asarray(scores, dtype=np.float64)
    if truth.ndim != 2 or truth.shape != values.shape:
        raise ParameterError(f"Truth of shape {truth.shape} does not fit scores {values.shape}.")
    if not truth.size:
        return np.full(truth.shape[1], np.nan)
    n_present = truth.sum(axis=0)
    n_absent = truth.shape[0] - n_present
    ranks = np.asarray(rankdata(values, axis=0), dtype=np.float64)
    above = (ranks * truth).sum(axis=0) - n_present * (n_present + 1) / 2
    pairs = (n_present * n_absent).astype(np.float64)
    auc = np.full(truth.shape[1], np.nan)
    np.divide(above, pairs, out=auc, where=pairs > 0)
    return auc


def mean_auc(present: ArrayLike, scores: ArrayLike, *, min_positives: int = MIN_POSITIVES) -> float:
    """Return the mean of `roc_auc` over classes with enough positives; NaN if there is none.

    Parameters
    ----------
    present, scores
        As in `roc_auc`.
    min_positives
        Classes with fewer are left out.
    """
    auc = roc_auc(present, scores)
    counted = np.isfinite(auc) & (np.asarray(present, dtype=bool).sum(axis=0) >= min_positives)
    return float(auc[counted].mean()) if counted.any() else float("nan")


def average_precision(present: ArrayLike, scores: ArrayLike) -> NDArray[np.float64]:
    """Return per class the mean precision at the ranks of the present excerpts.

    Equal scores share one rank: precision is taken after all of them, so their order in the file
    cannot matter.

    Parameters
    ----------
    present, scores
        As in `roc_auc`.

    Returns
    -------
    np.ndarray [shape=(n_classes,), dtype=float64, in [0, 1]]
        NaN for a class that is present nowhere.

    Raises
    ------
    ParameterError
        If the shapes differ.
    """
    truth, values = np.asarray(present, dtype=bool), np.asarray(scores, dtype=np.float64)
    if truth.ndim != 2 or truth.shape != values.shape:
        raise ParameterError(f"Truth of shape {truth.shape} does not fit scores {values.shape}.")
    result = np.full(truth.shape[1], np.nan)
    if not truth.size:
        return result
    order = np.argsort(-values, axis=0, kind="stable")
    ranked = np.take_along_axis(truth, order, axis=0)
    sorted_values = np.take_along_axis(values, order, axis=0)
    hits = ranked.cumsum(axis=0)
    places = np.arange(1, len(truth) + 1)
    for j in range(truth.shape[1]):
        if not hits[-1, j]:
            continue
        last_of_equals = np.append(np.flatnonzero(np.diff(sorted_values[:, j])), len(truth) - 1)
        gained = np.diff(hits[last_of_equals, j], prepend=0)
        precision = hits[last_of_equals, j] / places[last_of_equals]
        result[j] = float((precision * gained).sum() / hits[-1, j])
    return result


class ClassFigures(TypedDict):
    """How well one class is told apart; None where it is not defined."""

    auc: float | None
    ap: float | None
    positives: int
    negatives: int


def figures(
    labels: ArrayLike, scores: ArrayLike, classes: Sequence[str]
) -> dict[str, ClassFigures]:
    """Return AUC and AP per class over the excerpts whose label is known.

    Parameters
    ----------
    labels : array_like [shape=(n, n_classes), dtype=int8, in {-1, 0, 1}]
        Unknown, absent, present. The unknown count for nothing.
    scores : array_like [shape=(n, n_classes), dtype=float]
    classes
        Names of the columns.

    Raises
    ------
    ParameterError
        If the shapes differ.
    """
    truth, values = np.asarray(labels), np.asarray(scores, dtype=np.float64)
    if truth.ndim != 2 or truth.shape != values.shape or truth.shape[1] != len(classes):
        raise ParameterError(
            f"Labels of shape {truth.shape}, scores {values.shape} and {len(classes)} classes do "
            "not fit each other."
        )
    result: dict[str, ClassFigures] = {}
    for j, name in enumerate(classes):
        known = truth[:, j] >= 0
        column, score = truth[known, j : j + 1] == 1, values[known, j : j + 1]
        auc, ap = float(roc_auc(column, score)[0]), float(average_precision(column, score)[0])
        positives = int(column.sum())
        both = 0 < positives < len(column)
        result[name] = {
            "auc": auc if both else None,
            "ap": ap if both else None,
            "positives": positives,
            "negatives": len(column) - positives,
        }
    return result


def mean_of(
    by_class: Mapping[str, ClassFigures],
    what: Literal["auc", "ap"],
    *,
    min_positives: int = MIN_POSITIVES,
) -> float | None:
    """Return the mean of a figure over classes with enough positives; None if there is none."""
    values = [
        value
        for entry in by_class.values()
        if entry["positives"] >= min_positives and (value := entry[what]) is not None
    ]
    return float(np.mean(values)) if values else None


class Scorer(Protocol):
    """Whatever gives likelihoods for bags."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the columns."""

    def likelihood(self, bags: Bags) -> NDArray[np.float32]:
        """Return likelihoods [shape=(n_bags, n_classes)]."""


def evaluate(head: Scorer, bags: Bags) -> dict[str, ClassFigures]:
    """Return AUC, AP and the number of known labels per class of a head on bags.

    Raises
    ------
    ParameterError
        If head and bags speak of other classes.
    """
    if head.classes != bags.classes:
        raise ParameterError("Head and bags have other classes, or another order of them.")
    return figures(bags.labels, head.likelihood(bags), bags.classes)
