"""Sums of unequal coins: how likely so many successes, or more, are.

Many sums at once, each over its own coins, which lie one sum after the other in one array.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import log_ndtr, ndtr, xlog1py, xlogy

from annotation.consensus.ratings import FloatArray, IntArray

#: Up to so many standard deviations above the mean the normal approximation will do: nobody looks
#: at tails of a sixth and more.
_NEAR: Final = 1.0

#: Newton's method has converged long before, from wherever it starts.
_STEPS: Final = 40
_LONGEST_STEP: Final = 2.0
_FARTHEST: Final = 60.0
_TOLERANCE: Final = 1e-10


def upper_tail(chance: FloatArray, starts: IntArray, successes: IntArray) -> FloatArray:
    """Return the probability of so many successes or more, for many sums.

    Parameters
    ----------
    chance : np.ndarray [shape=(n_coins,), in (0, 1)]
        Each coin's chance of success; a sum's coins lie next to each other.
    starts : np.ndarray [shape=(n_sums,), dtype=int64]
        Where each sum's coins begin; every sum has at least one.
    successes : np.ndarray [shape=(n_sums,), dtype=int64]
        How many came out.

    Returns
    -------
    np.ndarray [shape=(n_sums,), in [0, 1]]
        Exact where all coins succeeded, or all but one; else within a twentieth of its value from
        one standard deviation above the mean on, far out as well; below, within .05.

    Notes
    -----
    Lugannani and Rice's saddlepoint approximation with Daniels' first continuity correction
    (Daniels 1987, *Tail probability approximations*, International Statistical Review 55), and the
    normal one with continuity correction elsewhere.
    """
    if not len(starts):
        return np.zeros(0)
    number = np.diff(np.append(starts, len(chance)))
    mean = np.add.reduceat(chance, starts)
    variance = np.add.reduceat(chance * (1 - chance), starts)
    spread = np.sqrt(np.maximum(variance, np.finfo(float).tiny))
    tail = ndtr(-(successes - 0.5 - mean) / spread)
    # All of them, or all but one, are counted exactly.
    every = np.exp(np.add.reduceat(np.log(chance), starts))
    but_one = every * (1 + np.add.reduceat((1 - chance) / chance, starts))
    tail = np.where(successes >= number, every, tail)
    tail = np.where(successes == number - 1, but_one, tail)
    tail[successes <= 0] = 1.0
    far = (successes - mean > _NEAR * spread) & (successes < number - 1)
    if far.any():
        coins = np.repeat(far, number)
        kept = number[far]
        tail[far] = _saddlepoint(
            chance[coins], np.cumsum(kept) - kept, kept, successes[far].astype(np.float64)
        )
    return np.clip(tail, 0.0, 1.0)


def _saddlepoint(
    chance: FloatArray, starts: IntArray, number: IntArray, successes: FloatArray
) -> FloatArray:
    # The tilt s at which the tilted coins expect what came out: K'(s) = successes. It starts from
    # what it is for equal coins.
    share = np.add.reduceat(chance, starts) / number
    aim = successes / number
    tilt = np.log(aim / (1 - aim)) - np.log(share / (1 - share))
    for _ in range(_STEPS):
        tilted = _tilted(chance, np.repeat(tilt, number))
        expected = np.add.reduceat(tilted, starts)
        spread = np.add.reduceat(tilted * (1 - tilted), starts)
        step = np.clip((successes - expected) / spread, -_LONGEST_STEP, _LONGEST_STEP)
        tilt = np.clip(tilt + step, -_FARTHEST, _FARTHEST)
        if np.abs(step).max() < _TOLERANCE:
            break
    each = np.repeat(tilt, number)
    tilted = _tilted(chance, each)
    spread = np.add.reduceat(tilted * (1 - tilted), starts)
    # s x - K(s) is the divergence of the tilted coins from the real ones, which is never negative.
    divergence = np.add.reduceat(
        xlogy(tilted, tilted / chance) + xlog1py(1 - tilted, (chance - tilted) / (1 - chance)),
        starts,
    )
    w = np.sign(tilt) * np.sqrt(2 * np.maximum(divergence, 0.0))
    u = -np.expm1(-tilt) * np.sqrt(spread)
    density = np.exp(-np.minimum(w * w / 2, 700)) / np.sqrt(2 * np.pi)
    return np.asarray(np.exp(log_ndtr(-w)) + density * (1 / u - 1 / w))


def _tilted(chance: FloatArray, tilt: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + (1 - chance) / chance * np.exp(-tilt)))
