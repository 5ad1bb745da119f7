"""A scored collection with labels that a search can learn from, as rows and files. Not a test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from django.conf import settings

from candidates.models import ScoreSet
from candidates.scoring import shards
from candidates.search.recipe import SearchRecipe
from candidates.search.space import Space
from consonance.catalog.models import FrozenTableRow
from consonance.tables.schemas import KINDS
from consonance.tables.store import TableStore
from tests.candidates.search.bags import CLASSES, bags
from tests.factories import (
    ClassFactory,
    ClipFactory,
    CollectionFactory,
    DetectorVersionFactory,
    ScoreSetFactory,
    TaxonomyFactory,
    TrackFactory,
)

N_CLIPS = 180


def scored(*, n: int = N_CLIPS, artists: int = 60) -> tuple[ScoreSet, FrozenTableRow]:
    """Make a score set with embeddings in its shards, and a frozen table of labels of its clips."""
    collection = CollectionFactory(name="The Attic")
    taxonomy = TaxonomyFactory()
    for position, name in enumerate(CLASSES):
        ClassFactory(taxonomy=taxonomy, name=name, display_name=name, position=position)
    made = bags(n, seed=5)
    tracks = [
        TrackFactory(collection=collection, artist_key=f"artist-{row % artists}")
        for row in range(n)
    ]
    clips = [ClipFactory(track=track) for track in tracks]
    detector = DetectorVersionFactory(taxonomy=taxonomy, provenance={"weights_sha256": "ab" * 32})
    score_set = ScoreSetFactory(collection=collection, detector=detector)
    likelihood = np.random.default_rng(1).random((n, len(CLASSES))).astype(np.float32)
    shards.write_shard(
        score_set.folder / "shard-00000.parquet",
        [
            shards.TrackScores(
                track_no=track.track_no,
                start_ms=np.zeros(1, np.int64),
                likelihood=likelihood[row : row + 1],
                embedding=made.embeddings[row].astype(np.float32),
            )
            for row, track in enumerate(tracks)
        ],
        classes=CLASSES,
        embedding_dim=made.dimensions,
        recipe={"made": "for a test"},
    )
    score_set.sha256 = shards.digest(score_set.folder)
    score_set.save()
    return score_set, labels_of(clips, made.labels, collection)


def labels_of(
    clips: list[Any], values: np.ndarray, collection: Any, classes: Sequence[str] = CLASSES
) -> FrozenTableRow:
    """Freeze labels as a consensus run does."""
    posterior = {1: 0.95, 0: 0.05}
    rows = [
        {
            "clip_id": str(clip.pk), "class_name": name,
            "decision": "present" if value == 1 else "absent",
            "posterior_crowd": posterior[int(value)], "posterior_with_detector": None,
            "majority": None, "relevance": None, "n_unsure": 0, "stop_reason": "posterior",
            "n_yes": 3 * int(value), "n_no": 3 - 3 * int(value),
        }
        for clip, row in zip(clips, values, strict=True)
        for name, value in zip(classes, row, strict=True)
        if value >= 0
    ]  # fmt: skip
    table = pa.Table.from_pylist(rows, schema=KINDS["labels"])
    facts = {"parameters": {"present_from": 0.8, "absent_to": 0.2}}
    frozen = TableStore(Path(settings.TABLES_ROOT)).freeze(table, "labels", facts)
    return FrozenTableRow.keep(frozen, collection)


def recipe(**fields: Any) -> SearchRecipe:
    """Return a recipe whose search takes a second or two."""
    return SearchRecipe(
        **{
            "space": Space.from_json(
                {
                    "kind": ["attention", "mean"],
                    "hidden": [0, 8],
                    "learning_rate": {"low": 1e-3, "high": 1e-1, "log": True},
                }
            ),
            "trials": 5,
            "seeds": 2,
            "epochs": 4,
            "rungs": 2,
            "reduction": 2,
            **fields,
        }
    )
