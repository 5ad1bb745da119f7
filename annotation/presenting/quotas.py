"""How far classes are from what is wanted, and when they will be there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from annotation.presenting.numbers import plural
from annotation.reporting.shape import Quota

#: Forecasts further away than this say nothing a plan could rest on.
_FAR_DAYS: Final = 730


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """A quota in words.

    Attributes
    ----------
    kind
        "good" met, "warn" short of questions or never at this pace, "" on its way.
    words
        "met", "in about 12 days (9 to 16)", or why nobody can tell.
    shortage
        "320 questions short"; empty when the open questions will do.
    positives_share, labels_share
        In percent of what is wanted, at most 100.
    """

    kind: str
    words: str
    shortage: str
    positives: int
    positives_wanted: int
    positives_share: str
    labels: int
    labels_wanted: int
    labels_share: str
    is_met: bool


def forecast(quota: Quota) -> Forecast:
    """Return a class's quota in words and shares."""
    is_met = (
        quota["positives"] >= quota["positives_wanted"]
        and quota["labels"] >= quota["labels_wanted"]
    )
    short = 0 if is_met else quota["questions_short"]
    words = "met" if is_met else _when(quota)
    kind = "good" if is_met else "warn" if short or quota["days"] is None else ""
    return Forecast(
        kind=kind,
        words=words,
        shortage=f"{plural(short, 'question')} short" if short else "",
        positives=quota["positives"],
        positives_wanted=quota["positives_wanted"],
        positives_share=_share(quota["positives"], quota["positives_wanted"]),
        labels=quota["labels"],
        labels_wanted=quota["labels_wanted"],
        labels_share=_share(quota["labels"], quota["labels_wanted"]),
        is_met=is_met,
    )


def _when(quota: Quota) -> str:
    days, low, high = quota["days"], quota["days_low"], quota["days_high"]
    if days is None:
        return quota["note"] or "no pace to tell from"
    if days > _FAR_DAYS:
        return "in more than two years at this pace"
    if days < 1:
        return "within a day"
    around = f"in about {plural(round(days), 'day')}"
    if low is None or high is None:
        return around
    if high > _FAR_DAYS:
        return f"{around} ({low:.0f} or many more)"
    return around if f"{low:.0f}" == f"{high:.0f}" else f"{around} ({low:.0f} to {high:.0f})"


def _share(number: int, wanted: int) -> str:
    return f"{100 * min(1.0, number / wanted):.2f}" if wanted else "100"
