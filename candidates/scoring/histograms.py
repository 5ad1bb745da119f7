"""How a class's likelihoods are spread: what a curator sees before and after choosing quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from candidates.sampling.source import decoded
from candidates.scoring.shards import from_logit

#: Logits of the fine histogram: likelihoods from 0.000006 to 0.999994.
_LOGITS: Final = (-12.0, 12.0)
_STEP: Final = 0.25
_PERCENT: Final = 101


def histograms(
    counts: NDArray[np.int64],
    classes: Sequence[str],
    *,
    lines: Sequence[Sequence[float]],
    bins: int = 40,
) -> dict[str, dict[str, Any]]:
    """Return a histogram per class with its quantile lines.

    Parameters
    ----------
    counts : np.ndarray [shape=(n_classes, 65536), dtype=int64]
        Excerpts by 16-bit code, as `LogitSource.counts` gives them.
    classes
        Names of the classes.
    lines
        Quantiles to mark of each class: its own strata's ends.
    bins
        Equal bins over [0, 1].

    Returns
    -------
    dict
        Class name → `counts` (length `bins`), `lines` (each a quantile and the likelihood there),
        `median`. Classes without an excerpt are left out.
    """
    result = {}
    for row, name, marks in zip(counts, classes, lines, strict=True):
        codes = np.flatnonzero(row)
        if not codes.size:
            continue
        values = _likelihood(codes)
        place = np.minimum((values * bins).astype(np.int64), bins - 1)
        sizes = np.bincount(place, weights=row[codes], minlength=bins).astype(np.int64)
        median, *found = _quantiles(row, codes, values, (0.5, *marks))
        result[name] = {
            "counts": sizes.tolist(),
            "lines": [
                [mark, round(value, 6)] for mark, value in zip(marks, found, strict=True)
            ],
            "median": round(median, 6),
        }
    return result


def fine_histograms(counts: NDArray[np.int64], classes: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return a fine histogram of each class's logits, from which a page can try any quantile.

    Parameters
    ----------
    counts, classes
        As in `histograms`.

    Returns
    -------
    dict
        Class name → `n` excerpts, `first` logit, `step`, `counts` of equal bins of logits (the
        outermost hold what lies beyond), `percentiles` (likelihood at 0, 1, … 100 %).
    """
    first, last = _LOGITS
    n_bins = round((last - first) / _STEP)
    result: dict[str, dict[str, Any]] = {}
    for row, name in zip(counts, classes, strict=True):
        codes = np.flatnonzero(row)
        if not codes.size:
            continue
        logits = decoded(codes.astype(np.uint16)).astype(np.float64)
        place = np.clip(np.floor((logits - first) / _STEP), 0, n_bins - 1).astype(np.int64)
        sizes = np.bincount(place, weights=row[codes], minlength=n_bins).astype(np.int64)
        marks = _quantiles(row, codes, _likelihood(codes), np.linspace(0, 1, _PERCENT))
        result[name] = {
            "n": int(row.sum()),
            "first": first,
            "step": _STEP,
            "counts": sizes.tolist(),
            "percentiles": [round(mark, 6) for mark in marks],
        }
    return result


def _likelihood(codes: NDArray[np.int64]) -> NDArray[np.float64]:
    return from_logit(decoded(codes.astype(np.uint16))).astype(np.float64)


def _quantiles(
    row: NDArray[np.int64],
    codes: NDArray[np.int64],
    values: NDArray[np.float64],
    quantiles: Sequence[float] | NDArray[np.float64],
) -> list[float]:
    """Return quantiles as NumPy's default does: between two places, the line through both."""
    up_to = np.cumsum(row[codes])
    place = np.asarray(quantiles) * (int(up_to[-1]) - 1)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, up_to[-1] - 1)
    one = values[np.searchsorted(up_to, below, side="right")]
    other = values[np.searchsorted(up_to, above, side="right")]
    found: list[float] = (one + (place - below) * (other - one)).tolist()
    return found
