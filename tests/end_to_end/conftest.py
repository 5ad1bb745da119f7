"""Run the whole chain as a stranger does: one command in a shell."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class House:
    """A data folder that `demo` fills, and what it left there."""

    data: Path
    models: str

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command in this data folder."""
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        environment |= {
            "CONSONANCE_DATA": str(self.data),
            "CONSONANCE_MODELS": self.models,
            "XDG_CACHE_HOME": str(self.data.parent / "no-cache"),
            "OMP_NUM_THREADS": "1",
        }
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def demo(self, *words: str) -> Path:
        """Run the demo to its release and return the folder that it prints last."""
        done = self.manage("demo", "--no-serve", "--data", str(self.data), *words)
        assert done.returncode == 0, done.stderr[-4000:]
        [*_, last] = done.stdout.splitlines()
        folder = Path(last)
        assert folder.is_dir()
        return folder

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        with sqlite3.connect(f"file:{self.data / 'consonance.sqlite3'}?mode=ro", uri=True) as asked:
            return asked.execute(question).fetchall()

    def counts(self) -> dict[str, int]:
        """Return how many rows each table of ours has."""
        names = [
            "catalog_track", "catalog_clip", "candidates_scoreset", "candidates_samplinground",
            "candidates_candidate", "annotation_campaign", "annotation_question",
            "annotation_rating", "annotation_consensusrun", "splits_release", "splits_splitplan",
            "people_user",
        ]  # fmt: skip
        return {name: self.rows(f"SELECT count(*) FROM {name}")[0][0] for name in names}  # noqa: S608


def table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file with a header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_like_mirdata(folder: Path) -> dict[str, dict[str, Any]]:
    """Return tracks by key, read by the paths and columns that mirdata reads OpenMIC-2018 by."""
    [labels] = folder.glob("*-aggregated-labels.csv")
    tracks: dict[str, dict[str, Any]] = {}
    for row in table(labels):
        track = tracks.setdefault(row["sample_key"], {"relevance": {}, "responses": {}})
        track["relevance"][row["instrument"]] = float(row["relevance"])
        track["responses"][row["instrument"]] = int(row["num_responses"])
    for name in ("train", "test"):
        lines = (folder / "partitions" / f"split01_{name}.csv").read_text("utf-8").splitlines()
        for key in lines:
            tracks[key]["split"] = name
    for key, track in tracks.items():
        track["audio"] = folder / "audio" / key[:3] / f"{key}.ogg"
    return tracks


def check_it_opens(folder: Path) -> None:
    """Open a release with what a researcher has: mirdata's way, pandas, numpy without pickle."""
    import numpy as np
    import pandas as pd
    import soundfile as sf

    tracks = read_like_mirdata(folder)
    assert {track["split"] for track in tracks.values()} == {"train", "test"}
    for track in tracks.values():
        assert sf.info(str(track["audio"])).frames == 441_000
        assert all(0 <= value <= 1 for value in track["relevance"].values())
        assert all(count >= 1 for count in track["responses"].values())
    labels = pd.read_parquet(folder / "parquet" / "labels.parquet")
    decided = labels[labels["decision"].isin(["present", "absent"])]
    known = {(key, name) for key, track in tracks.items() for name in track["relevance"]}
    assert set(zip(decided["sample_key"], decided["class_name"], strict=True)) == known
    class_map = json.loads((folder / "class-map.json").read_text("utf-8"))
    [arrays] = [path for path in folder.glob("*.npz") if "projection" not in path.name]
    with np.load(arrays, allow_pickle=False) as stored:
        keys = stored["sample_key"].tolist()
        assert sorted(keys) == sorted(tracks)
        mask, relevance = stored["Y_mask"], stored["Y_true"]
        assert stored["X"].shape == (len(keys), 10, 128)
    assert mask.shape == relevance.shape == (len(keys), len(class_map))
    for row, key in enumerate(keys):
        for name, column in class_map.items():
            assert mask[row, column] == (name in tracks[key]["relevance"])


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Return the folder that measurements are left in."""
    folder = ROOT / "test-artifacts"
    folder.mkdir(exist_ok=True)
    return folder


def keys_by_partition(folder: Path) -> dict[str, str]:
    """Return the partition of every clip of a release."""
    return {row["sample_key"]: row["partition"] for row in table(folder / "clips.csv")}


def partitions_of(folder: Path, tracks: Sequence[int]) -> set[str]:
    """Return the partitions that clips of these tracks are in."""
    return {
        partition
        for key, partition in keys_by_partition(folder).items()
        if int(key.split("_")[0]) in set(tracks)
    }
