"""The Free Music Archive's tables: `tracks.csv` with three header rows, and `raw_tracks.csv`.

`tracks.csv` has the licence's title only. Addresses, which attribution needs, and whether a track
is explicit stand in `raw_tracks.csv`, one row of which may be merged into each track.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from consonance.catalog.metadata.csv_file import rows
from consonance.catalog.metadata.track import (
    MetadataTable,
    TrackMetadata,
    clean,
    name_key,
    nearest,
    refuse_twice,
    track_number,
    web_address,
)
from consonance.errors import ParameterError

Cells = Mapping[str, str]

_GROUPS = {"album", "artist", "set", "track"}
_REQUIRED = ("track.title", "artist.name")
_RAW_REQUIRED = ("track_id", "license_title", "license_url")
#: Long texts with foreign HTML, the same for all tracks of an artist or an album.
_LEFT_OUT = {"artist.bio", "album.information", "track.information", "track_information"}
#: Columns of ours; the rest is kept as it came.
_TAKEN = {
    "track.title", "artist.name", "album.title", "track.license", "track.genre_top",
    "track_id", "track_title", "artist_name", "album_title", "license_title", "license_url",
    "track_url", "artist_url",
}  # fmt: skip
_EXPLICIT = {"radio-safe": False, "radio-unsafe": True, "adults-only": True}
_LONGEST_LIST = 100_000  # characters; `literal_eval` takes memory many times its input


def is_tracks_table(head: list[list[str]]) -> bool:
    """Return whether the first three records are FMA's header."""
    return (
        len(head) == 3
        and bool(_GROUPS & set(head[0]))
        and clean(head[2][0] if head[2] else "") == "track_id"
    )


def is_raw_table(head: list[list[str]]) -> bool:
    """Return whether the first record is the header of `raw_tracks.csv`."""
    return bool(head) and {"track_id", "track_title", "license_title"} <= set(head[0])


def read(path: Path, raw: Path | None = None) -> MetadataTable:
    """Read `tracks.csv`, or `raw_tracks.csv` by itself.

    Parameters
    ----------
    path
        FMA's `tracks.csv` (or `raw_tracks.csv`), plain or `.gz`.
    raw
        FMA's `raw_tracks.csv`, for addresses, explicit marks and genre names.

    Raises
    ------
    ParameterError
        If a column is missing, a row is ragged, an id is no number, or an id stands twice.
    """
    head = [record.cells for record in islice(rows(path), 3)]
    if is_raw_table(head) and not is_tracks_table(head):
        table = _table(path, columns=head[0], id_column="track_id", skip=1)
        found = [_merged(source_id, {}, cells, line) for source_id, (line, cells) in table.items()]
        return MetadataTable(kind="fma-raw", rows=tuple(found))
    columns = _columns(path, head)
    table = _table(path, columns=columns, id_column="track_id", skip=3)
    raw_table = _raw_table(raw) if raw else {}
    none: tuple[int, Cells] = (0, {})
    found = [
        _merged(source_id, cells, raw_table.get(source_id, none)[1], line)
        for source_id, (line, cells) in table.items()
    ]
    warnings = []
    without = sum(source_id not in raw_table for source_id in table)
    if raw and without:
        warnings.append(f"{without} tracks of {path.name} have no row in {raw.name}.")
    broken = sum(literal_list(cells.get("track.genres", "")) is None for _, cells in table.values())
    if broken:
        warnings.append(f"{broken} lists of genres in {path.name} could not be read.")
    return MetadataTable(kind="fma", rows=tuple(found), warnings=tuple(warnings))


def _columns(path: Path, head: list[list[str]]) -> list[str]:
    if not is_tracks_table(head):
        raise ParameterError(
            f"{path.name} does not begin with FMA's three header rows. For another table, "
            "say which column is what with --mapping."
        )
    groups, names = head[0], head[1]
    columns = ["track_id"]
    for position in range(1, len(names)):
        group = groups[position] if position < len(groups) else ""
        columns.append(f"{group}.{names[position]}")
    for column in _REQUIRED:
        if column not in columns:
            raise ParameterError(f"{path.name} has no column {column!r}.{nearest(column, columns)}")
    return columns


def _raw_table(path: Path) -> dict[str, tuple[int, Cells]]:
    head = next(rows(path), None)
    columns = head.cells if head else []
    for column in _RAW_REQUIRED:
        if column not in columns:
            raise ParameterError(
                f"{path.name} is not FMA's raw_tracks.csv: it has no column {column!r}."
                f"{nearest(column, columns)}"
            )
    return _table(path, columns=columns, id_column="track_id", skip=1)


def _table(
    path: Path, *, columns: list[str], id_column: str, skip: int
) -> dict[str, tuple[int, Cells]]:
    """Return the cells of each id by column, with the line they stand in."""
    position = columns.index(id_column)
    table: dict[str, tuple[int, Cells]] = {}
    seen: list[TrackMetadata] = []
    for number, record in enumerate(rows(path)):
        if number < skip:
            continue
        where = f"{path.name}, line {record.line}"
        if len(record.cells) != len(columns):
            raise ParameterError(
                f"{where}: {len(record.cells)} cells, but the header has {len(columns)}."
            )
        source_id = clean(record.cells[position])
        if track_number(source_id) is None:
            raise ParameterError(f"{where}: the track id {source_id!r} is not a whole number.")
        source_id = str(int(source_id))
        seen.append(TrackMetadata(source_id=source_id, row=record.line))
        cells = zip(columns, record.cells, strict=True)
        table[source_id] = (record.line, {c: value for c, value in cells if c not in _LEFT_OUT})
    refuse_twice(seen, name=path.name)
    return table


def _merged(source_id: str, cells: Cells, raw: Cells, line: int) -> TrackMetadata:
    """Make one track of its row in `tracks.csv` and its row in `raw_tracks.csv`."""
    artist = clean(cells.get("artist.name") or raw.get("artist_name"))
    album = clean(cells.get("album.title") or raw.get("album_title"))
    artist_id = clean(cells.get("artist.id") or raw.get("artist_id"))
    album_id = clean(cells.get("album.id") or raw.get("album_id"))
    others = {**cells, **{f"raw.{name}": value for name, value in raw.items()}}
    return TrackMetadata(
        source_id=source_id,
        row=line,
        track_no=int(source_id),
        title=clean(cells.get("track.title") or raw.get("track_title")),
        artist=artist,
        artist_key=artist_id or name_key(artist) or None,
        album=album,
        album_key=album_id or name_key(album),
        genres=_genres(cells, raw),
        licence_title=clean(cells.get("track.license") or raw.get("license_title")),
        licence_url=web_address(raw.get("license_url")),
        track_url=web_address(raw.get("track_url")),
        artist_url=web_address(raw.get("artist_url")),
        is_explicit=_EXPLICIT.get(clean(raw.get("track_explicit")).lower()),
        expected_duration_ms=_duration(cells.get("track.duration") or raw.get("track_duration")),
        extra={
            column: clean(value)
            for column, value in others.items()
            if value.strip() not in {"", "[]"} and column.removeprefix("raw.") not in _TAKEN
        },
    )


def _genres(cells: Cells, raw: Cells) -> tuple[str, ...]:
    top = clean(cells.get("track.genre_top"))
    named = [
        clean(str(genre["genre_title"]))
        for genre in literal_list(raw.get("track_genres", "")) or []
        if isinstance(genre, dict) and genre.get("genre_title")
    ]
    return tuple(dict.fromkeys([*filter(None, [top]), *named]))


def literal_list(text: str) -> list[object] | None:
    """Return a list written as Python writes it; None for anything else, [] for nothing.

    Only literals are read, nothing is run.
    """
    text = text.strip()
    if not text:
        return []
    if len(text) > _LONGEST_LIST:
        return None
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None
    return value if isinstance(value, list) else None


def _duration(text: str | None) -> int | None:
    """Return "168" or "02:48" or "1:02:48" in milliseconds."""
    parts = clean(text).split(":")
    if not 1 <= len(parts) <= 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    seconds = 0
    for part in parts:
        seconds = 60 * seconds + int(part)
    return 1000 * seconds if seconds else None
