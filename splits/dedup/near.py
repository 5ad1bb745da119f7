"""Near copies: calibrated on strangers, found by windows, aligned and judged by bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from splits.dedup.align import Alignment, Windows
from splits.dedup.calibrate import CHANNELS, TAIL_SHARE, Tail, fit_tail, measure_strangers
from splits.dedup.candidates import candidate_pairs
from splits.dedup.grouping import components
from splits.dedup.prints import Fingerprint
from splits.dedup.report import Curve
from splits.dedup.settings import Settings
from splits.dedup.sources import Progress

Floats = npt.NDArray[np.float64]
Pairs = npt.NDArray[np.int64]

_CURVE_POINTS: Final = 41


@dataclass(frozen=True, kw_only=True)
class NearCopies:
    """Edges between near copies, and how they came about.

    Attributes
    ----------
    pairs : np.ndarray [shape=(m, 2), dtype=int64]
        Positions i < j in the sequence searched.
    alignments : list of Alignment
        One a pair.
    strength : np.ndarray [shape=(m,)]
        By how many scales of its tail the best channel passes its threshold.
    tails, thresholds : dict
        By channel; empty when there was nothing to compare.
    expected_false_edges : float
        Over all channels and pairs.
    n_compared, n_aligned : int
        Pairs that might have been edges, and those that were aligned.
    recall, exact : float and bool
        Of the candidate search.
    curve : Curve
        Other thresholds.
    """

    pairs: Pairs
    alignments: list[Alignment]
    strength: Floats
    tails: dict[str, Tail]
    thresholds: dict[str, float]
    expected_false_edges: float
    n_compared: int
    n_aligned: int
    recall: float
    exact: bool
    curve: Curve


def near_copies(
    prints: Sequence[Fingerprint],
    artist: npt.NDArray[np.int64] | None,
    recording: npt.NDArray[np.int64],
    settings: Settings,
    progress: Progress | None = None,
) -> NearCopies:
    """Find near copies.

    Parameters
    ----------
    prints : sequence of Fingerprint
        In canonical order, with a segment each; exact copies left out.
    artist : np.ndarray [shape=(n,), dtype=int64], optional
        Codes; calibration leaves out pairs of one artist.
    recording : np.ndarray [shape=(n,), dtype=int64]
        Codes; pairs of one recording are not compared.
    settings : Settings
        Budget and limits.
    progress : callable, optional
        Called with (done, total, what).

    Returns
    -------
    NearCopies
        A pair is an edge where its agreement, its best eight seconds or its windows' similarity
        pass that channel's threshold; each channel has a third of the budget of false edges.
    """
    n_pairs = _n_pairs(recording)
    windows = Windows(prints)
    strangers = (
        measure_strangers(
            windows, artist, recording, n_pairs=settings.n_impostors, seed=settings.seed
        )
        if n_pairs
        else []
    )
    tails = {
        channel: tail
        for channel in CHANNELS
        if (tail := fit_tail(scores_of(strangers, channel))) is not None
    }
    if len(tails) < len(CHANNELS):
        return _nothing(n_pairs)
    budget = settings.expected_false_edges / len(CHANNELS)
    thresholds = {name: tail.threshold(budget, n_pairs) for name, tail in tails.items()}
    candidates, recall, exact = candidate_pairs(
        windows,
        recording,
        threshold=_worth_aligning(strangers, tails["similarity"], n_pairs, settings, len(prints)),
        threads=settings.threads,
        seed=settings.seed,
        tell=None if progress is None else lambda done, n: progress(done, n, "candidates"),
    )
    found: list[Alignment] = []
    for done, (one, two) in enumerate(candidates.tolist()):
        found.append(windows.align(one, two))
        if progress is not None:
            progress(done + 1, len(candidates), "alignments")
    margins = np.column_stack(
        [(scores_of(found, name) - thresholds[name]) / tails[name].scale for name in CHANNELS]
    )
    strength = np.nan_to_num(margins, nan=-np.inf).max(axis=1, initial=-np.inf)
    edges = np.flatnonzero(strength >= 0)
    expected = sum(float(tails[name].expected(thresholds[name], n_pairs)) for name in CHANNELS)
    return NearCopies(
        pairs=candidates[edges],
        alignments=[found[edge] for edge in edges],
        strength=strength[edges],
        tails=tails,
        thresholds=thresholds,
        expected_false_edges=expected,
        n_compared=n_pairs,
        n_aligned=len(found),
        recall=recall,
        exact=exact,
        curve=_curve(len(prints), candidates, scores_of(found, "agreement"), tails, n_pairs),
    )


def _worth_aligning(
    strangers: Sequence[Alignment], tail: Tail, n_pairs: int, settings: Settings, n: int
) -> float:
    """Return the similarity that as many strangers pass as we can afford to align."""
    share = settings.candidates_per_recording * n / n_pairs
    if share >= 1:
        return -np.inf
    if share >= TAIL_SHARE:
        return float(np.quantile(scores_of(strangers, "similarity"), 1 - share))
    return tail.threshold(share * n_pairs, n_pairs)


def scores_of(alignments: Sequence[Alignment], channel: str) -> Floats:
    """Return one channel of alignments [shape=(n,)]."""
    return np.array([getattr(one, channel) for one in alignments], dtype=np.float64)


def _n_pairs(recording: npt.NDArray[np.int64]) -> int:
    """Return how many pairs are not of one recording."""
    sizes = np.unique(recording, return_counts=True)[1].astype(np.int64)
    n = len(recording)
    return int(n * (n - 1) // 2 - (sizes * (sizes - 1) // 2).sum())


def _curve(n: int, pairs: Pairs, agreement: Floats, tails: dict[str, Tail], n_pairs: int) -> Curve:
    thresholds = np.linspace(tails["agreement"].start, 1.0, _CURVE_POINTS)
    edges = [np.flatnonzero(agreement >= threshold) for threshold in thresholds]
    largest = [np.bincount(components(n, pairs[some])).max() for some in edges]
    return Curve(
        threshold=thresholds,
        expected_false_edges=tails["agreement"].expected(thresholds, n_pairs),
        edges=np.array([len(some) for some in edges], dtype=np.int64),
        largest_group=np.array(largest, dtype=np.int64),
    )


def _nothing(n_pairs: int) -> NearCopies:
    empty = np.zeros(0)
    none = np.zeros(0, dtype=np.int64)
    return NearCopies(
        pairs=np.zeros((0, 2), dtype=np.int64),
        alignments=[],
        strength=empty,
        tails={},
        thresholds={},
        expected_false_edges=0.0,
        n_compared=n_pairs,
        n_aligned=0,
        recall=1.0,
        exact=True,
        curve=Curve(threshold=empty, expected_false_edges=empty, edges=none, largest_group=none),
    )
