"""Copies among a collection's clips and recordings: fingerprints kept, people's words heard."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage

from consonance.catalog.models import Clip, Track
from consonance.errors import IngestError
from splits.models import DuplicateVerdict

if TYPE_CHECKING:
    from consonance.jobs.context import JobContext
    from splits.dedup import DuplicateReport, Saying, Settings
    from splits.dedup.sources import Source

_BATCH: Final = 500  # names in one query
_ROWS: Final = 2_000  # rows fetched at once


@dataclass(frozen=True, kw_only=True)
class Sound:
    """A clip or a recording, as it is compared.

    Attributes
    ----------
    pk
        Of its row.
    key
        Its place among others: of two copies the one with the smaller key is kept.
    artist
        Pairs of one artist do not set the thresholds.
    recording
        Clips of one recording are not compared.
    file_sha256, pcm_sha256
        Hashes, where they are known.
    name
        Of the file: in the media store of a clip, on disk of a recording.
    """

    pk: str
    key: str
    artist: str
    recording: str
    file_sha256: str
    pcm_sha256: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Copies:
    """What was found, by whom: row i of the report is sound i.

    Attributes
    ----------
    sounds
        Those that were compared.
    report
        Of them.
    unread
        Sounds whose file could not be read, and why.
    """

    sounds: Sequence[Sound]
    report: DuplicateReport
    unread: Mapping[str, str]


def clips_of(collection_id: UUID) -> list[Sound]:
    """Return all clips of a collection that are served."""
    rows = (
        Clip.objects.filter(track__collection=collection_id, is_withdrawn=False)
        .order_by("track__track_no", "start_ms", "duration_ms")
        .select_related("track")
        .only(
            "id", "start_ms", "audio_sha256", "pcm_sha256", "track__id", "track__track_no",
            "track__artist_key",
        )
    )  # fmt: skip
    return [
        Sound(
            pk=str(clip.pk),
            key=f"{clip.sample_key} {clip.pk}",
            artist=clip.track.artist_key,
            recording=str(clip.track_id),
            file_sha256=clip.audio_sha256,
            pcm_sha256=clip.pcm_sha256,
            name=clip.audio_name,
        )
        for clip in rows.iterator(chunk_size=_ROWS)
    ]


def recordings_at_hand(track_ids: Sequence[str | UUID]) -> list[Sound]:
    """Return those of some recordings whose file is where the collection says."""
    found: list[Sound] = []
    for first in range(0, len(track_ids), _BATCH):
        rows = Track.objects.filter(pk__in=track_ids[first : first + _BATCH])
        found += [
            Sound(
                pk=str(track.pk),
                key=f"{track.track_no:09d}",
                artist=track.artist_key,
                recording=str(track.pk),
                file_sha256="",  # the archive's files are others' to change: hashed each time
                pcm_sha256=track.pcm_sha256,
                name=str(track.file),
            )
            for track in rows.select_related("collection")
            if track.file.is_file()
        ]
    return sorted(found, key=lambda sound: sound.key)


def copies_among_clips(
    sounds: Sequence[Sound],
    collection_id: UUID,
    context: JobContext,
    *,
    chosen: Settings | None = None,
    skip_unread: bool = False,
) -> Copies:
    """Compare clips; what curators said of pairs of them goes before what is measured.

    Parameters
    ----------
    sounds
        Clips of one collection.
    collection_id
        Whose curators' verdicts count.
    context
        The running job: progress is told to it, and it may end the search.
    chosen
        Budget and limits.
    skip_unread
        Leave out what cannot be read, instead of ending there.
    """
    from splits.dedup.sources import Source

    def source(sound: Sound) -> Source:
        return Source(
            opened=partial(_local, sound.name),
            file_sha256=sound.file_sha256,
            pcm_sha256=sound.pcm_sha256,
        )

    return _copies(
        sounds, source, "Clips", context, chosen, skip_unread,
        words=words_about(collection_id, sounds),
    )  # fmt: skip


def copies_among_recordings(
    sounds: Sequence[Sound],
    context: JobContext,
    *,
    chosen: Settings | None = None,
    skip_unread: bool = False,
) -> Copies:
    """Compare whole recordings; parameters as in `copies_among_clips`.

    Clips cut apart in two copies of a recording share no sound: only their recordings tell.
    """
    from splits.dedup.sources import Source

    def source(sound: Sound) -> Source:
        return Source.at(sound.name, pcm_sha256=sound.pcm_sha256)

    return _copies(sounds, source, "Recordings", context, chosen, skip_unread, words={})


def words_about(collection_id: UUID, sounds: Sequence[Sound]) -> dict[tuple[int, int], Saying]:
    """Return the newest verdict on each pair of sounds, by their places.

    A verdict is on what was heard: it holds for every clip with the same samples.
    """
    from splits.dedup import Saying

    rows = (
        DuplicateVerdict.objects.filter(collection=collection_id)
        .order_by("pk")
        .values_list("first__pcm_sha256", "second__pcm_sha256", "says")
    )
    newest: dict[tuple[str, str], str] = {}
    for one, other, says in rows.iterator(chunk_size=_ROWS):
        low, high = sorted((one, other))
        newest[low, high] = says
    places: dict[str, int] = {}
    for place, sound in enumerate(sounds):
        places.setdefault(sound.pcm_sha256, place)
    return {
        (places[one], places[other]): Saying(says)
        for (one, other), says in newest.items()
        if one in places and other in places and one != other
    }


def _copies(
    sounds: Sequence[Sound],
    source: Callable[[Sound], Source],
    what: str,
    context: JobContext,
    chosen: Settings | None,
    skip_unread: bool,
    *,
    words: Mapping[tuple[int, int], Saying],
) -> Copies:
    from splits.dedup import Settings, compare
    from splits.dedup.sources import fingerprints_of
    from splits.dedup.store import PrintStore

    def tell(done: int, total: int, step: str) -> None:
        context.progress(done, total, unit="steps", message=f"{what}: {step}")

    unread: dict[int, str] = {}
    limits = chosen or Settings(threads=settings.NUMERIC_THREADS)
    prints, places = fingerprints_of(
        PrintStore(settings.TABLES_ROOT / "fingerprints"),
        [source(sound) for sound in sounds],
        max_seconds=limits.max_seconds,
        progress=tell,
        refused=(lambda place, error: unread.update({place: str(error)})) if skip_unread else None,
    )
    read = [sounds[place] for place in places]
    row = {place: row for row, place in enumerate(places)}
    report = compare(
        prints,
        keys=[sound.key for sound in read],
        artist=[sound.artist for sound in read],
        recording=[sound.recording for sound in read],
        said={
            (row[one], row[other]): says
            for (one, other), says in words.items()
            if one in row and other in row
        },
        settings=limits,
        progress=tell,
    )
    if unread:
        named = ", ".join(sounds[place].key.split()[0] for place in list(unread)[:5])
        context.log(
            f"{len(unread)} of the {what.lower()} cannot be read: {named}.", level="warning"
        )
    return Copies(
        sounds=read,
        report=report,
        unread={sounds[place].pk: reason for place, reason in unread.items()},
    )


@contextmanager
def _local(name: str) -> Iterator[Path]:
    """Give the path of a stored file: its own where storage is a folder, else that of a copy.

    Raises
    ------
    IngestError
        If it is gone.
    """
    if not default_storage.exists(name):
        raise IngestError(f"{name} is gone from the media store: bring it back, or cut it again.")
    try:
        path = Path(default_storage.path(name))
    except NotImplementedError:
        pass  # storage without paths (S3)
    else:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="consonance-clip-") as folder:
        path = Path(folder) / "clip.ogg"
        with default_storage.open(name) as stored, path.open("wb") as target:
            shutil.copyfileobj(stored, target)
        yield path


def figures(report: DuplicateReport) -> dict[str, Any]:
    """Return what a report comes to, as JSON: nothing in it is as long as the collection."""
    curve = report.curve
    return {
        "pairs": len(report.pairs),
        "verified": int(report.verified.sum()),
        "cut": int(report.cut.sum()),
        "threshold": float(report.threshold),
        "thresholds": {name: float(value) for name, value in report.thresholds.items()},
        "expected_false_edges": float(report.expected_false_edges),
        "recall": float(report.recall),
        "is_exact": bool(report.exact_search),
        "compared": int(report.n_compared),
        "aligned": int(report.n_aligned),
        "too_short": len(report.not_compared),
        "largest_group": report.largest_group,
        "impostors": {name: tail.n_pairs for name, tail in report.tails.items()},
        "curve": {
            "threshold": [round(value, 6) for value in curve.threshold.tolist()],
            "expected_false_edges": [float(f"{n:.4g}") for n in curve.expected_false_edges],
            "edges": curve.edges.tolist(),
            "largest_group": curve.largest_group.tolist(),
        },
        "settings": report.settings.model_dump(),
    }
