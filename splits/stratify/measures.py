"""How good a split is: leaks, share errors, label distribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from consonance.errors import ParameterError
from splits.stratify.problem import (
    build,
    check_groups,
    check_labels,
    check_shares,
    class_names,
    obstacles,
)

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SplitQuality:
    """The facts of a split.

    Attributes
    ----------
    partitions : tuple of str
        In the order of the rows below.
    sizes : np.ndarray [shape=(n_partitions,), dtype=int64]
        Clips.
    size_error : np.ndarray [shape=(n_partitions,)]
        Share of the clips minus the share asked for.
    positives, negatives : np.ndarray [shape=(n_partitions, n_classes), dtype=int64]
        Known labels; unknown ones count nowhere.
    positive_share_error, negative_share_error : np.ndarray [shape=(n_partitions, n_classes)]
        Share of a class's positives (negatives) minus the share asked for; nan where it has none.
    rounding_floor : np.ndarray [shape=(n_classes,)]
        0.5 / positives: what no splitter can go below for certain.
    label_distribution : float
        LD of Sechidis, Tsoumakas & Vlahavas (2011), on positives: mean over classes and partitions
        of the difference in odds of the class between partition and whole.
    label_pair_distribution : float
        LPD of Szymanski & Kajdanowicz (2017): the same over pairs present together.
    leaked_groups : tuple of str
        Keys of groups with clips in more than one partition. Must be empty.
    obstacles : tuple of str
        Sentences about classes and groups that make the shares impossible.
    classes : tuple of str
        Names of the columns.
    """

    partitions: tuple[str, ...]
    sizes: npt.NDArray[np.int64]
    size_error: Matrix
    positives: npt.NDArray[np.int64]
    negatives: npt.NDArray[np.int64]
    positive_share_error: Matrix
    negative_share_error: Matrix
    rounding_floor: Matrix
    label_distribution: float
    label_pair_distribution: float
    leaked_groups: tuple[str, ...]
    obstacles: tuple[str, ...]
    classes: tuple[str, ...]

    @property
    def max_positive_share_error(self) -> float:
        """Largest absolute share error of any class's positives; 0 if there are none."""
        return _largest(self.positive_share_error)

    @property
    def max_negative_share_error(self) -> float:
        """Largest absolute share error of any class's negatives; 0 if there are none."""
        return _largest(self.negative_share_error)


def quality(
    labels: npt.ArrayLike,
    groups: npt.ArrayLike,
    assignment: npt.ArrayLike,
    shares: Mapping[str, float],
    *,
    classes: Sequence[str] | None = None,
) -> SplitQuality:
    """Measure a split, ours or anybody's.

    Parameters
    ----------
    labels : array_like [shape=(n, n_classes), values in {1, 0, -1}]
        1 present, 0 absent, -1 unknown.
    groups : array_like [shape=(n,)]
        Keys that must not be divided.
    assignment : array_like of str [shape=(n,)]
        Partition of each row.
    shares : mapping of str to float
        What was asked for.
    classes : sequence of str, optional
        Names of the columns.

    Raises
    ------
    ParameterError
        If an argument is ill-formed or a row's partition has no share.
    """
    checked = check_labels(labels, classes)
    keys = check_groups(groups, checked.shape[0])
    plan = check_shares(shares)
    names = class_names(checked.shape[1], classes)
    placed = np.asarray(assignment, dtype=np.str_)
    if placed.shape != (checked.shape[0],):
        raise ParameterError(
            f"assignment must have the shape ({checked.shape[0]},), not {placed.shape}."
        )
    unknown = sorted({str(name) for name in np.unique(placed)} - set(plan))
    if unknown:
        raise ParameterError(f"Partition {unknown[0]!r} has no share: add it to the shares.")
    partitions = tuple(plan)
    asked = np.array([plan[name] for name in partitions])
    index = np.searchsorted(np.array(partitions), placed)
    member = sparse.csr_array(
        (np.ones(len(index), dtype=np.int64), (index, np.arange(len(index)))),
        shape=(len(partitions), len(index)),
    )
    sizes = np.bincount(index, minlength=len(partitions)).astype(np.int64)
    positive = sparse.csr_array((checked == 1).astype(np.int64))
    negative = sparse.csr_array((checked == 0).astype(np.int64))
    positives = (member @ positive).toarray()
    negatives = (member @ negative).toarray()
    problem = build(checked, keys, pairs=True)
    pair_counts = _per_partition_pairs(checked, index, len(partitions))
    return SplitQuality(
        partitions=partitions,
        sizes=sizes,
        size_error=sizes / sizes.sum() - asked,
        positives=positives,
        negatives=negatives,
        positive_share_error=_share_error(positives, asked),
        negative_share_error=_share_error(negatives, asked),
        rounding_floor=0.5 / np.maximum(positives.sum(axis=0), 1),
        label_distribution=_odds_difference(positives, sizes),
        label_pair_distribution=_odds_difference(pair_counts, sizes),
        leaked_groups=_leaks(problem.group_keys, problem.group_of_row, index),
        obstacles=tuple(obstacles(checked, keys, plan, classes=classes)),
        classes=tuple(names),
    )


def report(found: SplitQuality) -> list[str]:
    """Say in sentences what a person should know about a split.

    Parameters
    ----------
    found : SplitQuality
        From `quality`.

    Returns
    -------
    list of str
        Sizes, leaks, the worst class each way, then the obstacles.
    """
    sizes = ", ".join(
        f"{name} {size} ({error:+.2%} off)"
        for name, size, error in zip(found.partitions, found.sizes, found.size_error, strict=True)
    )
    sentences = [f"Clips: {sizes}."]
    if found.leaked_groups:
        some = ", ".join(found.leaked_groups[:5])
        sentences.append(f"{len(found.leaked_groups)} group(s) are divided: {some}.")
    else:
        sentences.append("No group is divided.")
    for word, errors in (
        ("positives", found.positive_share_error),
        ("negatives", found.negative_share_error),
    ):
        if np.isnan(errors).all():
            continue
        row, column = divmod(int(np.nanargmax(np.abs(errors))), errors.shape[1])
        sentences.append(
            f"Worst share of {word}: {found.classes[column]} in {found.partitions[row]}, "
            f"{errors[row, column]:+.2%} off."
        )
    return [*sentences, *found.obstacles]


def _largest(errors: Matrix) -> float:
    return 0.0 if np.isnan(errors).all() else float(np.nanmax(np.abs(errors)))


def _share_error(counts: npt.NDArray[np.int64], asked: Matrix) -> Matrix:
    totals = counts.sum(axis=0)
    shares = np.full(counts.shape, np.nan)
    np.divide(counts, totals, out=shares, where=totals > 0)
    return shares - asked[:, None]


def _odds_difference(counts: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]) -> float:
    """Return the mean absolute difference of odds between partitions and whole."""
    total, whole = counts.sum(axis=0), sizes.sum()
    usable = (total > 0) & (total < whole)
    if not usable.any():
        return 0.0
    inside = counts[:, usable]
    # A class on every clip of a partition has infinite odds there: half a clip keeps it finite.
    outside = np.maximum(sizes[:, None] - inside, 0.5)
    odds = total[usable] / (whole - total[usable])
    return float(np.abs(inside / outside - odds[None, :]).mean())


def _per_partition_pairs(
    labels: npt.NDArray[np.int8], index: npt.NDArray[np.int64], n_partitions: int
) -> npt.NDArray[np.int64]:
    upper = np.triu_indices(labels.shape[1], k=1)
    rows = []
    for partition in range(n_partitions):
        inside = sparse.csr_array((labels[index == partition] == 1).astype(np.int64))
        rows.append((inside.T @ inside).toarray()[upper])
    return np.array(rows, dtype=np.int64)


def _leaks(
    keys: npt.NDArray[np.generic],
    group_of_row: npt.NDArray[np.int64],
    index: npt.NDArray[np.int64],
) -> tuple[str, ...]:
    seen = np.unique(np.column_stack([group_of_row, index]), axis=0)
    divided = np.flatnonzero(np.bincount(seen[:, 0], minlength=len(keys)) > 1)
    return tuple(str(keys[group]) for group in divided)
