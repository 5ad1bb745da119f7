"""Open a release in one line, with numpy alone: `data = reader.load("folder")`.

This file stands in every release and in the platform; it imports nothing of the platform.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Release:
    """A release in memory.

    Attributes
    ----------
    folder : pathlib.Path
        Where it lies.
    name, version : str
        What it is.
    simulated : bool
        Whether its ratings come from simulated people.
    classes : tuple of str
        Names of the columns of `y`.
    keys : np.ndarray [shape=(n,), dtype=str]
        Sample keys, sorted.
    y : np.ndarray [shape=(n, n_classes), dtype=int8]
        1 present, 0 absent, -1 unknown. Unknown is not absent.
    mask : np.ndarray [shape=(n, n_classes), dtype=bool]
        Where `y` is known.
    relevance : np.ndarray [shape=(n, n_classes), dtype=float32]
        OpenMIC-2018's legacy number, 0.5 where unknown.
    partition : np.ndarray [shape=(n,), dtype=str]
        "train", "validation" or "test".
    X : np.ndarray [shape=(n, 10, 128), dtype=uint8] or None
        Features, if the release has any.
    feature_name : str or None
        What they are.
    """

    folder: Path
    name: str
    version: str
    simulated: bool
    classes: tuple[str, ...]
    keys: Any
    y: Any
    mask: Any
    relevance: Any
    partition: Any
    X: Any
    feature_name: str | None

    def rows(self, *partitions: str) -> Any:
        """Return the row numbers of these partitions.

        Raises
        ------
        KeyError
            If there is no such partition.
        """
        for name in partitions:
            if name not in self.partition:
                known = ", ".join(sorted(set(self.partition.tolist())))
                raise KeyError(f"No partition is called {name!r}: use one of {known}.")
        return np.flatnonzero(np.isin(self.partition, partitions))

    def audio_path(self, key: str) -> Path:
        """Return the file of a clip."""
        return self.folder / "audio" / key[:3] / f"{key}.ogg"


def load(folder: str | Path) -> Release:
    """Read a release.

    Parameters
    ----------
    folder : str or Path
        With manifest.json in it.

    Returns
    -------
    Release
        Arrays in the order of the sorted sample keys.
    """
    root = Path(folder)
    manifest = json.loads((root / "manifest.json").read_text("utf-8"))
    with np.load(root / f"{manifest['name']}.npz", allow_pickle=False) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    with (root / "clips.csv").open(encoding="utf-8", newline="") as file:
        partition_of = {row["sample_key"]: row["partition"] for row in csv.DictReader(file)}
    feature_name = found.get("feature_name")
    return Release(
        folder=root,
        name=manifest["name"],
        version=manifest["version"],
        simulated=manifest["simulated"],
        classes=tuple(manifest["classes"]),
        keys=found["sample_key"],
        y=found["Y"],
        mask=found["Y_mask"],
        relevance=found["Y_true"],
        partition=np.array([partition_of[key] for key in found["sample_key"].tolist()]),
        X=found.get("X"),
        feature_name=None if feature_name is None else str(feature_name),
    )
