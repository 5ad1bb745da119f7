"""A map of a collection: its excerpts' embeddings in the plane that keeps most of them apart.

Principal components of a seeded sample. Its axes are stored with it, so that excerpts which are not
in the sample, such as a round's, are laid onto the same map later.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from candidates.sampling.chance import hashes
from candidates.scoring.at_places import read_embeddings
from candidates.scoring.excerpts import among, excerpt_id, excerpt_of
from candidates.scoring.shards import (
    shard_paths,
    stream_embeddings,
)
from consonance.errors import ParameterError, StateError

Progress = Callable[[int, int], None]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Excerpts of a map at most: more points are one grey cloud, and 20,000 fit a page.
MOST: Final = 20_000
#: Fewer have no plane.
FEWEST: Final = 3
_FILE: Final = "map.parquet"
_METADATA_KEY: Final = b"consonance"
_LAYOUT: Final = 1
_ROWS: Final = 2_048  # of one product: bounds memory, and the order of the sums


@dataclass(frozen=True, kw_only=True)
class EmbeddingMap:
    """A sample of a score set's excerpts in the plane, with what lays others beside them.

    Attributes
    ----------
    ids : np.ndarray [shape=(n,), dtype=int64]
        `excerpt_id` of each, ascending.
    at : np.ndarray [shape=(n, 2), dtype=float32]
        Where each lies.
    mean : np.ndarray [shape=(d,), dtype=float64]
        Of the sample's embeddings, each of length 1.
    axes : np.ndarray [shape=(2, d), dtype=float64]
        Orthonormal; each one's largest entry is positive.
    explained
        Share of the sample's variance along either axis.
    excerpts
        How many the sample was drawn from.
    seed
        Of the sample.
    scores
        Hash of the score shards that it was made from.
    """

    ids: Integers
    at: NDArray[np.float32]
    mean: Floats
    axes: Floats
    explained: tuple[float, float]
    excerpts: int
    seed: int
    scores: str

    def laid(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return where embeddings [shape=(m, d)] lie on the map [shape=(m, 2)]."""
        if embeddings.ndim != 2 or embeddings.shape[1] != self.mean.size:
            raise ParameterError(
                f"Embeddings of {self.mean.size} numbers each are wanted, not of shape "
                f"{embeddings.shape}."
            )
        centred = _unit(embeddings.astype(np.float64)) - self.mean
        return np.asarray(centred @ self.axes.T, np.float32)


def make_map(
    folder: Path,
    *,
    scores: str = "",
    most: int = MOST,
    seed: int = 0,
    progress: Progress | None = None,
) -> EmbeddingMap:
    """Return the map of a score set.

    Parameters
    ----------
    folder
        A score set's shards; they are read one after the other.
    scores
        Hash of the shards, kept with the map.
    most
        Excerpts of the sample at most, `FEWEST` to `MOST`.
    seed
        Of the sample: those whose hash is smallest, whatever shards they lie in.
    progress
        Called with how many excerpts were read and how many there are; what it raises stops.

    Raises
    ------
    StateError
        If there is no shard, or too few excerpts, or all sound alike.
    ParameterError
        If `most` is out of range.
    """
    if not FEWEST <= most <= MOST:
        raise ParameterError(f"A map takes {FEWEST} to {MOST:,} excerpts, not {most}.")
    total = sum(int(pq.read_metadata(path).num_rows) for path in shard_paths(folder))
    wanted = np.sort(_sample(folder, most, seed))
    tell = progress or _silent
    ids, vectors, read = [], [], 0
    for track_no, start_ms, embedding in stream_embeddings(folder):
        here = excerpt_id(track_no, start_ms)
        chosen = among(here, wanted)
        ids.append(here[chosen])
        vectors.append(embedding[chosen])
        read += here.size
        tell(read, total)
    if sum(part.size for part in ids) < FEWEST:
        raise StateError(
            f"A map needs {FEWEST} excerpts or more; {folder.name} has {total}. Score more "
            "recordings first."
        )
    order = np.argsort(np.concatenate(ids), kind="stable")
    unit = _unit(np.concatenate(vectors)[order].astype(np.float64))
    mean = unit.mean(axis=0)
    axes, explained = _axes(unit - mean)
    return EmbeddingMap(
        ids=np.concatenate(ids)[order],
        at=((unit - mean) @ axes.T).astype(np.float32),
        mean=mean,
        axes=axes,
        explained=explained,
        excerpts=total,
        seed=seed,
        scores=scores,
    )


def _sample(folder: Path, most: int, seed: int) -> Integers:
    kept = np.empty(0, np.int64)
    for path in shard_paths(folder):
        table = pq.read_table(path, columns=["track_no", "start_ms"])
        found = excerpt_id(table["track_no"].to_numpy(), table["start_ms"].to_numpy())
        kept = np.concatenate([kept, found])
        if kept.size > most:
            chance = hashes(kept.view(np.uint64), seed=seed, key="", purpose="map")
            kept = kept[np.argpartition(chance, most - 1)[:most]]
    return kept


def _axes(centred: Floats) -> tuple[Floats, tuple[float, float]]:
    """Return the first two principal axes, and their shares of the variance."""
    width = centred.shape[1]
    covariance = np.zeros((width, width))
    for start in range(0, len(centred), _ROWS):
        part = centred[start : start + _ROWS]
        covariance += part.T @ part
    # A covariance's singular vectors are its eigenvectors, the largest value first; far smaller
    # than the sample's own decomposition, and the same plane.
    vectors, values, _ = np.linalg.svd(covariance, hermitian=True)
    whole = float(values.sum())
    if whole <= 0 or width < 2:
        raise StateError("All excerpts have the same embedding: there is no plane to lay them in.")
    axes = vectors[:, :2].T
    # A vector and its opposite are the same axis: the largest entry decides.
    largest = np.argmax(np.abs(axes), axis=1)
    axes = axes * np.sign(axes[np.arange(2), largest])[:, None]
    return axes, (float(values[0] / whole), float(values[1] / whole))


def _unit(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Floats = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    return scaled


def map_path(folder: Path) -> Path:
    """Return where a score set's map lies."""
    return folder / _FILE


def write_map(folder: Path, made: EmbeddingMap) -> Path:
    """Write a map beside its shards, whole or not at all; the same map gives the same bytes."""
    numbers, starts = excerpt_of(made.ids)
    table = pa.table(
        {
            "track_no": pa.array(numbers),
            "start_ms": pa.array(starts),
            "x": pa.array(made.at[:, 0]),
            "y": pa.array(made.at[:, 1]),
        }
    )
    facts = {
        "layout": _LAYOUT,
        "mean": made.mean.tolist(),
        "axes": made.axes.tolist(),
        "explained": list(made.explained),
        "excerpts": made.excerpts,
        "seed": made.seed,
        "scores": made.scores,
    }
    table = table.replace_schema_metadata(
        {_METADATA_KEY: json.dumps(facts, sort_keys=True).encode()}
    )
    return _whole(map_path(folder), table)


def read_map(folder: Path) -> EmbeddingMap | None:
    """Return a score set's map; None where there is none that can be read."""
    path = map_path(folder)
    try:
        table = pq.read_table(path)
        facts: dict[str, Any] = json.loads((table.schema.metadata or {})[_METADATA_KEY])
        if facts["layout"] != _LAYOUT:
            return None
        at = np.stack([table["x"].to_numpy(), table["y"].to_numpy()], axis=1)
        return EmbeddingMap(
            ids=excerpt_id(table["track_no"].to_numpy(), table["start_ms"].to_numpy()),
            at=at.astype(np.float32),
            mean=np.array(facts["mean"]),
            axes=np.array(facts["axes"]).reshape(2, -1),
            explained=(facts["explained"][0], facts["explained"][1]),
            excerpts=facts["excerpts"],
            seed=facts["seed"],
            scores=facts["scores"],
        )
    except (OSError, pa.ArrowInvalid, KeyError, ValueError):
        return None  # made again


def write_picks(folder: Path, name: str, places: Sequence[tuple[int, int]]) -> Path:
    """Lay some excerpts onto a score set's map and keep where they lie.

    Parameters
    ----------
    folder
        A score set's shards with its map beside them.
    name
        What they are called: a round's id.
    places
        Track number and start in ms of each.

    Raises
    ------
    StateError
        If there is no map.
    ParameterError
        If an excerpt was not scored.
    """
    made = read_map(folder)
    if made is None:
        raise StateError("There is no map to lay the round onto: make the map first.")
    at = np.empty((0, 2), np.float32)
    if places:
        at = made.laid(read_embeddings(folder, places))
    table = pa.table(
        {
            "track_no": pa.array([track for track, _ in places], pa.int64()),
            "start_ms": pa.array([start for _, start in places], pa.int64()),
            "x": pa.array(at[:, 0]),
            "y": pa.array(at[:, 1]),
        }
    )
    facts = {"layout": _LAYOUT, "scores": made.scores, "seed": made.seed, "n": len(made.ids)}
    table = table.replace_schema_metadata(
        {_METADATA_KEY: json.dumps(facts, sort_keys=True).encode()}
    )
    return _whole(_picks_path(folder, name), table)


def read_picks(
    folder: Path, name: str, made: EmbeddingMap
) -> dict[tuple[int, int], tuple[float, float]] | None:
    """Return where excerpts lie by track number and start; None if not laid onto this map."""
    try:
        table = pq.read_table(_picks_path(folder, name))
        facts = json.loads((table.schema.metadata or {})[_METADATA_KEY])
    except (OSError, pa.ArrowInvalid, KeyError, ValueError):
        return None
    mine = {"layout": _LAYOUT, "scores": made.scores, "seed": made.seed, "n": len(made.ids)}
    if facts != mine:
        return None
    rows = zip(*(table[column].to_pylist() for column in table.column_names), strict=True)
    return {(track, start): (x, y) for track, start, x, y in rows}


def _picks_path(folder: Path, name: str) -> Path:
    return folder / f"map-{name}.parquet"


def _whole(path: Path, table: pa.Table) -> Path:
    part = path.with_name(f".map-{uuid.uuid4().hex}.part")
    try:
        pq.write_table(table, part, compression="zstd")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _silent(*_: Any) -> None:
    """Tell nobody."""
