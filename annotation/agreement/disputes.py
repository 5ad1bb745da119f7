"""The tasks people disagree about most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotation.agreement.checking import distributions
from annotation.consensus.ratings import FloatArray, IntArray
from consonance.errors import ParameterError

#: Scores that differ by less come from rounding, and must not decide an order.
_SAME = 12  # decimal places


@dataclass(frozen=True, kw_only=True)
class Disputes:
    """Tasks with two definite answers or more, most disputed first.

    Parameters
    ----------
    task : np.ndarray [shape=(n_ranked,), dtype=int64]
        Rows of the input.
    score : np.ndarray [shape=(n_ranked,), in [0, 1]]
        The mean of the other two.
    entropy : np.ndarray [shape=(n_ranked,), in [0, 1]]
        How undecided the posterior is; 1 where all truths are equally likely.
    split : np.ndarray [shape=(n_ranked,), in [0, 1]]
        How divided the answers are: near 1 where each was given as often, and often.
    """

    task: IntArray
    score: FloatArray
    entropy: FloatArray
    split: FloatArray


def rank_disputes(
    posterior: npt.ArrayLike,
    counts: npt.ArrayLike,
    *,
    n_truths: int = 2,
    top: int | None = None,
) -> Disputes:
    """Rank tasks by how far people disagree about them.

    Parameters
    ----------
    posterior : array_like of float [shape=(n_tasks, n_truths), rows sum to 1]
        What the crowd's consensus says.
    counts : array_like of int [shape=(n_tasks, n_answers), >= 0]
        How often each answer was given; those from `n_truths` on ("unsure") are passed over.
    n_truths : int >= 2
        How many answers are definite.
    top : int >= 0, optional
        How many to return; all by default.

    Returns
    -------
    Disputes
        Tasks whose answers are all the same are not disputed, nor those with fewer than two. Of
        equal scores the task with more definite answers comes first, then that with the lower
        number: the order depends on nothing else.

    Raises
    ------
    ParameterError
        The arrays do not fit together or hold values out of range.

    Notes
    -----
    Entropies of the posterior and of the answers' shares, in units of the largest possible; the
    latter times n / (n + 1) for n answers, so that 4 against 4 is more divided than 1 against 1.
    """
    if n_truths < 2:
        raise ParameterError(f"n_truths is {n_truths}; a question needs at least 2 truths")
    table = np.asarray(counts)
    if table.ndim != 2 or table.shape[1] < n_truths:
        raise ParameterError(
            f"counts has shape {table.shape}; (n_tasks, {n_truths} or more) is needed"
        )
    if not np.issubdtype(table.dtype, np.integer) or (table.size and table.min() < 0):
        raise ParameterError("counts holds something that is no count; integers from 0 are needed")
    belief = distributions(posterior, "posterior", shape=(len(table), n_truths))
    if top is not None and top < 0:
        raise ParameterError(f"top is {top}; a number from 0 up is needed")
    votes = table[:, :n_truths]
    disputed = np.flatnonzero((votes > 0).sum(axis=1) >= 2)
    votes = votes[disputed]
    answers = votes.sum(axis=1)
    entropy = _entropy(belief[disputed])
    split = _entropy(votes / answers[:, None]) * answers / (answers + 1)
    score = np.round((entropy + split) / 2, _SAME)
    order = np.lexsort((disputed, -answers, -score))[: len(disputed) if top is None else top]
    return Disputes(
        task=disputed[order].astype(np.int64),
        score=score[order],
        entropy=entropy[order],
        split=split[order],
    )


def _entropy(shares: FloatArray) -> FloatArray:
    """Return the entropy of rows that sum to 1, in units of the largest possible."""
    logs = np.log(np.where(shares > 0, shares, 1.0))
    entropy = -(shares * logs).sum(axis=1) / np.log(shares.shape[1])
    return np.asarray(np.clip(entropy, 0.0, 1.0))
