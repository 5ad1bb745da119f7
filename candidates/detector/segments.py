"""AudioSet's lists of segments: which ten seconds of which video hold which sounds.

Two forms are about: Google's own, with three header lines that begin with ``#`` and a blank after
each comma, and re-saved copies with one header line. A third is not a list any more: opened in a
spreadsheet, ids that begin with ``-`` became ``#NAME?`` and the column of labels was lost. Such a
copy is refused as a whole; taken for comments, its damaged rows would vanish without a word.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from consonance.errors import ParameterError

_COLUMNS: Final = ("YTID", "start_seconds", "end_seconds", "positive_labels")
_VIDEO: Final = re.compile(r"[A-Za-z0-9_-]{11}")
_ANNOUNCED: Final = re.compile(r"num_segs=(\d+)")
#: What spreadsheets put in place of what they could not work out.
_SPREADSHEET: Final = frozenset(
    {"#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#N/A", "#NUM!", "#NULL!"}
)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a video and the labels that people confirmed in it.

    Parameters
    ----------
    video_id
        YouTube's.
    start_s, end_s
        In seconds.
    mids
        Identifiers of AudioSet's labels.
    """

    video_id: str
    start_s: float
    end_s: float
    mids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Damage:
    """Something in a file that could not be used, and why.

    Parameters
    ----------
    file
        Its name.
    where
        ``"line 12"`` or ``"byte 4096"``.
    reason
        A sentence without a full stop.
    """

    file: str
    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, {self.where}: {self.reason}"


def read_segments(
    path: Path, known: Collection[str]
) -> tuple[tuple[Segment, ...], tuple[Damage, ...]]:
    """Read a list of segments in either form.

    Parameters
    ----------
    path
        The CSV.
    known
        Identifiers of all published labels: `audioset.label_index()`.

    Returns
    -------
    segments : tuple of Segment
        In the order of the file.
    damages : tuple of Damage
        Rows left out, each with its reason; and a count that is not the announced one.

    Raises
    ------
    ParameterError
        If the file cannot be read, is no such list, or went through a spreadsheet.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(f"The list of segments {path.name} cannot be read: {error}") from error
    lines = text.splitlines()
    _refuse_spreadsheets(path, lines)
    segments: list[Segment] = []
    damages: list[Damage] = []
    seen: set[str] = set()
    announced: int | None = None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if line.startswith("#"):
            found = _ANNOUNCED.search(line)
            announced = int(found[1]) if found else announced
            continue
        row = [cell.strip() for cell in next(csv.reader([line], skipinitialspace=True))]
        if row[0] == _COLUMNS[0]:
            continue
        segment = _segment(row, known, seen)
        if isinstance(segment, str):
            damages.append(Damage(path.name, f"line {number}", segment))
        else:
            seen.add(segment.video_id)
            segments.append(segment)
    if not segments:
        first = f" ({damages[0]})" if damages else ""
        raise ParameterError(
            f"{path.name} holds no segment of the form YTID, start, end, labels{first}. Give one "
            "of AudioSet's *_segments.csv."
        )
    rows = len(segments) + len(damages)
    if announced is not None and announced != rows:
        damages.append(
            Damage(path.name, "header", f"{announced} segments are announced, {rows} are here")
        )
    return tuple(segments), tuple(damages)


def _refuse_spreadsheets(path: Path, lines: list[str]) -> None:
    signs = []
    spoilt = [n for n, line in enumerate(lines, 1) if line.split(",")[0].strip() in _SPREADSHEET]
    if spoilt:
        signs.append(f"{len(spoilt)} ids became #NAME? or the like, the first on line {spoilt[0]}")
    header = next((line for line in lines if _COLUMNS[0] in line), None)
    if header is not None and _COLUMNS[3] not in header:
        signs.append(f"the column {_COLUMNS[3]} is gone")
    if signs:
        raise ParameterError(
            f"{path.name} went through a spreadsheet: {' and '.join(signs)}. Nothing in it can be "
            "trusted; take the list as AudioSet published it."
        )


def _segment(row: list[str], known: Collection[str], seen: set[str]) -> Segment | str:
    """Return the segment in a row, or what is wrong with it."""
    if len(row) < 4:
        return f"{len(row)} columns instead of {len(_COLUMNS)}"
    video, start, end = row[:3]
    # Unquoted labels, as some copies have them, spread over further columns.
    mids = tuple(mid.strip() for cell in row[3:] for mid in cell.split(",") if mid.strip())
    if not _VIDEO.fullmatch(video):
        return f"{video!r} is not a video's id"
    if video in seen:
        return f"the video {video} is listed twice"
    try:
        start_s, end_s = float(start), float(end)
    except ValueError:
        return f"{start!r} to {end!r} are not seconds"
    if not 0.0 <= start_s < end_s < float("inf"):
        return f"{start_s} s to {end_s} s is no stretch of time"
    if not mids:
        return "no label"
    unknown = [mid for mid in mids if mid not in known]
    if unknown:
        return f"{', '.join(unknown)} is not among AudioSet's published labels"
    return Segment(video, start_s, end_s, mids)
