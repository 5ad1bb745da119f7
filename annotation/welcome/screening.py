"""The headphone test: which tones a person hears, and whether the answers pass."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Final

import numpy as np

#: Place of the quieter tone and of the one in antiphase, in a trial.
Trial = tuple[int, int]
#: Of six trials, five: whoever guesses passes once in 56 times (Woods et al. 2017).
TRIALS: Final = 6
PASS_MARK: Final = 5
INTERVALS: Final = 3


def draw_trials(rng: np.random.Generator) -> list[Trial]:
    """Return the trials of one try: each arrangement of the two special tones once, shuffled."""
    arrangements = list(permutations(range(INTERVALS), 2))
    return [arrangements[place] for place in rng.permutation(len(arrangements))]


def number_right(trials: Sequence[Trial], answers: Sequence[int]) -> int:
    """Return in how many trials the quieter tone was named.

    Parameters
    ----------
    trials
        As drawn.
    answers
        Which tone was named in each, 0 to 2.
    """
    return sum(quiet == said for (quiet, _), said in zip(trials, answers, strict=True))
