"""Two-way division of groups by balancing residuals: the numeric heart of the splitter.

Let A be the matrix of counts (groups x columns), t the wanted column sums of the first side and
s a 0/1 vector. The search minimises ``sum_d w_d (A's - t)_d ** 2``. Moving group g to the other
side changes the objective by ``2 sign_g A_g . (w * R) + A_g**2 . w`` where R is the residual, so
one sparse product prices every move at once. The best move is made until none helps, then the best
pair of moves is looked for among the most promising groups. A few random starts, then small kicks
to the best of them (iterated local search), and the best stays.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

FREE: Final = -1  # a group that may go to either side
_POOL: Final = 300  # groups considered for a pair of moves: one 300 x 300 Gram matrix
_RELATIVE_GAIN: Final = 1e-9  # below this part of the objective a "gain" is rounding noise
_WORK: Final = 10_000_000  # non-zeros x descents: more of them where they are cheap
_ATTEMPTS: Final = (4, 100)  # fewest and most descents
_KICK: Final = 4  # groups moved at random out of a local optimum
_AT_FLOOR: Final = 1 + 1e-6  # rounding noise above the floor still is the floor

Vector = npt.NDArray[np.float64]
Sides = npt.NDArray[np.int8]


def attempts_for(counts: sparse.csr_array) -> int:
    """Return how many descents a problem of this size can afford."""
    return int(np.clip(_WORK // max(counts.nnz, 1), *_ATTEMPTS))


def bisect(
    counts: sparse.csr_array,
    target: Vector,
    weight_stages: list[Vector],
    fixed: Sides,
    *,
    start: npt.NDArray[np.bool_],
    n_primary: int,
    attempts: int,
    starts: int,
    rng: np.random.Generator,
) -> tuple[Sides, float]:
    """Divide groups in two so that the first side's column sums come close to a target.

    Parameters
    ----------
    counts : scipy.sparse.csr_array [shape=(n_groups, n_columns)]
        Non-negative whole numbers.
    target : np.ndarray [shape=(n_columns,)]
        Wanted column sums of the side marked 1.
    weight_stages : list of np.ndarray [shape=(n_columns,)]
        Column weights of the objective; each stage starts where the one before ended. The last
        one judges the attempts.
    fixed : np.ndarray [shape=(n_groups,), dtype=int8]
        1 or 0 where the side is given, `FREE` elsewhere.
    start : np.ndarray [shape=(n_groups,), dtype=bool]
        Where the first descent starts; its share of ones is that of further random starts.
    n_primary : int
        Columns `[0, n_primary)` matter; once they are as close as rounding allows, no further
        attempt is made.
    attempts : int
        Largest number of descents, 1 or more.
    starts : int
        How many of them start afresh; the others from the best so far with a few groups moved.
    rng : np.random.Generator
        Draws starts and kicks.

    Returns
    -------
    sides : np.ndarray [shape=(n_groups,), dtype=int8, values in {0, 1}]
        1 for the side that has the target.
    objective : float
        Weighted sum of squared residuals under the last weights.
    """
    free = np.flatnonzero(fixed == FREE)
    floor = _floor(target, weight_stages[-1], n_primary)
    best = np.where(fixed == FREE, start, fixed == 1).astype(np.int8)
    share = float(start.mean())
    best_objective = np.inf
    for attempt in range(attempts if len(free) else 1):
        sides, stages = best.copy(), weight_stages
        if 0 < attempt < starts:
            sides[free] = rng.random(len(free)) < share
        elif attempt:
            stages = weight_stages[-1:]
            kicked = rng.choice(free, size=min(_KICK, len(free)), replace=False)
            sides[kicked] = 1 - sides[kicked]
        objective = np.inf
        for weights in stages:
            objective = _descend(counts, target, weights, sides, fixed == FREE)
        if objective < best_objective:
            best, best_objective = sides, objective
            residual = counts.T @ sides.astype(np.float64) - target
            primary = weight_stages[-1][:n_primary] @ residual[:n_primary] ** 2
            if primary <= floor * _AT_FLOOR:
                break
    return best, float(best_objective)


def _floor(target: Vector, weights: Vector, n_primary: int) -> float:
    """Return the objective of the first columns if every sum were the nearest whole number."""
    away = (target - np.round(target))[:n_primary]
    return float(weights[:n_primary] @ away**2)


def _descend(
    counts: sparse.csr_array,
    target: Vector,
    weights: Vector,
    sides: Sides,
    free: npt.NDArray[np.bool_],
) -> float:
    """Improve `sides` in place to a local optimum of moves and pairs; return the objective."""
    own = counts.multiply(counts) @ weights
    have = counts.T @ sides.astype(np.float64)
    movable = np.flatnonzero(free)
    if not len(movable):
        return float(weights @ (have - target) ** 2)
    # Every applied step lowers the objective by a set part, so the loop ends; the cap is a guard.
    for _ in range(50 * len(sides) + 1000):
        residual = have - target
        objective = float(weights @ residual**2)
        floor = _RELATIVE_GAIN * max(objective, 1e-12)
        sign = np.where(sides == 1, -1.0, 1.0)
        cost = 2.0 * sign * (counts @ (weights * residual)) + own
        cost[~free] = np.inf
        mover = int(np.argmin(cost))
        if cost[mover] < -floor:
            movers = [mover]
        else:
            movers = _best_pair(counts, weights, sign, cost, movable, -floor)
            if not movers:
                return objective
        for group in movers:
            start, stop = counts.indptr[group], counts.indptr[group + 1]
            have[counts.indices[start:stop]] += sign[group] * counts.data[start:stop]
            sides[group] = 1 - sides[group]
    return float(weights @ (have - target) ** 2)


def _best_pair(
    counts: sparse.csr_array,
    weights: Vector,
    sign: Vector,
    cost: Vector,
    movable: npt.NDArray[np.int64],
    limit: float,
) -> list[int]:
    """Return the two groups whose joint move lowers the objective most, or nothing."""
    if len(movable) < 2:
        return []
    if len(movable) > _POOL:
        # argpartition alone leaves ties to chance of memory order: sort by (cost, index).
        near = np.argpartition(cost[movable], _POOL)[:_POOL]
        cut = cost[movable][near].max()
        pool = movable[np.flatnonzero(cost[movable] <= cut)]
        pool = pool[np.argsort(cost[pool], kind="stable")][:_POOL]
    else:
        pool = movable
    rows = counts[pool]
    gram = (rows.multiply(weights[None, :]).tocsr() @ rows.T).toarray()
    joint = cost[pool][:, None] + cost[pool][None, :]
    joint += 2.0 * sign[pool][:, None] * sign[pool][None, :] * gram
    np.fill_diagonal(joint, np.inf)
    first, second = divmod(int(np.argmin(joint)), len(pool))
    if joint[first, second] >= limit:
        return []
    return [int(pool[first]), int(pool[second])]
