"""Labelled embeddings, as one file under its hash."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from candidates.search.labelled import Labelled, Place
from candidates.search.material import gathered, load
from consonance.errors import ParameterError, StateError
from tests.candidates.search.bags import CLASSES, material


def test_the_same_material_gives_the_same_bytes_and_comes_back_whole(tmp_path: Path) -> None:
    made = material()
    sha256 = made.save(tmp_path / "a.npz")
    assert material().save(tmp_path / "b.npz") == sha256
    found = load(tmp_path / "a.npz", sha256=sha256)
    for name in ("train", "validation", "held_out"):
        one, other = getattr(made, name), getattr(found, name)
        assert (one.embeddings == other.embeddings).all()
        assert (one.labels == other.labels).all()
        assert one.groups == other.groups
    assert found.classes == CLASSES
    assert found.as_it_is is not None
    assert made.as_it_is is not None
    assert (found.as_it_is[1] == made.as_it_is[1]).all()
    assert found.facts() == made.facts()


def test_an_altered_or_missing_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    sha256 = material().save(path)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(StateError, match="was altered"):
        load(path, sha256=sha256)
    path.unlink()
    with pytest.raises(StateError, match="cannot be read"):
        load(path, sha256=sha256)


def labelled(labels: list[list[int]]) -> Labelled:
    return Labelled(
        classes=("banjo", "flute"),
        places=tuple((row, 0) for row in range(len(labels))),
        labels=np.array(labels, np.int8),
        groups=tuple(str(row) for row in range(len(labels))),
    )


def stored(*tracks: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    return [
        (np.array([track]), np.zeros(1, np.int64), np.full((1, 4), track, np.float32))
        for track in tracks
    ]


LABELS = [[1, -1], [0, -1], [1, 0], [0, 1], [1, 1], [0, 0]]
PARTS = np.array([0, 0, 1, 1, 2, 2], np.int8)


def test_excerpts_meet_their_embeddings_whatever_shard_holds_them() -> None:
    def likelihood(places: list[Place]) -> np.ndarray:
        return np.array([[track / 10, 0.5] for track, _ in places], np.float32)

    found = gathered(labelled(LABELS), PARTS, stored(5, 3, 99, 2, 1, 0), likelihood=likelihood)
    assert found.left_out == 1
    assert found.train.embeddings[:, 0, 0].tolist() == [0, 1]
    assert found.validation.embeddings[:, 0, 0].tolist() == [2, 3]
    assert found.held_out.embeddings[:, 0, 0].tolist() == [5]
    assert found.as_it_is is not None
    assert found.as_it_is[0][:, 0].tolist() == pytest.approx([0.2, 0.3])


def test_only_classes_that_can_be_learnt_and_measured_count() -> None:
    found = gathered(labelled(LABELS), PARTS, stored(*range(6)))
    assert found.counted(found.validation).tolist() == [True, False], "flute is never learnt"
    assert found.facts()["counted"] == ["banjo"]
    assert found.facts()["train"] == {"excerpts": 2, "groups": 2, "present": 1, "absent": 1}


@pytest.mark.parametrize(
    ("labels", "parts", "tracks", "sentence"),
    [
        (LABELS, PARTS, [50], "None of the labelled excerpts has an embedding"),
        (LABELS, PARTS, [0, 1], "2 excerpts to learn from and 0 to choose by"),
        (LABELS, PARTS, [2, 3], "0 excerpts to learn from and 2 to choose by"),
        ([[1, -1]] * 6, PARTS, range(6), "No class is known to be present here and absent there"),
    ],
)
def test_what_cannot_be_learnt_or_measured_is_refused(
    labels: list[list[int]], parts: np.ndarray, tracks: list[int], sentence: str
) -> None:
    with pytest.raises(ParameterError, match=sentence):
        gathered(labelled(labels), parts, stored(*tracks))
