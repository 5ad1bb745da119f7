"""Excerpts with labels, and how they are divided."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candidates.search.labelled import (
    HELD_OUT,
    TRAIN,
    VALIDATION,
    Labelled,
    divided,
    of_labels,
    of_release,
)
from consonance.errors import ParameterError

CLASSES = ("banjo", "flute")


def test_undecided_is_unknown_and_other_classes_are_left_out() -> None:
    truth = {
        ("c2", "banjo"): 1, ("c2", "flute"): -1, ("c1", "flute"): 0, ("c1", "tuba"): 1,
        ("lost", "banjo"): 1, ("c3", "flute"): -1,
    }  # fmt: skip
    found = of_labels(
        truth,
        classes=CLASSES,
        places={"c1": (1, 0), "c2": (2, 0), "c3": (3, 0)},
        groups={"c1": "a", "c2": "b", "c3": "c"},
    )
    assert found.places == ((1, 0), (2, 0))
    assert found.labels.tolist() == [[-1, 0], [1, -1]]
    assert found.groups == ("a", "b")


def test_labels_about_nothing_are_refused() -> None:
    with pytest.raises(ParameterError, match="decide nothing about the classes"):
        of_labels({("c1", "tuba"): 1}, classes=CLASSES, places={"c1": (1, 0)}, groups={"c1": "a"})


def labelled(n: int, groups: int, seed: int = 0) -> Labelled:
    chance = np.random.default_rng(seed)
    return Labelled(
        classes=CLASSES,
        places=tuple((row, 0) for row in range(n)),
        labels=chance.integers(-1, 2, (n, 2)).astype(np.int8),
        groups=tuple(f"g{row % groups}" for row in range(n)),
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(10, 200), st.integers(3, 30), st.integers(0, 99))
def test_no_group_is_divided_and_the_same_seed_divides_alike(
    n: int, groups: int, seed: int
) -> None:
    found = labelled(n, min(groups, n), seed)
    part = divided(found, validation_share=0.2, held_out_share=0.2, seed=seed)
    by_group: dict[str, set[int]] = {}
    for group, number in zip(found.groups, part.tolist(), strict=True):
        by_group.setdefault(group, set()).add(number)
    assert all(len(numbers) == 1 for numbers in by_group.values())
    again = divided(found, validation_share=0.2, held_out_share=0.2, seed=seed)
    assert (part == again).all()


def test_each_class_is_spread_by_the_shares() -> None:
    found = labelled(2000, 200)
    part = divided(found, validation_share=0.2, held_out_share=0.1, seed=1)
    for value in (0, 1):
        for column in found.labels.T:
            counts = np.bincount(part[column == value], minlength=3)
            assert counts / counts.sum() == pytest.approx([0.7, 0.2, 0.1], abs=0.03)


def test_nothing_is_held_out_where_nothing_is_wanted() -> None:
    part = divided(labelled(60, 20), validation_share=0.3, held_out_share=0, seed=1)
    assert set(part.tolist()) == {TRAIN, VALIDATION}


def test_too_few_groups_are_refused() -> None:
    with pytest.raises(ParameterError, match="2 group"):
        divided(labelled(40, 2), validation_share=0.2, held_out_share=0.2, seed=0)


def write_release(folder: Path, **changes: Any) -> Path:
    folder.mkdir()
    keys = ["000001_0", "000002_3840", "000003_0"]
    manifest = {"name": "tones", "version": "1", "classes": ["banjo", "tuba"], **changes}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    y = np.array([[1, 0], [0, -1], [-1, 1]], np.int8)
    np.savez(folder / "tones.npz", sample_key=np.array(keys), Y=y)
    with (folder / "clips.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["sample_key", "partition", "artist_key"])
        writer.writeheader()
        for key, partition, artist in zip(
            keys, ("train", "validation", "test"), ("ana", "bob", "cid"), strict=True
        ):
            writer.writerow({"sample_key": key, "partition": partition, "artist_key": artist})
    return folder


def test_a_release_is_taken_as_it_is_divided(tmp_path: Path) -> None:
    folder = write_release(tmp_path / "tones-1")
    found = of_release(folder, classes=CLASSES)
    assert found.places == ((1, 0), (2, 3840), (3, 0))
    assert found.labels.tolist() == [[1, -1], [0, -1], [-1, -1]]
    assert found.groups == ("ana", "bob", "cid")
    part = divided(found, validation_share=0.2, held_out_share=0.2, seed=0)
    assert part.tolist() == [TRAIN, VALIDATION, HELD_OUT]
    assert of_release(folder, classes=CLASSES, groups="track").groups == ("1", "2", "3")


def test_what_is_no_release_says_so(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="cannot be read as a release"):
        of_release(tmp_path, classes=CLASSES)
    folder = write_release(tmp_path / "tones-1")
    with pytest.raises(ParameterError, match="knows none of the classes"):
        of_release(folder, classes=("oboe",))
    (folder / "tones.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(ParameterError, match="cannot be read as a release"):
        of_release(folder, classes=CLASSES)
    other = write_release(tmp_path / "tones-2", name=["tones"])
    with pytest.raises(ParameterError, match="cannot be read as a release"):
        of_release(other, classes=CLASSES)
