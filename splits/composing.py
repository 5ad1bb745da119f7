"""Rows about an archive, its candidates and a release, counted for the composition report."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import pyarrow as pa

from candidates.models import Candidate, SamplingRound, ScoreSet
from consonance.catalog.models import Clip, Collection, Track, TrackState
from splits.composition.facts import Facts, decade_of, language_of, loudness_of
from splits.composition.people import raters_of
from splits.composition.sampling import Drawn, Region, regions_of, slices_of, tails_of
from splits.composition.tally import Level, compose

if TYPE_CHECKING:
    from splits.release import Tables

_ORDER: Final = ("train", "validation", "test")
_BLOCK: Final = 2_000  # rows that are held at once; ids that fit one query
_TRACK: Final = ("genres", "artist_key", "artist", "licence_spdx", "metadata")


def composition_of(
    collection: Collection, tables: Tables, classes: tuple[str, ...]
) -> dict[str, Any]:
    """Return what a release is made of, beside its archive and the candidates drawn from it.

    Parameters
    ----------
    collection
        The archive.
    tables
        What is released: `splits` names the clips, `ratings` and `skills` the people.
    classes
        Of the release.
    """
    columns = tables.splits.select(["clip_id", "partition"]).to_pydict()
    partition_of = dict(zip(columns["clip_id"], map(str, columns["partition"]), strict=True))
    rounds = list(
        SamplingRound.objects.filter(
            score_set__collection=collection, state=SamplingRound.State.DRAWN
        ).select_related("score_set")
    )
    drawn = list(_drawn(rounds))
    archive = Level("archive", "Archive", "recordings").extend(_recordings(collection))
    candidates = Level("candidates", "Candidates", "clips")
    candidates.extend(facts for _, facts in _clips({one.clip_id for one in drawn}))
    release = Level("release", "Release", "clips")
    known = {name: place for place, name in enumerate(_ORDER)}
    names = sorted(set(partition_of.values()), key=lambda name: (known.get(name, 9), name))
    parts = {name: Level(name, name.capitalize(), "clips") for name in names}
    for clip_id, facts in _clips(partition_of):
        release.add(facts)
        parts[partition_of[clip_id]].add(facts)
    trust = tables.skills.select(["rater", "trust"]).to_pydict()
    return compose(
        [archive, candidates, release, *parts.values()],
        tails=tails_of(drawn, partition_of) if drawn else None,
        raters=raters_of(
            _ratings(tables.ratings),
            dict(zip(trust["rater"], trust["trust"], strict=True)),
            partition_of,
        ),
        unreached={
            "classes": slices_of(drawn, classes) if drawn else [],
            "map": _map(rounds, collection),
        },
    )


def _recordings(collection: Collection) -> Iterator[Facts]:
    tracks = Track.objects.filter(collection=collection, state=TrackState.READY)
    for row in tracks.values(*_TRACK).iterator(_BLOCK):
        yield _facts(row)


def _clips(wanted: Iterable[str]) -> Iterator[tuple[str, Facts]]:
    ids = sorted(wanted)
    fields = ("pk", "loudness_lufs", *(f"track__{name}" for name in _TRACK))
    for start in range(0, len(ids), _BLOCK):
        rows = Clip.objects.filter(pk__in=ids[start : start + _BLOCK]).order_by("pk")
        for row in rows.values(*fields):
            told = {name: row[f"track__{name}"] for name in _TRACK}
            yield str(row["pk"]), _facts(told, loudness_of(row["loudness_lufs"]))


def _facts(row: Mapping[str, Any], loudness: str = "") -> Facts:
    metadata = row["metadata"] if isinstance(row["metadata"], dict) else {}
    return Facts(
        genres=tuple(str(genre) for genre in row["genres"]),
        artist_key=row["artist_key"],
        artist=row["artist"],
        decade=decade_of(metadata),
        language=language_of(metadata),
        licence=row["licence_spdx"],
        loudness=loudness,
    )


def _drawn(rounds: list[SamplingRound]) -> Iterator[Drawn]:
    """Yield each clip and class once, as the newest round drew it."""
    rows = (
        Candidate.objects.filter(round__in=rounds)
        .order_by("clip_id", "target__name", "-round__created_at")
        .values_list("clip_id", "target__name", "tail", "quantile")
    )
    last: tuple[UUID, str] | None = None
    for clip_id, name, tail, quantile in rows.iterator(_BLOCK):
        if (clip_id, name) != last:
            yield Drawn(str(clip_id), name, tail, quantile)
        last = (clip_id, name)


def _ratings(table: pa.Table) -> Iterator[tuple[str, str, bool]]:
    for batch in table.select(["clip_id", "rater", "rater_is_simulated"]).to_batches(_BLOCK):
        columns = batch.to_pydict()
        yield from zip(
            columns["clip_id"], columns["rater"], columns["rater_is_simulated"], strict=True
        )


def _map(rounds: list[SamplingRound], collection: Collection) -> dict[str, Any]:
    """Return what no candidate sounds like, where the newest scores have a map."""
    from candidates.scoring.embedding_map import read_map

    if not rounds:
        return {}
    newest = max(rounds, key=lambda one: (one.created_at, one.number)).score_set
    made = read_map(newest.folder)
    # Excerpts of other scores may lie on another grid.
    drawn = Candidate.objects.filter(round__in=[one for one in rounds if one.score_set == newest])
    ids = {str(pk) for pk in drawn.values_list("clip_id", flat=True)}
    return regions_of(_regions(newest, made, ids, collection)) if made and ids else {}


def _regions(
    score_set: ScoreSet, made: Any, clip_ids: set[str], collection: Collection
) -> list[Region]:
    from candidates.presenting.atlas import Frame
    from candidates.scoring.at_places import read_embeddings
    from candidates.scoring.excerpts import excerpt_of

    places: list[tuple[int, int]] = []
    ids = sorted(clip_ids)
    for start in range(0, len(ids), _BLOCK):
        rows = Clip.objects.filter(pk__in=ids[start : start + _BLOCK])
        places += rows.values_list("track__track_no", "start_ms")
    frame = Frame.of(made)
    drawn = frame.cells(made.laid(read_embeddings(score_set.folder, places)))
    picked = Counter(map(tuple, drawn.tolist()))
    tracks, _ = excerpt_of(made.ids)
    genres_of = dict(Track.objects.filter(collection=collection).values_list("track_no", "genres"))
    excerpts: Counter[tuple[int, int]] = Counter()
    genres: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for cell, track_no in zip(
        map(tuple, frame.cells(made.at).tolist()), tracks.tolist(), strict=True
    ):
        excerpts[cell] += 1
        genres[cell].update({str(genre) for genre in genres_of.get(track_no, ())})
    return [Region(number, picked[cell], genres[cell]) for cell, number in sorted(excerpts.items())]
