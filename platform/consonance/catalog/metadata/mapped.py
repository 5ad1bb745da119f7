"""Any table through a file that says which column is what."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path

from consonance.catalog.metadata.csv_file import rows
from consonance.catalog.metadata.fma import literal_list
from consonance.catalog.metadata.track import (
    MetadataTable,
    TrackMetadata,
    clean,
    name_key,
    nearest,
    refuse_twice,
    relative_path,
    track_number,
    web_address,
)
from consonance.errors import ParameterError

#: What a column may be mapped to, with the words shown to a curator.
TARGETS = {
    "track_id": "the source's id of the recording",
    "path": "its file, relative to the archive's folder",
    "title": "its title",
    "artist": "the artist's name",
    "artist_id": "what tells two artists of one name apart",
    "album": "the album's name",
    "album_id": "what tells two albums of one name apart",
    "genres": "names, divided by ; or |",
    "licence": "the licence's title or SPDX identifier",
    "licence_url": "the licence's address",
    "track_url": "where the recording is published",
    "artist_url": "the artist's page",
    "explicit": "yes or no",
    "duration_s": "length in seconds, as the source announces it",
}
_AMERICAN = {"license": "licence", "license_url": "licence_url", "id": "track_id"}
_YES = {"1", "true", "yes", "y", "explicit"}
_NO = {"0", "false", "no", "n", "clean"}


def load_mapping(path: Path) -> dict[str, str]:
    """Read a mapping file: `{"track_id": "id", "title": "name"}` in JSON, or the same in TOML.

    Returns
    -------
    dict of str to str
        Column of the source by what it is.

    Raises
    ------
    ParameterError
        If the file is missing, ill-formed, or names something unknown.
    """
    try:
        text = path.read_text(encoding="utf-8")
        value = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except FileNotFoundError:
        raise ParameterError(f"There is no mapping file {path}.") from None
    except (UnicodeDecodeError, OSError) as error:
        raise ParameterError(f"The mapping {path.name} cannot be read: {error}.") from None
    except ValueError as error:  # both parsers' errors are ValueErrors that name the line
        raise ParameterError(f"The mapping {path.name} is ill-formed: {error}.") from None
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value.values()):
        raise ParameterError(
            f"The mapping {path.name} must be an object of texts, such as "
            '{"track_id": "id", "title": "name"}.'
        )
    mapping = {_AMERICAN.get(target, target): column for target, column in value.items()}
    for target in mapping:
        if target not in TARGETS:
            raise ParameterError(
                f"The mapping {path.name} names {target!r}, which means nothing here."
                f"{nearest(target, TARGETS)} Known: {', '.join(TARGETS)}."
            )
    return mapping


def own_names(columns: list[str]) -> dict[str, str]:
    """Return the mapping of a table whose columns are called as we call them."""
    wanted = {column: _AMERICAN.get(column, column) for column in columns}
    return {target: column for column, target in wanted.items() if target in TARGETS}


def read(path: Path, mapping: Mapping[str, str] | None = None) -> MetadataTable:
    """Read a table with one header row.

    Parameters
    ----------
    path
        A comma-separated UTF-8 file, plain or `.gz`.
    mapping
        As `load_mapping` returns it; None for a table that uses our names already.

    Raises
    ------
    ParameterError
        If neither `track_id` nor `path` is mapped, a mapped column is missing, a row is ragged, a
        path leads out of the folder, or an id stands twice.
    """
    records = rows(path)
    head = next(records, None)
    if head is None:
        raise ParameterError(f"{path.name} is empty: a header row is expected.")
    columns = [clean(column) for column in head.cells]
    mapping = own_names(columns) if mapping is None else mapping
    if not {"track_id", "path"} & set(mapping):
        raise ParameterError(
            f"{path.name}: no column is known to be the track's id or path. Say which column is "
            'what in a mapping file, such as {"track_id": "'
            + (columns[0] or "id")
            + '", "title": "…"}, and pass it with --mapping.'
        )
    for target, column in mapping.items():
        if column not in columns:
            raise ParameterError(
                f"{path.name} has no column {column!r}, which the mapping wants for {target!r}."
                f"{nearest(column, columns)}"
            )
    found = []
    for record in records:
        where = f"{path.name}, line {record.line}"
        if len(record.cells) != len(columns):
            raise ParameterError(
                f"{where}: {len(record.cells)} cells, but the header has {len(columns)}."
            )
        cells = dict(zip(columns, record.cells, strict=True))
        found.append(_track(cells, mapping, line=record.line, where=where))
    refuse_twice(found, name=path.name)
    if "track_id" in mapping and all(track_number(row.source_id) is not None for row in found):
        found = [_numbered(row) for row in found]
        _refuse_same_number(found, name=path.name)
    return MetadataTable(kind="mapped", rows=tuple(found))


def _track(
    cells: Mapping[str, str], mapping: Mapping[str, str], *, line: int, where: str
) -> TrackMetadata:
    def cell(target: str) -> str:
        return clean(cells[mapping[target]]) if target in mapping else ""

    path = relative_path(cell("path"), where=where)
    source_id = cell("track_id") or (path or "")
    if not source_id:
        raise ParameterError(f"{where}: neither an id nor a path is given.")
    artist, album = cell("artist"), cell("album")
    used = set(mapping.values())
    return TrackMetadata(
        source_id=source_id,
        row=line,
        path=path,
        title=cell("title"),
        artist=artist,
        artist_key=cell("artist_id") or name_key(artist) or None,
        album=album,
        album_key=cell("album_id") or name_key(album),
        genres=_genres(cell("genres")),
        licence_title=cell("licence"),
        licence_url=web_address(cell("licence_url")),
        track_url=web_address(cell("track_url")),
        artist_url=web_address(cell("artist_url")),
        is_explicit=_yes_or_no(cell("explicit"), where=where),
        expected_duration_ms=_milliseconds(cell("duration_s"), where=where),
        extra={
            name: clean(value) for name, value in cells.items() if name not in used and clean(value)
        },
    )


def _numbered(row: TrackMetadata) -> TrackMetadata:
    return TrackMetadata(**{**vars(row), "track_no": int(row.source_id)})


def _refuse_same_number(found: list[TrackMetadata], *, name: str) -> None:
    """Refuse "7" beside "007": two ids as text, one as number."""
    seen: dict[int | None, TrackMetadata] = {}
    for row in found:
        other = seen.setdefault(row.track_no, row)
        if other is not row:
            raise ParameterError(
                f"{name}: the ids {other.source_id!r} (line {other.row}) and {row.source_id!r} "
                f"(line {row.row}) are the same number."
            )


def _genres(text: str) -> tuple[str, ...]:
    listed = literal_list(text) if text.startswith("[") else None
    if listed is None:
        listed = list(text.replace("|", ";").split(";"))
    names = (clean(str(name)) for name in listed)
    return tuple(dict.fromkeys(name for name in names if name))


def _yes_or_no(text: str, *, where: str) -> bool | None:
    word = text.lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    if not word:
        return None
    raise ParameterError(f"{where}: {text!r} in the column for 'explicit' is neither yes nor no.")


def _milliseconds(text: str, *, where: str) -> int | None:
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e7:
        raise ParameterError(f"{where}: {text!r} is no length in seconds.")
    return round(1000 * seconds)
