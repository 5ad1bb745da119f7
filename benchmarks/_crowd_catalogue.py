"""Whom and what a simulated crowd was asked about: recordings, clips, classes, a round, people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from benchmarks._crowd_answers import CLIP_MS
from candidates.detector.taxonomy import read

if TYPE_CHECKING:
    from datetime import datetime

    from django.db import models

    from consonance.demo.crowd import SimulatedCrowd

NAMES: Final = read("openmic20").class_names
_BATCH: Final = 5_000


class Ids:
    """Identifiers that follow from a seed."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def one(self) -> UUID:
        """Return the next."""
        return self.many(1)[0]

    def many(self, number: int) -> list[UUID]:
        """Return the next few."""
        drawn = self._rng.bytes(16 * number)
        return [
            UUID(bytes=drawn[start : start + 16], version=4) for start in range(0, 16 * number, 16)
        ]


def store(model: type[models.Model], rows: Iterable[Any]) -> None:
    """Store rows, some thousand at a time."""
    batch: list[Any] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            model._default_manager.bulk_create(batch)
            batch = []
    model._default_manager.bulk_create(batch)


def make_catalogue(
    crowd: SimulatedCrowd, ids: Ids, name: str
) -> tuple[Any, list[Any], list[UUID], Any]:
    """Store a collection with classes, clips and a drawn round; return these four."""
    from candidates.models import Candidate, DetectorVersion, SamplingRound, ScoreSet
    from consonance.catalog.models import (
        Clip,
        Collection,
        Taxonomy,
        TaxonomyClass,
        Track,
        TrackState,
    )

    slug = name.lower().replace(" ", "-")
    collection = Collection.objects.create(
        id=ids.one(), slug=slug, name=name, root="/nowhere", is_synthetic=True
    )
    taxonomy = Taxonomy.objects.create(id=ids.one(), name=slug, version="1", licence="CC0-1.0")
    names = [*NAMES, *(f"class-{place}" for place in range(len(NAMES), crowd.n_classes))]
    targets = [
        TaxonomyClass(
            id=ids.one(),
            taxonomy=taxonomy,
            position=place,
            name=names[place],
            display_name=names[place].replace("_", " "),
            article="an" if names[place][0] in "aeiou" else "a",
        )
        for place in range(crowd.n_classes)
    ]
    TaxonomyClass.objects.bulk_create(targets)
    n_clips = int(crowd.clip.max()) + 1
    tracks, clips = ids.many(n_clips), ids.many(n_clips)
    store(
        Track,
        (
            Track(
                id=pk,
                collection=collection,
                track_no=place + 1,
                path=f"{place + 1:06d}.mp3",
                state=TrackState.READY,
                duration_ms=30_000,
                sample_rate=44_100,
                channels=2,
                title=f"Piece {place + 1}",
                artist=f"Artist {place % 4_000}",
                artist_key=f"artist-{place % 4_000}",
                licence_spdx="CC-BY-4.0",
                licence_title="Attribution 4.0",
            )
            for place, pk in enumerate(tracks)
        ),
    )
    store(
        Clip,
        (
            Clip(
                id=pk,
                track_id=tracks[place],
                start_ms=0,
                duration_ms=CLIP_MS,
                sample_rate=44_100,
                channels=2,
                audio_sha256=pk.hex * 2,
                pcm_sha256=pk.hex * 2,
                audio_bytes=120_000,
            )
            for place, pk in enumerate(clips)
        ),
    )
    detector = DetectorVersion.objects.create(
        id=ids.one(), name="simulated", version=slug[:64], taxonomy=taxonomy
    )
    scores = ScoreSet.objects.create(
        id=ids.one(),
        collection=collection,
        detector=detector,
        window_ms=CLIP_MS,
        hop_ms=3_840,
        is_complete=True,
    )
    drawn = SamplingRound.objects.create(
        id=ids.one(),
        score_set=scores,
        number=1,
        recipe={"seed": 0},
        state=SamplingRound.State.DRAWN,
    )
    quantile = _quantiles(crowd.detector, crowd.context)
    candidates = ids.many(crowd.n_tasks)
    store(
        Candidate,
        (
            Candidate(
                id=candidates[task],
                round=drawn,
                clip_id=clips[crowd.clip[task]],
                target=targets[crowd.context[task]],
                tail="high" if quantile[task] >= 0.5 else "low",
                likelihood=float(crowd.detector[task]),
                quantile=float(quantile[task]),
            )
            for task in range(crowd.n_tasks)
        ),
    )
    return collection, targets, clips, drawn


def make_people(crowd: SimulatedCrowd, ids: Ids, name: str, joined: datetime) -> list[UUID]:
    """Store the crowd's accounts, of annotators, and return their ids."""
    from consonance.people.models import Membership, Role, Scope, User

    people = ids.many(crowd.n_people)
    memberships = ids.many(crowd.n_people)
    prefix = "".join(part[0] for part in name.lower().split())
    store(
        User,
        (
            User(
                id=pk,
                username=f"{prefix}-{place:05d}",
                password="!",  # noqa: S106 - nobody signs in with it
                is_simulated=True,
                date_joined=joined,
                consented_at=joined,
            )
            for place, pk in enumerate(people)
        ),
    )
    store(
        Membership,
        (
            Membership(id=row, person_id=pk, role=Role.ANNOTATOR, scope=Scope.SITE)
            for row, pk in zip(memberships, people, strict=True)
        ),
    )
    return people


def _quantiles(
    score: npt.NDArray[np.float64], context: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return each score's rank within its class, in [0, 1]."""
    order = np.lexsort((score, context))
    start = np.searchsorted(context[order], context[order])
    number = np.bincount(context)[context[order]]
    rank = np.empty(len(score))
    rank[order] = (np.arange(len(score)) - start + 0.5) / number
    return rank
