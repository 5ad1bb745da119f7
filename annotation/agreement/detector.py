"""The detector against the crowd: what share of high scores is really there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from scipy.stats import norm, rankdata

from annotation.agreement.checking import BoolArray, numbers, size, whole_numbers, yes_or_no
from annotation.agreement.intervals import CONFIDENCE, Shares, check_confidence, wilson_many
from annotation.consensus.ratings import FloatArray, IntArray
from annotation.consensus.shortage import NotEnoughData
from consonance.errors import ParameterError


@dataclass(frozen=True, kw_only=True)
class Auc:
    """The area under the ROC curve: how often a present task scores above an absent one.

    Parameters
    ----------
    value, low, high
        In [0, 1]; .5 is a coin.
    n_present, n_absent
        What it rests on.
    confidence
        Level of the interval.
    """

    value: float
    low: float
    high: float
    n_present: int
    n_absent: int
    confidence: float


@dataclass(frozen=True, kw_only=True)
class DetectorReport:
    """The detector's scores against decided labels. The last row is all classes together.

    Parameters
    ----------
    edges : np.ndarray [shape=(n_bins + 1,), in [0, 1]]
        Where bins of scores begin and end; the last one holds its end.
    bins : Shares [shape=(n_classes + 1, n_bins)]
        Share present of the decided tasks in each bin.
    tails : Shares [shape=(n_classes + 1, n_tails)]
        Share present of the decided tasks drawn from each tail.
    auc : tuple of Auc or NotEnoughData
        One a row. Tasks drawn from tails are no fair sample: it tells how well the drawn ones are
        told apart, which is easier than all.
    n_decided, n_undecided : np.ndarray [shape=(n_classes + 1,), dtype=int64]
        Tasks with a label, and without; only the former are compared.
    """

    edges: FloatArray
    bins: Shares
    tails: Shares
    auc: tuple[Auc | NotEnoughData, ...]
    n_decided: IntArray
    n_undecided: IntArray


def detector_report(
    score: npt.ArrayLike,
    truth: npt.ArrayLike,
    *,
    context: npt.ArrayLike | None = None,
    n_classes: int | None = None,
    n_bins: int = 10,
    tail: npt.ArrayLike | None = None,
    n_tails: int | None = None,
    confidence: float = CONFIDENCE,
) -> DetectorReport:
    """Compare a detector's scores with the crowd's labels.

    Parameters
    ----------
    score : array_like of float [shape=(n_tasks,), in [0, 1]]
        The detector's. Labels must come from the crowd alone: a posterior that has the detector
        as its prior would praise it.
    truth : array_like of int [shape=(n_tasks,), -1, 0 or 1]
        Absent 0, present 1, undecided -1.
    context : array_like of int [shape=(n_tasks,), >= 0], optional
        Each task's class; one class by default.
    n_classes
        How many classes there are; as many as needed by default.
    n_bins : int >= 1
        How many bins of equal width.
    tail : array_like of int [shape=(n_tasks,), >= -1], optional
        From which tail of the scores each was drawn, -1 for none.
    n_tails
        How many tails there are; as many as needed by default.
    confidence
        Level of the intervals.

    Raises
    ------
    ParameterError
        The arrays do not fit together or hold values out of range.
    """
    labels = whole_numbers(truth, "truth", lowest=-1, below=2)
    n_tasks = len(labels)
    scores = numbers(score, "score", shape=(n_tasks,), lowest=0, highest=1)
    classes = _numbered(context, "context", n_tasks, lowest=0)
    tails = _numbered(tail, "tail", n_tasks, lowest=-1)
    if n_bins < 1:
        raise ParameterError(f"n_bins is {n_bins}; at least 1 is needed")
    kinds = max(size(classes, n_classes, "n_classes"), 1 if n_classes is None else 0)
    parts = size(tails, n_tails, "n_tails")
    decided = labels >= 0
    edges = np.linspace(0, 1, n_bins + 1)
    # By the edges and not by scores * n_bins, whose rounding differs from theirs.
    bin_of = np.clip(np.searchsorted(edges, scores, side="right") - 1, 0, n_bins - 1)
    present = labels == 1

    def shares(column: IntArray, chosen: BoolArray, columns: int) -> Shares:
        cell = classes * max(columns, 1) + column

        def counted(of: BoolArray) -> IntArray:
            table = np.bincount(cell[of], minlength=kinds * max(columns, 1))
            table = table.reshape(kinds, max(columns, 1))[:, :columns]
            return np.concatenate([table, table.sum(axis=0, keepdims=True)]).astype(np.int64)

        return wilson_many(
            counted(chosen & present), counted(chosen), confidence=confidence, what="decided tasks"
        )

    rows: list[BoolArray] = [(classes == index) & decided for index in range(kinds)]
    n_decided = np.bincount(classes[decided], minlength=kinds)
    n_open = np.bincount(classes[~decided], minlength=kinds)
    return DetectorReport(
        edges=edges,
        bins=shares(bin_of.astype(np.int64), decided, n_bins),
        tails=shares(np.maximum(tails, 0), decided & (tails >= 0), parts),
        auc=tuple(
            auc(scores[chosen], present[chosen], confidence=confidence)
            for chosen in [*rows, decided]
        ),
        n_decided=np.append(n_decided, n_decided.sum()).astype(np.int64),
        n_undecided=np.append(n_open, n_open.sum()).astype(np.int64),
    )


def auc(
    score: npt.ArrayLike, is_present: npt.ArrayLike, *, confidence: float = CONFIDENCE
) -> Auc | NotEnoughData:
    """Return the area under the ROC curve with an interval.

    Parameters
    ----------
    score : array_like of float [shape=(n_tasks,)]
        Higher means present; any scale.
    is_present : array_like of bool [shape=(n_tasks,)]
        The labels.
    confidence
        Level of the interval.

    Returns
    -------
    Auc or NotEnoughData
        The latter with fewer than two present or two absent tasks.

    Raises
    ------
    ParameterError
        The arrays do not fit together or hold values out of range.

    Notes
    -----
    The variance is that of DeLong, DeLong and Clarke-Pearson (1988), *Comparing the areas under
    two or more correlated receiver operating characteristic curves*, computed from ranks (Sun and
    Xu 2014). The interval is made on the logit, where it keeps within [0, 1]. At an area of exactly
    0 or 1, where that variance is 0, its bound is the exact one (Clopper and Pearson 1934) for as
    many successes, of as many trials, as the smaller group has tasks.
    """
    check_confidence(confidence)
    labels = yes_or_no(is_present, "is_present")
    scores = numbers(score, "score", shape=labels.shape)
    m, n = int(labels.sum()), int((~labels).sum())
    if min(m, n) < 2:
        what = "present tasks" if m <= n else "absent tasks"
        return NotEnoughData(what=what, have=min(m, n), needed=2)
    high, low = scores[labels], scores[~labels]
    together = rankdata(np.concatenate([high, low]))
    # How much of the other group each one beats: its rank among all less that among its own.
    above = (together[:m] - rankdata(high)) / n
    below = 1 - (together[m:] - rankdata(low)) / m
    value = float(above.mean())
    variance = float(above.var(ddof=1) / m + below.var(ddof=1) / n)
    tail = (1 - confidence) / 2
    if not 0 < value < 1:
        reach = float(tail ** (1 / min(m, n)))
        bounds = (reach, 1.0) if value >= 1 else (0.0, 1 - reach)
    else:
        logit = np.log(value / (1 - value))
        half = float(norm.isf(tail)) * np.sqrt(variance) / (value * (1 - value))
        bounds = (float(expit(logit - half)), float(expit(logit + half)))
    return Auc(
        value=value, low=bounds[0], high=bounds[1], n_present=m, n_absent=n, confidence=confidence
    )


def _numbered(values: npt.ArrayLike | None, name: str, n_tasks: int, *, lowest: int) -> IntArray:
    if values is None:
        return np.full(n_tasks, lowest, np.int64)
    array = whole_numbers(values, name, lowest=lowest)
    if len(array) != n_tasks:
        raise ParameterError(f"{name} has {len(array)} entries, truth {n_tasks}; one each a task")
    return array
