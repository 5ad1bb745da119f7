"""Bring an archive's files and the rows of its table together, and number them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from consonance.catalog.ingest.files import AudioFile
from consonance.catalog.metadata.track import TrackMetadata, track_number
from consonance.errors import StateError


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A track to be: a file, a row, or both.

    Attributes
    ----------
    track_no
        Its number in the collection.
    file
        None for a row without file.
    row
        None for a file without row.
    """

    track_no: int
    file: AudioFile | None
    row: TrackMetadata | None


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a collection holds already, so that numbers stay.

    Attributes
    ----------
    by_path, by_source
        Track number by file path, and by the source's id.
    """

    by_path: Mapping[str, int]
    by_source: Mapping[str, int]

    @property
    def numbers(self) -> set[int]:
        """Every number that is taken."""
        return {*self.by_path.values(), *self.by_source.values()}


def fma_path(track_no: int) -> str:
    """Return where FMA keeps a track: `000/000002.mp3`."""
    return f"{track_no // 1000:03d}/{track_no:06d}.mp3"


def match(
    files: Mapping[str, AudioFile], rows: Sequence[TrackMetadata], known: Known
) -> list[Entry]:
    """Return the collection's tracks, sorted by number.

    A row's file is the one at the path it gives; else the one FMA's rule names, wherever the
    archive's folder begins; else the one whose stem is the row's id (as text or as number). Files
    and rows without partner stay by themselves.

    Numbers are those of the rows where all are numbers. Otherwise a track keeps the number it has,
    and new ones follow in the order of their ids or paths.

    Raises
    ------
    StateError
        If a file is known under another number than its row gives it.
    """
    partner = _partners(files, rows)
    taken = set(partner.values())
    alone = [path for path in sorted(files) if path not in taken]
    numbers = _row_numbers(rows, partner, known)
    given = set(numbers.values())
    for path in alone:
        if known.by_path.get(path) in given:
            raise StateError(_moved(path, known.by_path[path], "another recording's row has it"))
    used = given | known.numbers
    entries = [
        Entry(
            track_no=numbers[row.source_id],
            file=files.get(partner.get(row.source_id, "")),
            row=row,
        )
        for row in rows
    ]
    for path, number in _file_numbers(alone, known, used).items():
        entries.append(Entry(track_no=number, file=files[path], row=None))
    return sorted(entries, key=lambda entry: entry.track_no)


def _partners(files: Mapping[str, AudioFile], rows: Sequence[TrackMetadata]) -> dict[str, str]:
    """Return the path of each row's file by source id."""
    by_rule: dict[str, str] = {}
    by_stem: dict[str, list[str]] = defaultdict(list)
    for path in sorted(files):
        pure = PurePosixPath(path)
        by_rule.setdefault("/".join(pure.parts[-2:]), path)
        by_stem[pure.stem].append(path)
        number = track_number(pure.stem)
        if number is not None and str(number) != pure.stem:
            by_stem[str(number)].append(path)
    partner: dict[str, str] = {}
    taken: set[str] = set()
    # Paths that rows state go first, so that no guess takes a file from them.
    for row in rows:
        if row.path and row.path in files and row.path not in taken:
            partner[row.source_id] = row.path
            taken.add(row.path)
    for row in rows:
        if row.source_id in partner or row.path:
            continue
        guesses = [by_rule.get(fma_path(row.track_no), "")] if row.track_no is not None else []
        guesses += by_stem.get(row.source_id, [])
        found = next((path for path in guesses if path and path not in taken), None)
        if found:
            partner[row.source_id] = found
            taken.add(found)
    return partner


def _row_numbers(
    rows: Sequence[TrackMetadata], partner: Mapping[str, str], known: Known
) -> dict[str, int]:
    numbers: dict[str, int] = {}
    if all(row.track_no is not None for row in rows):
        for row in rows:
            number = row.track_no or 0
            path = partner.get(row.source_id, "")
            if known.by_path.get(path, number) != number:
                raise StateError(_moved(path, known.by_path[path], f"its row says {number}"))
            numbers[row.source_id] = number
        return numbers
    used = known.numbers
    upcoming = max(used, default=0)
    for row in sorted(rows, key=lambda row: row.source_id):
        held = known.by_source.get(row.source_id)
        if held is None:
            held = known.by_path.get(partner.get(row.source_id, ""))
        if held is None:
            held = upcoming = upcoming + 1
        numbers[row.source_id] = held
    return numbers


def _moved(path: str, number: int, but: str) -> str:
    return (
        f"{path} is track {number} of this collection, but {but}. It was imported without this "
        "table: import it into a new collection, so that nobody's answers move to another "
        "recording."
    )


def _file_numbers(paths: Sequence[str], known: Known, used: Collection[int]) -> dict[str, int]:
    """Give numbers to files without row: as before, else the name's, else by sorted path."""
    used = set(used)
    numbers = {path: known.by_path[path] for path in paths if path in known.by_path}
    fresh = [path for path in paths if path not in numbers]
    for path in fresh:
        number = track_number(PurePosixPath(path).stem)
        if number is not None and number not in used:
            numbers[path] = number
            used.add(number)
    upcoming = max(used, default=0)
    for path in fresh:
        if path not in numbers:
            upcoming += 1
            numbers[path] = upcoming
    return numbers


def artist_keys(paths: Collection[str]) -> dict[str, str]:
    """Return what stands for the unknown artist of each file.

    Archives of people keep a folder an artist: files of one folder at the first level below their
    common folder get one key, so that they stay in one partition. Where that level is numbers
    (FMA's `000`, `001`) or no folder at all, each file gets its own.
    """
    folders = {path: PurePosixPath(path).parent.parts for path in paths}
    common = _common_depth(list(folders.values()))
    keys = {}
    for path, parts in folders.items():
        first = parts[common] if len(parts) > common else ""
        by_folder = bool(first) and not first.isdigit()
        keys[path] = _short(f"folder:{first}" if by_folder else f"file:{path}")
    return keys


def _common_depth(folders: Sequence[Sequence[str]]) -> int:
    """Return how many leading folders all have in common."""
    depth = 0
    for level in zip(*folders, strict=False):
        if len(set(level)) > 1:
            break
        depth += 1
    return depth


def _short(key: str) -> str:
    """Return the key, or one of its hash where it is longer than the column (200 characters)."""
    return key if len(key) <= 200 else "sha256:" + hashlib.sha256(key.encode()).hexdigest()
