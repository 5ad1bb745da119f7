"""What is told of a recording or clip, read from what its archive says. Guesses nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

#: When it was recorded before when it was published; never when it was put on line.
_YEARS: Final = (
    *("track.date_recorded", "track_date_recorded", "date_recorded", "recorded", "recording_date"),
    *("originaldate", "originalyear", "album.date_released", "album_date_released"),
    *("date_released", "release_date", "released", "date", "year", "tdrc"),
)
_LANGUAGES: Final = (
    "track.language_code",
    "track_language_code",
    "language_code",
    "language",
    "lang",
)
_YEAR: Final = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
#: Upper ends of the bands of loudness (LUFS); clips are compared as cut, before any levelling.
_LOUDNESS: Final = (-36.0, -30.0, -24.0, -18.0, -12.0)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is told of one recording or clip; empty is unknown.

    Attributes
    ----------
    genres : tuple of str
        As the archive names them.
    artist_key, artist : str
        Who, and how that is written.
    decade, language, licence : str
        "1990s", "en", an SPDX identifier.
    loudness : str
        A band in LUFS.
    """

    genres: tuple[str, ...] = ()
    artist_key: str = ""
    artist: str = ""
    decade: str = ""
    language: str = ""
    licence: str = ""
    loudness: str = ""


def decade_of(metadata: Mapping[str, object]) -> str:
    """Return the decade of a recording by its source's columns, such as "1990s", or nothing.

    A day of recording goes before one of publication. Years before 1877 or after 2099 are none:
    nothing was recorded then.
    """
    columns = _columns(metadata)
    for name in _YEARS:
        found = _YEAR.search(columns.get(name, ""))
        if found and int(found[1]) >= 1877:
            return f"{found[1][:3]}0s"
    return ""


def language_of(metadata: Mapping[str, object]) -> str:
    """Return the code of the language by the source's columns, in lower case, or nothing."""
    columns = _columns(metadata)
    for name in _LANGUAGES:
        value = columns.get(name, "").lower().replace("_", "-")
        if _LANGUAGE.fullmatch(value):
            return value
    return ""


def loudness_of(lufs: float | None) -> str:
    """Return the band of an integrated loudness (EBU R 128), or nothing if it has none."""
    if lufs is None or lufs != lufs:
        return ""
    for place, high in enumerate(_LOUDNESS):
        if lufs < high:
            return f"below {high:g}" if not place else f"{_LOUDNESS[place - 1]:g} to {high:g}"
    return f"{_LOUDNESS[-1]:g} and above"


def loudness_bands() -> list[str]:
    """Return the bands from quiet to loud."""
    inner = pairwise(_LOUDNESS)
    return [
        f"below {_LOUDNESS[0]:g}",
        *(f"{low:g} to {high:g}" for low, high in inner),
        f"{_LOUDNESS[-1]:g} and above",
    ]


def _columns(metadata: Mapping[str, object]) -> dict[str, str]:
    return {
        str(name).strip().lower().replace(" ", "_"): str(value).strip()
        for name, value in metadata.items()
        if isinstance(value, str | int)
    }
