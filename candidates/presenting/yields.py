"""Positives per hundred questions by round, as a plot with a table in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.urls import reverse

from candidates.loop.yields import Rate
from candidates.yields import RoundYield, yields_of

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
    rounds = yields_of(collection)
    if not any(one.questions for one in rounds):
        return None
    return {"plot": _plot(rounds, current), "by_first": any(one.first for one in rounds)}


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
        "label": f"Round {one.number}, {one.detector}",
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
