"""How a class's likelihoods are spread: what a curator sees before choosing quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def histograms(
    likelihood: NDArray[np.float32],
    classes: Sequence[str],
    *,
    low: float,
    high: float,
    bins: int = 40,
) -> dict[str, dict[str, Any]]:
    """Return a histogram per class with its quantile lines.

    Parameters
    ----------
    likelihood : np.ndarray [shape=(n_excerpts, n_classes), dtype=float32, in [0, 1]]
    classes
        Names of the columns.
    low, high
        Quantiles to mark.
    bins
        Equal bins over [0, 1].

    Returns
    -------
    dict
        Class name → `counts` (length `bins`), `low` and `high` (likelihoods at the quantiles),
        `median`.
    """
    edges = np.linspace(0, 1, bins + 1)
    result = {}
    for column, name in enumerate(classes):
        values = likelihood[:, column]
        counts, _ = np.histogram(values, edges)
        at_low, median, at_high = np.quantile(values, [low, 0.5, high])
        result[name] = {
            "counts": counts.tolist(),
            "low": round(float(at_low), 6),
            "median": round(float(median), 6),
            "high": round(float(at_high), 6),
        }
    return result
