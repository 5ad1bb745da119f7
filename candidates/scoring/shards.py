"""Score shards: Parquet files with logits and embeddings of the excerpts of some tracks.

A shard appears under its name whole or not at all, and says by its recipe what it was made of. The
same recipe gives the same bytes, so that a shard may be computed twice, by whomever, at no harm.

Logits, not probabilities, are stored as 16-bit floats: above its 90th percentile a common class
has only a @@
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from consonance.errors import ParameterError, StateError
from consonance.tables.schemas import scores as scores_schema

_METADATA_KEY: Final = b"consonance"
#: Of the columns; a shard of another layout is written again.
_LAYOUT: Final = 2
#: Lists a complete score set's shards (see `manifest`).
MANIFEST: Final = "manifest.json"
#: Keeps logits finite; 16-bit floats near 14 are still 0.008 apart.
_MARGIN: Final = 1e-6
_BATCH: Final = 1 << 16  # rows of a batch: its columns stay in the processor's cache


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
class Failure:
    """A track that could not be scored.

    Attributes
    ----------
    track_no
        The track's number in its collection.
    reason
        A code, as `consonance.errors.IngestError` has them.
    detail
        A sentence for the curator.
    """

    track_no: int
    reason: str
    detail: str


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


@dataclass(frozen=True, kw_only=True)
class ScoreBatch:
    """Some excerpts of a score set, class by class.

    Attributes
    ----------
    track_no, start_ms : np.ndarray [shape=(n,), dtype=int64]
    logits
        For each class its log(p / (1 - p)) [shape=(n,), dtype=float16].
    """

    track_no: NDArray[np.int64]
    start_ms: NDArray[np.int64]
    logits: list[NDArray[np.float16]]


def to_logit(likelihood: NDArray[np.float32]) -> NDArray[np.float16]:
    """Return log(p / (1 - p)) as 16-bit floats, p kept 1e-6 away from 0 and 1."""
    p = np.clip(likelihood.astype(np.float64), _MARGIN, 1 - _MARGIN)
    return np.log(p / (1 - p)).astype(np.float16)


def from_logit(logit: NDArray[np.float16]) -> NDArray[np.float32]:
    """Return the likelihoods of stored logits."""
    return (1 / (1 + np.exp(-logit.astype(np.float32)))).astype(np.float32)


def likelihood_of(logit: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the likelihoods of logits that were stored as 16-bit floats."""
    return from_logit(logit.astype(np.float16))


def write_shard(
    path: Path,
    tracks: Sequence[TrackScores],
    *,
    classes: Sequence[str],
    embedding_dim: int,
    recipe: dict[str, Any],
    failures: Sequence[Failure] = (),
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
    failures
        Tracks of the recipe that could not be scored.

    Raises
    ------
    StateError
        If the disk is full.
    """
    schema = scores_schema(classes, embedding_dim)
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
            pa.StructArray.from_arrays(
                [pa.array(np.ascontiguousarray(column)) for column in logit.T],
                fields=list(schema.field("logit").type),
            ),
            pa.FixedSizeListArray.from_arrays(pa.array(embedding.ravel()), embedding_dim),
        ],
        schema=schema,
    )
    facts = json.dumps(
        {
            "classes": list(classes),
            "layout": _LAYOUT,
            "recipe": recipe,
            "failures": [asdict(failure) for failure in failures],
        },
        sort_keys=True,
    )
    table = table.replace_schema_metadata({_METADATA_KEY: facts.encode()})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", use_dictionary=False)
    write_whole(path, memoryview(sink.getvalue()))


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write a file so that it is there entirely, on the disk, or not at all.

    Raises
    ------
    StateError
        If the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.chmod(0o644)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise StateError(
            f"The disk of {path.parent} is full: {path.name} needs {len(content) / 1e6:,.1f} MB. "
            "Make room and start again; what was written before is kept."
        ) from error


def discard_parts(path: Path) -> None:
    """Remove what killed processes left half-written of a shard that nobody is writing now."""
    for part in path.parent.glob(f".{path.name}.*.part"):
        part.unlink(missing_ok=True)


def holds(path: Path, recipe: dict[str, Any]) -> bool:
    """Return whether a finished shard of this recipe lies there, failures and all."""
    facts = _facts_or_none(path)
    return facts is not None and bool(facts["recipe"] == recipe)


def is_current(path: Path, recipe: dict[str, Any]) -> bool:
    """Return whether a shard lies there that has all tracks of a recipe, and none that failed.

    Tracks that failed go to quarantine and are no longer in the recipe; when they come back from
    there, they are tried again.
    """
    facts = _facts_or_none(path)
    if facts is None:
        return False
    failed = {failure["track_no"] for failure in facts.get("failures", ())}
    stored = dict(facts["recipe"])
    stored["tracks"] = [row for row in stored.get("tracks", ()) if row[0] not in failed]
    return bool(stored == {"tracks": [], **recipe})


def failures(path: Path) -> list[Failure]:
    """Return the tracks of a shard that could not be scored."""
    return [Failure(**failure) for failure in _facts(path).get("failures", ())]


def _facts_or_none(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        facts = _facts(path)
        return facts if "recipe" in facts else None
    except (OSError, pa.ArrowInvalid, KeyError, ValueError, StateError):
        return None  # unreadable: written again


def rows(path: Path) -> int:
    """Return the number of excerpts of a shard."""
    return int(pq.read_metadata(path).num_rows)


def read(folder: Path) -> Scores:
    """Return every excerpt of a score set, in shard order: for small ones, all in memory.

    Raises
    ------
    StateError
        If there is no shard.
    ParameterError
        If the shards disagree about their classes.
    """
    classes, batches = stream(folder)
    found = list(batches())
    if not found:  # every track failed
        empty = np.empty(0, np.int64)
        none = np.empty((0, len(classes)), np.float32)
        return Scores(classes=classes, track_no=empty, start_ms=empty, likelihood=none)
    return Scores(
        classes=classes,
        track_no=np.concatenate([batch.track_no for batch in found]),
        start_ms=np.concatenate([batch.start_ms for batch in found]),
        likelihood=from_logit(np.concatenate([np.column_stack(batch.logits) for batch in found])),
    )


def stream(
    folder: Path, *, columns: Sequence[str] | None = None
) -> tuple[tuple[str, ...], Callable[[], Iterator[ScoreBatch]]]:
    """Return a score set's classes, and what reads it from the beginning, shard by shard.

    Parameters
    ----------
    folder
        A score set's shards.
    columns
        Names of the classes to read, in this order; by default all.

    Raises
    ------
    StateError
        If there is no shard, one of an older layout, or not those of the manifest.
    ParameterError
        If the shards disagree about their classes, or a class was not scored.
    """
    scored = scored_classes(folder)
    paths = whole(folder)
    names = scored if columns is None else tuple(columns)
    unknown = [name for name in names if name not in scored]
    if unknown:
        raise ParameterError(f"Not scored: {', '.join(unknown)}. Classes are: {', '.join(scored)}.")
    wanted = ["track_no", "start_ms", *(f"logit.{name}" for name in names)]

    def batches() -> Iterator[ScoreBatch]:
        waiting: list[pa.RecordBatch] = []
        for path in paths:
            with pq.ParquetFile(path, memory_map=True) as file:
                facts = _checked_facts(file.metadata.metadata, path)
                if tuple(facts["classes"]) != scored:
                    raise ParameterError(
                        f"{path.name} was scored for other classes than its neighbours."
                    )
                for batch in _batches_of(file, wanted):
                    waiting.append(batch)
                    # A shard is a small thing: some together cost one call instead of many.
                    if sum(part.num_rows for part in waiting) >= _BATCH:
                        yield _joined(waiting, names)
                        waiting = []
        if waiting:
            yield _joined(waiting, names)

    return names, batches


def _batches_of(file: pq.ParquetFile, columns: list[str]) -> Iterator[pa.RecordBatch]:
    if file.metadata.num_rows <= _BATCH:
        # At once costs half of what it costs in batches.
        yield from file.read(columns=columns, use_threads=False).to_batches()
    else:
        yield from file.iter_batches(_BATCH, columns=columns, use_threads=False)


def _joined(parts: Sequence[pa.RecordBatch], names: Sequence[str]) -> ScoreBatch:
    def column(arrays: list[pa.Array]) -> NDArray[Any]:
        return np.concatenate([array.to_numpy(zero_copy_only=False) for array in arrays])

    place = {part.name: number for number, part in enumerate(parts[0].schema.field("logit").type)}
    logits = [part.column("logit") for part in parts]
    return ScoreBatch(
        track_no=column([part.column("track_no") for part in parts]),
        start_ms=column([part.column("start_ms") for part in parts]),
        logits=[column([logit.field(place[name]) for logit in logits]) for name in names],
    )


def scored_classes(folder: Path) -> tuple[str, ...]:
    """Return the names of the classes of a score set.

    Raises
    ------
    StateError
        If there is no shard, or one of an older layout.
    """
    paths = shard_paths(folder)
    if not paths:
        raise StateError(f"No score shards in {folder}. Run ./consonance score first.")
    return tuple(_facts(paths[0])["classes"])


def stream_embeddings(
    folder: Path,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]:
    """Yield track numbers, starts and embeddings of a score set, shard by shard.

    Raises
    ------
    StateError
        If there is no shard, or one of an older layout.
    """
    scored_classes(folder)
    for path in shard_paths(folder):
        _facts(path)
        table = pq.read_table(path, columns=["track_no", "start_ms", "embedding"])
        if table.num_rows:
            yield (
                table["track_no"].to_numpy(),
                table["start_ms"].to_numpy(),
                matrix(table["embedding"].combine_chunks()).astype(np.float32),
            )


def shard_paths(folder: Path) -> list[Path]:
    """Return a score set's shards in order."""
    return sorted(folder.glob("shard-*.parquet"))


def digest(folder: Path) -> str:
    """Return the SHA-256 over the shards' own SHA-256 sums, in order."""
    total = hashlib.sha256()
    for path in shard_paths(folder):
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def whole(folder: Path) -> list[Path]:
    """Return a score set's shards in order, after a look whether they are those of its manifest.

    Raises
    ------
    StateError
        If there is a manifest, and a shard is missing, left over or of another size.
    """
    paths = shard_paths(folder)
    manifest = folder / MANIFEST
    if manifest.is_file():
        listed = {
            row["name"]: row["bytes"]
            for row in json.loads(manifest.read_text(encoding="utf-8"))["shards"]
        }
        if listed != {path.name: path.stat().st_size for path in paths}:
            raise StateError(
                f"The shards in {folder} are not those of its {MANIFEST}: some are missing, left "
                "over or cut short. Run ./consonance score again."
            )
    return paths


def chunks(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Yield runs of at most `size` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _facts(path: Path) -> dict[str, Any]:
    return _checked_facts(pq.read_schema(path).metadata, path)


def _checked_facts(metadata: dict[bytes, bytes] | None, path: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((metadata or {})[_METADATA_KEY])
    if facts.get("layout") != _LAYOUT:
        raise StateError(
            f"{path.name} was written by an older version. Run ./consonance score again: it "
            "writes such shards anew."
        )
    return facts


def matrix(column: pa.Array) -> NDArray[np.float16]:
    """Return a column of lists of one length as a table."""
    if pa.types.is_struct(column.type):
        return np.column_stack([part.to_numpy(zero_copy_only=False) for part in column.flatten()])
    flat = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat.reshape(-1, column.type.list_size))


def _stack(parts: list[NDArray[np.float16]], width: int) -> NDArray[np.float16]:
    return np.concatenate([*parts, np.empty((0, width), np.float16)])
