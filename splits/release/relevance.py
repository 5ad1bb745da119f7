"""OpenMIC-2018's legacy number, so that its loaders read our labels."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from consonance.errors import ParameterError

CONFIDENCE_DECIMALS: Final = 4  # OpenMIC's confidences were exported with four
NO, YES, UNSURE = 0, 1, 2


def relevance_of_trust(
    yes_trust: npt.ArrayLike, no_trust: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Return legacy relevances from the trust behind each answer.

    Parameters
    ----------
    yes_trust, no_trust : array_like [shape=(n,), >= 0]
        Sum of the trusts of those who answered yes and of those who answered no.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float64, in [0, 0.25] or [0.75, 1]]
        ``0.5 +- c / 2`` where c is the winner's share of the trust, rounded to four decimals:
        plus if yes wins. 0.5 where both are equal, nan where neither has any trust.

    Notes
    -----
    The rule of OpenMIC-2018's `parse_aggregated_responses`; it is *not* the share of yes votes.
    The band between 0.25 and 0.75 stays empty by construction.
    """
    yes = np.asarray(yes_trust, dtype=np.float64)
    no = np.asarray(no_trust, dtype=np.float64)
    total = yes + no
    share = np.full(total.shape, np.nan)
    np.divide(np.maximum(yes, no), total, out=share, where=total > 0)
    confidence = np.round(share, CONFIDENCE_DECIMALS)
    result: npt.NDArray[np.float64] = 0.5 + np.sign(yes - no) * confidence / 2
    return result


def legacy_relevance(answers: npt.ArrayLike, trusts: npt.ArrayLike) -> float | None:
    """Return the legacy relevance of one clip and class.

    Parameters
    ----------
    answers : array_like of int [shape=(n,)]
        0 no, 1 yes, 2 unsure. Unsure answers have no part in it.
    trusts : array_like of float [shape=(n,), > 0]
        Trust of each person who answered.

    Returns
    -------
    float or None
        None if nobody answered yes or no.

    Raises
    ------
    ParameterError
        If lengths differ, an answer is none of 0, 1, 2, or a trust is not above 0.

    Examples
    --------
    >>> legacy_relevance([0, 1, 0], [0.7692, 0.8, 0.7692])
    0.17104999999999998
    """
    given = np.asarray(answers)
    weights = np.asarray(trusts, dtype=np.float64)
    if given.shape != weights.shape or given.ndim != 1:
        raise ParameterError(
            f"Each answer needs one trust: shapes are {given.shape} and {weights.shape}."
        )
    if not np.isin(given, (NO, YES, UNSURE)).all():
        raise ParameterError("Answers must be 0 (no), 1 (yes) or 2 (unsure).")
    if not (weights > 0).all():
        raise ParameterError("Trusts must be above 0.")
    if not np.isin(given, (NO, YES)).any():
        return None
    value = relevance_of_trust(weights[given == YES].sum(), weights[given == NO].sum())
    return float(value)
