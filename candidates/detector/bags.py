"""Bags of embeddings with three-valued labels: what a head learns from and is measured on.

A bag is one excerpt heard as a row of instances (frames, or shorter windows). Its label says for
each class that it is present somewhere in the excerpt, that it is absent, or that nobody knows. The
unknown is never taken for absent: it enters neither a loss nor a figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from consonance.errors import ParameterError

UNKNOWN: Final = -1
ABSENT: Final = 0
PRESENT: Final = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Bags:
    """Embeddings of excerpts, and what is known about them.

    Parameters
    ----------
    embeddings : np.ndarray [shape=(n_bags, n_instances, n_dimensions)]
        Of any numeric type: AudioSet's are uint8 and stay so until a batch is made. What lies
        behind a bag's length is never read.
    labels : np.ndarray [shape=(n_bags, n_classes), dtype=int8, in {-1, 0, 1}]
        Unknown, absent, present.
    groups
        One name per bag. Bags of one group (recording, artist) never stand on both sides of a
        division into training and validation.
    classes
        Names of the columns of `labels`.
    lengths : np.ndarray [shape=(n_bags,), dtype=int64], optional
        Instances in each bag, 1 or more; by default all have `n_instances`.

    Raises
    ------
    ParameterError
        If shapes do not fit, a label is none of the three values, or an embedding is not finite.
    """

    embeddings: NDArray[Any]
    labels: NDArray[np.int8]
    groups: tuple[str, ...]
    classes: tuple[str, ...]
    lengths: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def __post_init__(self) -> None:
        if self.embeddings.ndim != 3 or not all(self.embeddings.shape[1:]):
            raise ParameterError(
                f"Embeddings have shape {self.embeddings.shape}; give (bags, instances, "
                "dimensions), a single vector per bag as (bags, 1, dimensions)."
            )
        n_bags, n_instances, _ = self.embeddings.shape
        if not self.lengths.size and n_bags:
            object.__setattr__(self, "lengths", np.full(n_bags, n_instances, np.int64))
        if self.labels.shape != (n_bags, len(self.classes)):
            raise ParameterError(
                f"Labels of shape {self.labels.shape} do not fit {n_bags} bags and "
                f"{len(self.classes)} classes."
            )
        if len(self.groups) != n_bags or self.lengths.shape != (n_bags,):
            raise ParameterError(f"Give one group and one length for each of the {n_bags} bags.")
        if n_bags and not (self.lengths.min() >= 1 and self.lengths.max() <= n_instances):
            raise ParameterError(f"A bag holds 1 to {n_instances} instances, no other number.")
        if not np.isin(self.labels, (UNKNOWN, ABSENT, PRESENT)).all():
            raise ParameterError("A label is -1 (unknown), 0 (absent) or 1 (present).")
        if np.issubdtype(self.embeddings.dtype, np.floating):
            bad = ~np.isfinite(self.embeddings).all(axis=(1, 2))
            if bad.any():
                raise ParameterError(
                    f"The embeddings of {int(bad.sum())} bags hold values that are not finite; "
                    f"the first is bag {int(np.argmax(bad))}."
                )

    @classmethod
    def ragged(
        cls,
        embeddings: Sequence[NDArray[Any]],
        labels: NDArray[np.int8],
        groups: Sequence[str],
        classes: Sequence[str],
    ) -> Self:
        """Return bags of differing length.

        Parameters
        ----------
        embeddings
            One array [shape=(n_instances, n_dimensions)] per bag, at least one.
        labels, groups, classes
            As in `Bags`.

        Raises
        ------
        ParameterError
            If there is no bag or the dimensions differ.
        """
        shapes = {array.shape[1:] for array in embeddings}
        if len(shapes) != 1 or any(array.ndim != 2 for array in embeddings):
            raise ParameterError(
                "Give at least one bag, each of shape (instances, dimensions) with one number of "
                f"dimensions; here are {sorted(map(str, shapes))}."
            )
        lengths = np.array([len(array) for array in embeddings], np.int64)
        (width,) = shapes.pop()
        padded = np.zeros((len(embeddings), int(lengths.max()), width), embeddings[0].dtype)
        for row, array in zip(padded, embeddings, strict=True):
            row[: len(array)] = array
        return cls(
            embeddings=padded,
            labels=labels,
            groups=tuple(groups),
            classes=tuple(classes),
            lengths=lengths,
        )

    def __len__(self) -> int:
        return len(self.embeddings)

    @property
    def dimensions(self) -> int:
        """Length of an embedding."""
        return int(self.embeddings.shape[2])

    @property
    def learnable(self) -> NDArray[np.bool_]:
        """Classes with at least one known presence and one known absence.

        Returns
        -------
        np.ndarray [shape=(n_classes,), dtype=bool]
        """
        learnable: NDArray[np.bool_] = (self.labels == PRESENT).any(axis=0) & (
            self.labels == ABSENT
        ).any(axis=0)
        return learnable

    def take(self, chosen: NDArray[Any] | Sequence[int]) -> Self:
        """Return some of the bags, by position or by a mask."""
        index = np.asarray(chosen)
        positions = np.flatnonzero(index) if index.dtype == bool else index.astype(np.int64)
        return type(self)(
            embeddings=self.embeddings[positions],
            labels=self.labels[positions],
            groups=tuple(self.groups[i] for i in positions.tolist()),
            classes=self.classes,
            lengths=self.lengths[positions],
        )


def divide(bags: Bags, share: float, *, seed: int) -> tuple[Bags, Bags]:
    """Divide bags into two without tearing a group.

    Groups are shuffled by the seed and go to the second part until it holds `share` of the bags.

    Parameters
    ----------
    bags
        What to divide.
    share
        Of the bags, for the second part; above 0 and below 1.
    seed
        Of the shuffle.

    Returns
    -------
    tuple of Bags
        The larger and the smaller part, each with bags in their old order.

    Raises
    ------
    ParameterError
        If there are fewer than two groups, or the share is out of range.
    """
    if not 0.0 < share < 1.0:
        raise ParameterError(f"The share held out is above 0 and below 1, not {share}.")
    names, member = np.unique(np.array(bags.groups, dtype=str), return_inverse=True)
    if len(names) < 2:
        raise ParameterError(
            f"The bags form {len(names)} group(s): nothing can be held out without hearing the "
            "same recording on both sides. Give more recordings."
        )
    sizes = np.bincount(member)
    order = np.random.default_rng(seed).permutation(len(names))
    before = np.concatenate([[0], np.cumsum(sizes[order])[:-1]])
    held = np.zeros(len(names), bool)
    held[order[before < share * len(bags)]] = True
    held[order[-1]] = False
    return bags.take(~held[member]), bags.take(held[member])
