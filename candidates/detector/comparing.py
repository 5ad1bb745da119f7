"""How far apart two detectors are, with intervals that respect where the clips come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict

import numpy as np
from numpy.typing import NDArray

from candidates.detector.evaluation import MIN_POSITIVES, average_precision, roc_auc

RESAMPLES: Final = 400
_INTERVAL: Final = (2.5, 97.5)  # percent


class Difference(TypedDict):
    """Mean over classes of one detector less that of another, with a 95 % interval."""

    difference: float
    low: float
    high: float


def mean_figures(
    truth: NDArray[np.int8], scores: NDArray[Any], counted: NDArray[np.bool_]
) -> tuple[float, float]:
    """Return mean AUC and mean AP over the counted classes that are present and absent."""
    values = (roc_auc(truth == 1, scores), average_precision(truth == 1, scores))
    usable = counted & np.isfinite(values[0])
    if not usable.any():
        return float("nan"), float("nan")
    return float(values[0][usable].mean()), float(values[1][usable].mean())


def compared(
    truth: NDArray[np.int8],
    scores: Mapping[str, NDArray[Any]],
    sources: Sequence[Sequence[str]],
    *,
    against: str,
    seed: int,
    resamples: int = RESAMPLES,
) -> dict[str, dict[str, Difference]]:
    """Return by how much each detector differs from one of them.

    The bootstrap draws source recordings, not clips: takes of one instrument by one person stand
    and fall together. A mixture counts as often as all its sources were drawn, multiplied (the
    product of weights of A. Owen, "The pigeonhole bootstrap", Ann. Appl. Stat. 2007). Detectors
    are compared on the same draws.

    Parameters
    ----------
    truth : np.ndarray [shape=(n, n_classes), dtype=int8, in {0, 1}]
    scores
        Detector → likelihoods [shape=(n, n_classes)].
    sources
        For each clip, the groups it is made of.
    against
        Name of the detector that the others are compared with.
    seed
        Of the draws.
    resamples
        How many.

    Returns
    -------
    dict
        Detector → ``auc`` and ``ap`` → `Difference`. Classes with `MIN_POSITIVES` count.
    """
    counted = (truth == 1).sum(axis=0) >= MIN_POSITIVES
    names, places = _members(sources)
    chance = np.random.default_rng(seed)
    whole = {name: mean_figures(truth, values, counted) for name, values in scores.items()}
    draws: dict[str, list[tuple[float, float]]] = {name: [] for name in scores}
    for _ in range(resamples):
        times = chance.multinomial(len(names), np.full(len(names), 1 / len(names)))
        weight = np.array([int(np.prod(times[members])) for members in places])
        rows = np.repeat(np.arange(len(truth)), weight)
        for name, values in scores.items():
            draws[name].append(mean_figures(truth[rows], values[rows], counted))
    base = np.array(draws[against])
    result: dict[str, dict[str, Difference]] = {}
    for name in scores:
        if name == against:
            continue
        apart = np.array(draws[name]) - base
        result[name] = {}
        for place, what in enumerate(("auc", "ap")):
            values = apart[:, place][np.isfinite(apart[:, place])]
            low, high = np.percentile(values, _INTERVAL) if values.size else (np.nan, np.nan)
            result[name][what] = {
                "difference": whole[name][place] - whole[against][place],
                "low": float(low),
                "high": float(high),
            }
    return result


def _members(sources: Sequence[Sequence[str]]) -> tuple[list[str], list[NDArray[np.int64]]]:
    names = sorted({group for groups in sources for group in groups})
    place = {name: row for row, name in enumerate(names)}
    return names, [
        np.array(sorted({place[group] for group in groups}), np.int64) for groups in sources
    ]
