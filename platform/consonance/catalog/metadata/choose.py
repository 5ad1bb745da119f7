"""Find out what kind of table a file is, and read it."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from consonance.catalog.metadata import fma, mapped
from consonance.catalog.metadata.csv_file import rows
from consonance.catalog.metadata.track import MetadataTable
from consonance.errors import ParameterError


def read_metadata(
    path: Path, *, raw: Path | None = None, mapping: Path | None = None
) -> MetadataTable:
    """Read an archive's table, whichever it is.

    Parameters
    ----------
    path
        FMA's `tracks.csv` or `raw_tracks.csv`, or any table.
    raw
        FMA's `raw_tracks.csv`, to be merged into its `tracks.csv`.
    mapping
        A file that says which column is what; needed where columns have names of their own.

    Raises
    ------
    ParameterError
        If the table is not of the form that was said, or `raw` is given with a table of other
        people.
    """
    if mapping is not None:
        if raw is not None:
            raise ParameterError("--raw goes with FMA's tracks.csv, not with --mapping.")
        return mapped.read(path, mapped.load_mapping(mapping))
    head = [record.cells for record in islice(rows(path), 3)]
    if fma.is_tracks_table(head) or fma.is_raw_table(head) or raw is not None:
        return fma.read(path, raw)
    return mapped.read(path)


def metadata_beside(folder: Path) -> tuple[Path | None, Path | None]:
    """Return `tracks.csv` and `raw_tracks.csv` of a folder, as far as they are there."""
    found = [
        next((folder / name for name in names if (folder / name).is_file()), None)
        for names in (("tracks.csv", "tracks.csv.gz"), ("raw_tracks.csv", "raw_tracks.csv.gz"))
    ]
    return found[0], found[1]
