"""The folder in which a release grows until it is whole."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

_BLOCK = 1 << 20  # bytes hashed at once


def sha256_of(path: Path) -> str:
    """Return the hash of a file's bytes, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


class Staging:
    """A folder whose files appear whole or not at all, and that remembers what belongs to it.

    Parameters
    ----------
    root : Path
        Made if absent; what a stopped run left there is used again where it is still right.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._facts: dict[str, dict[str, object]] = {}
        root.mkdir(parents=True, exist_ok=True)

    @property
    def names(self) -> list[str]:
        """What belongs to the release, sorted."""
        return sorted(self._facts)

    def holds(self, name: str, sha256: str) -> bool:
        """Tell whether the file is there with this hash; it then belongs."""
        path = self.root / name
        if not path.is_file() or path.is_symlink() or sha256_of(path) != sha256:
            return False
        self._facts[name] = {"sha256": sha256, "bytes": path.stat().st_size}
        return True

    def write(self, name: str, content: bytes | str) -> None:
        """Put a file in place in one step."""
        data = content.encode() if isinstance(content, str) else content
        self.write_with(name, lambda file: file.write(data))

    def write_with(self, name: str, writer: Callable[[BinaryIO], object]) -> None:
        """As `write`, by a function that writes to an open file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(path.name + ".part")
        with temporary.open("wb") as file:
            writer(file)
        facts = {"sha256": sha256_of(temporary), "bytes": temporary.stat().st_size}
        temporary.replace(path)
        self._facts[name] = facts

    def write_csv(
        self, name: str, header: Sequence[str] | None, rows: Iterable[Sequence[object]]
    ) -> None:
        """Write a CSV with LF line ends; None becomes an empty cell, floats keep every digit."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        if header is not None:
            writer.writerow(header)
        writer.writerows(rows)
        self.write(name, text.getvalue())

    def remove_strangers(self) -> None:
        """Delete what an earlier run left and this one did not write."""
        for path in sorted(self.root.rglob("*"), reverse=True):
            if path.is_dir() and not path.is_symlink():
                if not any(path.iterdir()):
                    path.rmdir()
            elif path.relative_to(self.root).as_posix() not in self._facts:
                path.unlink()

    def facts(self) -> dict[str, dict[str, object]]:
        """Return hash and size of every file that belongs, by name."""
        return {name: self._facts[name] for name in self.names}
