"""The list of a score set's shards, written when the last one is there."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from candidates.scoring import shards
from consonance.errors import StateError

_KIND: Final = "consonance score set"


def write(folder: Path, facts: dict[str, Any]) -> str:
    """List the shards of a folder with their hashes; a folder with a manifest is complete.

    Parameters
    ----------
    folder
        A score set's shards.
    facts
        What else the manifest says: detector, classes, grid.

    Returns
    -------
    str
        SHA-256 over the shards' own SHA-256 sums, in order: the score set's name by content.

    Raises
    ------
    StateError
        If the disk is full.
    """
    total = hashlib.sha256()
    rows = []
    for path in shards.shard_paths(folder):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
        total.update(digest.digest())
        failed = [failure.track_no for failure in shards.failures(path)]
        rows.append(
            {
                "name": path.name,
                "bytes": path.stat().st_size,
                "sha256": digest.hexdigest(),
                "excerpts": shards.rows(path),
                "failed": failed,
            }
        )
    listing = {**facts, "kind": _KIND, "sha256": total.hexdigest(), "shards": rows}
    text = json.dumps(listing, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    shards.write_whole(folder / shards.MANIFEST, text.encode())
    return total.hexdigest()


def read(folder: Path) -> dict[str, Any]:
    """Return a complete score set's manifest.

    Raises
    ------
    StateError
        If there is none, or it cannot be read.
    """
    path = folder / shards.MANIFEST
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StateError(
            f"{folder} has no {shards.MANIFEST}: its scores are not complete. Run "
            "./consonance score."
        ) from error
    except (OSError, ValueError) as error:
        raise StateError(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict) or found.get("kind") != _KIND:
        raise StateError(f"{path} is no manifest of scores.")
    return found


def withdraw(folder: Path) -> None:
    """Take the manifest away: what lies in the folder is about to change."""
    (folder / shards.MANIFEST).unlink(missing_ok=True)


def verify(folder: Path) -> list[str]:
    """Return what is wrong with a score set's shards, a sentence each, reading all of them.

    Raises
    ------
    StateError
        If there is no manifest.
    """
    listed = {row["name"]: row for row in read(folder)["shards"]}
    found = {path.name for path in shards.shard_paths(folder)}
    problems = [f"{name} is listed and not there." for name in sorted(set(listed) - found)]
    problems += [f"{name} is there and not listed." for name in sorted(found - set(listed))]
    for name in sorted(found & set(listed)):
        with (folder / name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != listed[name]["sha256"]:
            problems.append(f"{name} has changed: its SHA-256 is {digest}.")
    return problems
