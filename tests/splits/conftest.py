"""A small archive with clips and labels, from which releases are built."""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from consonance.audio.clips import CutClip, cut_clip
from consonance.catalog.models import Clip, Collection, FrozenTableRow
from consonance.jobs.context import JobContext
from consonance.jobs.runner import claim
from consonance.tables.store import TableStore
from splits.recipes import ReleaseRecipe
from tests.factories import ClipFactory, CollectionFactory, JobFactory, TrackFactory

CLASSES = ("banjo", "organ")
N_SONGS, N_ARTISTS = 10, 5
#: Song 0 once more, from another encoder, under another artist's name.
COPY = N_SONGS

# With import-mode=importlib a test folder is no package: load the neighbour by its path.
_SPEC = importlib.util.spec_from_file_location(
    "songs_to_release", Path(__file__).parent / "dedup" / "songs.py"
)
songs = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(songs)


@dataclass(frozen=True)
class Sound:
    """A recording and the clip of its first ten seconds."""

    path: Path
    clip: CutClip


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> list[Sound]:
    """Write songs and one copy, and cut a clip of each."""
    root = tmp_path_factory.mktemp("archive")
    paths = []
    for number in range(N_SONGS):
        music = songs.song(number, 10.5)
        paths.append(songs.write(root / f"{number + 1:06d}.wav", music))
    copied = songs.write(root / f"{COPY + 1:06d}.mp3", songs.song(0, 10.5), compression_level=0.6)
    return [Sound(path, cut_clip(path, 0, 10_000)) for path in [*paths, copied]]


@pytest.fixture
def house(tmp_path: Path, settings: Any) -> Path:
    """Keep clips, tables and releases in a folder of the test's own."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "media"), "base_url": None},
        },
    }
    settings.TABLES_ROOT = tmp_path / "tables"
    settings.RELEASES_ROOT = tmp_path / "releases"
    settings.SCORES_ROOT = tmp_path / "scores"
    return tmp_path


@dataclass(frozen=True)
class Archive:
    """A collection whose every recording has one clip."""

    collection: Collection
    clips: list[Clip]

    def labels(
        self,
        *,
        simulated: bool = True,
        decisions: Callable[[int, int], str] | None = None,
        classes: Sequence[str] = CLASSES,
    ) -> FrozenTableRow:
        """Freeze ratings, skills and labels as a consensus run does; return the labels' row."""
        decide = decisions or (lambda clip, column: ("present", "absent")[(clip + column) % 2])
        ratings: list[dict[str, Any]] = []
        labels: list[dict[str, Any]] = []
        raters = [f"rater{number}" for number in range(3)]
        for index, clip in enumerate(self.clips):
            for column, name in enumerate(classes):
                decision = decide(index, column)
                answers = {"present": "yes yes no", "absent": "no no unsure", "undecided": "yes no"}
                given = answers[decision].split()
                for rater, answer in zip(raters, given, strict=False):
                    ratings.append(
                        {
                            "rating_id": f"{len(ratings):06d}",
                            "clip_id": str(clip.pk),
                            "class_name": name,
                            "rater": rater,
                            "rater_is_simulated": simulated,
                            "answer": answer,
                            "is_gold": False,
                            "answered_at": dt.datetime(2026, 5, 1, tzinfo=dt.UTC),
                            "response_ms": 2_000,
                            "heard_ms": 9_000,
                            "guideline_version": 1,
                        }
                    )
                labels.append(
                    {
                        "clip_id": str(clip.pk),
                        "class_name": name,
                        "decision": decision,
                        "posterior_crowd": {"present": 0.97, "absent": 0.02}.get(decision, 0.5),
                        "posterior_with_detector": None,
                        "majority": given.count("yes") / max(1, 3 - given.count("unsure")),
                        "relevance": None,
                        "n_yes": given.count("yes"),
                        "n_no": given.count("no"),
                        "n_unsure": given.count("unsure"),
                        "stop_reason": "confident",
                    }
                )
        skills = [
            {"rater": rater, "rater_is_simulated": simulated, "n_ratings": 30, "sensitivity": 0.9,
             "specificity": 0.9, "unsure_rate": 0.1, "trust": 0.8} for rater in raters
        ]  # fmt: skip
        made = {
            "ratings": self.freeze(pa.Table.from_pylist(ratings), "ratings").sha256,
            "skills": self.freeze(pa.Table.from_pylist(skills), "skills").sha256,
            "method": "dawid_skene",
        }
        return self.freeze(pa.Table.from_pylist(labels), "labels", **made)

    def freeze(self, table: pa.Table, kind: str, **facts: Any) -> FrozenTableRow:
        """Freeze a table of this collection."""
        from django.conf import settings

        store = TableStore(settings.TABLES_ROOT)
        return FrozenTableRow.keep(store.freeze(table, kind, facts), self.collection)


@pytest.fixture
def make_archive(house: Path, sounds: list[Sound]) -> Callable[..., Archive]:
    """Return a function that makes rows for songs and stores their clips.

    With `at_hand`, the recordings themselves are where the collection says.
    """

    def make(
        numbers: Sequence[int] = range(N_SONGS), *, at_hand: bool = False, **fields: Any
    ) -> Archive:
        # Comparing whole recordings takes as long as everything else: only where a test says so.
        root = str(sounds[0].path.parent) if at_hand else "/nowhere"
        collection = CollectionFactory(name="The Attic", root=root)
        clips = []
        for number in numbers:
            sound = sounds[number]
            artist = "Copycat" if number == COPY else f"Artist {number % N_ARTISTS}"
            track = TrackFactory(
                collection=collection, track_no=number + 1, path=sound.path.name,
                artist=artist, artist_key=artist.lower(), licence_spdx="CC-BY-4.0",
                licence_url="https://creativecommons.org/licenses/by/4.0/",
                track_url=f"https://archive.example/{number + 1}", pcm_sha256=f"{number:064x}",
                **fields,
            )  # fmt: skip
            clip = ClipFactory(
                track=track, channels=sound.clip.channels, audio_sha256=sound.clip.sha256,
                pcm_sha256=sound.clip.pcm_sha256, audio_bytes=len(sound.clip.ogg),
            )  # fmt: skip
            default_storage.save(clip.audio_name, ContentFile(sound.clip.ogg))
            clips.append(clip)
        return Archive(collection, clips)

    return make


@pytest.fixture
def archive(make_archive: Callable[..., Archive]) -> Archive:
    """Return ten clips by five artists, none of them a copy."""
    return make_archive()


@pytest.fixture
def context() -> Iterator[JobContext]:
    """Return a running job."""
    found = claim(JobFactory().pk)
    assert found is not None
    with JobContext(*found) as running:
        yield running


def recipe(**fields: Any) -> ReleaseRecipe:
    """Return a recipe that the small archive can keep."""
    values: dict[str, Any] = {
        "name": "attic-simulated", "version": "1.0.0", "title": "The Attic", "min_positives": 3,
        "min_labels": 8, "seed": 3,
    }  # fmt: skip
    return ReleaseRecipe(**{**values, **fields})


def tree(folder: Path) -> dict[str, str]:
    """Return the hash of every file of a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def partition_of(archive: Archive, release: Any) -> dict[int, str]:
    """Return the partition of each song that is in a release."""
    rows = {row.clip_id: row.partition for row in release.clips.all()}
    return {clip.track.track_no - 1: rows[clip.pk] for clip in archive.clips if clip.pk in rows}


def flip_a_byte(path: Path, place: int = -1) -> None:
    """Turn one bit of a file."""
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))
