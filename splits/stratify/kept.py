"""Partitions that clips keep from one version to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from consonance.errors import ParameterError


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Where groups must stay.

    Attributes
    ----------
    previous : np.ndarray of str [shape=(n,)]
        Partition that each row must have, "" where it is free: one for all rows of a group, as
        `splits.stratify.split` wants it.
    forced : np.ndarray of bool [shape=(n,)]
        Rows that must leave their earlier partition, because what ties them to another partition's
        rows (a duplicate, an artist) is stronger.
    lost : np.ndarray of bool [shape=(n,)]
        Rows whose earlier partition is asked for no longer.
    """

    previous: npt.NDArray[np.str_]
    forced: npt.NDArray[np.bool_]
    lost: npt.NDArray[np.bool_]


def keep_partitions(
    groups: npt.ArrayLike, earlier: npt.ArrayLike, shares: Mapping[str, float]
) -> Kept:
    """Decide where each group stays, given where its rows were.

    A group whose rows were in one partition stays there. One that was made of several (a duplicate
    was found between them) goes to the partition that most of its rows were in; of equals to the
    one with the larger share, so that a test set rather shrinks than takes what was trained on.

    Parameters
    ----------
    groups : array_like [shape=(n,)]
        Keys that are never divided.
    earlier : array_like of str [shape=(n,)]
        Partition of the last version, "" for new rows.
    shares : mapping of str to float
        Partitions that are asked for now.

    Raises
    ------
    ParameterError
        If the lengths differ.
    """
    keys, was = np.asarray(groups), np.asarray(earlier, dtype=np.str_)
    if keys.shape != was.shape:
        raise ParameterError(
            f"Each row needs one group and one earlier partition: shapes are {keys.shape} and "
            f"{was.shape}."
        )
    lost = (was != "") & ~np.isin(was, list(shares))
    held = np.where(lost, "", was)
    _, of_row = np.unique(keys, return_inverse=True)
    # From the largest share down, so that of equal counts the first one wins.
    names = sorted(shares, key=lambda name: (-shares[name], name))
    counts = np.zeros((int(of_row.max(initial=-1)) + 1, len(names)), dtype=np.int64)
    for column, name in enumerate(names):
        np.add.at(counts[:, column], of_row[held == name], 1)
    home = np.array([*names, ""])[np.where(counts.any(axis=1), counts.argmax(axis=1), len(names))]
    previous = home[of_row]
    return Kept(previous=previous, forced=(held != "") & (held != previous), lost=lost)
