"""Rounds' candidates with the crowd's labels, weighted so that they stand for the archive.

A candidate's weight is 1 / its inclusion probability (D. Horvitz, D. Thompson, JASA 47, 1952).
Where several rounds could have drawn the same excerpt they share its weight by how many of their
candidates were labelled in its class (multiple frames: H. Hartley, 1962; single-frame multiplicity
as in F. Mecatti, Survey Methodology 33, 2007). Candidates without a label count as missing at
random within their round, class and stratum: the weights of the others grow by as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from candidates.loop.labels import CrowdLabels
from candidates.sampling.strata import Stratum
from consonance.errors import ParameterError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class RoundSample:
    """What one round drew.

    Attributes
    ----------
    key
        Names the round.
    clip, class_name, tail
        Of each candidate [length n].
    logit : np.ndarray [shape=(n,), dtype=float64]
        What the detector to be calibrated says of it.
    inclusion : np.ndarray [shape=(n,), dtype=float64]
        Probability that the round draws it; NaN where it was not kept.
    quantile : np.ndarray [shape=(n, n_rounds), dtype=float64]
        Its rank in its class by the scores of each of the rounds, in the order in which they are
        handed in.
    strata
        Class name → strata, which the round drew by.
    """

    key: str
    clip: Sequence[str]
    class_name: Sequence[str]
    tail: Sequence[str]
    logit: Floats
    inclusion: Floats
    quantile: Floats
    strata: dict[str, tuple[Stratum, ...]]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Candidates with a settled label, one row each.

    Attributes
    ----------
    classes
        Names that `class_index` counts.
    class_index, round_index : np.ndarray [shape=(n,), dtype=int64]
    clip
        Clip ids [length n].
    tail
        Strata [length n].
    logit : np.ndarray [shape=(n,), dtype=float64]
    truth : np.ndarray [shape=(n,), dtype=int64]
        1 present, 0 absent, -1 undecided.
    weight : np.ndarray [shape=(n,), dtype=float64]
        How many excerpts of the archive each stands for.
    region : np.ndarray [shape=(n,), dtype=int64]
        Rows of a class with equal numbers lie in the same strata of the same rounds.
    unweighted
        Labelled candidates that are left out because their round did not keep the probability.
    unlabelled
        Candidates without a settled label.
    """

    classes: tuple[str, ...]
    class_index: Integers
    round_index: Integers
    clip: tuple[str, ...]
    tail: tuple[str, ...]
    logit: Floats
    truth: Integers
    weight: Floats
    region: Integers
    unweighted: int
    unlabelled: int


def gather(rounds: Sequence[RoundSample], labels: CrowdLabels, classes: Sequence[str]) -> Evidence:
    """Join rounds' candidates with labels by clip and class.

    Parameters
    ----------
    rounds
        Oldest first. A clip and class that two of them drew stands for itself in each.
    labels
        The crowd's.
    classes
        Names; candidates of other classes are left out.

    Raises
    ------
    ParameterError
        If a probability is out of range.
    """
    place = {name: number for number, name in enumerate(classes)}
    parts: list[tuple[Integers, ...]] = []
    unlabelled = unweighted = 0
    for number, drawn in enumerate(rounds):
        _check(drawn, len(rounds))
        truth = np.array(
            [
                labels.truth.get(pair, -2) if pair[1] in place else -3
                for pair in zip(drawn.clip, drawn.class_name, strict=True)
            ],
            np.int64,
        )
        unlabelled += int((truth == -2).sum())
        unweighted += int(((truth >= -1) & np.isnan(drawn.inclusion)).sum())
        rows = np.flatnonzero((truth >= -1) & np.isfinite(drawn.inclusion))
        parts.append((np.full(rows.size, number), rows, truth[rows]))
    round_index, row, truth = (
        np.concatenate([np.empty(0, np.int64), *columns]) for columns in _columns(parts)
    )
    index = np.array(
        [place[rounds[r].class_name[i]] for r, i in zip(round_index, row, strict=True)], np.int64
    )
    chance = _pick([drawn.inclusion for drawn in rounds], round_index, row)
    covered, region = _regions(rounds, round_index, row, index, tuple(classes))
    grown = _for_unlabelled(rounds, round_index, row, place)
    return Evidence(
        classes=tuple(classes),
        class_index=index,
        round_index=round_index,
        clip=tuple(rounds[r].clip[i] for r, i in zip(round_index, row, strict=True)),
        tail=tuple(rounds[r].tail[i] for r, i in zip(round_index, row, strict=True)),
        logit=_pick([drawn.logit for drawn in rounds], round_index, row),
        truth=truth,
        weight=grown / chance * _shared(covered, round_index, index, len(classes)),
        region=region,
        unweighted=unweighted,
        unlabelled=unlabelled,
    )


def _columns(parts: Sequence[tuple[Integers, ...]]) -> list[list[Integers]]:
    return [[part[k] for part in parts] for k in range(3)]


def _check(drawn: RoundSample, n_rounds: int) -> None:
    n = len(drawn.clip)
    if not len(drawn.class_name) == len(
        drawn.tail
    ) == drawn.logit.size == drawn.inclusion.size == n or drawn.quantile.shape != (n, n_rounds):
        raise ParameterError(f"The columns of round {drawn.key} differ in length.")
    known = drawn.inclusion[~np.isnan(drawn.inclusion)]
    if ((known <= 0) | (known > 1)).any():
        raise ParameterError(f"Round {drawn.key} has probabilities that do not lie in (0, 1].")


def _pick(columns: Sequence[Floats], round_index: Integers, row: Integers) -> Floats:
    found = np.empty(row.size)
    for number, column in enumerate(columns):
        mine = round_index == number
        found[mine] = column[row[mine]]
    return found


def _regions(
    rounds: Sequence[RoundSample],
    round_index: Integers,
    row: Integers,
    index: Integers,
    classes: tuple[str, ...],
) -> tuple[NDArray[np.bool_], Integers]:
    """Return which rounds could have drawn each row, and a number for its set of strata."""
    quantile = np.empty((row.size, len(rounds)))
    for number, drawn in enumerate(rounds):
        mine = round_index == number
        quantile[mine] = drawn.quantile[row[mine]]
    covered = np.zeros((row.size, len(rounds)), bool)
    bits: list[NDArray[np.bool_]] = []
    for number, drawn in enumerate(rounds):
        for j, name in enumerate(classes):
            mine = index == j
            for stratum in drawn.strata.get(name, ()):
                if stratum.share <= 0 or not mine.any():
                    continue
                inside = mine & (quantile[:, number] >= stratum.low)
                inside &= quantile[:, number] <= stratum.high
                covered[:, number] |= inside
                bits.append(inside)
    covered[np.arange(row.size), round_index] = True  # it did draw it, ties and all
    if not bits or not row.size:
        return covered, np.zeros(row.size, np.int64)
    region = np.unique(np.stack(bits, axis=1), axis=0, return_inverse=True)[1].reshape(-1)
    return covered, region.astype(np.int64)


def _for_unlabelled(
    rounds: Sequence[RoundSample], round_index: Integers, row: Integers, place: dict[str, int]
) -> Floats:
    """Return by how much the weights grow, for the candidates of a stratum without a label."""
    grown = np.ones(row.size)
    for number, drawn in enumerate(rounds):
        mine = np.flatnonzero(round_index == number)
        strata = {
            key: code
            for code, key in enumerate(sorted(set(zip(drawn.class_name, drawn.tail, strict=True))))
        }
        every = np.array(
            [strata[key] for key in zip(drawn.class_name, drawn.tail, strict=True)], np.int64
        )
        known = np.array([name in place for name in drawn.class_name], bool)
        known &= np.isfinite(drawn.inclusion)
        drawn_here = np.bincount(every[known], minlength=len(strata))
        labelled = np.bincount(every[row[mine]], minlength=len(strata))
        grown[mine] = (drawn_here / np.maximum(labelled, 1))[every[row[mine]]]
    return grown


def _shared(
    covered: NDArray[np.bool_], round_index: Integers, index: Integers, n_classes: int
) -> Floats:
    """Return each row's part of what several rounds could have drawn."""
    n_rounds = covered.shape[1]
    effort = np.bincount(index * n_rounds + round_index, minlength=n_classes * n_rounds).reshape(
        n_classes, n_rounds
    )[index]
    total = (effort * covered).sum(axis=1)
    part: Floats = effort[np.arange(index.size), round_index] / np.maximum(total, 1)
    return part
