"""Score shards: what is written is what is read, whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from candidates.scoring import at_places, shards
from candidates.scoring.shards import Failure, TrackScores, from_logit, to_logit, write_shard
from consonance.errors import ParameterError, StateError

ROOT = Path(__file__).resolve().parents[3]
CLASSES = ("banjo", "organ", "voice")
DIM = 6


def scored(track_no: int, n: int = 2, seed: int = 0) -> TrackScores:
    rng = np.random.default_rng([seed, track_no])
    return TrackScores(
        track_no=track_no,
        start_ms=np.arange(n, dtype=np.int64) * 3_840,
        likelihood=rng.random((n, len(CLASSES)), dtype=np.float32),
        embedding=rng.standard_normal((n, DIM)).astype(np.float32),
    )


def write(path: Path, *tracks: TrackScores, recipe: dict[str, object] | None = None) -> Path:
    write_shard(path, tracks, classes=CLASSES, embedding_dim=DIM, recipe=recipe or {"a": 1})
    return path


@given(
    arrays.arrays(np.float32, 20, elements=st.floats(0, 1, width=32)),
)
def test_likelihoods_come_back_to_within_half_a_percent_of_themselves(p: np.ndarray) -> None:
    back = from_logit(to_logit(p))
    assert np.isfinite(to_logit(p)).all()
    assert ((back >= 0) & (back <= 1)).all()
    kept = np.clip(p.astype(np.float64), 1e-6, 1 - 1e-6)
    # 16-bit logits are 2**-7 apart at most, and dp = p (1 - p) dlogit.
    assert (np.abs(back - kept) <= 0.006 * kept * (1 - kept) + 1e-7).all()


@given(arrays.arrays(np.float32, 20, elements=st.floats(0, 1, width=32)))
def test_their_order_is_kept(p: np.ndarray) -> None:
    order = np.argsort(p, kind="stable")
    assert (np.diff(to_logit(p)[order].astype(np.float64)) >= 0).all()


def test_common_classes_keep_distinct_likelihoods_where_probabilities_would_not() -> None:
    p = np.linspace(0.98, 0.9999, 2_000, dtype=np.float32)
    assert len(np.unique(to_logit(p))) > 20 * len(np.unique(p.astype(np.float16))) // 5


def test_a_score_set_reads_back_in_order(tmp_path: Path) -> None:
    parts = [scored(3), scored(1, n=3), scored(2, n=1)]
    write(tmp_path / "shard-00000.parquet", parts[0], parts[1])
    write(tmp_path / "shard-00001.parquet", parts[2])
    found = shards.read(tmp_path)
    assert found.classes == CLASSES
    assert found.track_no.tolist() == [3, 3, 1, 1, 1, 2]
    assert found.start_ms.tolist() == [0, 3_840, 0, 3_840, 7_680, 0]
    wanted = np.concatenate([part.likelihood for part in parts])
    np.testing.assert_allclose(found.likelihood, wanted, atol=0.002)
    assert shards.rows(tmp_path / "shard-00000.parquet") == 5


def test_the_same_scores_give_the_same_bytes(tmp_path: Path) -> None:
    first = write(tmp_path / "a" / "shard-00000.parquet", scored(1), scored(2))
    second = write(tmp_path / "b" / "shard-00000.parquet", scored(1), scored(2))
    assert first.read_bytes() == second.read_bytes()
    assert shards.digest(tmp_path / "a") == shards.digest(tmp_path / "b")
    write(tmp_path / "b" / "shard-00000.parquet", scored(1), scored(2, seed=1))
    assert shards.digest(tmp_path / "a") != shards.digest(tmp_path / "b")


def test_a_shard_of_tracks_that_all_failed_is_a_shard(tmp_path: Path) -> None:
    write(tmp_path / "shard-00000.parquet")
    write(tmp_path / "shard-00001.parquet", scored(4))
    assert shards.rows(tmp_path / "shard-00000.parquet") == 0
    assert shards.read(tmp_path).track_no.tolist() == [4, 4]


def test_a_shard_is_known_by_its_recipe(tmp_path: Path) -> None:
    recipe = {"detector": "default 1", "tracks": [[1, "aa"]]}
    path = write(tmp_path / "shard-00000.parquet", scored(1), recipe=recipe)
    assert shards.holds(path, recipe)
    assert not shards.holds(path, {**recipe, "tracks": [[1, "bb"]]})
    assert not shards.holds(tmp_path / "shard-00001.parquet", recipe)


@pytest.mark.parametrize("damage", ["empty", "cut", "garbage", "foreign"])
def test_an_unreadable_shard_does_not_hold(tmp_path: Path, damage: str) -> None:
    path = write(tmp_path / "shard-00000.parquet", scored(1))
    data = path.read_bytes()
    if damage == "foreign":
        pq.write_table(pq.read_table(path).replace_schema_metadata({}), path)
    else:
        path.write_bytes(
            {"empty": b"", "cut": data[: len(data) // 2], "garbage": b"x" * 500}[damage]
        )
    assert not shards.holds(path, {"a": 1})


def test_a_failing_write_leaves_the_old_shard(tmp_path: Path) -> None:
    path = write(tmp_path / "shard-00000.parquet", scored(1))
    before = path.read_bytes()
    wrong = TrackScores(
        track_no=1,
        start_ms=np.zeros(1, np.int64),
        likelihood=np.zeros((1, 2), np.float32),  # one class too few
        embedding=np.zeros((1, DIM), np.float32),
    )
    with pytest.raises(Exception, match=r"\w"):
        write(path, wrong)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_no_shards_say_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"Run \./consonance score first"):
        shards.read(tmp_path)


def test_shards_of_other_classes_are_not_mixed(tmp_path: Path) -> None:
    write(tmp_path / "shard-00000.parquet", scored(1))
    write_shard(
        tmp_path / "shard-00001.parquet",
        [scored(2)],
        classes=("banjo", "organ", "drums"),
        embedding_dim=DIM,
        recipe={},
    )
    with pytest.raises(ParameterError, match=r"shard-00001\.parquet was scored for other classes"):
        shards.read(tmp_path)


def test_embeddings_are_found_in_the_order_asked_for(tmp_path: Path) -> None:
    first, second = scored(1), scored(2)
    write(tmp_path / "shard-00000.parquet", first)
    write(tmp_path / "shard-00001.parquet", second)
    found = at_places.read_embeddings(tmp_path, [(2, 3_840), (1, 0)])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], second.embedding[1], rtol=1e-3)
    np.testing.assert_allclose(found[1], first.embedding[0], rtol=1e-3)


def test_likelihoods_of_some_excerpts_are_found_in_the_order_asked_for(tmp_path: Path) -> None:
    first, second = scored(1), scored(2)
    write(tmp_path / "shard-00000.parquet", first)
    write(tmp_path / "shard-00001.parquet", second)
    classes, found = at_places.read_logits(tmp_path, [(2, 3_840), (1, 0)])
    assert classes == CLASSES
    np.testing.assert_array_equal(found[0], to_logit(second.likelihood)[1])
    np.testing.assert_array_equal(found[1], to_logit(first.likelihood)[0])
    with pytest.raises(StateError, match="score first"):
        at_places.read_logits(tmp_path / "none", [(1, 0)])
    with pytest.raises(ParameterError, match="was not scored"):
        at_places.read_logits(tmp_path, [(1, 1)])


@pytest.mark.parametrize(
    ("places", "told"),
    [([(9, 0)], r"\(9, 0\)"), ([(1, 0), (1, 5)], r"\(1, 5\)"), ([(1, 0), (2, 0)], r"\(2, 0\)")],
)
def test_an_excerpt_that_was_not_scored_is_named(
    tmp_path: Path, places: list[tuple[int, int]], told: str
) -> None:
    write(tmp_path / "shard-00000.parquet", scored(1))
    with pytest.raises(ParameterError, match=f"Excerpt {told}.* was not scored"):
        at_places.read_embeddings(tmp_path, places)


def test_chunks_cover_everything_once() -> None:
    assert [list(part) for part in shards.chunks(range(7), 3)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(shards.chunks([], 3)) == []


FULL = """
import sys
import numpy as np
from pathlib import Path
from candidates.scoring import at_places, shards
from consonance.errors import StateError
track = shards.TrackScores(
    track_no=1, start_ms=np.arange(3000), likelihood=np.full((3000, 3), 0.5, np.float32),
    embedding=np.random.default_rng(0).standard_normal((3000, 600)).astype(np.float32))
folder = Path(sys.argv[1])
small = shards.TrackScores(track_no=1, start_ms=np.arange(3),
    likelihood=np.full((3, 3), 0.5, np.float32), embedding=np.zeros((3, 600), np.float32))
fields = dict(classes=("a", "b", "c"), embedding_dim=600, recipe={})
shards.write_shard(folder / "shard-00000.parquet", [small], **fields)
try:
    shards.write_shard(folder / "shard-00001.parquet", [track], **fields)
except StateError as error:
    print(error)
print(sorted(path.name for path in folder.iterdir()))
"""


def test_a_full_disk_is_told_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    disk = f"mount -t tmpfs -o size=512k none {tmp_path}"
    program = f'exec {sys.executable} -c "$0" {tmp_path}'
    alone = ["unshare", "--user", "--map-root-user", "--mount"]
    done = subprocess.run(
        [*alone, "sh", "-c", f"{disk} && {program}", FULL],
        capture_output=True, text=True, check=False, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'platform'}{os.pathsep}{ROOT}"},
    )  # fmt: skip
    if done.returncode and any(word in done.stderr for word in ("unshare:", "mount:")):
        pytest.skip(f"no small disk can be made here: {done.stderr.strip()}")
    told, left = done.stdout.strip().splitlines()
    assert "is full: shard-00001.parquet needs" in told
    assert "what was written before is kept" in told
    assert left == "['shard-00000.parquet']"


def test_what_a_killed_process_left_is_never_read(tmp_path: Path) -> None:
    path = write(tmp_path / "shard-00000.parquet", scored(1))
    (tmp_path / ".shard-00001.parquet.x1.part").write_bytes(path.read_bytes()[:40])
    assert shards.shard_paths(tmp_path) == [path]
    shards.discard_parts(tmp_path / "shard-00001.parquet")
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_shard_with_a_failure_stays_current_once_that_track_is_in_quarantine(
    tmp_path: Path,
) -> None:
    whole = {"detector": "d", "tracks": [[1, "x"], [2, "y"]]}
    path = tmp_path / "shard-00000.parquet"
    lost = Failure(track_no=2, reason="changed", detail="It has changed.")
    write_shard(
        path, [scored(1)], classes=CLASSES, embedding_dim=DIM, recipe=whole, failures=[lost]
    )
    assert shards.failures(path) == [lost]
    assert shards.holds(path, whole)
    assert not shards.is_current(path, whole), "the track is wanted again"
    assert shards.is_current(path, {**whole, "tracks": [[1, "x"]]})
    assert not shards.is_current(path, {**whole, "detector": "other", "tracks": [[1, "x"]]})
    assert not shards.is_current(tmp_path / "none.parquet", whole)
