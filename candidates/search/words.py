"""A space in words, as people write it in forms: `64, 128` or `0.0001 to 0.01 log`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from candidates.search.space import SETTINGS, Choices, Range, Setting, Space
from consonance.errors import ParameterError

_RANGE: Final = re.compile(r"(?P<low>\S+)\s+to\s+(?P<high>\S+)(?P<log>\s+log)?")


def space_of(words: Mapping[str, str]) -> Space:
    """Return the space that is written; a setting without words keeps its default.

    Parameters
    ----------
    words
        Name of a setting → values with commas between them, or `low to high`, with `log` behind it
        for a logarithmic scale.

    Raises
    ------
    ParameterError
        If a setting is not known, or its words make no sense.
    """
    return Space.from_json(
        {
            name: _content(SETTINGS[name], text) if name in SETTINGS else text
            for name, text in words.items()
            if text.strip()
        }
    )


def in_words(part: Choices | Range) -> str:
    """Return what `space_of` reads."""
    if isinstance(part, Choices):
        return ", ".join(value_words(value) for value in part.values)
    log = " log" if part.log else ""
    return f"{value_words(part.low)} to {value_words(part.high)}{log}"


def value_words(value: Any) -> str:
    """Return a setting's value: words and whole numbers as they are, numbers by four digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _content(setting: Setting, text: str) -> Any:
    found = _RANGE.fullmatch(text.strip())
    if found:
        return {
            "low": _value(setting, found["low"]),
            "high": _value(setting, found["high"]),
            "log": found["log"] is not None,
        }
    return [_value(setting, part.strip()) for part in text.split(",")]


def _value(setting: Setting, text: str) -> Any:
    if setting.type == "choice":
        return text
    try:
        return float(text)
    except ValueError:
        raise ParameterError(
            f"{setting.label}: {text!r} is no number. Write 1, 2, 3 or 1 to 3, with log behind it "
            "for a logarithmic scale."
        ) from None
