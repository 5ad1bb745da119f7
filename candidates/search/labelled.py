"""Excerpts with labels, from a frozen table or a release, divided without tearing groups."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from candidates.detector.bags import ABSENT, PRESENT, UNKNOWN
from consonance.errors import ParameterError

TRAIN, VALIDATION, HELD_OUT = 0, 1, 2
#: Partitions of a release: its test clips are what the winner is compared on, and nothing else.
PARTITIONS: Final = {"train": TRAIN, "validation": VALIDATION, "test": HELD_OUT}

Place = tuple[int, int]  # track number and start in ms


@dataclass(frozen=True, kw_only=True, eq=False)
class Labelled:
    """Excerpts with labels, still without embeddings.

    Attributes
    ----------
    classes
        Names of the columns of `labels`.
    places
        Track number and start in ms of each excerpt.
    labels : np.ndarray [shape=(n, n_classes), dtype=int8, in {-1, 0, 1}]
        Unknown, absent, present.
    groups
        What must not be divided, of each excerpt.
    part : np.ndarray [shape=(n,), dtype=int8] or None
        `TRAIN`, `VALIDATION` or `HELD_OUT`, where the source is divided already.
    """

    classes: tuple[str, ...]
    places: tuple[Place, ...]
    labels: NDArray[np.int8]
    groups: tuple[str, ...]
    part: NDArray[np.int8] | None = None


def of_labels(
    truth: Mapping[tuple[str, str], int],
    *,
    classes: Sequence[str],
    places: Mapping[str, Place],
    groups: Mapping[str, str],
) -> Labelled:
    """Return what people's labels say.

    Parameters
    ----------
    truth
        (clip id, class name) → 1 present, 0 absent, -1 undecided, which is unknown here
        (`candidates.loop.labels`).
    classes
        Those to learn, in order; labels of others are left out.
    places, groups
        Of each clip, by its id. A clip without a place is left out.

    Raises
    ------
    ParameterError
        If nothing is decided about these classes.
    """
    column = {name: j for j, name in enumerate(classes)}
    rows: dict[str, NDArray[np.int8]] = {}
    for (clip, name), value in truth.items():
        if value != UNKNOWN and name in column and clip in places:
            row = rows.setdefault(clip, np.full(len(column), UNKNOWN, np.int8))
            row[column[name]] = value
    if not rows:
        raise ParameterError(
            "These labels decide nothing about the classes of this detector. Choose labels of "
            "the same taxonomy and collection as the scores."
        )
    clips = sorted(rows, key=lambda clip: (places[clip], clip))
    return Labelled(
        classes=tuple(classes),
        places=tuple(places[clip] for clip in clips),
        labels=np.stack([rows[clip] for clip in clips]),
        groups=tuple(groups[clip] for clip in clips),
    )


def of_release(folder: Path, *, classes: Sequence[str], groups: str = "artist") -> Labelled:
    """Return what a release says, divided as it is (docs/release-format.md).

    Parameters
    ----------
    folder
        With manifest.json in it.
    classes
        Those to learn, in order; labels of others are left out.
    groups
        `artist` or `track`.

    Raises
    ------
    ParameterError
        If it is no release, or knows none of the classes.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        with np.load(folder / f"{manifest['name']}.npz", allow_pickle=False) as arrays:
            keys, y = arrays["sample_key"].tolist(), arrays["Y"]
        with (folder / "clips.csv").open(encoding="utf-8", newline="") as file:
            about = {row["sample_key"]: row for row in csv.DictReader(file)}
        known = list(manifest["classes"])
        part = np.array([PARTITIONS[about[key]["partition"]] for key in keys], np.int8)
        places = tuple(_place(key) for key in keys)
        owners = tuple(
            about[key]["artist_key"] if groups == "artist" else str(place[0])
            for key, place in zip(keys, places, strict=True)
        )
    except (OSError, KeyError, TypeError, ValueError, BadZipFile) as error:
        raise ParameterError(
            f"{folder.name} cannot be read as a release: {type(error).__name__}: {error}. "
            "Run ./consonance verify_release."
        ) from error
    labels = np.full((len(keys), len(classes)), UNKNOWN, np.int8)
    shared = [name for name in classes if name in known]
    if not shared:
        raise ParameterError(
            f"The release {folder.name} knows none of the classes {', '.join(classes)}."
        )
    for name in shared:
        labels[:, list(classes).index(name)] = y[:, known.index(name)]
    return Labelled(classes=tuple(classes), places=places, labels=labels, groups=owners, part=part)


def divided(
    labelled: Labelled, *, validation_share: float, held_out_share: float, seed: int
) -> NDArray[np.int8]:
    """Return a part for each excerpt, groups whole, each class's labels spread by the shares.

    Groups are dealt out one after the other, the largest first, each to the part that lacks most
    of what it has; classes with few labels weigh as much as those with many.

    Parameters
    ----------
    labelled
        Excerpts; their own division is returned if they have one.
    validation_share, held_out_share
        Of the labels.
    seed
        Of the order among groups of one size.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=int8]

    Raises
    ------
    ParameterError
        If there are fewer groups than parts.
    """
    if labelled.part is not None:
        return labelled.part
    shares = np.array([1 - validation_share - held_out_share, validation_share, held_out_share])
    names, member = np.unique(np.array(labelled.groups, dtype=str), return_inverse=True)
    if len(names) < (shares > 0).sum():
        raise ParameterError(
            f"The labels come from {len(names)} group(s): too few to learn from some and to be "
            "measured on others. Choose more labels, or groups by track."
        )
    values = np.concatenate([labelled.labels == PRESENT, labelled.labels == ABSENT], axis=1)
    counts = np.zeros((len(names), values.shape[1]))
    np.add.at(counts, member, values)
    total = counts.sum(axis=0)
    counts = counts[:, total > 0] / total[total > 0]  # every class and answer sums to one
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    have = np.zeros((len(shares), counts.shape[1]))
    chosen = np.zeros(len(names), np.int8)
    for group in order:
        lack = 1 - have / np.maximum(shares, 1e-9)[:, None]
        worth = np.where(shares > 0, lack @ counts[group], -np.inf)
        chosen[group] = int(np.argmax(worth))
        have[chosen[group]] += counts[group]
    return chosen[member]


def _place(sample_key: str) -> Place:
    track, start = sample_key.rsplit("_", 1)
    return int(track), int(start)
