"""Numbers as the JSON values that a stored report holds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import numpy as np

from annotation.aggregation.codes import FloatArray, IntArray
from annotation.agreement import Coefficient, FleissKappa, NotEnoughData, Shares
from annotation.reporting.shape import Decisions, Estimate

#: Digits that are kept: more than any of these numbers is worth, fewer than it takes to fill disks.
DIGITS: Final = 5
_PLURAL: Final = re.compile(r"s\b")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DAY_US: Final = 86_400_000_000


class _HasInterval(Protocol):
    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def number(self) -> int: ...


def counted(number: int, what: str) -> str:
    """Return a number of things: `12 answers on gold`, `1 answer on gold`.

    Parameters
    ----------
    number
        How many.
    what
        Things in the plural; the first word in s is the one that is counted.
    """
    named = _PLURAL.sub("", what, count=1) if number == 1 else what
    return f"{number:,} {named}"


def number(value: float | None) -> float | None:
    """Return a rounded number; None for what is not finite."""
    return None if value is None or not np.isfinite(value) else round(float(value), DIGITS)


def nothing(note: object) -> Estimate:
    """Return an estimate that could not be made, with the reason."""
    return {"value": None, "low": None, "high": None, "number": 0, "note": str(note)}


def share(found: _HasInterval | NotEnoughData, what: str) -> Estimate:
    """Return a share with its interval.

    Parameters
    ----------
    found
        The share.
    what
        What is counted, in the plural, for the note.
    """
    if isinstance(found, NotEnoughData):
        return nothing(found)
    return {
        "value": number(found.value),
        "low": number(found.low),
        "high": number(found.high),
        "number": found.number,
        "note": counted(found.number, what),
    }


def coefficient(found: Coefficient | FleissKappa | NotEnoughData) -> Estimate:
    """Return an agreement coefficient with its bootstrap interval."""
    if isinstance(found, NotEnoughData):
        return nothing(found)
    note = counted(found.n_tasks, "questions with two answers or more")
    if isinstance(found, FleissKappa):
        note = counted(found.n_tasks, f"questions with {found.n_each} answers each")
        if found.is_subset:
            note += f", {found.n_left_out:,} with another number left out"
    return {
        "value": number(found.value),
        "low": number(found.low),
        "high": number(found.high),
        "number": found.n_tasks,
        "note": note,
    }


class ShareRows:
    """Rows of `Shares` as estimates; thousands of them, so that nothing is computed twice.

    Parameters
    ----------
    shares
        Of one dimension or two.
    what
        What is counted, in the plural; in notes of what is not known, too.
    has_notes
        Whether known ones carry a note; their number says the same.
    """

    def __init__(self, shares: Shares, what: str, *, has_notes: bool = True) -> None:
        self._value = np.round(shares.value, DIGITS).tolist()
        self._low = np.round(shares.low, DIGITS).tolist()
        self._high = np.round(shares.high, DIGITS).tolist()
        self._number = shares.number.tolist()
        self._what = what
        self._has_notes = has_notes
        self._nothing = str(NotEnoughData(what=what, have=0, needed=1))

    def of(self, *index: int) -> Estimate:
        """Return one of them."""
        value, low, high, given = self._value, self._low, self._high, self._number
        for place in index:
            value, low, high, given = value[place], low[place], high[place], given[place]
        if not given:
            return nothing(self._nothing)
        return {
            "value": value,
            "low": low,
            "high": high,
            "number": given,
            "note": counted(given, self._what) if self._has_notes else "",
        }


def confusions(matrices: FloatArray) -> list[Any]:
    """Return confusion matrices [shape=(…, 2, 3)] as nested lists."""
    rounded: list[Any] = np.round(matrices, DIGITS).tolist()
    return rounded


def decisions(decision: IntArray) -> Decisions:
    """Return how many labels were decided how; 0 absent, 1 undecided, 2 present."""
    absent, undecided, present = np.bincount(decision, minlength=3).tolist()
    return {"present": present, "absent": absent, "undecided": undecided}


def histogram(values: FloatArray, bins: int = 20) -> list[int]:
    """Return how many values lie in each of some equal bins from 0 to 1."""
    found: list[int] = np.histogram(values, bins=bins, range=(0, 1))[0].tolist()
    return found


def moment(microseconds: int) -> str:
    """Return a moment as ISO 8601 in UTC, to the second."""
    at = _EPOCH + timedelta(microseconds=int(microseconds))
    return at.isoformat(timespec="seconds")


def day_name(day: int) -> str:
    """Return a day, counted from 1970, as ISO 8601."""
    return (_EPOCH + timedelta(days=int(day))).date().isoformat()


def days_of(answered_us: IntArray) -> IntArray:
    """Return on which day, counted from 1970 in UTC, each answer came."""
    return answered_us // DAY_US
