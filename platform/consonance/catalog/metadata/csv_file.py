"""Read a CSV file that somebody else has written."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from consonance.errors import ParameterError

_LONGEST_CELL = 8 * 2**20  # biographies are long; a file that is no table is longer


@dataclass(frozen=True)
class CsvRow:
    """The cells of one record and the line it begins in."""

    line: int
    cells: list[str]


def rows(path: Path) -> Iterator[CsvRow]:
    """Yield the records of a comma-separated UTF-8 file; `.gz` is unpacked.

    Records may hold line breaks; empty lines are left out. The file is not held in memory.

    Raises
    ------
    ParameterError
        If the file is missing, is not UTF-8 (with the line), or is no CSV (with the line).
    """
    csv.field_size_limit(_LONGEST_CELL)
    try:
        with io.TextIOWrapper(_opened(path), encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            line = 1
            for cells in reader:
                if cells:
                    yield CsvRow(line, cells)
                line = reader.line_num + 1
    except FileNotFoundError:
        raise ParameterError(f"There is no file {path}.") from None
    except csv.Error as error:
        raise ParameterError(
            f"{path.name}, line {reader.line_num}: this is not comma-separated text ({error})."
        ) from None
    except UnicodeDecodeError:
        raise ParameterError(
            f"{path.name}, {_undecodable(path)} is not UTF-8. "
            "Save the table as UTF-8 (in a spreadsheet: “CSV UTF-8”)."
        ) from None
    except (OSError, EOFError, zlib.error) as error:
        raise ParameterError(f"{path} cannot be read: {error}.") from None


def _opened(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _undecodable(path: Path) -> str:
    """Return the place of the first byte that is not UTF-8."""
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                return f"line {number}: byte {line[error.start]:#04x}"
    return "its end"  # cut within a character
