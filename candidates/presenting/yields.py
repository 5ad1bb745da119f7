"""Positives per hundred questions by round, as a plot with a table in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.urls import reverse

from candidates.learning.yields import RoundYield, Yields, yields_of
from candidates.loop.yields import Rate

_TICKS: Final = (0, 25, 50, 75, 100)


def yield_panel(collection: UUID, *, current: UUID | None = None) -> dict[str, Any] | None:
    """Return the context of `candidates/includes/yield.html`; None before anybody has answered.

    Parameters
    ----------
    collection
        Whose rounds.
    current
        The round whose page this is; it is not linked.
    """
    told = yields_of(collection)
    return yield_chart(told, current=current) if is_told(told) else None


def is_told(told: Yields) -> bool:
    """Return whether any round has found anything that could be told."""
    return any(one.questions for one in told.rounds)


def yield_chart(told: Yields, *, current: UUID | None = None) -> dict[str, Any]:
    """Return the plot of yields, and what is to be said beside it."""
    return {
        "plot": _plot(told.rounds, current),
        "by_first": any(one.first for one in told.rounds),
        "told": told,
    }


@dataclass(frozen=True, kw_only=True)
class Gain:
    """A round against the first detector: how many more positives a hundred questions gave."""

    label: str
    url: str
    detector: str
    drawn: int
    questions: int
    positives: int
    found: Rate | None
    first: Rate | None

    @property
    def more(self) -> float | None:
        """Positives per hundred beyond the first detector's; None before both are known."""
        if self.found is None or self.first is None:
            return None
        return self.found.value - self.first.value

    @property
    def is_apart(self) -> bool:
        """Whether the two intervals do not overlap."""
        if self.found is None or self.first is None:
            return False
        return self.found.low > self.first.high or self.found.high < self.first.low


def gains(told: Yields) -> list[Gain]:
    """Return each round's yield as a row of a table."""
    return [
        Gain(
            label=f"Round {one.number}",
            url=reverse("candidates:round", args=[one.round]),
            detector=one.detector,
            drawn=one.drawn,
            questions=one.questions,
            positives=one.positives,
            found=one.found,
            first=one.first,
        )
        for one in told.rounds
    ]


def _plot(rounds: Sequence[RoundYield], current: UUID | None) -> dict[str, Any]:
    first = rounds[0]
    return {
        "title": "Positives per hundred questions",
        "description": "Each round's share of questions that people answered with present, with a "
        "95 % interval, and what the first detector would have given for the same classes.",
        "rows": [_row(one, current) for one in rounds],
        "ticks": [{"at": tick, "label": tick} for tick in _TICKS],
        "axis": "per hundred",
        "number_label": "First detector",
        "note": f"First detector: what {first.detector} is expected to give for as many questions "
        "of the same classes, drawn as the first round was, by all labels so far.",
    }


def _row(one: RoundYield, current: UUID | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        # Its version stands in the table: here it would not fit a phone.
        "label": f"Round {one.number}, {one.detector.rpartition(' ')[0] or one.detector}",
        "url": ""
        if current is not None and str(current) == one.round
        else reverse("candidates:round", args=[one.round]),
        "number": "–" if one.first is None else f"{one.first.value:.0f} ({_interval(one.first)})",
        "note": f"none of its {one.drawn:,} candidates has a label yet",
    }
    if one.found is not None:
        row |= {
            # The axis is per hundred, and so is the plot: no number is scaled.
            "x": f"{one.found.value:.2f}",
            "low": f"{one.found.low:.2f}",
            "high": f"{one.found.high:.2f}",
            "text": f"{one.found.value:.0f}",
            "interval": f"{_interval(one.found)}; {one.positives:,} of {one.questions:,}",
        }
    return row


def _interval(rate: Rate) -> str:
    return f"{rate.low:.0f} to {rate.high:.0f}"
