"""Where scores come from: an array, or a stream of batches that may be read more than once.

Both give each class's column as values that are compared only with each other: numbers of an array
as they are, 16-bit logits as codes in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from candidates.sampling.chance import Hashes
from consonance.errors import ParameterError

Rows = NDArray[np.int64]

_N_CODES: Final = 1 << 16
_NEGATIVE: Final = np.uint16(0x8000)
_INFINITE: Final = 0x7C00  # of 16-bit floats without their sign


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Some excerpts.

    Attributes
    ----------
    ids : np.ndarray [shape=(n,), dtype=uint64]
        Lasting identity of each excerpt.
    recording : np.ndarray [shape=(n,), dtype=int64]
        Lasting code of the recording that each is from.
    at
        Gives a class's values, by its position, of some rows.
    equal
        Gives, by a class's position and a value, which rows have that value.
    counted
        Gives, by class, which excerpts count; None if all do.
    free : np.ndarray [shape=(n,), dtype=bool]
        Which of those that count may be drawn; None if all may.
    """

    ids: Hashes
    recording: Rows
    at: Callable[[int, Rows], NDArray[Any]]
    equal: Callable[[int, float | int], NDArray[np.bool_]]
    counted: Callable[[int], NDArray[np.bool_] | None]
    free: NDArray[np.bool_] | None


class Ordered(Protocol):
    """A class's values in order."""

    n: int

    def at(self, place: int) -> float | int:
        """Return the value at a place, counted from 0."""

    def below(self, value: float | int) -> int:
        """Return how many are smaller."""

    def score(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Return the scores that values stand for."""

    def quantile(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Return the share of smaller values, equal ones counted half."""


class Source(Protocol):
    """Excerpts with their scores."""

    n_classes: int

    def ordered(self) -> Sequence[Ordered]:
        """Return each class's values in order."""

    def batches(self) -> Iterator[Batch]:
        """Yield all excerpts, in the same order each time."""


@dataclass
class _Sorted:
    values: NDArray[Any]

    def __post_init__(self) -> None:
        self.n = int(self.values.size)

    def at(self, place: int) -> float:
        return float(self.values[place])

    def below(self, value: float | int) -> int:
        return int(np.searchsorted(self.values, value, side="left"))

    def score(self, values: NDArray[Any]) -> NDArray[np.float32]:
        return values.astype(np.float32)

    def quantile(self, values: NDArray[Any]) -> NDArray[np.float32]:
        left = np.searchsorted(self.values, values, side="left")
        right = np.searchsorted(self.values, values, side="right")
        return ((left + right) / (2.0 * max(1, self.n))).astype(np.float32)


@dataclass
class _Counted:
    """As `_Sorted`, from the number of excerpts with each code."""

    counts: NDArray[np.int64]

    def __post_init__(self) -> None:
        self.up_to = np.cumsum(self.counts)
        self.n = int(self.up_to[-1])

    def at(self, place: int) -> int:
        # A whole number: compared with 16-bit codes as one of them, never as a float.
        return int(np.searchsorted(self.up_to, place, side="right"))

    def below(self, value: float | int) -> int:
        code = int(value)
        return int(self.up_to[code] - self.counts[code])

    def score(self, values: NDArray[Any]) -> NDArray[np.float32]:
        return decoded(values.astype(np.uint16)).astype(np.float32)

    def quantile(self, values: NDArray[Any]) -> NDArray[np.float32]:
        code = values.astype(np.int64)
        middle = self.up_to[code] - self.counts[code] / 2
        return (middle / max(1, self.n)).astype(np.float32)


@dataclass
class ArraySource:
    """Scores in memory.

    Parameters
    ----------
    scores : np.ndarray [shape=(n, n_classes), dtype=float]
    recording : np.ndarray [shape=(n,), dtype=int64]
    ids : np.ndarray [shape=(n,), dtype=uint64]
    eligible : np.ndarray [shape=(n, n_classes), dtype=bool], optional
    free : np.ndarray [shape=(n,), dtype=bool], optional
    """

    scores: NDArray[np.floating]
    recording: Rows
    ids: Hashes
    eligible: NDArray[np.bool_] | None = None
    free: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        self.n_classes = self.scores.shape[1]

    def ordered(self) -> list[Ordered]:
        """Return each class's sorted values.

        Raises
        ------
        ParameterError
            If an eligible score is NaN.
        """
        found: list[Ordered] = []
        for j in range(self.n_classes):
            mask = self._eligible(j)
            values = self.scores[:, j] if mask is None else self.scores[mask, j]
            if np.isnan(values).any():
                at = np.isnan(self.scores[:, j])
                row = int(np.flatnonzero(at if mask is None else at & mask)[0])
                raise ParameterError(
                    f"The score in row {row} is NaN. Score it or make it ineligible."
                )
            found.append(_Sorted(np.sort(values)))
        return found

    def batches(self) -> Iterator[Batch]:
        """Yield one batch."""
        yield Batch(
            ids=self.ids,
            recording=self.recording,
            at=lambda j, rows: self.scores[rows, j],
            equal=lambda j, value: self.scores[:, j] == value,
            counted=self._eligible,
            free=self.free,
        )

    def _eligible(self, j: int) -> NDArray[np.bool_] | None:
        return None if self.eligible is None else self.eligible[:, j]


@dataclass(frozen=True, kw_only=True)
class LogitBatch:
    """Some excerpts of a score set.

    Attributes
    ----------
    ids : np.ndarray [shape=(n,), dtype=uint64]
    recording : np.ndarray [shape=(n,), dtype=int64]
    logits
        One array [shape=(n,), dtype=float16] a class.
    counted, free : np.ndarray [shape=(n,), dtype=bool], optional
        Which excerpts count, and which of those may be drawn; by default all.
    """

    ids: Hashes
    recording: Rows
    logits: Sequence[NDArray[np.float16]]
    counted: NDArray[np.bool_] | None = None
    free: NDArray[np.bool_] | None = None


@dataclass
class LogitSource:
    """16-bit logits that are read in batches, twice: to count them, and to draw.

    Memory is bounded by the largest batch and by what is drawn, not by the archive.

    Parameters
    ----------
    read
        Gives the batches; called twice.
    n_classes
        Columns of every batch.
    """

    read: Callable[[], Iterable[LogitBatch]]
    n_classes: int

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How many counted excerpts have each code [shape=(n_classes, 65536)].

        Raises
        ------
        ParameterError
            If a counted logit is NaN.
        """
        counts = np.zeros((self.n_classes, _N_CODES), np.int64)
        for batch in self.read():
            for j, logits in enumerate(batch.logits):
                bits = np.ascontiguousarray(logits).view(np.uint16)
                if batch.counted is not None:
                    bits = bits[batch.counted]
                counts[j] += np.bincount(bits, minlength=_N_CODES)
        # Counted as they are stored, and put in order once.
        code_of = coded(np.arange(_N_CODES, dtype=np.uint16).view(np.float16))
        for row in counts:
            stored = row.copy()
            row[:] = 0
            np.add.at(row, code_of, stored)
        not_numbers = counts[:, : 0x8000 - _INFINITE - 1].sum(axis=1)
        not_numbers += counts[:, 0x8000 + _INFINITE + 1 :].sum(axis=1)
        if not_numbers.any():
            j = int(np.argmax(not_numbers > 0))
            raise ParameterError(
                f"{int(not_numbers[j])} logits of class {j} are NaN. Score these excerpts again."
            )
        return counts

    def ordered(self) -> list[Ordered]:
        """Return each class's values by their counts."""
        return [_Counted(row) for row in self.counts]

    def batches(self) -> Iterator[Batch]:
        """Yield the batches with codes for logits."""
        for batch in self.read():
            yield _coded_batch(batch)


def _coded_batch(batch: LogitBatch) -> Batch:
    return Batch(
        ids=batch.ids,
        recording=batch.recording,
        # Codes of few rows are needed: all of an archive's would cost a third of a draw.
        at=lambda j, rows: coded(batch.logits[j][rows]),
        equal=lambda j, code: _is_code(batch.logits[j], int(code)),
        counted=lambda _: batch.counted,
        free=batch.free,
    )


def _is_code(logits: NDArray[np.float16], code: int) -> NDArray[np.bool_]:
    # By bits: NumPy compares 16-bit floats one by one.
    bits = np.ascontiguousarray(logits).view(np.uint16)
    found: NDArray[np.bool_] = bits == decoded(np.array([code], np.uint16)).view(np.uint16)[0]
    if code == _NEGATIVE:
        found |= bits == _NEGATIVE  # zero with a sign
    return found


def coded(logits: NDArray[np.float16]) -> NDArray[np.uint16]:
    """Return 16-bit codes in the order of the numbers; both zeros have one code."""
    bits = np.ascontiguousarray(logits).view(np.uint16)
    # Negative numbers are counted down from 0x8000, others up: -0 and 0 meet there.
    negative = (bits >> np.uint16(15)).astype(bool)
    size = bits & np.uint16(0x7FFF)
    return np.where(negative, _NEGATIVE - size, _NEGATIVE + size)


def decoded(codes: NDArray[np.uint16]) -> NDArray[np.float16]:
    """Return the numbers that codes stand for."""
    wide = codes.astype(np.int32) - 0x8000
    bits = np.where(wide < 0, 0x8000 | -wide, wide).astype(np.uint16)
    return bits.view(np.float16)
