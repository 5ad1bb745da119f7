"""What is stored of a recording: its row, its file and its inspection brought into columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from consonance.catalog import licences
from consonance.catalog.ingest.matching import Entry

Problem = dict[str, str]

#: Problems that are told but keep no recording out.
INFORMATIONAL = frozenset({"no_metadata", "same_sound"})
READY, QUARANTINED, MISSING = "ready", "quarantined", "missing"

SOURCE_ID = "_source_id"
EXPECTED_MS = "_expected_duration_ms"

NO_METADATA: Problem = {
    "code": "no_metadata",
    "detail": "The archive's table has no row for this file: artist and licence are not known.",
}
CRASHED: Problem = {
    "code": "unreadable",
    "detail": "The decoder crashed on this file: it is damaged, or made to do harm.",
}


def described(entry: Entry, *, unknown_artist: str) -> dict[str, Any]:
    """Return the columns that come from an entry's row, or from its file's name where it has none.

    Parameters
    ----------
    entry
        File, row, or both.
    unknown_artist
        The artist's key where the row gives none.
    """
    row, path = entry.row, entry.file.path if entry.file else ""
    if row is None:
        unknown = licences.parse("")
        return {
            "title": PurePosixPath(path).stem,
            "artist": "",
            "artist_key": unknown_artist,
            "album": "",
            "album_key": "",
            "genres": [],
            "licence_title": "",
            "licence_spdx": unknown.spdx,
            "licence_url": "",
            "track_url": "",
            "artist_url": "",
            "is_explicit": None,
            "metadata": {},
        }
    licence = licences.parse(row.licence_title, row.licence_url)
    ours: dict[str, Any] = {SOURCE_ID: row.source_id}
    if row.expected_duration_ms is not None:
        ours[EXPECTED_MS] = row.expected_duration_ms
    return {
        "title": row.title or PurePosixPath(path).stem,
        "artist": row.artist,
        "artist_key": row.artist_key or unknown_artist,
        "album": row.album,
        "album_key": row.album_key,
        "genres": list(row.genres),
        "licence_title": row.licence_title,
        "licence_spdx": licence.spdx,
        "licence_url": row.licence_url or (licence.url if licence.is_known else ""),
        "track_url": row.track_url,
        "artist_url": row.artist_url,
        "is_explicit": row.is_explicit,
        "metadata": {**row.extra, **ours},
    }


def measured(inspection: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the columns that come from an inspection; None for one that crashed."""
    if inspection is None:
        return {**NOTHING_MEASURED, "problems": [CRASHED]}
    return {
        "file_sha256": inspection["file_sha256"] or "",
        "pcm_sha256": inspection["pcm_sha256"] or "",
        "duration_ms": inspection["duration_ms"],
        "sample_rate": inspection["sample_rate"] or 0,
        "channels": inspection["channels"] or 0,
        "problems": [
            {"code": problem["code"], "detail": problem["detail"]}
            for problem in inspection["problems"]
        ],
    }


NOTHING_MEASURED: dict[str, Any] = {
    "file_sha256": "",
    "pcm_sha256": "",
    "duration_ms": 0,
    "sample_rate": 0,
    "channels": 0,
}


def no_file(path: str) -> Problem:
    """Return the problem of a row whose file is not there."""
    where = f" It was at {path}." if path else ""
    return {"code": "no_file", "detail": f"The archive's folder has no file for this row.{where}"}


def state_of(problems: Iterable[Problem]) -> str:
    """Return the state that a recording's problems put it in."""
    codes = {problem["code"] for problem in problems}
    if "no_file" in codes:
        return MISSING
    return QUARANTINED if codes - INFORMATIONAL else READY


def with_notes(problems: Iterable[Problem], notes: Iterable[Problem]) -> list[Problem]:
    """Return problems with their notes replaced by these."""
    return [problem for problem in problems if problem["code"] not in INFORMATIONAL] + list(notes)
