"""Store an import's tracks in batches, so that each batch is whole and the next run sees it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import models, transaction
from django.db.models.fields.json import KT
from django.utils import timezone

from consonance.catalog.ingest import track_fields
from consonance.catalog.ingest.files import AudioFile
from consonance.catalog.ingest.matching import Entry, Known, artist_keys
from consonance.catalog.models import Collection, Track

_BATCH = 500
#: All columns but the key and what a track's identity is made of.
_COLUMNS = [
    field.name
    for field in Track._meta.concrete_fields
    if field.name not in {"id", "collection", "track_no"}
]
_LIMITS = {
    field.name: field.max_length
    for field in Track._meta.concrete_fields
    if isinstance(field, models.CharField) and field.max_length
}


def known_tracks(collection: Collection | None) -> Known:
    """Return which numbers a collection has given to which files and ids."""
    if collection is None:
        return Known(by_path={}, by_source={})
    rows = collection.tracks.annotate(
        source_id=KT(f"metadata__{track_fields.SOURCE_ID}")
    ).values_list("track_no", "path", "source_id")
    by_path, by_source = {}, {}
    for number, path, source_id in rows.iterator():
        if path:
            by_path[path] = number
        if source_id:
            by_source[source_id] = number
    return Known(by_path=by_path, by_source=by_source)


class TrackWriter:
    """Writes the tracks of one import.

    Parameters
    ----------
    collection
        Where they go.
    entries
        Every track of the archive as it is now.
    has_table
        Whether there is a table, so that a file without row is worth a note.
    """

    def __init__(
        self, collection: Collection, entries: Sequence[Entry], *, has_table: bool
    ) -> None:
        self._collection = collection
        self._entries = entries
        self._has_table = has_table
        self._artists = artist_keys([entry.file.path for entry in entries if entry.file])

    def write_known(self, *, recheck: bool) -> list[Entry]:
        """Store what needs no look at a file; return the entries whose files must be inspected."""
        to_inspect = []
        for batch in _batches(self._entries):
            stored = self._stored([entry.track_no for entry in batch])
            changed = []
            for entry in batch:
                track = stored.get(entry.track_no)
                if entry.file is None:
                    changed.append(self._missing(entry, track))
                elif track is None or recheck or not self._is_unchanged(track, entry.file):
                    to_inspect.append(entry)
                else:
                    changed.append(self._applied(track, entry, {}))
            self._write(changed)
        return to_inspect

    def write_inspected(
        self, results: Sequence[tuple[Entry, dict[str, Any] | None]], *, begun: datetime
    ) -> None:
        """Store entries with what inspection found (None: it crashed) and when it began."""
        stored = self._stored([entry.track_no for entry, _ in results])
        tracks = []
        for entry, inspection in results:
            track = stored.get(entry.track_no) or self._new(entry)
            found = {**track_fields.measured(inspection), "inspected_at": begun}
            tracks.append(self._applied(track, entry, found))
        self._write(tracks)

    def mark_gone(self) -> None:
        """Mark tracks that are neither in the folder nor in the table any more; none is deleted."""
        present = {entry.track_no for entry in self._entries}
        numbers = self._collection.tracks.exclude(state=track_fields.MISSING).values_list(
            "track_no", flat=True
        )
        for gone in _batches([number for number in numbers if number not in present]):
            stored = self._stored(gone)
            self._write([self._without_file(track) for track in stored.values()])

    def note_same_sounds(self) -> None:
        """Note on every recording that another, of a lower number, has exactly its sound."""
        first: dict[str, int] = {}
        wanted: dict[int, list[track_fields.Problem]] = {}
        rows = self._collection.tracks.order_by("track_no")
        for number, sound, state, problems in rows.values_list(
            "track_no", "pcm_sha256", "state", "problems"
        ).iterator():
            notes = [p for p in problems if p["code"] == "no_metadata"]
            original = first.setdefault(sound, number) if sound and state == "ready" else number
            if original != number:
                detail = f"The same sound, sample for sample, as track {original}."
                notes.append({"code": "same_sound", "detail": detail})
            target = track_fields.with_notes(problems, notes)
            if target != problems:
                wanted[number] = target
        for batch in _batches(list(wanted)):
            stored = self._stored(batch)
            self._write([_set(stored[number], {"problems": wanted[number]}) for number in batch])

    def _stored(self, numbers: Sequence[int]) -> dict[int, Track]:
        tracks = self._collection.tracks.filter(track_no__in=numbers)
        return {track.track_no: track for track in tracks}

    def _new(self, entry: Entry) -> Track:
        return Track(collection=self._collection, track_no=entry.track_no, state="", path="")

    def _is_unchanged(self, track: Track, file: AudioFile) -> bool:
        if (track.path, track.file_bytes) != (file.path, file.byte_size) or not track.inspected_at:
            return False
        if file.changed_at < track.inspected_at.timestamp():
            return True
        # Copied or touched since: only its content tells.
        if track.file_sha256 != _sha256(Path(self._collection.root, file.path)):
            return False
        _set(track, {"inspected_at": timezone.now()})
        return True

    def _applied(self, track: Track, entry: Entry, found: dict[str, Any]) -> Track:
        """Return the track with an entry's row, its file and what was found in that."""
        assert entry.file is not None  # noqa: S101 - told apart by the callers
        values = self._described(entry) | found
        values |= {"path": entry.file.path, "file_bytes": entry.file.byte_size}
        notes = [track_fields.NO_METADATA] if self._has_table and entry.row is None else []
        before = [p for p in track.problems if p["code"] == "same_sound"] if not found else []
        values["problems"] = track_fields.with_notes(
            found.get("problems", track.problems), notes + before
        )
        values["state"] = track_fields.state_of(values["problems"])
        return _set(track, values)

    def _missing(self, entry: Entry, track: Track | None) -> Track:
        track = track or self._new(entry)
        expected = entry.row.path if entry.row else None
        _set(track, {"path": track.path or expected or "", **self._described(entry)})
        return self._without_file(track)

    def _without_file(self, track: Track) -> Track:
        problems = [track_fields.no_file(track.path)]
        return _set(
            track, {"state": track_fields.MISSING, "problems": problems, "inspected_at": None}
        )

    def _described(self, entry: Entry) -> dict[str, Any]:
        path = entry.file.path if entry.file else ""
        unknown = self._artists.get(path, f"track:{entry.track_no}")
        return track_fields.described(entry, unknown_artist=unknown)

    def _write(self, tracks: Sequence[Track]) -> None:
        changed = [track for track in tracks if _is_dirty(track)]
        if not changed:
            return
        with transaction.atomic():
            Track.objects.bulk_create(
                changed,
                update_conflicts=True,
                update_fields=_COLUMNS,
                unique_fields=["collection", "track_no"],
            )


def _set(track: Track, values: dict[str, Any]) -> Track:
    """Set columns, cut to what they hold, and remember whether that changed anything."""
    for name, value in values.items():
        limit = _LIMITS.get(name)
        if limit and isinstance(value, str) and len(value) > limit:
            value = value[: limit - 1] + "…"
        if getattr(track, name) != value:
            setattr(track, name, value)
            track._changed_by_import = True  # type: ignore[attr-defined]
    return track


def _is_dirty(track: Track) -> bool:
    return track._state.adding or getattr(track, "_changed_by_import", False)


def _batches(things: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(things), _BATCH):
        yield things[start : start + _BATCH]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
