"""Strata of a form: what to start from, rows of fields, and a recipe's words for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.http import QueryDict

from candidates.sampling import PRESETS, Stratum, tails
from consonance.errors import ParameterError

#: Strata that the page has rows for.
MOST_STRATA: Final = 6
#: Fields of a stratum.
STRATUM: Final = ("name", "low", "high", "share")
#: What a curator may start from: title, and what it is for.
PRESET_WORDS: Final = {
    "tails": ("Both tails", "Half from the lowest tenth, half from the highest: the usual rule."),
    "tails_and_uniform": (
        "Tails and a uniform slice",
        "A fifth is drawn from everywhere, so that evaluation on it is unbiased.",
    ),
    "top_decile": (
        "OpenMIC-2018’s own",
        "Its code drew likely positives alone, from the highest tenth.",
    ),
    "uniform": ("Uniform", "The detector has no say. For classes it does not know."),
}


@dataclass(frozen=True, kw_only=True)
class StratumRow:
    """The fields of one stratum, bound."""

    number: int
    name: forms.BoundField
    low: forms.BoundField
    high: forms.BoundField
    share: forms.BoundField


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A design that a curator may start from."""

    name: str
    title: str
    text: str
    strata: Sequence[Sequence[Any]]


def percent(value: float) -> float:
    """Return a share in percent, as it is typed."""
    return round(100 * value, 4)


def share_of(typed: float) -> float:
    """Return what is typed in percent as a share: 10 is exactly 0.1."""
    return round(typed / 100, 6)


def presets() -> list[Preset]:
    """Return the designs there are, ours first in the order above."""
    names = sorted(PRESETS, key=lambda name: [*PRESET_WORDS, name].index(name))
    return [
        Preset(
            name=name,
            title=PRESET_WORDS.get(name, (name.replace("_", " ").capitalize(), ""))[0],
            text=PRESET_WORDS.get(name, ("", ""))[1],
            strata=[
                [one.name, percent(one.low), percent(one.high), percent(one.share)]
                for one in PRESETS[name]
            ],
        )
        for name in names
    ]


def strata_values(strata: Sequence[Stratum]) -> dict[str, Any]:
    """Return strata as the values of the form's rows."""
    values: dict[str, Any] = {}
    for number, one in enumerate(strata[:MOST_STRATA]):
        values[f"stratum_{number}_name"] = one.name
        values[f"stratum_{number}_low"] = f"{percent(one.low):g}"
        values[f"stratum_{number}_high"] = f"{percent(one.high):g}"
        values[f"stratum_{number}_share"] = f"{percent(one.share):g}"
    return values


def design_fields(strata: Sequence[Stratum]) -> dict[str, Any]:
    """Return how a recipe names these strata: as tails or a preset if they are, else one by one.

    So a round that is drawn on the page and one that is drawn by command are the same round.
    """
    by_name = {stratum.name: stratum for stratum in strata}
    low, high = by_name.get("low"), by_name.get("high")
    if low and high and set(by_name) <= {"low", "high", "any"}:
        rest = None if "any" not in by_name else low.share
        try:
            same = tails(low.high, high.low, share_high=high.share, share_low=rest)
        except ParameterError:
            same = ()
        if alike(same, strata):
            return {
                "low": low.high, "high": high.low, "share_high": high.share, "share_low": rest,
            }  # fmt: skip
    for name, preset in PRESETS.items():
        if alike(preset, strata):
            return {"strata": name}
    return {"strata": tuple((one.name, one.low, one.high, one.share) for one in strata)}


def alike(one: Sequence[Stratum], other: Sequence[Stratum]) -> bool:
    """Return whether two designs are the same, but for how their numbers were rounded."""
    if [stratum.name for stratum in one] != [stratum.name for stratum in other]:
        return False
    pairs = (
        (getattr(a, field), getattr(b, field))
        for a, b in zip(one, other, strict=True)
        for field in ("low", "high", "share")
    )
    return all(abs(a - b) < 1e-9 for a, b in pairs)


def with_preset(sent: QueryDict, name: str) -> QueryDict:
    """Return a form's values with a preset's strata in place of its own.

    Raises
    ------
    ParameterError
        If there is no such preset.
    """
    if name not in PRESETS:
        raise ParameterError(f"No preset is called {name!r}. Use one of: {', '.join(PRESETS)}.")
    values = sent.copy()
    for number in range(MOST_STRATA):
        for field in STRATUM:
            values[f"stratum_{number}_{field}"] = ""
    for field, value in strata_values(PRESETS[name]).items():
        values[field] = value
    return values
