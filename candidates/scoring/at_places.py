"""Embeddings and scores of single excerpts, read out of their shards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from candidates.scoring.shards import matrix, scored_classes, shard_paths
from consonance.errors import ParameterError


def read_embeddings(folder: Path, places: Sequence[tuple[int, int]]) -> NDArray[np.float32]:
    """Return the embeddings of some excerpts.

    Parameters
    ----------
    folder
        A score set's shards.
    places
        Track number and start in ms of each excerpt.

    Returns
    -------
    np.ndarray [shape=(len(places), embedding_dim), dtype=float32]

    Raises
    ------
    ParameterError
        If an excerpt was not scored.
    """
    return _read_at(folder, places, "embedding")


def read_logits(
    folder: Path, places: Sequence[tuple[int, int]]
) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Return what a detector says of some excerpts; of one shard at a time more is in memory.

    Parameters
    ----------
    folder
        A score set's shards.
    places
        Track number and start in ms of each excerpt.

    Returns
    -------
    tuple
        Names of the classes, and log(p / (1 - p)) of each excerpt and class
        [shape=(len(places), n_classes), dtype=float32].

    Raises
    ------
    StateError
        If there is no shard.
    ParameterError
        If an excerpt was not scored.
    """
    return scored_classes(folder), _read_at(folder, places, "logit")


def _read_at(folder: Path, places: Sequence[tuple[int, int]], column: str) -> NDArray[np.float32]:
    wanted = {place: row for row, place in enumerate(places)}
    tracks = np.array(sorted({track for track, _ in places}), dtype=np.int64)
    found: NDArray[np.float32] | None = None
    seen = np.zeros(len(places), dtype=bool)
    for path in shard_paths(folder):
        table = pq.read_table(path, columns=["track_no", "start_ms", column])
        here = np.flatnonzero(np.isin(table["track_no"].to_numpy(), tracks))
        keys = zip(
            table["track_no"].to_numpy()[here].tolist(),
            table["start_ms"].to_numpy()[here].tolist(),
            strict=True,
        )
        hits = [(row, wanted[key]) for row, key in zip(here, keys, strict=True) if key in wanted]
        if not hits:
            continue
        vectors = matrix(table[column].combine_chunks())
        if found is None:
            found = np.zeros((len(places), vectors.shape[1]), np.float32)
        source, target = np.array(hits).T
        found[target] = vectors[source].astype(np.float32)
        seen[target] = True
    if found is None or not seen.all():
        missing = places[int(np.argmin(seen))] if len(places) else "any"
        raise ParameterError(f"Excerpt {missing} (track, start in ms) was not scored here.")
    return found
