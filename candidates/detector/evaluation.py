"""How well scores put present above absent."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from consonance.errors import ParameterError

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
