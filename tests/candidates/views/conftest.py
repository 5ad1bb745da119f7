"""Scores of a small archive, with real recordings where they are heard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.cache import cache
from django.test import Client

from candidates.models import ScoreSet
from candidates.scoring.excerpts import source_of
from candidates.scoring.histograms import fine_histograms
from candidates.scoring.shards import TrackScores, digest, write_shard
from tests.factories import ClassFactory, ScoreSetFactory, TrackFactory, curator

N_TRACKS = 40
CLASSES = ("banjo", "cello")
BY = {
    "licence_title": "Attribution 4.0",
    "licence_url": "https://creativecommons.org/licenses/by/4.0/",
}


@pytest.fixture
def browser() -> Client:
    """Return a curator's browser."""
    client = Client()
    client.force_login(curator(), backend="consonance.people.backends.AccountBackend")
    return client


@pytest.fixture
def scored(house: Path) -> ScoreSet:
    """Return scores of forty recordings that last one excerpt each, with histograms."""
    cache.clear()
    made: Any = ScoreSetFactory(collection__root=str(house / "archive"))
    for name in CLASSES:
        ClassFactory(taxonomy=made.detector.taxonomy, name=name, display_name=name)
    chance = np.random.default_rng(8)
    tracks = []
    for number in range(N_TRACKS):
        TrackFactory(
            collection=made.collection,
            track_no=number,
            path=f"{number:06d}.wav",
            duration_ms=12_000,
            artist_key=f"artist {number % 10}",
            **BY,
        )
        tracks.append(
            TrackScores(
                track_no=number,
                start_ms=np.array([0]),
                likelihood=1 / (1 + np.exp(-chance.normal(-1, 2, (1, 2)).astype(np.float32))),
                embedding=chance.normal(0, 1, (1, 4)).astype(np.float32),
            )
        )
    write_shard(
        made.folder / "shard-00000.parquet", tracks, classes=CLASSES, embedding_dim=4, recipe={}
    )
    made.figures = fine_histograms(source_of(made.folder, CLASSES).counts, CLASSES)
    made.excerpts = made.tracks = N_TRACKS
    made.sha256 = digest(made.folder)
    made.save()
    return ScoreSet.objects.get(pk=made.pk)
