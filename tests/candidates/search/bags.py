"""Small labelled embeddings in which classes can be learnt. Not a test.

Class j is present where dimension j lies above zero, so that a head that learns finds it.
"""

from __future__ import annotations

import numpy as np

from candidates.detector.bags import Bags
from candidates.search.material import Material

CLASSES = ("banjo", "flute", "organ")
DIMENSIONS = 6


def bags(n: int, *, seed: int, groups: int = 12, name: str = "g", noise: float = 0.6) -> Bags:
    """Return excerpts of so many artists; a fifth of the labels is unknown."""
    chance = np.random.default_rng(seed)
    truth = chance.normal(size=(n, DIMENSIONS))
    labels = (truth[:, : len(CLASSES)] > 0.3).astype(np.int8)
    labels[chance.random(labels.shape) < 0.2] = -1
    seen = (truth + noise * chance.normal(size=truth.shape)).astype(np.float16)
    return Bags(
        embeddings=seen[:, None, :],
        labels=labels,
        groups=tuple(f"{name}{row % groups}" for row in range(n)),
        classes=CLASSES,
    )


def material(*, seed: int = 0, noise: float = 0.6) -> Material:
    """Return what a search can learn from and be measured on in a second."""
    held_out = bags(60, seed=seed + 2, name="h", noise=noise)
    validation = bags(60, seed=seed + 1, name="v", noise=noise)
    alone = tuple(
        np.random.default_rng(seed).random(part.labels.shape).astype(np.float32)
        for part in (validation, held_out)
    )
    return Material(
        train=bags(120, seed=seed, name="t", noise=noise),
        validation=validation,
        held_out=held_out,
        as_it_is=(alone[0], alone[1]),
    )
