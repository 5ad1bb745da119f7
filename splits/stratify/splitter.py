"""The splitter: any number of partitions by nested two-way divisions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from consonance.errors import ParameterError
from splits.stratify.polish import polish
from splits.stratify.problem import (
    Problem,
    UnbalanceableError,
    build,
    check_feasible,
    check_groups,
    check_labels,
    check_shares,
    class_names,
    held_by_too_few,
    obstacles,
)
from splits.stratify.search import FREE, Sides, attempts_for, bisect

#: Stages of the search as (power, weight of pairs). Column weights are 1 / total ** power: 1 would
#: be squared counts, which forget rare classes, 2 is squared shares. Pairs lead at first and only
#: break ties in the end: where groups are few, balancing them to the last costs the classes.
STAGES: Final = ((1.5, 0.5), (1.75, 0.02), (2.0, 0.001))
SIZE_WEIGHT: Final = 1.0
NESTED: Final = 8  # attempts at each of several divisions
STARTS: Final = 3  # random starts of a division, before the best of them is kicked


def split(
    labels: npt.ArrayLike,
    groups: npt.ArrayLike,
    shares: Mapping[str, float],
    *,
    seed: int,
    pairs: bool = True,
    previous: npt.ArrayLike | None = None,
    classes: Sequence[str] | None = None,
    strict: bool = False,
    attempts: int | None = None,
) -> npt.NDArray[np.str_]:
    """Divide clips among partitions, never a group.

    Positives and negatives of every class, the number of clips and, as a tie-breaker, pairs of
    classes are shared out as asked. Equal inputs give equal outputs; the order of the rows does
    not matter, because groups are handled in the sorted order of their keys and enter only as
    whole-number sums. Renaming groups so that their order changes is a different input.

    Parameters
    ----------
    labels : array_like [shape=(n, n_classes), values in {1, 0, -1}]
        1 present, 0 absent, -1 unknown. Unknown never counts, neither as one nor the other.
    groups : array_like [shape=(n,)]
        Integer or text keys: artist, duplicate group ...
    shares : mapping of str to float
        Partition to share; sums to one. The order of the mapping does not matter.
    seed : int
        Of the random starts.
    pairs : bool
        Whether to balance pairs of classes too (those together in 10 clips or more).
    previous : array_like of str [shape=(n,)], optional
        Partitions of an earlier release, "" for new clips. A group with an earlier partition
        stays there.
    classes : sequence of str, optional
        Names of the columns, for messages.
    strict : bool
        Refuse what `obstacles` finds instead of coming as near as possible.
    attempts : int, optional
        Largest number of local searches at each division; by default as many as are cheap.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=str]
        The partition of each row.

    Raises
    ------
    ParameterError
        If labels, groups or shares are ill-formed, groups are fewer than partitions, a group was
        in two partitions before, or (strict) a class or a group makes the shares impossible. The
        message names it and offers the nearest possible plan.
    """
    checked = check_labels(labels, classes)
    keys = check_groups(groups, checked.shape[0])
    plan = check_shares(shares)
    if attempts is not None and attempts < 1:
        raise ParameterError(f"attempts is {attempts}: use 1 or more.")
    if strict:
        found = obstacles(checked, keys, plan, classes=classes)
        if found:
            columns = held_by_too_few(checked, keys, len(plan))
            named = class_names(checked.shape[1], classes)
            leave_out = tuple(named[column] for column in columns)
            raise UnbalanceableError(
                "This split cannot be balanced. " + " ".join(found), shares=plan,
                leave_out=leave_out,
            )  # fmt: skip
    problem = build(checked, keys, pairs=pairs)
    check_feasible(problem, plan)
    names = list(plan)
    fixed = _fixed(problem, names, previous)
    order = sorted(range(len(names)), key=lambda index: (-plan[names[index]], names[index]))
    partition_of_group = np.full(problem.n_groups, -1, dtype=np.int64)
    rng = np.random.default_rng(seed)
    budget = attempts or attempts_for(problem.counts)
    if attempts is None and len(names) > 2:
        budget = min(budget, NESTED)  # what is left is polished over all partitions at once
    parts = [(index, plan[names[index]]) for index in order]
    everyone = np.arange(problem.n_groups)
    _divide(problem, everyone, parts, fixed, partition_of_group, attempts=budget, rng=rng)
    if len(parts) > 2:
        _refine(problem, parts, fixed, partition_of_group, attempts=1 + budget // 4, rng=rng)
    total = np.asarray(problem.counts.sum(axis=0), dtype=np.float64).ravel()
    primary = slice(0, problem.n_primary)
    partition_of_group = polish(
        sparse.csr_array(problem.counts[:, primary]),
        np.array([plan[name] for name in names]),
        _weights(problem, total, *STAGES[-1])[primary],
        fixed,
        partition_of_group,
        rng=rng,
    )
    if previous is None:
        _fill_empty(problem, names, partition_of_group)
    return np.asarray(names, dtype=np.str_)[partition_of_group[problem.group_of_row]]


def _fixed(
    problem: Problem, names: list[str], previous: npt.ArrayLike | None
) -> npt.NDArray[np.int64]:
    """Return the partition index that each group must keep, or -1."""
    fixed = np.full(problem.n_groups, -1, dtype=np.int64)
    if previous is None:
        return fixed
    earlier = np.asarray(previous, dtype=np.str_)
    if earlier.shape != problem.group_of_row.shape:
        raise ParameterError(
            f"previous must have the shape {problem.group_of_row.shape}, not {earlier.shape}."
        )
    for name in np.unique(earlier):
        if not name:
            continue
        if name not in names:
            raise ParameterError(
                f"Earlier partition {str(name)!r} is none of {', '.join(names)}: use the same "
                "partitions as before."
            )
        held = np.unique(problem.group_of_row[earlier == name])
        clash = held[fixed[held] >= 0]
        if len(clash):
            other = names[int(fixed[clash[0]])]
            raise ParameterError(
                f"Group {problem.group_keys[clash[0]]} was in {other!r} and {str(name)!r} before: "
                "decide on one and leave the others empty."
            )
        fixed[held] = names.index(str(name))
    return fixed


def _divide(
    problem: Problem,
    members: npt.NDArray[np.int64],
    parts: list[tuple[int, float]],
    fixed: npt.NDArray[np.int64],
    out: npt.NDArray[np.int64],
    *,
    attempts: int,
    rng: np.random.Generator,
) -> None:
    """Give every member group one of the parts, by halving the list of parts."""
    if len(parts) == 1:
        out[members] = parts[0][0]
        return
    first, second = _halves(parts)
    counts = problem.counts[members]
    total = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
    share = math.fsum(s for _, s in first) / math.fsum(s for _, s in parts)
    first_ids = [index for index, _ in first]
    held = fixed[members]
    sides: Sides = np.where(held < 0, FREE, np.isin(held, first_ids)).astype(np.int8)
    stages = [_weights(problem, total, power, factor) for power, factor in STAGES]
    chosen, _ = bisect(
        counts,
        share * total,
        stages,
        sides,
        start=rng.random(len(members)) < share,
        n_primary=problem.n_primary,
        attempts=attempts,
        starts=STARTS,
        rng=rng,
    )
    for part, side in ((first, 1), (second, 0)):
        _divide(problem, members[chosen == side], part, fixed, out, attempts=attempts, rng=rng)


def _refine(
    problem: Problem,
    parts: list[tuple[int, float]],
    fixed: npt.NDArray[np.int64],
    out: npt.NDArray[np.int64],
    *,
    attempts: int,
    rng: np.random.Generator,
) -> None:
    """Let every two partitions exchange groups.

    A nested division cannot mend what the first cut left to its halves: one large group may hold
    most of a rare class there. With the union of two partitions fixed, their joint error is least
    where the first has its own target plus half of what the union has too much.
    """
    total = np.asarray(problem.counts.sum(axis=0), dtype=np.float64).ravel()
    weights = [_weights(problem, total, *STAGES[-1])]
    for (first, first_share), (second, second_share) in combinations(parts, 2):
        members = np.flatnonzero((out == first) | (out == second))
        counts = problem.counts[members]
        union = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
        target = 0.5 * ((first_share - second_share) * total + union)
        held = fixed[members]
        sides: Sides = np.where(held < 0, FREE, held == first).astype(np.int8)
        chosen, _ = bisect(
            counts,
            target,
            weights,
            sides,
            start=out[members] == first,
            n_primary=problem.n_primary,
            attempts=attempts,
            starts=1,
            rng=rng,
        )
        out[members] = np.where(chosen == 1, first, second)


def _halves(
    parts: list[tuple[int, float]],
) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    """Cut the list (largest share first) where the two sums differ least."""
    sums = np.cumsum([share for _, share in parts])
    cut = int(np.argmin(np.abs(2 * sums[:-1] - sums[-1]).round(12))) + 1
    return parts[:cut], parts[cut:]


def _weights(
    problem: Problem, total: npt.NDArray[np.float64], power: float, pair_factor: float
) -> npt.NDArray[np.float64]:
    weights = np.maximum(total, 1.0) ** -power
    weights[2 * problem.n_classes] *= SIZE_WEIGHT * problem.n_classes
    n_pairs = len(weights) - problem.n_primary
    if n_pairs:
        weights[problem.n_primary :] *= pair_factor * 2 * problem.n_classes / n_pairs
    return weights


def _fill_empty(problem: Problem, names: list[str], out: npt.NDArray[np.int64]) -> None:
    """Move the smallest spare group into each partition that got none."""
    sizes = problem.counts[:, [2 * problem.n_classes]].toarray().ravel()
    for index in range(len(names)):
        if (out == index).any():
            continue
        held = np.bincount(out, minlength=len(names))
        spare = np.flatnonzero(held[out] > 1)
        out[spare[np.argmin(sizes[spare])]] = index
