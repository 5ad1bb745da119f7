"""Flags as pills and sentences, with what they suggest doing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from annotation.actions.take_measure import MAX_REASON
from annotation.models import Measure
from annotation.reporting.shape import FlagRow

_Kind = Measure.Kind
#: Severity, gravest first: kind of pill, words, and what it suggests, the likeliest first.
_SEVERITIES: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "serious": ("bad", "Serious", (_Kind.EXCLUDE, _Kind.PAUSE, _Kind.REQUIZ)),
    "warning": ("warn", "Warning", (_Kind.REQUIZ, _Kind.PAUSE)),
    "note": ("", "Note", ()),
}
_UNKNOWN: Final = "note"
_ORDER: Final = tuple(_SEVERITIES)

#: Each measure as the button that takes it.
MEASURE_BUTTONS: Final[dict[str, str]] = {
    _Kind.PAUSE: "Pause",
    _Kind.REQUIZ: "Ask for the quiz",
    _Kind.EXCLUDE: "Leave out",
}
#: Each measure in force as a pill: words and kind.
MEASURE_PILLS: Final[dict[str, tuple[str, str]]] = {
    _Kind.EXCLUDE: ("Left out", "bad"),
    _Kind.PAUSE: ("Paused", "warn"),
    _Kind.REQUIZ: ("Quiz asked", "warn"),
}


@dataclass(frozen=True, kw_only=True)
class ShownFlag:
    """A broken rule.

    Attributes
    ----------
    code, title, text
        As stored; the text is a sentence with the numbers.
    kind, severity
        Kind of the pill, and how grave it is in a word.
    rule
        What was found and what the rule allows: "0.38, threshold 0.2".
    reason
        The sentence cut to what a measure can keep as its reason.
    suggested
        What it suggests: pairs of a measure's kind and its button; the likeliest first.
    """

    code: str
    title: str
    text: str
    kind: str
    severity: str
    rule: str
    reason: str
    suggested: tuple[tuple[str, str], ...]


def shown_flags(flags: Sequence[FlagRow], *, held: Sequence[str] = ()) -> list[ShownFlag]:
    """Return stored flags, gravest first.

    Parameters
    ----------
    flags
        As stored.
    held
        Kinds of measures in force for the person: they are not suggested again.
    """
    shown = []
    for flag in sorted(flags, key=lambda flag: _ORDER.index(_severity(flag))):
        pill, words, suggested = _SEVERITIES[_severity(flag)]
        shown.append(
            ShownFlag(
                code=flag["code"],
                title=flag["title"],
                text=flag["text"],
                kind=pill,
                severity=words,
                rule=f"{flag['value']:.3g}, threshold {flag['threshold']:.3g}",
                reason=_cut(flag["text"]),
                suggested=tuple(
                    (kind, MEASURE_BUTTONS[kind]) for kind in suggested if kind not in held
                ),
            )
        )
    return shown


def _severity(flag: FlagRow) -> str:
    return flag["severity"] if flag["severity"] in _SEVERITIES else _UNKNOWN


def _cut(text: str) -> str:
    one = " ".join(text.split())
    return one if len(one) <= MAX_REASON else f"{one[: MAX_REASON - 1].rstrip()}…"
