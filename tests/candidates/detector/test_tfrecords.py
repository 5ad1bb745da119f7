"""Embeddings are read from TFRecord files; what is damaged is told with its place and reason."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candidates.detector.segments import Damage
from candidates.detector.tfrecords import Record, masked_crc32c, read_records
from tests.candidates.detector.audioset_files import example, field, masked, noise, record


def read(folder: Path, content: bytes) -> list[Record | Damage]:
    path = folder / "aa.tfrecord"
    path.write_bytes(content)
    return list(read_records(path))


def test_the_checksum_is_castagnolis() -> None:
    # RFC 3720, B.4: 32 zero bytes, 32 bytes of ones; then TensorFlow's mask.
    for data, plain in ((bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43)):
        expected = ((plain >> 15 | plain << 17) + 0xA282EAD8) & 0xFFFFFFFF
        assert int(masked_crc32c([data])[0]) == expected


@given(st.lists(st.binary(max_size=80), max_size=12))
def test_many_checksums_at_once_are_those_of_each(bodies: list[bytes]) -> None:
    assert masked_crc32c(bodies).tolist() == [masked(body) for body in bodies]


@pytest.mark.parametrize("packed", [True, False])
def test_a_record_is_read_with_all_it_says(tmp_path: Path, packed: bool) -> None:
    frames = noise(1)
    body = example("-Abc_123456", 30.0, 40.0, (0, 300, 526), frames, packed=packed)
    [found] = read(tmp_path, record(body))
    assert isinstance(found, Record)
    assert (found.video_id, found.start_s, found.end_s) == ("-Abc_123456", 30.0, 40.0)
    assert found.labels == (0, 300, 526)
    assert found.frames.dtype == np.uint8
    assert found.frames.tobytes() == b"".join(frames)


def test_a_record_with_a_wrong_checksum_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    whole = [record(example(f"video00000{n}")) for n in range(3)]
    spoilt = bytearray(whole[1])
    spoilt[40] ^= 1
    found = read(tmp_path, whole[0] + bytes(spoilt) + whole[2])
    assert isinstance(found[0], Record)
    assert isinstance(found[2], Record)
    assert found[2].video_id == "video000002"
    assert isinstance(found[1], Damage)
    assert found[1].where == f"byte {len(whole[0])}"
    assert "checksum" in found[1].reason


def test_after_a_wrong_length_the_rest_is_given_up(tmp_path: Path) -> None:
    whole = record(example())
    spoilt = bytearray(whole)
    spoilt[0] ^= 1
    found = read(tmp_path, whole + bytes(spoilt) + whole)
    assert isinstance(found[0], Record)
    assert [str(one) for one in found[1:]] == [
        f"aa.tfrecord, byte {len(whole)}: a record's length has a wrong checksum; the last "
        f"{2 * len(whole)} bytes are given up"
    ]


@pytest.mark.parametrize("left", [1, 11, 12, 40])
def test_a_truncated_file_gives_what_is_whole(tmp_path: Path, left: int) -> None:
    whole = record(example())
    first, second = read(tmp_path, whole + whole[:left])
    assert isinstance(first, Record)
    assert isinstance(second, Damage)
    assert second.where == f"byte {len(whole)}"
    assert "it ends within a record" in second.reason


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "no single video_id"),
        (example(labels=(527,)), "not a number below 527"),
        (example(frames=[]), "no audio_embedding"),
        (example(frames=[bytes(127)]), "127 bytes instead of 128"),
        (field(1, b"\x0a\x7f"), "reaches beyond"),
        (b"\x0b", "wire type 3"),
        (b"\x80", "number is cut off"),
    ],
)
def test_a_record_that_is_whole_but_wrong_is_told(tmp_path: Path, body: bytes, told: str) -> None:
    [found] = read(tmp_path, record(body))
    assert isinstance(found, Damage)
    assert told in found.reason


@given(st.binary(max_size=300))
def test_no_bytes_whatever_bring_the_reader_down(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for found in read(Path(folder), content) + read(Path(folder), record(content)):
            assert isinstance(found, Record | Damage)


def test_empty_and_missing_files_are_told(tmp_path: Path) -> None:
    [empty] = read(tmp_path, b"")
    assert str(empty) == "aa.tfrecord, byte 0: the file is empty"
    [missing] = read_records(tmp_path / "zz.tfrecord")
    assert "cannot be read" in str(missing)


@pytest.mark.realdata
def test_three_of_audiosets_own_shards_are_read_whole(test_data: Path) -> None:
    found = [
        one
        for path in sorted((test_data / "openmic" / "tfrecords").glob("*.tfrecord"))
        for one in read_records(path)
    ]
    records = [one for one in found if isinstance(one, Record)]
    assert len(records) == len(found) == 975
    assert Counter(len(one.frames) for one in records)[10] == 968
    assert {one.video_id[:2] for one in records} == {"rm", "xI", "z8"}
    assert all(one.end_s > one.start_s and one.labels for one in records)


@pytest.mark.realdata
def test_a_real_shard_that_lost_its_end_or_a_bit_is_told_so(
    test_data: Path, tmp_path: Path
) -> None:
    content = (test_data / "openmic" / "tfrecords" / "rm.tfrecord").read_bytes()
    cut = read(tmp_path, content[:-1000])
    assert sum(isinstance(one, Record) for one in cut) == 327
    spoilt = bytearray(content)
    spoilt[len(content) // 2] ^= 16
    found = read(tmp_path, bytes(spoilt))
    assert sum(isinstance(one, Damage) for one in found) == 1
