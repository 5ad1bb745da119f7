"""The OpenMIC-2018 tree, as its loaders read it, with honest columns beside the legacy ones."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pandas as pd

from splits.release.assemble import Assembly
from splits.release.attribution import attribution_lines
from splits.release.features import Features
from splits.release.material import Material
from splits.release.staging import Staging

#: OpenMIC-2018's metadata columns before the last two, in its order.
OPENMIC_METADATA: Final = (
    *("track_id", "album_id", "album_title", "album_url"),
    *("artist_id", "artist_name", "artist_url", "artist_website"),
    *("license_image_file", "license_image_file_large", "license_parent_id"),
    *("license_title", "license_url", "tags"),
    *("track_bit_rate", "track_comments", "track_composer", "track_copyright_c"),
    *("track_copyright_p", "track_date_created", "track_date_recorded", "track_disc_number"),
    *("track_duration", "track_explicit", "track_explicit_notes", "track_favorites"),
    *("track_file", "track_genres", "track_image_file", "track_information"),
    *("track_instrumental", "track_interest", "track_language_code", "track_listens"),
    *("track_lyricist", "track_number", "track_publisher", "track_title", "track_url"),
)
AGGREGATED_COLUMNS: Final = (
    *("sample_key", "instrument", "relevance", "num_responses"),  # OpenMIC's
    *("n_yes", "n_no", "n_unsure", "posterior", "decision", "stop_reason"),
)
RESPONSE_COLUMNS: Final = (
    *("sample_key", "worker_id", "worker_trust", "channel", "instrument", "response"),  # OpenMIC's
    *("answer", "is_simulated", "is_gold", "answered_on", "task", "response_ms"),
)
CLIP_COLUMNS: Final = (
    *("sample_key", "clip_id", "partition", "duplicate_group", "artist_key"),
    *("duration_ms", "sample_rate", "channels", "audio_sha256"),
)
#: What a rating answers: whether the class can be heard in the clip.
TASK: Final = "presence"
_RESPONSE_OF: Final = {"yes": 1.0, "no": 0.0, "unsure": None}


def audio_name(sample_key: str) -> str:
    """Return where a clip's audio lies: the folder is the first three digits of the key."""
    return f"audio/{sample_key[:3]}/{sample_key}.ogg"


def write_tables(staging: Staging, material: Material) -> None:
    """Write everything of the tree but the audio; without features the npz has no X."""
    spec, found, features = material.spec, material.found, material.features
    class_map = {name: index for index, name in enumerate(spec.classes)}
    staging.write("class-map.json", json.dumps(class_map) + "\n")
    staging.write_csv(f"{spec.name}-aggregated-labels.csv", AGGREGATED_COLUMNS, _aggregated(found))
    staging.write_csv(f"{spec.name}-individual-responses.csv", RESPONSE_COLUMNS, _responses(found))
    # mirdata takes the last column but one for the key, so ours go before it.
    header = (*OPENMIC_METADATA, "licence_spdx", "attribution", "sample_key", "start_time")
    staging.write_csv(f"{spec.name}-metadata.csv", header, _metadata(found, header))
    staging.write_csv("clips.csv", CLIP_COLUMNS, _clips(found))
    _write_partitions(staging, found)
    arrays = _arrays(found, features)
    # numpy stamps every member of an uncompressed npz with 1980: equal arrays, equal bytes.
    staging.write_with(f"{spec.name}.npz", lambda file: np.savez(file, **arrays))
    if features is not None and features.projection:
        projection: dict[str, Any] = dict(features.projection)
        staging.write_with("features-projection.npz", lambda file: np.savez(file, **projection))


def _aggregated(found: Assembly) -> Iterable[tuple[object, ...]]:
    rows = found.decided
    for row in rows.itertuples(index=False):
        yield (
            row.sample_key,
            row.class_name,
            float(row.relevance),
            int(row.n_yes + row.n_no + row.n_unsure),
            int(row.n_yes),
            int(row.n_no),
            int(row.n_unsure),
            float(row.posterior_crowd),
            row.decision,
            row.stop_reason,
        )


def _responses(found: Assembly) -> Iterable[tuple[object, ...]]:
    for row in found.ratings.itertuples(index=False):
        yield (
            row.sample_key,
            row.rater,
            float(row.trust),
            "simulated" if row.rater_is_simulated else "consonance",
            row.class_name,
            _RESPONSE_OF[str(row.answer)],
            row.answer,
            int(row.rater_is_simulated),
            int(row.is_gold),
            row.answered_at.date().isoformat(),
            TASK,
            None if pd.isna(row.response_ms) else int(row.response_ms),
        )


def _metadata(found: Assembly, header: tuple[str, ...]) -> Iterable[list[object]]:
    clips = found.clips
    credit = attribution_lines(clips)
    for row, line in zip(clips.itertuples(index=False), credit, strict=True):
        known = {
            "track_id": int(row.track_no),
            "album_id": row.album_key,
            "album_title": row.album,
            "artist_id": row.artist_key,
            "artist_name": row.artist,
            "artist_url": row.artist_url,
            "license_title": row.licence_title,
            "license_url": row.licence_url,
            "tags": "[]",
            "track_genres": _genres(list(row.genres)),
            "track_title": row.title,
            "track_url": row.track_url,
            "licence_spdx": row.licence_spdx,
            "attribution": line,
            "sample_key": row.sample_key,
            "start_time": row.start_ms / 1000,
        }
        yield [_known(known.get(name)) for name in header]


def _known(value: object) -> object:
    """Return a value, or None for the NaN that pandas makes of what is missing."""
    return None if isinstance(value, float) and math.isnan(value) else value


def _genres(names: list[str]) -> str:
    """Return a genre list that is JSON and still survives mirdata's reading of FMA's lists.

    Its loader turns every single quote into a double one before parsing, so a quote within a name
    is written as an escape.
    """
    text = json.dumps([{"genre_title": str(name)} for name in names])
    return text.replace("'", "\\u0027")


def _clips(found: Assembly) -> Iterable[tuple[object, ...]]:
    for row in found.clips.itertuples(index=False):
        yield (
            row.sample_key,
            row.clip_id,
            row.partition,
            int(row.group),
            row.artist_key,
            int(row.duration_ms),
            int(row.sample_rate),
            int(row.channels),
            row.audio_sha256,
        )


def _write_partitions(staging: Staging, found: Assembly) -> None:
    keys, held = found.clips["sample_key"], found.clips["partition"]
    for name in sorted(set(held)):
        staging.write_csv(
            f"partitions/split02_{name}.csv", None, [(k,) for k in keys[held == name]]
        )
    train = keys[held != "test"]
    staging.write_csv("partitions/split01_train.csv", None, [(key,) for key in train])
    staging.write_csv("partitions/split01_test.csv", None, [(k,) for k in keys[held == "test"]])


def _arrays(found: Assembly, features: Features | None) -> dict[str, Any]:
    arrays: dict[str, Any] = {
        "Y_true": found.relevance,
        "Y_mask": found.y >= 0,
        "Y": found.y,
        "sample_key": found.clips["sample_key"].to_numpy(dtype=np.str_),
    }
    if features is not None:
        arrays["X"] = features.rows_for(list(found.clips["clip_id"]))
        arrays["feature_name"] = np.array(features.name)
    return arrays
