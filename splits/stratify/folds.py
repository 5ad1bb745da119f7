"""The splitter in the shape of scikit-learn's cross-validators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from consonance.errors import ParameterError
from splits.stratify.problem import check_shares
from splits.stratify.splitter import split

Rows = npt.NDArray[np.int64]


class GroupedMultilabelSplit:
    """Grouped, multi-label, three-valued cross-validation.

    Parameters
    ----------
    n_splits : int
        Number of folds of equal share; each is the test side once. Ignored when `shares` is given.
    shares : mapping of str to float, optional
        Named partitions, one of them "train". Then there is one split for each other partition,
        in the mapping's order: (rows of train, rows of that partition).
    seed : int
        Of the random starts.
    pairs : bool
        Whether to balance pairs of classes too.

    Raises
    ------
    ParameterError
        If there are fewer than 2 folds, or shares have no "train".

    Examples
    --------
    >>> import numpy as np
    >>> folds = GroupedMultilabelSplit(n_splits=2, seed=0)
    >>> y = np.array([[1, 0], [0, -1], [1, 1], [0, 1]])
    >>> [sorted(test.tolist()) for _, test in folds.split(None, y, ["a", "a", "b", "b"])]
    [[0, 1], [2, 3]]
    """

    def __init__(
        self,
        n_splits: int = 5,
        *,
        shares: Mapping[str, float] | None = None,
        seed: int = 0,
        pairs: bool = True,
    ) -> None:
        if shares is None:
            if n_splits < 2:
                raise ParameterError(f"n_splits is {n_splits}: cross-validation needs 2 or more.")
        else:
            check_shares(shares)
            if "train" not in shares:
                raise ParameterError(f"Shares {dict(shares)} name no 'train' partition.")
        self.n_splits = n_splits
        self.shares = None if shares is None else dict(shares)
        self.seed = seed
        self.pairs = pairs

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Return how many (train, test) pairs `split` yields."""
        del X, y, groups
        return self.n_splits if self.shares is None else len(self.shares) - 1

    def split(
        self, X: object, y: npt.ArrayLike, groups: npt.ArrayLike | None = None
    ) -> Iterator[tuple[Rows, Rows]]:
        """Yield row numbers of train and test.

        Parameters
        ----------
        X : object
            Not looked at; there to fit scikit-learn's protocol.
        y : array_like [shape=(n, n_classes), values in {1, 0, -1}]
            1 present, 0 absent, -1 unknown.
        groups : array_like [shape=(n,)], optional
            Keys never divided; without it every row is its own group.

        Raises
        ------
        ParameterError
            As `splits.stratify.split`.
        """
        del X
        labels = np.asarray(y)
        keys = np.arange(labels.shape[0]) if groups is None else np.asarray(groups)
        if self.shares is None:
            width = len(str(self.n_splits - 1))
            names = [f"{fold:0{width}d}" for fold in range(self.n_splits)]
            shares = dict.fromkeys(names, 1.0 / self.n_splits)
        else:
            shares = self.shares
            names = [name for name in shares if name != "train"]
        placed = split(labels, keys, shares, seed=self.seed, pairs=self.pairs)
        for name in names:
            train = placed != name if self.shares is None else placed == "train"
            yield np.flatnonzero(train), np.flatnonzero(placed == name)
