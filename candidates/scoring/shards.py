"""Score shards: Parquet files with logits and embeddings of the excerpts of some tracks.

Logits, not probabilities, are stored as 16-bit floats: above its 90th percentile a common class
has only a few dozen distinct 16-bit probabilities, but more than a thousand distinct logits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from consonance.errors import ParameterError, StateError
from consonance.tables.schemas import scores as scores_schema

_METADATA_KEY: Final = b"consonance"
#: Keeps logits finite; 16-bit floats near 14 are still 0.008 apart.
_MARGIN: Final = 1e-6


@dataclass(frozen=True, kw_only=True)
class TrackScores:
    """What a detector says about one track.

    Attributes
    ----------
    track_no
        The track's number in its collection.
    start_ms : np.ndarray [shape=(n_excerpts,), dtype=int64]
        Where each excerpt begins.
    likelihood : np.ndarray [shape=(n_excerpts, n_classes), dtype=float32, in [0, 1]]
    embedding : np.ndarray [shape=(n_excerpts, embedding_dim), dtype=float32]
    """

    track_no: int
    start_ms: NDArray[np.int64]
    likelihood: NDArray[np.float32]
    embedding: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """All excerpts of a score set.

    Attributes
    ----------
    classes
        Names of the columns of `likelihood`.
    track_no : np.ndarray [shape=(n_excerpts,), dtype=int64]
    start_ms : np.ndarray [shape=(n_excerpts,), dtype=int64]
    likelihood : np.ndarray [shape=(n_excerpts, n_classes), dtype=float32, in [0, 1]]
    """

    classes: tuple[str, ...]
    track_no: NDArray[np.int64]
    start_ms: NDArray[np.int64]
    likelihood: NDArray[np.float32]


def to_logit(likelihood: NDArray[np.float32]) -> NDArray[np.float16]:
    """Return log(p / (1 - p)) as 16-bit floats, p kept 1e-6 away from 0 and 1."""
    p = np.clip(likelihood.astype(np.float64), _MARGIN, 1 - _MARGIN)
    return np.log(p / (1 - p)).astype(np.float16)


def from_logit(logit: NDArray[np.float16]) -> NDArray[np.float32]:
    """Return the likelihoods of stored logits."""
    return (1 / (1 + np.exp(-logit.astype(np.float32)))).astype(np.float32)


def write_shard(
    path: Path,
    tracks: Sequence[TrackScores],
    *,
    classes: Sequence[str],
    embedding_dim: int,
    recipe: dict[str, Any],
) -> None:
    """Write one shard whole or not at all.

    Parameters
    ----------
    path
        Where to.
    tracks
        The tracks, in the order of their rows.
    classes
        Names of the classes.
    embedding_dim
        Width of an embedding.
    recipe
        What decides the content; a shard with the same recipe need not be computed again.
    """
    schema = scores_schema(len(classes), embedding_dim)
    logit = _stack([to_logit(track.likelihood) for track in tracks], len(classes))
    embedding = _stack([track.embedding.astype(np.float16) for track in tracks], embedding_dim)
    numbers = [np.full(len(track.start_ms), track.track_no) for track in tracks]
    table = pa.Table.from_arrays(
        [
            pa.array(np.concatenate([*numbers, np.empty(0)]).astype(np.int64)),
            pa.array(
                np.concatenate([*(track.start_ms for track in tracks), np.empty(0)]).astype(
                    np.int64
                )
            ),
            pa.FixedSizeListArray.from_arrays(pa.array(logit.ravel()), len(classes)),
            pa.FixedSizeListArray.from_arrays(pa.array(embedding.ravel()), embedding_dim),
        ],
        schema=schema,
    )
    facts = json.dumps({"classes": list(classes), "recipe": recipe}, sort_keys=True)
    table = table.replace_schema_metadata({_METADATA_KEY: facts.encode()})
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    pq.write_table(table, part, compression="zstd", use_byte_stream_split=False)
    part.replace(path)


def holds(path: Path, recipe: dict[str, Any]) -> bool:
    """Return whether a finished shard of this recipe lies there."""
    if not path.is_file():
        return False
    try:
        return bool(_facts(path)["recipe"] == recipe)
    except (OSError, pa.ArrowInvalid, KeyError, ValueError):
        return False  # unreadable: written again


def rows(path: Path) -> int:
    """Return the number of excerpts of a shard."""
    return int(pq.read_metadata(path).num_rows)


def read(folder: Path) -> Scores:
    """Return every excerpt of a score set, in shard order.

    Raises
    ------
    StateError
        If there is no shard.
    ParameterError
        If the shards disagree about their classes.
    """
    paths = shard_paths(folder)
    if not paths:
        raise StateError(f"No score shards in {folder}. Run ./consonance score first.")
    classes = tuple(_facts(paths[0])["classes"])
    numbers, starts, likelihoods = [], [], []
    for path in paths:
        if tuple(_facts(path)["classes"]) != classes:
            raise ParameterError(f"{path.name} was scored for other classes than its neighbours.")
        table = pq.read_table(path, columns=["track_no", "start_ms", "logit"])
        numbers.append(table["track_no"].to_numpy())
        starts.append(table["start_ms"].to_numpy())
        flat = table["logit"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        likelihoods.append(from_logit(flat.reshape(-1, len(classes))))
    return Scores(
        classes=classes,
        track_no=np.concatenate(numbers),
        start_ms=np.concatenate(starts),
        likelihood=np.concatenate(likelihoods),
    )


def shard_paths(folder: Path) -> list[Path]:
    """Return a score set's shards in order."""
    return sorted(folder.glob("shard-*.parquet"))


def digest(folder: Path) -> str:
    """Return the SHA-256 over the shards' own SHA-256 sums, in order."""
    total = hashlib.sha256()
    for path in shard_paths(folder):
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def chunks(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Yield runs of at most `size` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _facts(path: Path) -> dict[str, Any]:
    metadata = pq.read_schema(path).metadata or {}
    facts: dict[str, Any] = json.loads(metadata[_METADATA_KEY])
    return facts


def _stack(parts: list[NDArray[np.float16]], width: int) -> NDArray[np.float16]:
    return np.concatenate([*parts, np.empty((0, width), np.float16)])


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
    wanted = {place: row for row, place in enumerate(places)}
    found: NDArray[np.float32] | None = None
    seen = np.zeros(len(places), dtype=bool)
    for path in shard_paths(folder):
        table = pq.read_table(path, columns=["track_no", "start_ms", "embedding"])
        keys = zip(table["track_no"].to_pylist(), table["start_ms"].to_pylist(), strict=True)
        hits = [(index, wanted[key]) for index, key in enumerate(keys) if key in wanted]
        if not hits:
            continue
        width = table.schema.field("embedding").type.list_size
        flat = table["embedding"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        vectors = flat.reshape(-1, width).astype(np.float32)
        if found is None:
            found = np.zeros((len(places), width), np.float32)
        source, target = np.array(hits).T
        found[target] = vectors[source]
        seen[target] = True
    if found is None or not seen.all():
        missing = places[int(np.argmin(seen))] if len(places) else "any"
        raise ParameterError(f"Excerpt {missing} (track, start in ms) was not scored here.")
    return found
