"""Whose skill is estimated: people, or people in each class they answered."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse

from annotation.consensus.census import DENSE_CELLS, Census
from annotation.consensus.ratings import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True)
class Units:
    """The finest thing that has a confusion matrix of its own.

    Parameters
    ----------
    keys : np.ndarray [shape=(n_units,)] or None
        Observed pairs as `annotator * n_contexts + context`, in order; None where each person is
        one unit, observed or not.
    n_annotators, n_contexts : int
        Sizes.
    """

    keys: IntArray | None
    n_annotators: int
    n_contexts: int

    def __len__(self) -> int:
        return self.n_annotators if self.keys is None else len(self.keys)

    @property
    def has_classes(self) -> bool:
        """Whether units are pairs of a person and a class."""
        return self.keys is not None

    @cached_property
    def annotator(self) -> IntArray:
        """Each unit's person [shape=(n_units,)]."""
        if self.keys is None:
            return np.arange(self.n_annotators)
        return self.keys // self.n_contexts

    @cached_property
    def context(self) -> IntArray:
        """Each unit's class [shape=(n_units,)]; zeros where there is only one."""
        if self.keys is None:
            return np.zeros(self.n_annotators, np.int64)
        return self.keys % self.n_contexts

    def of(self, annotator: IntArray, context: IntArray) -> IntArray:
        """Return the unit of each rating, -1 for a pair that was never observed.

        Parameters
        ----------
        annotator, context : np.ndarray [shape=(n,)]
            Both below their sizes.
        """
        if self.keys is None:
            return annotator
        key = annotator * self.n_contexts + context
        table = self._table
        if table is not None:
            return np.asarray(table[key], dtype=np.int64)
        place = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
        return np.where(self.keys[place] == key, place, -1)

    def per_annotator(self, values: FloatArray) -> FloatArray:
        """Return sums over each person's units, over the last axis."""
        if self.keys is None:
            return values
        sums = np.zeros((*values.shape[:-1], self.n_annotators))
        if len(self.keys):
            # Units are in order of people.
            start = np.flatnonzero(np.diff(self.annotator, prepend=-1))
            sums[..., self.annotator[start]] = np.add.reduceat(values, start, axis=-1)
        return sums

    def per_context(self, values: FloatArray) -> FloatArray:
        """Return sums over each class's units, over the last axis."""
        if self.keys is None:
            return np.asarray(values.sum(axis=-1, keepdims=True), dtype=np.float64)
        flat = values.reshape(math.prod(values.shape[:-1]), len(self))
        sums = np.stack([self._classes @ one for one in flat])
        return np.asarray(sums.reshape(*values.shape[:-1], self.n_contexts), dtype=np.float64)

    @cached_property
    def _table(self) -> np.ndarray | None:
        cells = self.n_annotators * self.n_contexts
        if self.keys is None or cells > DENSE_CELLS:
            return None
        table = np.full(cells, -1, np.int32)
        table[self.keys] = np.arange(len(self.keys), dtype=np.int32)
        return table

    @cached_property
    def _classes(self) -> scipy.sparse.csr_array:
        shape = (self.n_contexts, len(self))
        ones, column = np.ones(len(self)), np.arange(len(self))
        return scipy.sparse.coo_array((ones, (self.context, column)), shape=shape).tocsr()


def units_of(census: Census) -> Units:
    """Return the units of ratings: pairs where there are several classes, else people."""
    return Units(
        keys=census.pairs if census.n_contexts > 1 else None,
        n_annotators=census.n_annotators,
        n_contexts=census.n_contexts,
    )
