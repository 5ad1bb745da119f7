"""Take a folder of recordings into a collection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import transaction
from django.utils import timezone

from consonance.catalog.ingest.crash_proof_pool import run_each
from consonance.catalog.ingest.files import Folder, find_audio
from consonance.catalog.ingest.inspecting import inspect_file
from consonance.catalog.ingest.matching import Entry, match
from consonance.catalog.ingest.summary import summarise
from consonance.catalog.metadata.choose import metadata_beside, read_metadata
from consonance.catalog.metadata.track import MetadataTable
from consonance.catalog.models import Collection
from consonance.catalog.track_writer import TrackWriter, known_tracks
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role

Progress = Callable[[int, int], None]
Log = Callable[[str], None]

_BATCH = 20  # inspected recordings that one transaction stores: what a killed import does again


def import_tracks(
    *,
    folder: Path,
    slug: str,
    name: str = "",
    metadata: Path | None = None,
    raw: Path | None = None,
    mapping: Path | None = None,
    look_beside: bool = True,
    synthetic: bool = False,
    processes: int = 2,
    recheck: bool = False,
    actor: Any = None,
    progress: Progress | None = None,
    log: Log | None = None,
) -> dict[str, Any]:
    """Take every recording of a folder into a collection, made if it is new.

    Safe to repeat: files that have not changed are not inspected again, changed metadata is taken
    over, numbers and ids stay. An import that was stopped goes on where it was.

    Parameters
    ----------
    folder
        The archive. Nothing in it is changed.
    slug, name
        The collection's short name in addresses, and its name (made from `slug` when empty).
    metadata, raw, mapping
        As for `consonance.catalog.metadata.choose.read_metadata`.
    look_beside
        Use `tracks.csv` and `raw_tracks.csv` of the folder when no `metadata` is given.
    synthetic
        Mark a new collection as rendered, not recorded.
    processes
        How many recordings are decoded at a time.
    recheck
        Inspect unchanged files too, after an update of Consonance, say.
    actor
        Who does it; None for the command line.
    progress
        Called with how many files are done and how many there are.
    log
        Called with sentences for the curator.

    Returns
    -------
    dict
        Counts by state and reason, with `summary`, a sentence.

    Raises
    ------
    NotAllowedError
        If the actor is no curator.
    ParameterError
        If the folder, the table or the slug will not do; nothing is stored then.
    StateError
        If the collection is another folder's, or its numbers are not the table's.
    """
    if actor is not None:
        require(actor, Role.CURATOR)
    folder = Path(folder).expanduser().resolve()
    _check_slug(slug)
    found = find_audio(folder)
    if metadata is None and look_beside:
        metadata, beside = metadata_beside(folder)
        # raw_tracks.csv by itself has all that is needed.
        metadata, raw = (metadata, raw or beside) if metadata else (raw or beside, None)
    if metadata is None and (raw or mapping):
        raise ParameterError("--raw and --mapping say more about --metadata: give that as well.")
    table = read_metadata(metadata, raw=raw, mapping=mapping) if metadata else None
    say = log or _silent
    for path, reason in found.refused:
        say(f"Refused {path}: {reason}.")
    for warning in table.warnings if table else ():
        say(warning)
    existing = Collection.objects.filter(slug=slug).first()
    if existing is not None:
        _check_same_archive(existing, folder, synthetic=synthetic)
    entries = match(found.files, table.rows if table else (), known_tracks(existing))
    collection = _keep_collection(
        existing, slug=slug, name=name, folder=folder, synthetic=synthetic
    )
    writer = TrackWriter(collection, entries, has_table=table is not None)
    to_inspect = writer.write_known(recheck=recheck)
    _inspect(
        writer, to_inspect, folder=folder, processes=processes, n_files=len(found.files),
        progress=progress or _silent,
    )  # fmt: skip
    writer.mark_gone()
    writer.note_same_sounds()
    result = _result(collection, found, table, inspected=len(to_inspect))
    with transaction.atomic():
        record("import_tracks", target=collection, actor=actor, **result)
    say(result["summary"])
    return result


def _inspect(
    writer: TrackWriter,
    entries: Sequence[Entry],
    *,
    folder: Path,
    processes: int,
    n_files: int,
    progress: Progress,
) -> None:
    by_path = {str(folder / entry.file.path): entry for entry in entries if entry.file}
    done = n_files - len(by_path)
    progress(done, n_files)
    begun = timezone.now()
    waiting: list[tuple[Entry, dict[str, Any] | None]] = []
    # An exception of `progress` (a cancelled job) closes the pool; what was stored stays.
    for outcome in run_each(inspect_file, by_path, processes=processes):
        waiting.append((by_path[outcome.item], outcome.result))
        done += 1
        if len(waiting) >= _BATCH or done == n_files:
            writer.write_inspected(waiting, begun=begun)
            waiting = []
        progress(done, n_files)


def _check_slug(slug: str) -> None:
    try:
        validate_slug(slug)
    except ValidationError:
        slug_ok = False
    else:
        slug_ok = len(slug) <= 64
    if not slug_ok:
        raise ParameterError(
            f"{slug!r} cannot stand in an address: use up to 64 letters, digits, - and _."
        )


def _check_same_archive(collection: Collection, folder: Path, *, synthetic: bool) -> None:
    if synthetic and not collection.is_synthetic:
        raise StateError(
            f"“{collection}” holds real recordings: give rendered ones a collection of their own."
        )
    # A folder that is gone was moved: the archive is where the curator says it is.
    if collection.root != str(folder) and Path(collection.root).is_dir():
        raise StateError(
            f"The collection {collection.slug!r} is the archive in {collection.root}. "
            "Give another --collection for this folder."
        )


def _keep_collection(
    existing: Collection | None, *, slug: str, name: str, folder: Path, synthetic: bool
) -> Collection:
    title = name.strip() or slug.replace("-", " ").replace("_", " ").capitalize()
    if existing is None:
        return Collection.objects.create(
            slug=slug, name=title[:200], root=str(folder), is_synthetic=synthetic
        )
    wanted = {"root": str(folder), "name": name.strip()[:200] or existing.name}
    if any(getattr(existing, field) != value for field, value in wanted.items()):
        for field, value in wanted.items():
            setattr(existing, field, value)
        existing.save(update_fields=list(wanted))
    return existing


def _result(
    collection: Collection, found: Folder, table: MetadataTable | None, *, inspected: int
) -> dict[str, Any]:
    counts = summarise(collection.tracks.values_list("state", "problems", "duration_ms").iterator())
    return {
        "collection": collection.slug,
        "metadata": table.kind if table else "none",
        "files": len(found.files),
        "refused": [list(pair) for pair in found.refused],
        "inspected": inspected,
        "unchanged": len(found.files) - inspected,
        **counts,
    }


def _silent(*_: Any) -> None:
    """Tell nobody."""
