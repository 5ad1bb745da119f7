"""A small archive with everything a release needs. Not a test."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from consonance.audio.clips import encode_ogg
from splits.release import Contract, Features, ReleaseSpec, Tables, build

CLASSES = ("banjo", "organ", "voice")
PARTITIONS = ("train", "train", "train", "validation", "test", "test")
RATE, DURATION_MS = 8_000, 500
SMALL = Contract(min_positives=2, min_labels=5)


@dataclass(frozen=True)
class World:
    spec: ReleaseSpec
    tables: Tables
    audio: dict[str, bytes]
    features: Features

    def build(self, folder: Path, **options: object) -> Path:
        return build(folder, self.spec, self.tables, self.audio.__getitem__, **options)

    def with_table(self, kind: str, table: pa.Table) -> World:
        return replace(self, tables=replace(self.tables, **{kind: table}))

    def with_cell(self, kind: str, row: int, **values: object) -> World:
        rows = getattr(self.tables, kind).to_pylist()
        rows[row] |= values
        return self.with_table(kind, pa.Table.from_pylist(rows))

    def with_spec(self, **values: object) -> World:
        return replace(self, spec=ReleaseSpec.of(**{**dict(self.spec), **values}))


def make_world(n_clips: int = 18, seed: int = 0) -> World:
    """Make clips of six artists, three answers a label, two labels a clip."""
    rng = np.random.default_rng(seed)
    clips, labels, ratings, audio = [], [], [], {}
    raters = [f"{index:08x}" for index in range(5)]
    for index in range(n_clips):
        tone = 0.3 * np.sin(np.arange(RATE * DURATION_MS // 1000) * (0.05 + 0.01 * index))
        ogg = encode_ogg(tone.astype(np.float32), RATE)
        clip_id, digest = f"clip-{index:03d}", hashlib.sha256(ogg).hexdigest()
        audio[f"{digest}.ogg"] = ogg
        artist = index % 6
        clips.append(
            {
                "clip_id": clip_id,
                "sample_key": f"{index * 711:06d}_{3840 * index}",
                "track_id": f"track-{index}",
                "track_no": index * 711,
                "start_ms": 3840 * index,
                "duration_ms": DURATION_MS,
                "sample_rate": RATE,
                "channels": 1,
                "audio_sha256": digest,
                "pcm_sha256": "0" * 64,
                "audio_name": f"{digest}.ogg",
                "title": f"Song {index}, “the best”",
                "artist": f"Artist {artist}",
                "artist_key": f"artist-{artist}",
                "album": None if index % 2 else "Album",
                "album_key": None if index % 2 else "album-1",
                "genres": ["Rock 'n' Roll"],
                "licence_spdx": "CC-BY-4.0",
                "licence_title": "Attribution 4.0 International",
                "licence_url": "https://creativecommons.org/licenses/by/4.0/",
                "track_url": f"https://example.org/track/{index}",
                "artist_url": None,
            }
        )
        for offset in range(2):
            name = CLASSES[(index + offset) % 3]
            present = (index // 3 + offset) % 2 == 0
            voters = rng.permutation(5)[:3]
            answers = ["yes" if present else "no"] * 2 + ["unsure" if index == 4 else "no"]
            for voter, answer in zip(voters, answers, strict=True):
                ratings.append(
                    {
                        "rating_id": f"rating-{len(ratings):05d}",
                        "clip_id": clip_id,
                        "class_name": name,
                        "rater": raters[voter],
                        "rater_is_simulated": True,
                        "answer": answer,
                        "is_gold": False,
                        "answered_at": dt.datetime(2026, 3, 1, 12, 0, 1, 5, tzinfo=dt.UTC),
                        "response_ms": None if index == 0 else 2_500,
                        "heard_ms": 9_000,
                        "guideline_version": 1,
                    }
                )
            labels.append(
                {
                    "clip_id": clip_id,
                    "class_name": name,
                    "decision": "present" if present else "absent",
                    "posterior_crowd": 0.9 if present else 0.05,
                    "posterior_with_detector": None,
                    "majority": 1.0,
                    "relevance": None,
                    "n_yes": answers.count("yes"),
                    "n_no": answers.count("no"),
                    "n_unsure": answers.count("unsure"),
                    "stop_reason": "confident",
                }
            )
    skills = [
        {
            "rater": rater,
            "rater_is_simulated": True,
            "n_ratings": 20,
            "sensitivity": 0.9,
            "specificity": 0.8,
            "unsure_rate": 0.1,
            "trust": 0.7 + 0.05 * index,
        }
        for index, rater in enumerate(raters)
    ]
    groups = [{"clip_id": c["clip_id"], "group": i, "action": "keep"} for i, c in enumerate(clips)]
    splits = [
        {"clip_id": clip["clip_id"], "partition": PARTITIONS[index % 6]}
        for index, clip in enumerate(clips)
    ]
    tables = Tables(
        clips=pa.Table.from_pylist(clips),
        labels=pa.Table.from_pylist(labels),
        ratings=pa.Table.from_pylist(ratings),
        skills=pa.Table.from_pylist(skills),
        groups=pa.Table.from_pylist(groups),
        splits=pa.Table.from_pylist(splits),
    )
    values = rng.integers(0, 256, (n_clips, 10, 128), dtype=np.uint8)
    return World(
        spec=ReleaseSpec.of(
            name="tiny-simulated",
            version="1.0.0",
            title="Tiny",
            classes=CLASSES,
            contract=SMALL,
            simulated=True,
            provenance={"seed": 7},
        ),
        tables=tables.conformed(),
        audio=audio,
        features=Features(name="noise", clip_ids=tuple(c["clip_id"] for c in clips), values=values),
    )
