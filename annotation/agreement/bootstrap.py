"""Tables of counts drawn anew, and intervals from them.

Tasks are drawn with replacement. Since only their patterns of counts matter, one multinomial draw
over the patterns does it: a few dozen numbers instead of tens of thousands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from annotation.agreement.counts import Patterns
from annotation.agreement.intervals import check_confidence
from annotation.consensus.ratings import FloatArray
from consonance.errors import ParameterError

#: Fewer usable draws than this give no interval.
NEEDED_DRAWS: Final = 20

Seed = int | np.random.Generator | None


@dataclass(frozen=True, kw_only=True)
class Tables:
    """How often each pattern occurs, in one table or in many.

    Parameters
    ----------
    several : np.ndarray [shape=(n_tables, n_patterns), dtype=float64]
        Of the patterns with two answers or more.
    single : np.ndarray [shape=(n_tables, n_singles), dtype=float64]
        Of those with exactly one.
    """

    several: FloatArray
    single: FloatArray

    @classmethod
    def given(cls, patterns: Patterns) -> Tables:
        """Return the table itself."""
        return cls(
            several=patterns.number.astype(np.float64)[None],
            single=patterns.single_number.astype(np.float64)[None],
        )

    @classmethod
    def drawn(cls, patterns: Patterns, number: int, rng: np.random.Generator) -> Tables:
        """Return tables of as many tasks, each drawn anew."""
        times = np.concatenate([patterns.number, patterns.single_number])
        if not times.sum():
            return cls(several=np.zeros((number, 0)), single=np.zeros((number, 0)))
        drawn = rng.multinomial(int(times.sum()), times / times.sum(), size=number)
        divide = len(patterns.number)
        return cls(
            several=drawn[:, :divide].astype(np.float64),
            single=drawn[:, divide:].astype(np.float64),
        )


def check_bootstrap(n_bootstrap: int, confidence: float, seed: Seed) -> None:
    """Refuse what no interval can be made with.

    Raises
    ------
    ParameterError
        A negative number of draws, a level outside (0, 1), or draws without a seed.
    """
    check_confidence(confidence)
    if n_bootstrap < 0:
        raise ParameterError(f"n_bootstrap is {n_bootstrap}; a number from 0 up is needed")
    if n_bootstrap and seed is None:
        raise ParameterError("an interval needs a seed, so that it can be had again")


def bounds(values: FloatArray, confidence: float) -> tuple[float | None, float | None]:
    """Return the percentile interval of a statistic's values in drawn tables.

    Parameters
    ----------
    values : np.ndarray [shape=(n_tables,)]
        NaN where the statistic is undefined; those are left out.

    Returns
    -------
    low, high
        None when fewer than `NEEDED_DRAWS` are left.
    """
    usable = values[np.isfinite(values)]
    if len(usable) < NEEDED_DRAWS:
        return None, None
    tail = (1 - confidence) / 2
    low, high = np.quantile(usable, [tail, 1 - tail])
    return float(low), float(high)
