"""Excerpts of a score set that sound like some of its own, by their embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from candidates.scoring.at_places import read_embeddings
from candidates.scoring.excerpts import excerpt_id
from candidates.scoring.shards import stream_embeddings
from consonance.neighbours import search_between


def similar_to(
    folder: Path, places: Sequence[tuple[int, int]], *, cosine: float
) -> NDArray[np.int64]:
    """Return the `excerpt_id` of every excerpt that is near one of some excerpts.

    Parameters
    ----------
    folder
        A score set's shards; they are read one after the other.
    places
        Track number and start in ms of the excerpts to compare with.
    cosine
        Of the embeddings' angle, at least; in (0, 1].

    Raises
    ------
    StateError
        If there is no shard.
    ParameterError
        If one of `places` was not scored.
    """
    if not places:
        return np.empty(0, np.int64)
    asked = _unit(read_embeddings(folder, places))
    found = [np.empty(0, np.int64)]
    for track_no, start_ms, embedding in stream_embeddings(folder):
        near = search_between(asked, _unit(embedding), threshold=cosine, exact_below=1 << 62)
        rows = np.unique(near.pairs[:, 1])
        found.append(excerpt_id(track_no[rows], start_ms[rows]))
    return np.unique(np.concatenate(found))


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    # A vector of zeros is near nothing.
    unit: NDArray[np.float32] = np.divide(
        vectors, length, out=np.zeros_like(vectors), where=length > 0
    )
    return unit
