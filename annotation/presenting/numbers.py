"""Stored numbers in words: with units, intervals, and the reason where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from annotation.reporting.shape import Estimate

#: Values of a run's method and what people call them.
METHOD_LABELS: Final = {
    "dawid_skene": "Dawid-Skene",
    "one_coin": "One-coin Dawid-Skene",
    "majority": "Majority vote",
    "trust_weighted": "Trust-weighted share",
}
DASH: Final = "–"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A number as it stands on a page.

    Attributes
    ----------
    value
        As stored; None where there is none.
    text
        "0.71", "31 %", or a dash.
    interval
        "0.69 to 0.73"; empty without one.
    number
        What it rests on.
    note
        The same in words, or why there is no value.
    """

    value: float | None
    text: str
    interval: str
    number: int
    note: str


def shown(estimate: Estimate, *, as_percent: bool = False, digits: int = 2) -> Shown:
    """Return an estimate in words, as a fraction or in percent."""
    value, low, high = estimate["value"], estimate["low"], estimate["high"]

    def words(number: float) -> str:
        return percent_text(number) if as_percent else f"{number:.{digits}f}"

    interval = ""
    if value is not None and low is not None and high is not None:
        interval = f"{words(low).removesuffix(' %')} to {words(high)}"
    return Shown(
        value=value,
        text=DASH if value is None else words(value),
        interval=interval,
        number=estimate["number"],
        note=estimate["note"],
    )


def percent_text(share: float | None, *, digits: int | None = None) -> str:
    """Return a share in percent: with a decimal near 0 and near 100 %, where it matters."""
    if share is None:
        return DASH
    value = 100 * share
    if 0 < value < 0.05 and digits is None:
        return "< 0.1 %"
    if digits is None:
        digits = 1 if 0 < value < 10 or 95 <= value < 100 else 0
    return f"{value:.{digits}f} %"


def count_text(number: int | None) -> str:
    """Return a count with thousands set apart."""
    return DASH if number is None else f"{number:,}"


def seconds_text(seconds: float | None) -> str:
    """Return a duration: "6.4 s", "3 min 20 s", "2 h 5 min"."""
    if seconds is None:
        return DASH
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60} min"


def money_text(amount: float | None, currency: str) -> str:
    """Return an amount with its currency; three decimals where it is small."""
    if amount is None:
        return DASH
    return f"{amount:,.{3 if abs(amount) < 1 else 2}f} {currency}"


def method_label(method: str) -> str:
    """Return what people call a method."""
    return METHOD_LABELS.get(method, method.replace("_", " ").capitalize())


def plural(number: int, one: str, many: str = "") -> str:
    """Return "1 label", "2 labels"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def share_rows(parts: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return parts of a whole for `components/share_bars.html`.

    Parameters
    ----------
    parts
        Each {label, number, series, url?, hint?}; their sum is the whole.
    """
    whole = sum(part["number"] for part in parts)
    return [
        {
            **part,
            "value": f"{part['number']:,}",
            "share": f"{100 * part['number'] / whole:.3f}" if whole else "0",
            "percent": percent_text(part["number"] / whole) if whole else "",
        }
        for part in parts
    ]
