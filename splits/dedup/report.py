"""What a search for duplicates found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from splits.dedup.calibrate import Tail
from splits.dedup.settings import Settings

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Curve:
    """What other thresholds on the bit agreement would have given.

    Attributes
    ----------
    threshold : np.ndarray [shape=(m,)]
        Share of equal bits.
    expected_false_edges : np.ndarray [shape=(m,)]
        Strangers above it, among all pairs, by the fitted tail.
    edges : np.ndarray [shape=(m,), dtype=int64]
        Aligned pairs above it.
    largest_group : np.ndarray [shape=(m,), dtype=int64]
        Recordings in the largest component of those edges.
    """

    threshold: Floats
    expected_false_edges: Floats
    edges: npt.NDArray[np.int64]
    largest_group: npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class DuplicateReport:
    """Duplicates among n files.

    Attributes
    ----------
    pairs : np.ndarray [shape=(m, 2), dtype=int64]
        Rows of the input, i < j. Exact copies are each paired with their first.
    kind : np.ndarray [shape=(m,), dtype=str]
        "exact_bytes", "exact_pcm", "near", or "said" where only a person holds them for one.
    score : np.ndarray [shape=(m,)]
        Share of equal bits over the overlap (1 for exact copies).
    peak : np.ndarray [shape=(m,)]
        The same over the best eight seconds.
    similarity : np.ndarray [shape=(m,)]
        Largest cosine of two nine-second windows.
    lag_s : np.ndarray [shape=(m,)]
        Seconds by which content comes earlier in j than in i.
    overlap : np.ndarray [shape=(m,)]
        Overlap as a share of the shorter recording.
    verified : np.ndarray [shape=(m,), dtype=bool]
        Same sound. A doubtful pair (not verified) only keeps both in one partition.
    cut : np.ndarray [shape=(m,), dtype=bool]
        Doubtful edges left out of the groups, because they would have made one too large.
    group : np.ndarray [shape=(n,), dtype=int64]
        Group of each row, numbered by first member; a group of one for most.
    drop : np.ndarray [shape=(n,), dtype=bool]
        Rows that are verified, directly, to be the same as one that is kept.
    weakest : dict of int to int
        For each group of two or more, the index of its weakest pair.
    threshold : float
        Share of equal bits from which a pair is an edge; 1 when nothing could be compared.
    thresholds : dict of str to float
        That of every channel: agreement, peak, similarity.
    expected_false_edges : float
        Expected among all pairs at these thresholds.
    n_compared : int
        Pairs that might have been edges.
    n_aligned : int
        Candidates that were aligned.
    recall : float
        Of the candidate search against exact search, measured on a sample; 1.0 when exact.
    exact_search : bool
        Whether all windows were compared.
    curve : Curve
        What other thresholds would have given.
    tails : dict of str to Tail
        Fitted to the strangers' scores, by channel.
    not_compared : np.ndarray [shape=(k,), dtype=int64]
        Rows shorter than nine seconds: only their hashes were compared.
    settings : Settings
        What was asked for.
    """

    pairs: npt.NDArray[np.int64]
    kind: npt.NDArray[np.str_]
    score: Floats
    peak: Floats
    similarity: Floats
    lag_s: Floats
    overlap: Floats
    verified: npt.NDArray[np.bool_]
    cut: npt.NDArray[np.bool_]
    group: npt.NDArray[np.int64]
    drop: npt.NDArray[np.bool_]
    weakest: dict[int, int]
    threshold: float
    thresholds: dict[str, float]
    expected_false_edges: float
    n_compared: int
    n_aligned: int
    recall: float
    exact_search: bool
    curve: Curve
    tails: dict[str, Tail]
    not_compared: npt.NDArray[np.int64]
    settings: Settings

    @property
    def largest_group(self) -> int:
        """Size of the largest group; 0 if there is no file."""
        return int(np.bincount(self.group).max()) if len(self.group) else 0
