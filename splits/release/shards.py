"""Audio in Parquet: shards that Hugging Face `datasets` opens as they are.

A row is a clip: its Ogg file (`bytes` and `path`, as the library's Audio feature stores it), its
labels, licence and credit. Row groups are small and written one by one, so that neither the writer
nor a reader that streams ever holds more than one of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from splits.release.attribution import attribution_lines
from splits.release.listing import SHARDS
from splits.release.material import Material
from splits.release.openmic_tree import audio_name
from splits.release.staging import Staging

#: Bytes of audio in a shard, at most; Hugging Face's own shards have half a gigabyte.
SHARD_BYTES: Final = 256 << 20
#: Clips of a row group: what Hugging Face's viewer reads at once.
GROUP_CLIPS: Final = 100

_AUDIO: Final = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_TEXT: Final = {"dtype": "string", "_type": "Value"}


def write_shards(staging: Staging, material: Material) -> None:
    """Write `audio-parquet/PARTITION-NNNNN-of-NNNNN.parquet` from the staged audio."""
    clips = material.found.clips.reset_index(drop=True)
    schema = _schema(material)
    credit = attribution_lines(clips)
    for partition in sorted(set(clips["partition"])):
        rows = clips.index[clips["partition"] == partition].tolist()
        sizes = [_path(staging, clips, row).stat().st_size for row in rows]
        shards = list(cut(rows, sizes))
        for number, held in enumerate(shards):
            name = f"{SHARDS}/{partition}-{number:05d}-of-{len(shards):05d}.parquet"

            def fill(file: BinaryIO, held: list[int] = held) -> None:
                with _writer(file, schema) as writer:
                    for first in range(0, len(held), GROUP_CLIPS):
                        group = held[first : first + GROUP_CLIPS]
                        writer.write_table(_table(staging, material, schema, group, credit))

            staging.write_with(name, fill)


def cut(rows: list[int], sizes: list[int], most: int = SHARD_BYTES) -> Iterator[list[int]]:
    """Yield runs of rows, each of at most so many bytes; a larger clip has a shard of its own.

    Parameters
    ----------
    rows : list of int
        In the order in which they are stored.
    sizes : list of int
        Bytes of each.
    most : int
        Bytes of a run.
    """
    held: list[int] = []
    weight = 0
    for row, size in zip(rows, sizes, strict=True):
        if held and weight + size > most:
            yield held
            held, weight = [], 0
        held.append(row)
        weight += size
    if held:
        yield held


def redact(path: Path, sample_keys: Iterable[str]) -> bool:
    """Take the audio of clips out of a shard; their rows stay, with null for their sound.

    Parameters
    ----------
    path : Path
        The shard, which is replaced in one step.
    sample_keys : iterable of str
        Clips whose audio must not be served any more.

    Returns
    -------
    bool
        Whether there was any of it; a shard without is left untouched.
    """
    gone = frozenset(sample_keys)
    source = pq.ParquetFile(path)
    keys = source.read(columns=["sample_key", "audio.path"])
    held = keys.filter(keys["audio"].combine_chunks().is_valid())["sample_key"].to_pylist()
    if not gone.intersection(held):
        return False
    temporary = path.with_name(path.name + ".part")
    with temporary.open("wb") as file, _writer(file, source.schema_arrow) as writer:
        for index in range(source.num_row_groups):
            table = source.read_row_group(index)
            kept = [
                None if key in gone else sound
                for key, sound in zip(
                    table["sample_key"].to_pylist(), table["audio"].to_pylist(), strict=True
                )
            ]
            place = table.schema.get_field_index("audio")
            writer.write_table(table.set_column(place, "audio", pa.array(kept, _AUDIO)))
    temporary.replace(path)
    return True


def _path(staging: Staging, clips: Any, row: int) -> Path:
    return staging.root / audio_name(str(clips["sample_key"][row]))


def _schema(material: Material) -> pa.Schema:
    """Return the columns, with the note by which Hugging Face knows which of them is sound."""
    classes = material.spec.classes
    fields = [
        pa.field("sample_key", pa.string()),
        pa.field("audio", _AUDIO),
        *(pa.field(name, pa.int8()) for name in classes),
        pa.field("licence_spdx", pa.string()),
        pa.field("attribution", pa.string()),
    ]
    rates = set(material.found.clips["sample_rate"].tolist())
    sound: dict[str, object] = {"_type": "Audio"}
    if len(rates) == 1:
        sound["sampling_rate"] = int(rates.pop())
    features: dict[str, object] = {
        "sample_key": _TEXT,
        "audio": sound,
        **{name: {"dtype": "int8", "_type": "Value"} for name in classes},
        "licence_spdx": _TEXT,
        "attribution": _TEXT,
    }
    note = json.dumps({"info": {"features": features}})
    return pa.schema(fields, metadata={"huggingface": note})


def _writer(file: BinaryIO, schema: pa.Schema) -> pq.ParquetWriter:
    # Vorbis does not shrink further, and a dictionary of sounds would hold them all in memory.
    small = [name for name in schema.names if name != "audio"]
    return pq.ParquetWriter(
        file,
        schema,
        version="2.6",
        compression={**dict.fromkeys(small, "zstd"), "audio.bytes": "none", "audio.path": "zstd"},
        use_dictionary=small,
        write_statistics=small,
        write_page_index=True,
    )


def _table(
    staging: Staging, material: Material, schema: pa.Schema, rows: list[int], credit: list[str]
) -> pa.Table:
    clips = material.found.clips
    keys = [str(clips["sample_key"][row]) for row in rows]
    sounds = [
        {"bytes": (staging.root / audio_name(key)).read_bytes(), "path": f"{key}.ogg"}
        for key in keys
    ]
    labels = material.found.y[rows]
    columns = [
        pa.array(keys, pa.string()),
        pa.array(sounds, _AUDIO),
        *(pa.array(labels[:, index], pa.int8()) for index in range(labels.shape[1])),
        pa.array([str(clips["licence_spdx"][row]) for row in rows], pa.string()),
        pa.array([credit[row] for row in rows], pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=schema)
