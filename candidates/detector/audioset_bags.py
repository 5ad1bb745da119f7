"""From AudioSet's embeddings to bags that a head learns from.

AudioSet says what is there, hardly ever what is not. A segment whose labels name a class holds it;
that it names no other is not a word about others: they stay unknown. What is known to be absent
comes from strong negatives: segments that are no music at all, drawn at random as OpenMIC-2018's
authors did (cosmir/dev-set-builder, scripts/filter_with_classes.py: 8,000 segments without label
137 or 216 to 282, seed 25). We leave out the labels between as well, instruments: "plucked string
instrument" may be a guitar.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from candidates.detector.audioset import label_index
from candidates.detector.bags import ABSENT, PRESENT, UNKNOWN, Bags
from candidates.detector.segments import Damage, Segment
from candidates.detector.tfrecords import EMBEDDING, Record, read_records
from consonance.errors import ParameterError
from consonance.taxonomies.counting import counted
from consonance.taxonomies.definition import Taxonomy

#: What the embeddings are called in cards. They are not this project's: to score audio with a head
#: that learnt from them, a detector would have to give them.
EMBEDDINGS: Final = "audioset-vggish-v1"
STRONG_NEGATIVES: Final = 8_000
NEGATIVES_SEED: Final = 25
#: Music (137), instruments (138 to 215), genres, roles and moods (216 to 282).
MUSICAL: Final = frozenset(range(137, 283))
#: Segments in AudioSet's training sets as published: below nine tenths of it, a set is a sample.
UNBALANCED, BALANCED = 2_041_789, 22_160
_NEARLY_ALL: Final = 0.9

#: What a segment that names another class says of a class it does not name.
Unnamed = Literal["unknown", "absent"]


@dataclass(frozen=True, kw_only=True, eq=False)
class AudioSetBags:
    """Bags, and where they come from.

    Parameters
    ----------
    bags
        Groups are videos.
    damages
        What could not be read, and why.
    facts
        Plain values for a card: files and their hashes, counts, how negatives were drawn.
    """

    bags: Bags
    damages: tuple[Damage, ...]
    facts: dict[str, Any]


def read_bags(
    shards: Sequence[Path],
    taxonomy: Taxonomy,
    *,
    segments: Sequence[Segment] | None = None,
    strong_negatives: int = STRONG_NEGATIVES,
    seed: int = NEGATIVES_SEED,
    unnamed: Unnamed = "unknown",
) -> AudioSetBags:
    """Read embeddings and give them the labels of a taxonomy.

    Parameters
    ----------
    shards
        TFRecord files.
    taxonomy
        Whose classes to learn; those AudioSet knows nothing of stay unknown everywhere.
    segments
        Restricts the records to these, and takes their labels instead of the records' own.
    strong_negatives
        At most so many segments that are no music are kept, as absent for every class.
    seed
        Of the choice among them.
    unnamed
        ``"absent"`` makes a class absent from segments that name another one: more to learn from,
        and wrong wherever AudioSet's people were not asked about it.

    Raises
    ------
    ParameterError
        If no record has a label of the taxonomy.
    """
    outputs = _outputs(taxonomy)
    listed = None if segments is None else {segment.video_id: segment for segment in segments}
    records: list[Record] = []
    labels: list[NDArray[np.int8]] = []
    damages: list[Damage] = []
    seen: set[tuple[str, float]] = set()
    read = nulls = 0
    may_be_null: list[bool] = []
    for shard in shards:
        for found in read_records(shard):
            if isinstance(found, Damage):
                damages.append(found)
                continue
            read += 1
            key = (found.video_id, found.start_s)
            numbers = _numbers(found, listed)
            if numbers is None or key in seen:
                continue
            seen.add(key)
            row = _row(numbers, outputs, taxonomy.class_names, unnamed)
            is_null = not MUSICAL & numbers and not (row == PRESENT).any()
            if is_null or (row == PRESENT).any():
                records.append(found)
                labels.append(np.full_like(row, ABSENT) if is_null else row)
                may_be_null.append(is_null)
    is_null_row = np.array(may_be_null, bool)
    keep = np.flatnonzero(~is_null_row)
    if not keep.size:
        raise ParameterError(
            f"None of {read} records names a class of {taxonomy.name!r}. "
            + (f"First damage: {damages[0]}. " if damages else "")
            + "Give embeddings of AudioSet's training set."
        )
    pool = np.flatnonzero(is_null_row)
    chosen = np.random.default_rng(seed).permutation(pool)[:strong_negatives]
    nulls = len(chosen)
    rows = np.sort(np.concatenate([keep, chosen]))
    bags = Bags.ragged(
        [records[row].frames for row in rows.tolist()],
        np.stack([labels[row] for row in rows.tolist()]),
        [records[row].video_id for row in rows.tolist()],
        taxonomy.class_names,
    )
    return AudioSetBags(
        bags=bags,
        damages=tuple(damages),
        facts={
            "source": called(read, len(shards)),
            "embeddings": EMBEDDINGS,
            "dimensions": EMBEDDING,
            "shards": {shard.name: _sha256(shard) for shard in shards},
            "records": read,
            "bags": len(bags),
            "strong_negatives": nulls,
            "strong_negatives_seed": seed,
            "unnamed_classes_are": unnamed,
            "present": {
                name: int((bags.labels[:, column] == PRESENT).sum())
                for column, name in enumerate(taxonomy.class_names)
            },
            "damaged": [str(damage) for damage in damages],
        },
    )


def called(records: int, shards: int) -> str:
    """Return what a set of so many records may be called: AudioSet only when it nearly is."""
    for whole, name in ((UNBALANCED, "unbalanced"), (BALANCED, "balanced")):
        if records >= _NEARLY_ALL * whole and (name == "unbalanced" or records <= whole * 1.1):
            return f"AudioSet's {name} training set, {records:,} records"
    return (
        f"a sample of AudioSet: {records:,} records of {shards} shard{'s' * (shards != 1)}; not "
        "trained on AudioSet"
    )


def _outputs(taxonomy: Taxonomy) -> Mapping[str, frozenset[int]]:
    index = label_index()
    return {name: frozenset(index[mid] for mid in mids) for name, mids in counted(taxonomy).items()}


def _numbers(record: Record, listed: Mapping[str, Segment] | None) -> frozenset[int] | None:
    """Return the labels' numbers, or None for a record that is not listed."""
    if listed is None:
        return frozenset(record.labels)
    segment = listed.get(record.video_id)
    if segment is None:
        return None
    index = label_index()
    return frozenset(index[mid] for mid in segment.mids)


def _row(
    numbers: Iterable[int],
    outputs: Mapping[str, frozenset[int]],
    classes: Sequence[str],
    unnamed: Unnamed,
) -> NDArray[np.int8]:
    present = frozenset(numbers)
    named = [bool(outputs[name] & present) for name in classes]
    other = ABSENT if unnamed == "absent" and any(named) else UNKNOWN
    return np.array(
        [
            PRESENT if is_named else (other if outputs[name] else UNKNOWN)
            for name, is_named in zip(classes, named, strict=True)
        ],
        np.int8,
    )


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
