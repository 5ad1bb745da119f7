"""People who answer suspiciously alike: pairs, and the clusters they form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse
from scipy.sparse.csgraph import connected_components
from scipy.stats import false_discovery_control, norm

from annotation.agreement.checking import BoolArray, distributions, same_length, size, whole_numbers
from annotation.agreement.likeness import (
    Crowd,
    calibration,
    chances,
    corrected,
    met,
    neighbours,
)
from annotation.agreement.poisson_binomial import upper_tail
from annotation.consensus.ratings import FloatArray, IntArray
from annotation.consensus.shortage import NotEnoughData
from consonance.errors import ParameterError

#: Pairs with fewer tasks in common are not tested. Simulated among 60 people, pairs that copy all
#: answers are found in 7 of 10 cases with 34 tasks in common, and in all with 68; pairs that copy
#: nine in ten, in 8 of 10 cases with 68.
MIN_SHARED: Final = 20

#: Share of false ones among the pairs that are called suspicious, at most and on average.
LEVEL: Final = 0.01

#: Of the disagreements to be expected so large a part must be missing. Somebody who copies nine
#: answers in ten leaves a tenth; with many tasks in common far smaller oddities are significant.
LEAST_EXCESS: Final = 0.3

#: From so many tested pairs on, how far they spread tells by how much the model is off.
NEEDED_FOR_SPREAD: Final = 50

#: Nothing is impossible.
_SMALLEST: Final = 1e-12
_SMALLEST_TAIL: Final = 1e-300
_NORMAL_MAD: Final = 0.6744897501960817

#: Cells of a product of sparse matrices that are held at a time.
_CELLS: Final = 20_000_000


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """People linked by suspicious pairs.

    Parameters
    ----------
    people : np.ndarray [shape=(n_people,), dtype=int64]
        In order.
    n_pairs
        Suspicious pairs among them.
    shared, equal
        Tasks that these pairs have in common, and equal answers.
    expected
        Equal answers to be expected.
    p_value
        The smallest of the pairs', adjusted.
    """

    people: IntArray
    n_pairs: int
    shared: int
    equal: int
    expected: float
    p_value: float


@dataclass(frozen=True, kw_only=True)
class SuspiciousPairs:
    """All tested pairs of people, the most suspicious first.

    Parameters
    ----------
    first, second : np.ndarray [shape=(n_tested,), dtype=int64]
        The two people, `first < second`.
    shared, equal : np.ndarray [shape=(n_tested,), dtype=int64]
        Tasks to which both gave a definite answer, and to how many the same.
    expected : np.ndarray [shape=(n_tested,), dtype=float64]
        How many to expect of people who do not copy, by what all others say of these tasks.
    excess : np.ndarray [shape=(n_tested,), <= 1]
        Part of the expected disagreements that is missing: 1 where they never disagree, about 0
        for honest people.
    z : np.ndarray [shape=(n_tested,)]
        The difference in standard deviations, corrected for the model being off.
    p_value, adjusted : np.ndarray [shape=(n_tested,), in [0, 1]]
        How likely so many equal answers are by chance; the same adjusted for the number of pairs
        (Benjamini and Hochberg).
    is_suspicious : np.ndarray [shape=(n_tested,), dtype=bool]
        `adjusted` is no larger than `level`, and `excess` at least `least_excess`.
    clusters : tuple of Cluster
        People linked by suspicious pairs, the largest first.
    cluster_of : np.ndarray [shape=(n_annotators,), dtype=int64]
        Each person's cluster, -1 for none.
    min_shared, level, least_excess
        What was asked for.
    inflation
        By how much z was divided: 1 where the model holds.
    """

    first: IntArray
    second: IntArray
    shared: IntArray
    equal: IntArray
    expected: FloatArray
    excess: FloatArray
    z: FloatArray
    p_value: FloatArray
    adjusted: FloatArray
    is_suspicious: BoolArray
    clusters: tuple[Cluster, ...]
    cluster_of: IntArray
    min_shared: int
    level: float
    least_excess: float
    inflation: float


def suspicious_pairs(
    task: npt.ArrayLike,
    annotator: npt.ArrayLike,
    answer: npt.ArrayLike,
    *,
    rest: npt.ArrayLike,
    confusion: npt.ArrayLike,
    context: npt.ArrayLike | None = None,
    n_truths: int = 2,
    n_annotators: int | None = None,
    min_shared: int = MIN_SHARED,
    level: float = LEVEL,
    least_excess: float = LEAST_EXCESS,
) -> SuspiciousPairs | NotEnoughData:
    """Find people who give the same answers more often than hearing the same explains.

    Parameters
    ----------
    task, annotator, answer : array_like of int [shape=(n_ratings,), >= 0]
        One entry a rating. Of a person's several definite answers to a task the first counts.
    rest : array_like of float [shape=(n_ratings, n_truths), rows sum to 1]
        What the others say of each rating's task, as `RestComparison.rest`. Known truths are to be
        in it: they alone tell a ring that outvotes everybody else on its tasks from people who are
        right.
    confusion : array_like of float [shape=(n_annotators, n_truths, n_answers) or
            (n_annotators, n_classes, n_truths, n_answers), rows sum to 1]
        P(answer | truth) of each person (in each class).
    context : array_like of int [shape=(n_tasks,), >= 0], optional
        Each task's class; needed where `confusion` has classes.
    n_truths : int >= 2
        Answers from here on are "unsure" and are left out.
    n_annotators
        How many people there are; as many as `confusion` has by default.
    min_shared : int >= 1
        Pairs with fewer tasks in common are not tested.
    level : float in (0, 1)
        False discovery rate.
    least_excess : float in [0, 1]
        See `SuspiciousPairs`.

    Returns
    -------
    SuspiciousPairs or NotEnoughData
        The latter when no two people have enough tasks in common.

    Raises
    ------
    ParameterError
        The arrays do not fit together or hold values out of range.

    Notes
    -----
    Given the answer of the one and the consensus without the other, the other's answer is the same
    with a known chance, so that the number of equal answers is a sum of unequal coins
    (`poisson_binomial`). Chances are corrected by how often answers are equal in the crowd at large
    (`likeness.calibration`), and z is divided by how far it spreads over all pairs where that is
    more than 1 (Devlin and Roeder 1999, *Genomic control for association studies*; Efron 2004 on
    the empirical null). Both ways are computed, the one's given the other's and back, and the
    larger chance counts.
    """
    crowd = _crowd(task, annotator, answer, rest, confusion, context, n_truths, n_annotators)
    if min_shared < 1:
        raise ParameterError(f"min_shared is {min_shared}; at least 1 is needed")
    for name, value in (("level", level), ("least_excess", least_excess)):
        if not 0 <= value <= 1:
            raise ParameterError(f"{name} is {value}; a number from 0 to 1 is needed")
    answered = crowd.answered()
    first, second, shared = _sharing(answered, min_shared)
    if not len(first):
        return NotEnoughData(
            what=f"pairs of people with {min_shared} tasks in common", have=0, needed=1
        )
    one, other = neighbours(crowd)
    is_same = crowd.answer[one] == crowd.answer[other]
    chance = chances(crowd)
    intercept, slope = calibration(
        np.concatenate([chance[other, crowd.answer[one]], chance[one, crowd.answer[other]]]),
        np.concatenate([is_same, is_same]),
    )
    chance = corrected(chance, intercept, slope)
    equal, expected, z, p_value = _tested(crowd, answered, first, second, chance)
    z, p_value, inflation = _deflated(z, p_value)
    adjusted = false_discovery_control(p_value)
    excess = (equal - expected) / np.maximum(shared - expected, _SMALLEST)
    is_suspicious = (adjusted <= level) & (excess >= least_excess)
    order = np.lexsort((second, first, -z, p_value))
    clusters, cluster_of = _clusters(
        crowd.n_annotators, first, second, shared, equal, expected, adjusted, is_suspicious
    )
    return SuspiciousPairs(
        first=first[order],
        second=second[order],
        shared=shared[order],
        equal=equal[order],
        expected=expected[order],
        excess=excess[order],
        z=z[order],
        p_value=p_value[order],
        adjusted=adjusted[order],
        is_suspicious=is_suspicious[order],
        clusters=clusters,
        cluster_of=cluster_of,
        min_shared=min_shared,
        level=level,
        least_excess=least_excess,
        inflation=inflation,
    )


def _crowd(
    task: npt.ArrayLike,
    annotator: npt.ArrayLike,
    answer: npt.ArrayLike,
    rest: npt.ArrayLike,
    confusion: npt.ArrayLike,
    context: npt.ArrayLike | None,
    n_truths: int,
    n_annotators: int | None,
) -> Crowd:
    if n_truths < 2:
        raise ParameterError(f"n_truths is {n_truths}; a question needs at least 2 truths")
    table = np.asarray(confusion, dtype=np.float64)
    if table.ndim not in (3, 4) or table.shape[-2] != n_truths or table.shape[-1] < n_truths:
        raise ParameterError(
            f"confusion has shape {table.shape}; (n_annotators, {n_truths}, {n_truths} or more) "
            "is needed, or one such table for each class"
        )
    table = distributions(table, "confusion", shape=table.shape)
    if table.ndim == 3:
        table = table[:, None]
    tasks = whole_numbers(task, "task")
    people = whole_numbers(annotator, "annotator", below=len(table))
    answers = whole_numbers(answer, "answer")
    n_ratings = same_length(task=tasks, annotator=people, answer=answers)
    belief = distributions(rest, "rest", shape=(n_ratings, n_truths))
    number = len(table) if n_annotators is None else size(people, n_annotators, "n_annotators")
    n_tasks = size(tasks, None, "task")
    classes = _classes(context, n_tasks, table.shape[1])
    definite = np.flatnonzero(answers < n_truths)
    key = people[definite] * n_tasks + tasks[definite]
    _, once = np.unique(key, return_index=True)  # sorted by person and task; the first of several
    kept = definite[once]
    rows = np.maximum(table.reshape(-1, *table.shape[2:])[:, :, :n_truths], _SMALLEST)
    return Crowd(
        task=tasks[kept],
        annotator=people[kept],
        answer=answers[kept],
        n_tasks=n_tasks,
        n_annotators=number,
        rest=belief[kept],
        rows=rows / rows.sum(axis=2, keepdims=True),
        row=people[kept] * table.shape[1] + classes[tasks[kept]],
    )


def _classes(context: npt.ArrayLike | None, n_tasks: int, n_classes: int) -> IntArray:
    """Return which table of a person each task is judged by."""
    if n_classes == 1:
        return np.zeros(n_tasks, np.int64)
    if context is None:
        raise ParameterError("confusion has classes; context must say which task is of which")
    classes = whole_numbers(context, "context", below=n_classes)
    if len(classes) < n_tasks:
        raise ParameterError(
            f"context has {len(classes)} entries, but tasks go up to {n_tasks - 1}"
        )
    return classes


def _sharing(
    answered: scipy.sparse.csr_array, min_shared: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Return pairs with enough tasks in common, and how many."""
    enough = np.flatnonzero(np.diff(answered.indptr) >= min_shared)
    rows = answered[enough].astype(bool).astype(np.int32)
    across = rows.T.tocsr()
    found = []
    step = max(1, _CELLS // max(1, len(enough)))
    for begin in range(0, len(enough), step):
        product = (rows[begin : begin + step] @ across).tocoo()
        one, other = product.row + begin, product.col
        kept = (product.data >= min_shared) & (one < other)
        found.append(np.stack([enough[one[kept]], enough[other[kept]], product.data[kept]]))
    if not found:
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, nothing
    first, second, shared = np.concatenate(found, axis=1).astype(np.int64)
    order = np.lexsort((second, first))
    return first[order], second[order], shared[order]


def _tested(
    crowd: Crowd,
    answered: scipy.sparse.csr_array,
    first: IntArray,
    second: IntArray,
    chance: FloatArray,
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Return equal answers, expected ones, z and p of each pair."""
    variance = chance * (1 - chance)
    equal = np.zeros(len(first), np.int64)
    expected, z, p_value = (np.zeros(len(first)) for _ in range(3))
    for pairs, starts, one, other in met(answered, first, second):
        said = crowd.answer[one], crowd.answer[other]
        alike = np.add.reduceat((said[0] == said[1]).astype(np.int64), starts)
        means, scores, tails = [], [], []
        for asked in ((other, said[0]), (one, said[1])):
            coins = chance[asked]
            mean = np.add.reduceat(coins, starts)
            spread = np.sqrt(np.add.reduceat(variance[asked], starts))
            means.append(mean)
            scores.append((alike - mean) / spread)
            tails.append(upper_tail(coins, starts, alike))
        equal[pairs] = alike
        expected[pairs] = (means[0] + means[1]) / 2
        z[pairs] = np.minimum(*scores)
        p_value[pairs] = np.maximum(*tails)
    return equal, expected, z, p_value


def _deflated(z: FloatArray, p_value: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Return z and p with the excess spread of all pairs taken out, and that spread."""
    if len(z) < NEEDED_FOR_SPREAD:
        return z, p_value, 1.0
    spread = float(np.median(np.abs(z - np.median(z)))) / _NORMAL_MAD
    spread = max(1.0, spread)
    far = norm.isf(np.clip(p_value, _SMALLEST_TAIL, 1 - _SMALLEST))
    return z / spread, np.asarray(norm.sf(far / spread)), spread


def _clusters(
    n_annotators: int,
    first: IntArray,
    second: IntArray,
    shared: IntArray,
    equal: IntArray,
    expected: FloatArray,
    adjusted: FloatArray,
    is_suspicious: BoolArray,
) -> tuple[tuple[Cluster, ...], IntArray]:
    linked = np.flatnonzero(is_suspicious)
    cluster_of = np.full(n_annotators, -1, np.int64)
    if not len(linked):
        return (), cluster_of
    links = scipy.sparse.coo_array(
        (np.ones(len(linked)), (first[linked], second[linked])), shape=(n_annotators, n_annotators)
    )
    _, component = connected_components(links, directed=False)
    of_pair = component[first[linked]]
    found = []
    for part in np.unique(of_pair):
        mine = linked[of_pair == part]
        found.append(
            Cluster(
                people=np.flatnonzero(component == part).astype(np.int64),
                n_pairs=len(mine),
                shared=int(shared[mine].sum()),
                equal=int(equal[mine].sum()),
                expected=float(expected[mine].sum()),
                p_value=float(adjusted[mine].min()),
            )
        )
    found.sort(key=lambda cluster: (-len(cluster.people), cluster.p_value, cluster.people[0]))
    for index, cluster in enumerate(found):
        cluster_of[cluster.people] = index
    return tuple(found), cluster_of
