"""Thresholds from strangers: how alike recordings are that are no duplicates.

Among 20,000 clips there are 2e8 pairs, so a false-alarm rate that looks small makes thousands of
false edges. We measure strangers (pairs by different artists), take the tail of their scores as
exponential beyond the 90 % quantile, and put the threshold where the expected number of strangers
above it, over all pairs, is what the caller allows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from splits.dedup.align import Alignment, Windows, align

Scores = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

TAIL_SHARE: Final = 0.1  # of strangers beyond the quantile at which the tail begins
ENOUGH_STRANGERS: Final = 1_000  # pairs; among fewer, a few duplicates would bend the tail
_MIRRORED: Final = 45  # recordings: 1,035 pairs
TURNS: Final = (0, 4, 8, 12, 16, 20, 24, 28)  # bands of 32: an eighth of the range each
CHANNELS: Final = ("agreement", "peak", "similarity")


@dataclass(frozen=True, kw_only=True)
class Tail:
    """Upper tail of the strangers' scores: P(score > t) = 0.1 exp(-(t - start) / scale).

    Attributes
    ----------
    start : float
        Their 90 % quantile.
    scale : float
        Mean excess, as an upper bound of its estimate.
    n_pairs : int
        Strangers measured.
    """

    start: float
    scale: float
    n_pairs: int

    def expected(self, threshold: npt.ArrayLike, n_pairs: int) -> Scores:
        """Return how many of so many pairs of strangers are expected above each threshold."""
        excess = np.maximum(np.asarray(threshold, dtype=np.float64) - self.start, 0.0)
        result: Scores = n_pairs * TAIL_SHARE * np.exp(-excess / self.scale)
        return result

    def threshold(self, expected: float, n_pairs: int) -> float:
        """Return the score above which so many strangers are expected, at least `start`."""
        return self.start + self.scale * max(0.0, math.log(n_pairs * TAIL_SHARE / expected))


def fit_tail(scores: Scores) -> Tail | None:
    """Fit the tail to quantiles, which a few undiscovered duplicates do not move.

    Parameters
    ----------
    scores : np.ndarray [shape=(n,)]
        Of strangers; nan where there was nothing to compare.

    Returns
    -------
    Tail or None
        The scale is the larger of the slopes from the 90 % to the 95 % and to the 98 % quantile,
        plus two standard errors (an exponential's mean over m excesses has scale / sqrt(m)).
        None if nothing could be compared.
    """
    known = scores[np.isfinite(scores)]
    if not len(known):
        return None
    q90, q95, q98 = (float(value) for value in np.quantile(known, [0.90, 0.95, 0.98]))
    slope = max((q95 - q90) / math.log(2), (q98 - q90) / math.log(5), 1e-4)
    error = 1 + 2 / math.sqrt(max(TAIL_SHARE * len(known), 1.0))
    return Tail(start=q90, scale=slope * error, n_pairs=len(known))


def measure_strangers(
    windows: Windows,
    artist: npt.NDArray[np.int64] | None,
    recording: npt.NDArray[np.int64],
    *,
    n_pairs: int,
    seed: int,
) -> list[Alignment]:
    """Align a sample of recordings that are not each other's duplicates.

    Parameters
    ----------
    windows : Windows
        Of recordings in canonical order, with at least one segment each.
    artist : np.ndarray [shape=(n,)], optional
        Pairs of one artist are left out. Without it, any two recordings count as strangers:
        duplicates are few among all pairs, and the fit does not follow them.
    recording : np.ndarray [shape=(n,)]
        Pairs of one recording are left out.
    n_pairs : int
        Size of the sample.
    seed : int
        Of the sample.

    Returns
    -------
    list of Alignment
        Where there are fewer than `ENOUGH_STRANGERS` pairs, the duplicates looked for might be a
        good part of them. Then each recording is aligned with itself and the others played
        backwards, and again with their bands turned round, until there are enough: these keep the
        statistics of the music and can be no copy of anything.
    """
    pairs = _sample_pairs(len(windows.prints), artist, recording, n_pairs, seed)
    if len(pairs) >= ENOUGH_STRANGERS:
        return [windows.align(one, two) for one, two in pairs]
    # As many as make enough pairs with one another.
    n = min(len(windows.prints), _MIRRORED)
    order = [(one, one + gap) for gap in range(n) for one in range(n - gap)]
    found: list[Alignment] = []
    for turn in TURNS:
        backwards = [windows.prints[one].reversed(turn) for one in range(n)]
        found += [
            align(windows.prints[one], backwards[two])
            for one, two in order[: ENOUGH_STRANGERS - len(found)]
        ]
    return found


def _sample_pairs(
    n: int,
    artist: npt.NDArray[np.int64] | None,
    recording: npt.NDArray[np.int64],
    n_pairs: int,
    seed: int,
) -> list[tuple[int, int]]:
    rng = np.random.default_rng(seed)
    if n * (n - 1) // 2 <= 8 * n_pairs:
        first, second = np.triu_indices(n, k=1)
    else:
        drawn = rng.integers(0, n, size=(8 * n_pairs, 2))
        drawn = np.unique(np.sort(drawn[drawn[:, 0] != drawn[:, 1]], axis=1), axis=0)
        first, second = drawn[:, 0], drawn[:, 1]
    keep = recording[first] != recording[second]
    if artist is not None:
        keep &= artist[first] != artist[second]
    chosen = np.flatnonzero(keep)
    chosen = np.sort(rng.permutation(chosen)[:n_pairs])
    return list(zip(first[chosen].tolist(), second[chosen].tolist(), strict=True))
