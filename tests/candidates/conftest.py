"""A tiny archive of tones that the shipped detector scores in a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

from candidates.actions.score_collection import score_collection
from candidates.models import ScoreSet
from consonance.catalog.actions.import_tracks import import_tracks
from consonance.catalog.models import Collection, Track
from consonance.jobs.context import JobContext
from consonance.jobs.runner import claim
from tests.factories import JobFactory

RATE = 16_000
SECONDS = 14.0  # two windows of the grid: at 0 and at 3,840 ms
N_TRACKS = 5


@pytest.fixture
def house(tmp_path: Path, settings: Any) -> Path:
    """Keep clips, tables and scores in a folder of the test's own."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "media"), "base_url": None},
        },
    }
    settings.TABLES_ROOT = tmp_path / "tables"
    settings.SCORES_ROOT = tmp_path / "scores"
    settings.DETECTORS_ROOT = tmp_path / "detectors"
    return tmp_path


@pytest.fixture
def tones(house: Path) -> Path:
    """Write tones of differing pitch and timbre: WAV and Ogg."""
    folder = house / "archive"
    folder.mkdir()
    time = np.arange(round(SECONDS * RATE)) / RATE
    for number in range(1, N_TRACKS + 1):
        pitch = 110 * 2 ** (number / 3)
        overtones = (np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 2 + number))
        sound = 0.2 * sum(overtones) * (1 + 0.5 * np.sin(2 * np.pi * number * time))
        sf.write(folder / f"{number:06d}.{'ogg' if number == 2 else 'wav'}", sound, RATE)
    return folder


@pytest.fixture
def collection(tones: Path) -> Collection:
    """Import the tones as every archive is imported, and give them a licence."""
    import_tracks(folder=tones, slug="tones", name="Tones", processes=1)
    made = Collection.objects.get(slug="tones")
    Track.objects.of(made).update(
        licence_title="Attribution 4.0",
        licence_spdx="CC-BY-4.0",
        licence_url="https://creativecommons.org/licenses/by/4.0/",
    )
    assert Track.objects.of(made).ready().count() == N_TRACKS
    return made


@pytest.fixture
def make_context() -> Iterator[Callable[..., JobContext]]:
    """Return a function that gives a running job."""

    def make(listener: Callable[..., None] | None = None) -> JobContext:
        found = claim(JobFactory().pk)
        assert found is not None
        return JobContext(*found, listener)

    return make


@pytest.fixture
def context(make_context: Callable[..., JobContext]) -> JobContext:
    """Return a running job."""
    return make_context()


@pytest.fixture
def score(collection: Collection, context: JobContext) -> Callable[..., dict[str, Any]]:
    """Return a function that scores the tones with the detector that ships, in this process."""

    def run(**fields: Any) -> dict[str, Any]:
        return score_collection(
            **{
                "collection": collection,
                "context": context,
                "detector": "default",
                "processes": 1,
                "shard_tracks": 2,
                **fields,
            }
        )

    return run


@pytest.fixture
def score_set(score: Callable[..., dict[str, Any]]) -> ScoreSet:
    """Return the scores of the tones."""
    return ScoreSet.objects.get(pk=score()["score_set"])
