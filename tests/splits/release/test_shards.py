from __future__ import annotations

import itertools

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from release_world import make_world

from splits.release.shards import GROUP_CLIPS, cut, redact


@given(
    sizes=st.lists(st.integers(1, 50), max_size=40),
    most=st.integers(1, 100),
)
def test_shards_hold_every_row_once_in_order_and_no_more_bytes_than_allowed(sizes, most):
    rows = list(range(len(sizes)))
    shards = list(cut(rows, sizes, most))
    assert [row for shard in shards for row in shard] == rows
    for shard in shards:
        assert len(shard) == 1 or sum(sizes[row] for row in shard) <= most
    for first, second in itertools.pairwise(shards):
        # No shard ends before it must.
        assert sum(sizes[row] for row in first) + sizes[second[0]] > most


def test_row_groups_stay_small_however_many_clips_there_are(tmp_path):
    world = make_world(n_clips=3 * GROUP_CLIPS)
    folder = world.build(tmp_path / "large")
    groups = {}
    for path in sorted((folder / "audio-parquet").iterdir()):
        file = pq.ParquetFile(path)
        rows = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        groups[path.name.partition("-")[0]] = rows
        assert file.metadata.row_group(0).column(1).compression == "UNCOMPRESSED"
    assert groups == {"train": [100, 50], "validation": [50], "test": [100]}


@pytest.fixture
def shard(copy):
    return copy / "audio-parquet" / "test-00000-of-00001.parquet"


def test_withdrawn_clips_lose_their_sound_and_nothing_else(shard):
    before = pq.read_table(shard)
    keys = before["sample_key"].to_pylist()
    assert redact(shard, keys[1:3]) is True
    after = pq.read_table(shard)
    assert [sound is None for sound in after["audio"].to_pylist()] == [
        key in keys[1:3] for key in keys
    ]
    assert after.drop(["audio"]) == before.drop(["audio"])
    assert after.schema.equals(before.schema, check_metadata=True)
    gone = before["audio"][1].as_py()["bytes"]
    assert gone not in shard.read_bytes()
    assert not shard.with_name(shard.name + ".part").exists()


def test_withdrawing_twice_or_what_is_not_there_changes_no_byte(shard):
    key = pq.read_table(shard)["sample_key"][0].as_py()
    redact(shard, frozenset([key]))
    once = shard.read_bytes()
    assert redact(shard, frozenset([key])) is False
    assert redact(shard, frozenset(["999999_0"])) is False
    assert shard.read_bytes() == once


def test_withdrawing_in_one_step_or_two_gives_the_same_bytes(shard, tmp_path):
    keys = pq.read_table(shard)["sample_key"].to_pylist()
    other = tmp_path / "other.parquet"
    other.write_bytes(shard.read_bytes())
    redact(shard, frozenset(keys[:2]))
    redact(other, frozenset(keys[:1]))
    redact(other, frozenset(keys[:2]))
    assert shard.read_bytes() == other.read_bytes()


def test_the_columns_say_which_of_them_is_sound(shard):
    schema = pq.read_schema(shard)
    assert pa.types.is_struct(schema.field("audio").type)
    assert b'"_type": "Audio", "sampling_rate": 8000' in schema.metadata[b"huggingface"]
