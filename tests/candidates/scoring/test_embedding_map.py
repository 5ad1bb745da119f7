"""The map of a collection: the same bytes each time, whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from candidates.scoring.embedding_map import (
    EmbeddingMap,
    make_map,
    map_path,
    read_map,
    read_picks,
    write_map,
    write_picks,
)
from candidates.scoring.excerpts import excerpt_of
from candidates.scoring.shards import TrackScores, write_shard
from consonance.errors import ParameterError, StateError

N = 300
ROOT = Path(__file__).resolve().parents[3]
#: Killed by itself in the middle of reading, or between writing and moving into place.
KILLED = """
import os, signal, sys
from pathlib import Path
from candidates.scoring import embedding_map
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
folder = Path(sys.argv[1])
if sys.argv[2] == "reading":
    embedding_map.make_map(folder, progress=die)
else:
    Path.replace = die
    embedding_map.write_map(folder, embedding_map.make_map(folder))
"""


def embeddings(n: int = N, width: int = 6) -> np.ndarray:
    """Return vectors that differ most along the first axis, then the second."""
    chance = np.random.default_rng(1)
    made = chance.normal(0, 1, (n, width)) * ([4, 2] + [0.3] * (width - 2))
    made[:, -1] += 5  # none near the origin
    return made.astype(np.float32)


def write(folder: Path, vectors: np.ndarray, *, per_shard: int = 100) -> Path:
    tracks = [
        TrackScores(
            track_no=number,
            start_ms=np.array([0]),
            likelihood=np.full((1, 1), 0.5, np.float32),
            embedding=vectors[number : number + 1],
        )
        for number in range(len(vectors))
    ]
    for place, first in enumerate(range(0, len(tracks), per_shard)):
        write_shard(
            folder / f"shard-{place:05d}.parquet",
            tracks[first : first + per_shard],
            classes=("banjo",),
            embedding_dim=vectors.shape[1],
            recipe={},
        )
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, embeddings())


class TestMaking:
    def test_it_is_the_plane_of_most_variance(self, folder: Path) -> None:
        made = make_map(folder)
        vectors = embeddings().astype(np.float16).astype(np.float64)
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        centred = unit - unit.mean(axis=0)
        _, values, axes = np.linalg.svd(centred, full_matrices=False)
        share = values**2 / (values**2).sum()
        assert made.explained == pytest.approx(tuple(share[:2]))
        for axis, theirs in zip(made.axes, axes[:2], strict=True):
            assert abs(axis @ theirs) == pytest.approx(1)
            assert axis[np.argmax(np.abs(axis))] > 0
        assert np.asarray(made.at) == pytest.approx(centred @ made.axes.T, abs=1e-5)

    def test_the_same_scores_give_the_same_bytes_whatever_their_shards(
        self, folder: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        other = write(tmp_path_factory.mktemp("other"), embeddings(), per_shard=17)
        first = write_map(folder, make_map(folder)).read_bytes()
        assert write_map(other, make_map(other)).read_bytes() == first

    def test_a_sample_is_bounded_seeded_and_part_of_the_whole(self, folder: Path) -> None:
        one, again, other = (make_map(folder, most=50, seed=seed) for seed in (1, 1, 2))
        assert len(one.ids) == 50
        assert one.excerpts == N
        assert one.ids.tolist() == again.ids.tolist()
        assert one.ids.tolist() != other.ids.tolist()
        assert one.ids.tolist() == sorted(one.ids.tolist())

    def test_progress_tells_of_every_excerpt(self, folder: Path) -> None:
        told: list[tuple[int, int]] = []
        make_map(folder, progress=lambda done, total: told.append((done, total)))
        assert told == [(100, N), (200, N), (300, N)]

    def test_too_few_or_equal_excerpts_have_no_map(self, tmp_path: Path) -> None:
        two, same = tmp_path / "two", tmp_path / "same"
        with pytest.raises(StateError, match="3 excerpts or more"):
            make_map(write(two, embeddings(2)))
        with pytest.raises(StateError, match="the same embedding"):
            make_map(write(same, np.ones((9, 4), np.float32)))

    @pytest.mark.parametrize("most", [2, 20_001])
    def test_a_sample_out_of_range_is_refused(self, folder: Path, most: int) -> None:
        with pytest.raises(ParameterError, match="A map takes 3 to 20,000 excerpts"):
            make_map(folder, most=most)

    def test_vectors_of_zeros_lie_somewhere(self, tmp_path: Path) -> None:
        vectors = embeddings(20)
        vectors[3] = 0
        assert np.isfinite(make_map(write(tmp_path, vectors)).at).all()


class TestKeeping:
    def test_what_was_written_is_read(self, folder: Path) -> None:
        made = make_map(folder, scores="abc", seed=4)
        write_map(folder, made)
        found = read_map(folder)
        assert found is not None
        assert same(found, made)

    @pytest.mark.parametrize("content", [b"", b"no parquet"])
    def test_what_cannot_be_read_is_no_map(self, folder: Path, content: bytes) -> None:
        assert read_map(folder) is None
        map_path(folder).write_bytes(content)
        assert read_map(folder) is None

    @pytest.mark.parametrize("when", ["reading", "writing"])
    def test_a_killed_process_leaves_the_older_map_and_the_next_makes_it_whole(
        self, folder: Path, when: str
    ) -> None:
        older = write_map(folder, make_map(folder, most=10)).read_bytes()
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(folder), when],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'platform'}{os.pathsep}{ROOT}"},
            check=False,
        )
        assert done.returncode == -signal.SIGKILL
        assert map_path(folder).read_bytes() == older
        made = write_map(folder, make_map(folder)).read_bytes()
        assert write_map(folder, make_map(folder)).read_bytes() == made

    def test_picks_lie_where_the_same_excerpts_lie_in_the_sample(self, folder: Path) -> None:
        made = make_map(folder, most=40)
        write_map(folder, made)
        numbers, starts = excerpt_of(made.ids)
        places = list(zip(numbers.tolist(), starts.tolist(), strict=True))
        write_picks(folder, "round", places)
        found = read_picks(folder, "round", made)
        assert found is not None
        assert np.array([found[place] for place in places]) == pytest.approx(made.at, abs=1e-6)

    def test_picks_of_another_map_are_not_shown_on_this_one(self, folder: Path) -> None:
        write_map(folder, make_map(folder, most=40))
        write_picks(folder, "round", [(1, 0)])
        assert read_picks(folder, "round", make_map(folder, most=40, seed=9)) is None
        assert read_picks(folder, "other", make_map(folder, most=40)) is None

    def test_no_picks_lie_nowhere_and_unscored_ones_are_refused(self, folder: Path) -> None:
        with pytest.raises(StateError, match="make the map first"):
            write_picks(folder, "round", [(1, 0)])
        made = make_map(folder)
        write_map(folder, made)
        write_picks(folder, "round", [])
        assert read_picks(folder, "round", made) == {}
        with pytest.raises(ParameterError, match="was not scored here"):
            write_picks(folder, "round", [(1, 5)])

    def test_embeddings_of_another_detector_are_refused(self, folder: Path) -> None:
        with pytest.raises(ParameterError, match="Embeddings of 6 numbers"):
            make_map(folder).laid(np.ones((1, 3), np.float32))


def same(one: EmbeddingMap, other: EmbeddingMap) -> bool:
    def parts(made: EmbeddingMap) -> Any:
        arrays = [made.ids.tolist(), made.at.tolist(), made.mean.tolist(), made.axes.tolist()]
        return [*arrays, made.explained, made.excerpts, made.seed, made.scores]

    return bool(parts(one) == parts(other))
