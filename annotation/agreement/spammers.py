"""Whose answers have nothing to do with what is heard."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from annotation.agreement.checking import numbers
from annotation.agreement.intervals import CONFIDENCE, wilson_many
from annotation.consensus.ratings import FloatArray
from consonance.errors import ParameterError


def spammer_scores(confusion: npt.ArrayLike) -> FloatArray:
    """Return how far each person's answers depend on the truth at all.

    Parameters
    ----------
    confusion : array_like of float [shape=(n_annotators, n_truths, n_answers), >= 0]
        How likely (or how often) a person gives each answer to each truth; answers from
        `n_truths` on ("unsure") are left out, and rows scaled to sum to 1.

    Returns
    -------
    np.ndarray [shape=(n_annotators,), in [0, 1]]
        0 for somebody who answers the same whatever is heard, or of whom nothing is known; 1 for
        somebody whose answer gives the truth away, be it upside down.

    Raises
    ------
    ParameterError
        `confusion` has another shape, or a value that is negative or not finite.

    Notes
    -----
    S = 1 / (K (K - 1)) sum over pairs of truths c < c' of sum over answers k of (A_ck - A_c'k)^2,
    which is (sensitivity + specificity - 1)^2 for two truths: Raykar and Yu (2012), *Eliminating
    spammers and ranking annotators for crowdsourced labeling tasks*, JMLR 13, sections 3 and 4.
    """
    table = np.asarray(confusion, dtype=np.float64)
    if table.ndim != 3 or table.shape[1] < 2 or table.shape[2] < table.shape[1]:
        raise ParameterError(
            f"confusion has shape {table.shape}; (n_annotators, n_truths, n_truths or more) "
            "with two truths or more is needed"
        )
    table = numbers(table, "confusion", shape=table.shape, lowest=0)
    n_truths = table.shape[1]
    definite = table[:, :, :n_truths]
    total = definite.sum(axis=2, keepdims=True)
    # A truth of which nothing is known is taken for the person's usual answers: no difference.
    usual = definite.sum(axis=1, keepdims=True)
    all_of_them = usual.sum(axis=2, keepdims=True)
    usual = usual / np.where(all_of_them > 0, all_of_them, 1)
    rows = np.where(total > 0, definite / np.where(total > 0, total, 1), usual)
    # The sum over pairs of squared differences is K times the sum of squares less the square of
    # the sum.
    pairs = n_truths * (rows**2).sum(axis=(1, 2)) - (rows.sum(axis=1) ** 2).sum(axis=1)
    return np.asarray(np.clip(pairs / (n_truths * (n_truths - 1)), 0.0, 1.0))


def highest_spammer_scores(counts: npt.ArrayLike, *, confidence: float = CONFIDENCE) -> FloatArray:
    """Return the highest score that each person's answers leave possible: its interval's bound.

    Parameters
    ----------
    counts : array_like of int [shape=(n_annotators, 2, n_answers >= 2), >= 0]
        How often each person gave each answer to each truth, as others have it; answers from the
        third on ("unsure") are left out.
    confidence
        Of the interval, in (0, 1).

    Returns
    -------
    np.ndarray [shape=(n_annotators,), in [0, 1]]
        1 where one of the truths was never met: anything is possible there.

    Raises
    ------
    ParameterError
        `counts` has another shape, or a value that is negative or not finite.

    Notes
    -----
    Of two truths the score is (sensitivity + specificity - 1)^2, the square of a difference of two
    shares: of "yes" where the class is and where it is not. Its interval is Newcombe's from the
    two Wilson intervals (1998, *Interval estimation for the difference between independent
    proportions*, Statistics in Medicine 17, method 10), which holds for shares of 0 and 1 and for
    few answers; an interval round zero leaves all between its bounds possible.
    """
    table = np.asarray(counts)
    if table.ndim != 3 or table.shape[1] != 2 or table.shape[2] < 2:
        raise ParameterError(
            f"counts has shape {table.shape}; (n_annotators, 2, 2 or more) is needed"
        )
    numbers(table, "counts", shape=table.shape, lowest=0)
    definite = table[:, :, :2].astype(np.int64)
    said = wilson_many(definite[:, :, 1], definite.sum(axis=2), confidence=confidence)
    absent, present = (
        (said.value[:, truth], said.low[:, truth], said.high[:, truth]) for truth in (0, 1)
    )
    middle = present[0] - absent[0]
    low = middle - np.hypot(present[0] - present[1], absent[2] - absent[0])
    high = middle + np.hypot(present[2] - present[0], absent[0] - absent[1])
    bound = np.minimum(1.0, np.maximum(low**2, high**2))
    return np.where(said.is_known.all(axis=1), bound, 1.0)
