"""Whose answers have nothing to do with what is heard."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from annotation.agreement.checking import numbers
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
