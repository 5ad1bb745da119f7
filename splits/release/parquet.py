"""The same facts as Parquet, with types, and with what OpenMIC's files have no room for."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from consonance.tables.schemas import CANDIDATES, LABELS, SKILLS
from splits.release.assemble import Assembly
from splits.release.attribution import attribution_lines
from splits.release.material import Material
from splits.release.openmic_tree import TASK
from splits.release.spec import ReleaseSpec
from splits.release.staging import Staging

_KEY = pa.field("sample_key", pa.string(), nullable=False)


def write_parquet(staging: Staging, material: Material) -> None:
    """Write labels (long, and wide with a mask), ratings, skills, clips, splits and groups."""
    spec, found = material.spec, material.found
    _write(staging, "labels", _typed(found.labels, LABELS))
    _write(staging, "labels_wide", _wide(spec, found))
    _write(staging, "ratings", _ratings(found))
    _write(staging, "skills", pa.Table.from_pandas(found.skills, SKILLS, preserve_index=False))
    _write(staging, "metadata", _clips(found))
    _write(staging, "splits", _text(found.clips[["sample_key", "clip_id", "partition"]]))
    groups = found.clips[["sample_key", "clip_id", "group", "artist_key"]]
    fields = [
        pa.field(name, pa.int64() if name == "group" else pa.string()) for name in groups.columns
    ]
    _write(staging, "groups", pa.Table.from_pandas(groups, pa.schema(fields), preserve_index=False))
    if found.candidates is not None:
        _write(staging, "candidates", _typed(found.candidates, CANDIDATES))


def _write(staging: Staging, name: str, table: pa.Table) -> None:
    plain = table.replace_schema_metadata(None)
    staging.write_with(
        f"parquet/{name}.parquet",
        lambda file: pq.write_table(plain, file, compression="zstd", version="2.6"),
    )


def _typed(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pandas(
        frame[["sample_key", *schema.names]], pa.schema([_KEY, *schema]), preserve_index=False
    )


def _text(frame: pd.DataFrame) -> pa.Table:
    schema = pa.schema([(name, pa.string()) for name in frame.columns])
    return pa.Table.from_pandas(frame, schema, preserve_index=False)


def _wide(spec: ReleaseSpec, found: Assembly) -> pa.Table:
    """One row a clip; a class's cell is 1, 0 or -1, and `known_<class>` is the mask."""
    columns: dict[str, pa.Array] = {
        "sample_key": pa.array(found.clips["sample_key"], pa.string()),
        "clip_id": pa.array(found.clips["clip_id"], pa.string()),
        "partition": pa.array(found.clips["partition"], pa.string()),
    }
    for index, name in enumerate(spec.classes):
        columns[name] = pa.array(found.y[:, index], pa.int8())
    for index, name in enumerate(spec.classes):
        columns[f"known_{name}"] = pa.array(found.y[:, index] >= 0, pa.bool_())
    return pa.table(columns)


def _ratings(found: Assembly) -> pa.Table:
    """Day instead of second: fine times of answers can identify a person."""
    rows = found.ratings
    days = pd.Series([moment.date() for moment in rows["answered_at"]], dtype=object)
    names = pa.dictionary(pa.int16(), pa.string())
    return pa.table(
        {
            "sample_key": pa.array(rows["sample_key"], pa.string()),
            "rating_id": pa.array(rows["rating_id"], pa.string()),
            "clip_id": pa.array(rows["clip_id"], pa.string()),
            "class_name": pa.array(rows["class_name"], pa.string()).cast(names),
            "task": pa.array([TASK] * len(rows), pa.string()).cast(names),
            "rater": pa.array(rows["rater"], pa.string()),
            "rater_is_simulated": pa.array(rows["rater_is_simulated"], pa.bool_()),
            "answer": pa.array(rows["answer"], pa.string()).cast(names),
            "is_gold": pa.array(rows["is_gold"], pa.bool_()),
            "answered_on": pa.array(days, pa.date32()),
            "response_ms": pa.array(rows["response_ms"], pa.int64(), from_pandas=True),
            "heard_ms": pa.array(rows["heard_ms"], pa.int64(), from_pandas=True),
            "guideline_version": pa.array(rows["guideline_version"], pa.int32()),
        }
    )


def _clips(found: Assembly) -> pa.Table:
    kept = [
        *("sample_key", "clip_id", "track_id", "track_no", "start_ms", "duration_ms"),
        *("sample_rate", "channels", "audio_sha256", "pcm_sha256", "title", "artist"),
        *("artist_key", "album", "album_key", "genres", "licence_spdx", "licence_title"),
        *("licence_url", "track_url", "artist_url", "partition", "group"),
    ]
    frame = found.clips[kept].assign(attribution=attribution_lines(found.clips))
    frame["genres"] = [list(names) for names in frame["genres"]]
    fields = [pa.field(name, _CLIP_TYPES.get(name, pa.string())) for name in frame.columns]
    return pa.Table.from_pandas(frame, pa.schema(fields), preserve_index=False)


_CLIP_TYPES = {
    "track_no": pa.int64(),
    "start_ms": pa.int64(),
    "duration_ms": pa.int64(),
    "sample_rate": pa.int32(),
    "channels": pa.int16(),
    "genres": pa.list_(pa.string()),
    "group": pa.int64(),
}
