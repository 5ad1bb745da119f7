"""What is asked of a split: checked, put in one canonical order, and summed per group."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from consonance.errors import ParameterError
from splits.shares import nearest_shares

SHARE_TOLERANCE: Final = 1e-6  # shares typed with a few decimals must still sum to one
MIN_PAIR_SUPPORT: Final = 10  # clips; rarer label pairs cannot be shared out and only add noise


class UnbalanceableError(ParameterError):
    """A split that cannot be as it is asked for.

    Parameters
    ----------
    message : str
        Which class or group makes it impossible, and the nearest possible plan in words.
    shares : dict of str to float, optional
        That plan's shares; None if there is none.
    leave_out : tuple of str
        Classes that it does without.
    """

    def __init__(
        self,
        message: str,
        *,
        shares: dict[str, float] | None = None,
        leave_out: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.nearest_shares = shares
        self.leave_out = leave_out


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A splitting problem in canonical form.

    Groups stand in the sorted order of their keys and columns are integer sums over the rows of a
    group, so nothing here depends on the order of the rows.

    Attributes
    ----------
    group_keys : np.ndarray [shape=(n_groups,)]
        Sorted unique keys.
    group_of_row : np.ndarray [shape=(n,), dtype=int64]
        Index into `group_keys`.
    counts : scipy.sparse.csr_array [shape=(n_groups, n_columns), dtype=float64]
        Whole numbers: positives of every class, negatives of every class, rows, then rows per
        pair of classes that are present together.
    n_classes : int
        Number of classes; columns `[0, n_classes)` are positives, `[n_classes, 2 n_classes)`
        negatives, `2 n_classes` the size, the rest pairs.
    """

    group_keys: npt.NDArray[np.generic]
    group_of_row: npt.NDArray[np.int64]
    counts: sparse.csr_array
    n_classes: int

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return int(self.group_keys.shape[0])

    @property
    def n_primary(self) -> int:
        """Number of columns that are not pairs."""
        return 2 * self.n_classes + 1


def class_names(n_classes: int, classes: Sequence[str] | None) -> list[str]:
    """Return the names to use in messages.

    Raises
    ------
    ParameterError
        If there are names, but not one for every class.
    """
    if classes is None:
        return [f"class {index}" for index in range(n_classes)]
    if len(classes) != n_classes:
        raise ParameterError(
            f"There are {n_classes} label columns but {len(classes)} class names: give one each."
        )
    return [str(name) for name in classes]


def check_labels(
    labels: npt.ArrayLike, classes: Sequence[str] | None = None
) -> npt.NDArray[np.int8]:
    """Return labels as int8 in {1, 0, -1}.

    Parameters
    ----------
    labels : array_like [shape=(n, n_classes)]
        1 present, 0 absent, -1 unknown.
    classes : sequence of str, optional
        Names of the columns, for messages.

    Raises
    ------
    ParameterError
        If the array is not two-dimensional, is empty, holds another value, or knows nothing.
    """
    array = np.asarray(labels)
    if array.ndim != 2:
        raise ParameterError(
            f"Labels must have the shape (clips, classes), not {array.shape}: for one class use "
            "labels[:, None]."
        )
    if array.shape[0] == 0 or array.shape[1] == 0:
        raise ParameterError(
            f"There is nothing to split: labels have the shape {array.shape}. Without classes, "
            "pass one column of zeros to share out by size alone."
        )
    if array.dtype.kind not in "iubf":
        raise ParameterError(f"Labels must be numbers 1, 0 or -1, not {array.dtype}.")
    good = (array == 1) | (array == 0) | (array == -1)
    if not good.all():
        row, column = (int(index) for index in np.argwhere(~good)[0])
        name = class_names(array.shape[1], classes)[column]
        raise ParameterError(
            f"Label of row {row}, {name} is {array[row, column]}: use 1 for present, 0 for "
            "absent and -1 for unknown."
        )
    result = array.astype(np.int8)
    if not (result >= 0).any():
        raise ParameterError(
            "Every label is unknown (-1), so no class can be balanced. The nearest possible plan "
            "shares out by size alone: pass one column of zeros."
        )
    return result


def check_groups(groups: npt.ArrayLike, n_rows: int) -> npt.NDArray[np.generic]:
    """Return group keys as an integer or string array.

    Raises
    ------
    ParameterError
        If the length differs from the labels', or a key is missing or neither integer nor text.
    """
    array = np.asarray(groups)
    if array.shape != (n_rows,):
        raise ParameterError(
            f"Groups must have the shape ({n_rows},), one key a row, not {array.shape}."
        )
    if array.dtype.kind == "O":
        if all(isinstance(key, str) for key in array):
            return array.astype(np.str_)
        if all(isinstance(key, int | np.integer) for key in array):
            return array.astype(np.int64)
        row = next(i for i, key in enumerate(array) if not isinstance(key, str))
        raise ParameterError(
            f"Group of row {row} is {array[row]!r}: keys must be all integers or all text. A clip "
            "without a known artist needs a key of its own."
        )
    if array.dtype.kind in "iuU":
        return array
    raise ParameterError(f"Groups must be integers or text, not {array.dtype}.")


def check_shares(shares: Mapping[str, float]) -> dict[str, float]:
    """Return shares sorted by name.

    Raises
    ------
    ParameterError
        If there are fewer than two partitions, a share is not above zero, or they do not sum to
        one; the message offers the same shares divided by their sum.
    """
    if len(shares) < 2:
        raise ParameterError(f"A split needs two partitions or more, not {dict(shares)}.")
    for name, share in shares.items():
        if not math.isfinite(share) or share <= 0:
            raise ParameterError(
                f"The share of partition {name!r} is {share}: it must be above 0. Leave the "
                "partition out if it shall be empty."
            )
    total = math.fsum(shares.values())
    if abs(total - 1) > SHARE_TOLERANCE:
        nearest = nearest_shares(shares)
        raise UnbalanceableError(
            f"Shares sum to {total:g}, not to 1. The nearest possible plan is {nearest}.",
            shares=nearest,
        )
    return {name: shares[name] / total for name in sorted(shares)}


def build(labels: npt.NDArray[np.int8], groups: npt.NDArray[np.generic], *, pairs: bool) -> Problem:
    """Sum positives, negatives, rows and (optionally) pairs of positives per group.

    Parameters
    ----------
    labels : np.ndarray [shape=(n, n_classes), dtype=int8, values in {1, 0, -1}]
        Checked labels.
    groups : np.ndarray [shape=(n,)]
        Checked keys.
    pairs : bool
        Whether pairs of classes become columns.
    """
    keys, inverse = np.unique(groups, return_inverse=True)
    n_rows, n_classes = labels.shape
    to_group = sparse.csr_array(
        (np.ones(n_rows), (inverse, np.arange(n_rows))), shape=(len(keys), n_rows)
    )
    positive = sparse.csr_array((labels == 1).astype(np.float64))
    negative = sparse.csr_array((labels == 0).astype(np.float64))
    blocks = [positive, negative, sparse.csr_array(np.ones((n_rows, 1)))]
    if pairs:
        together = _pairs(positive)
        if together is not None:
            blocks.append(together)
    counts = (to_group @ sparse.hstack(blocks, format="csr")).tocsr()
    counts.sort_indices()
    return Problem(
        group_keys=keys,
        group_of_row=inverse.astype(np.int64),
        counts=counts,
        n_classes=n_classes,
    )


def _pairs(positive: sparse.csr_array) -> sparse.csr_array | None:
    """Return one column a pair of classes that are present together often enough."""
    support = np.triu((positive.T @ positive).toarray(), k=1)
    first, second = np.nonzero(support >= MIN_PAIR_SUPPORT)
    if not len(first):
        return None
    columns = positive.tocsc()
    return columns[:, first].multiply(columns[:, second]).tocsr()


def check_feasible(problem: Problem, shares: Mapping[str, float]) -> None:
    """Refuse what cannot be done at all.

    Raises
    ------
    ParameterError
        If there are fewer groups than partitions.
    """
    if problem.n_groups >= len(shares):
        return
    nearest = None
    plan = "none: a single group cannot be split. Group by something finer"
    if problem.n_groups > 1:
        largest = sorted(shares, key=lambda name: (-shares[name], name))[: problem.n_groups]
        nearest = nearest_shares({name: shares[name] for name in sorted(largest)})
        plan = str(nearest)
    keys = ", ".join(str(key) for key in problem.group_keys[:5])
    raise UnbalanceableError(
        f"{len(shares)} partitions need as many groups, and the groups are only "
        f"{problem.n_groups} ({keys}). The nearest possible plan is {plan}.",
        shares=nearest,
    )


def held_by_too_few(
    labels: npt.NDArray[np.int8], groups: npt.NDArray[np.generic], n_partitions: int
) -> npt.NDArray[np.int64]:
    """Return the columns whose positives are held by fewer groups than there are partitions."""
    problem = build(labels, groups, pairs=False)
    holders = np.diff(problem.counts.tocsc().indptr)[: problem.n_classes]
    return np.flatnonzero(holders < n_partitions)


def obstacles(
    labels: npt.ArrayLike,
    groups: npt.ArrayLike,
    shares: Mapping[str, float],
    *,
    classes: Sequence[str] | None = None,
) -> list[str]:
    """Tell what keeps a split from being balanced, without refusing it.

    Parameters
    ----------
    labels : array_like [shape=(n, n_classes), values in {1, 0, -1}]
        1 present, 0 absent, -1 unknown.
    groups : array_like [shape=(n,)]
        Integer or text keys that are never divided.
    shares : mapping of str to float
        Partition to share; sums to one.
    classes : sequence of str, optional
        Names of the columns, for the sentences.

    Returns
    -------
    list of str
        One sentence for each class with fewer groups than partitions (it will be missing from
        some) and for each group larger than the smallest partition.
    """
    checked = check_labels(labels, classes)
    plan = check_shares(shares)
    problem = build(checked, check_groups(groups, checked.shape[0]), pairs=False)
    check_feasible(problem, plan)
    names = class_names(problem.n_classes, classes)
    found: list[str] = []
    holders = np.diff(problem.counts.tocsc().indptr)
    for word, offset in (("positives", 0), ("negatives", problem.n_classes)):
        for index, name in enumerate(names):
            held = int(holders[offset + index])
            if held < len(plan):
                where = "no group has any" if held == 0 else f"only {held} group(s) hold them"
                found.append(
                    f"{name}: {word} cannot be in all {len(plan)} partitions, {where}; the nearest "
                    f"possible plan has them in {held}."
                )
    sizes = problem.counts[:, [2 * problem.n_classes]].toarray().ravel()
    smallest = min(plan, key=lambda name: (plan[name], name))
    room = plan[smallest] * sizes.sum()
    found.extend(
        f"Group {problem.group_keys[group]} has {int(sizes[group])} clips, more than the "
        f"{room:g} of partition {smallest!r}: it can only go to a larger one."
        for group in np.flatnonzero(sizes > room)
    )
    return found
