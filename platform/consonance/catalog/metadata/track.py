"""What every reader of metadata returns."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath

from consonance.errors import ParameterError

#: Longest number that fits the track column, and every database's 32-bit integer.
MAX_TRACK_NO = 2_147_483_647


@dataclass(frozen=True, kw_only=True)
class TrackMetadata:
    """What a source says about one recording.

    Attributes
    ----------
    source_id
        The source's own name for it, as written.
    track_no
        The same as a number, where all of the source's ids are numbers; else None.
    path
        Where its file lies, relative to the archive and with "/"; None if the source does not say.
    artist_key
        What must stay in one partition; None if no artist is given.
    genres
        Names, most general first.
    expected_duration_ms
        Length the source announces (FMA's is that of the whole recording, of which the file may be
        a part); None if it does not say.
    row
        Line of the file, for messages.
    extra
        The source's other columns, as they came; empty ones are left out.
    """

    source_id: str
    row: int
    track_no: int | None = None
    path: str | None = None
    title: str = ""
    artist: str = ""
    artist_key: str | None = None
    album: str = ""
    album_key: str = ""
    genres: tuple[str, ...] = ()
    licence_title: str = ""
    licence_url: str = ""
    track_url: str = ""
    artist_url: str = ""
    is_explicit: bool | None = None
    expected_duration_ms: int | None = None
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class MetadataTable:
    """All rows of a source.

    Attributes
    ----------
    kind
        "fma", "fma-raw" or "mapped".
    rows
        In the order of the file.
    warnings
        Sentences for the curator: cells that were left out, rows without a partner.
    """

    kind: str
    rows: tuple[TrackMetadata, ...]
    warnings: tuple[str, ...] = ()


def clean(text: str | None) -> str:
    """Return a cell without control characters and outer blanks, newlines kept.

    PostgreSQL refuses NUL, and terminals obey the others.
    """
    if not text:
        return ""
    kept = (c for c in text if c in "\n\t" or not unicodedata.category(c).startswith("C"))
    return "".join(kept).strip()


def name_key(name: str) -> str:
    """Return a name in the form in which two spellings of one person are equal."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())[:200]


def web_address(text: str | None) -> str:
    """Return an address that a page may link to, else nothing: `javascript:` is one too."""
    address = clean(text)
    return address if re.match(r"https?://[^\s/]", address, re.IGNORECASE) else ""


def relative_path(text: str, *, where: str) -> str | None:
    """Return a path of a source as one below the archive's folder, with "/".

    Parameters
    ----------
    text
        As written; empty for none.
    where
        File and line, for the message.

    Raises
    ------
    ParameterError
        If it is absolute or leads out of the folder.
    """
    text = clean(text)
    if not text:
        return None
    path = PurePosixPath(text if "/" in text else PureWindowsPath(text).as_posix())
    drive = re.match(r"[A-Za-z]:[\\/]", text)
    if path.is_absolute() or drive or ".." in path.parts:
        raise ParameterError(
            f"{where}: the path {text!r} leads out of the archive's folder. "
            "Paths must be relative to that folder and may not contain '..'."
        )
    return str(path)


def track_number(text: str) -> int | None:
    """Return an id as a track number; None if it is not a whole number that fits."""
    if re.fullmatch(r"[0-9]{1,10}", text):
        number = int(text)
        return number if number <= MAX_TRACK_NO else None
    return None


def nearest(word: str, known: Iterable[str]) -> str:
    """Return " Did you mean …?" with the nearest known word, or nothing."""
    match = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" Did you mean {match[0]!r}?" if match else ""


def refuse_twice(rows: Iterable[TrackMetadata], *, name: str) -> None:
    """Refuse a source in which two rows have one id.

    Raises
    ------
    ParameterError
        With the id and both lines.
    """
    seen: dict[str, int] = {}
    for row in rows:
        if row.source_id in seen:
            raise ParameterError(
                f"{name}: the id {row.source_id!r} stands in line {seen[row.source_id]} and again "
                f"in line {row.row}. Every track needs an id of its own."
            )
        seen[row.source_id] = row.row
