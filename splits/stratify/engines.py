"""Splitters by name: ours, and scikit-multilearn's as an alternative."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import numpy as np
import numpy.typing as npt

from consonance.errors import ParameterError
from splits.stratify.problem import (
    build,
    check_feasible,
    check_groups,
    check_labels,
    check_shares,
)
from splits.stratify.splitter import split

Engine = Callable[..., npt.NDArray[np.str_]]


def divide(
    labels: npt.ArrayLike,
    groups: npt.ArrayLike,
    shares: Mapping[str, float],
    *,
    seed: int,
    engine: str = "consonance",
    previous: npt.ArrayLike | None = None,
    classes: Sequence[str] | None = None,
) -> npt.NDArray[np.str_]:
    """Divide clips among partitions with the engine of this name, never a group.

    Parameters
    ----------
    labels, groups, shares, seed, previous, classes
        As for `splits.stratify.split`.
    engine : str
        A key of `ENGINES`.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=str]
        The partition of each row.

    Raises
    ------
    ParameterError
        If there is no such engine or it is not installed, and as `splits.stratify.split` does.
    """
    if engine not in ENGINES:
        raise ParameterError(
            f"No splitter is called {engine!r}. Use one of {', '.join(sorted(ENGINES))}."
        )
    return ENGINES[engine](
        labels, groups, shares, seed=seed, previous=previous, classes=classes
    )  # fmt: skip


def iterative_stratification(
    labels: npt.ArrayLike,
    groups: npt.ArrayLike,
    shares: Mapping[str, float],
    *,
    seed: int,
    previous: npt.ArrayLike | None = None,
    classes: Sequence[str] | None = None,
    order: int = 1,
) -> npt.NDArray[np.str_]:
    """Divide clips by scikit-multilearn's IterativeStratification.

    It knows neither groups nor unknown labels. So that no group is divided, it is given groups
    instead of clips: a group has a class if any of its clips is labelled present, and that class's
    negative, a column of its own, if any is labelled absent; unknown is in neither. It therefore
    balances numbers of groups; clips and labels only as far as groups are of a size. Groups that
    have a partition already keep it, and only the others are divided.

    Parameters
    ----------
    labels, groups, shares, seed, previous, classes
        As for `splits.stratify.split`. The seed is set in numpy's global generator, the only one
        that the library knows, and the generator's state put back afterwards.
    order : int
        1 balances classes, 2 their pairs as well.

    Raises
    ------
    ParameterError
        As `splits.stratify.split`; also if scikit-multilearn is not installed or leaves a partition
        empty.

    References
    ----------
    Sechidis, Tsoumakas & Vlahavas (2011), On the stratification of multi-label data; Szymanski &
    Kajdanowicz (2017), A network perspective on stratification of multi-label data.
    """
    if importlib.util.find_spec("skmultilearn") is None:
        raise ParameterError(
            "The engine skmultilearn needs scikit-multilearn, which is not installed: pip install "
            "scikit-multilearn==0.2.0, or use the engine consonance."
        )
    from skmultilearn.model_selection import IterativeStratification

    checked = check_labels(labels, classes)
    keys = check_groups(groups, checked.shape[0])
    plan = check_shares(shares)
    problem = build(checked, keys, pairs=False)
    check_feasible(problem, plan)
    names = list(plan)
    placed = np.full(problem.n_groups, "", dtype=f"<U{max(map(len, names))}")
    if previous is not None:
        was = np.asarray(previous, dtype=np.str_)
        held = was != ""
        placed[problem.group_of_row[held]] = was[held]
    free = np.flatnonzero(placed == "")
    columns = (problem.counts[:, : 2 * problem.n_classes].toarray()[free] > 0).astype(int)
    # Without any column it divides by zero: who has no label at all is shared out by number.
    columns = np.hstack([columns, np.ones((len(free), 1), dtype=int)])
    if len(free):
        with _global_seed(seed):
            folds = IterativeStratification(
                n_splits=len(names), order=order,
                sample_distribution_per_fold=[plan[name] for name in names],
            )  # fmt: skip
            for name, (_, rows) in zip(
                names, folds.split(np.zeros((len(free), 1)), columns), strict=True
            ):
                placed[free[rows]] = name
    empty = sorted(set(names) - set(placed))
    if empty:
        raise ParameterError(
            f"scikit-multilearn left {', '.join(empty)} without a clip: {problem.n_groups} groups "
            "are too few for it. Use the engine consonance."
        )
    return placed[problem.group_of_row]


@contextmanager
def _global_seed(seed: int) -> Iterator[None]:
    """Seed numpy's global generator for a while."""
    before = np.random.get_state()  # noqa: NPY002 - the library draws from no other
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


#: Name to splitter.
ENGINES: Final[dict[str, Engine]] = {
    "consonance": split,
    "skmultilearn": iterative_stratification,
}
