"""Recordings that lie in a bucket are fetched, one at a time, and scored like any other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from candidates.detector import load
from candidates.scoring.recordings import Recording, at_hand
from candidates.scoring.shards import Failure, TrackScores
from candidates.scoring.streaming import score_recordings
from consonance.errors import IngestError

GRID = {"window_ms": 10_000, "hop_ms": 3_840}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="music")
        yield client


def test_a_recording_in_a_bucket_scores_as_it_does_on_disk(bucket: Any, tones: Path) -> None:
    path = tones / "000001.wav"
    content = path.read_bytes()
    bucket.put_object(Bucket="music", Key="archive/000001.wav", Body=content)
    digest = hashlib.sha256(content).hexdigest()
    far = Recording(
        track_no=1, path="s3://music/archive/000001.wav", file_sha256=digest, name="000001.wav"
    )
    from_bucket, from_disk = score_recordings(
        [far, Recording(track_no=1, path=path)], load("default"), **GRID
    )
    assert isinstance(from_bucket, TrackScores)
    assert isinstance(from_disk, TrackScores)
    assert from_bucket.likelihood.tobytes() == from_disk.likelihood.tobytes()


def test_a_large_object_is_read_whole_and_gone_afterwards(bucket: Any) -> None:
    content = bytes(range(256)) * 40_000  # ten megabytes: three requests
    bucket.put_object(Bucket="music", Key="a.mp3", Body=content)
    with at_hand(Recording(track_no=1, path="s3://music/a.mp3")) as path:
        assert path.read_bytes() == content
    assert not path.exists()


@pytest.mark.parametrize("address", ["s3://music/none.mp3", "s3://no-bucket/none.mp3"])
def test_an_object_that_is_not_there_is_a_failure(bucket: Any, address: str) -> None:
    [found] = score_recordings([Recording(track_no=5, path=address)], load("default"), **GRID)
    assert isinstance(found, Failure)
    assert found.reason == "missing"
    assert "none.mp3" in found.detail


def test_an_object_that_changed_is_a_failure(bucket: Any) -> None:
    bucket.put_object(Bucket="music", Key="a.mp3", Body=b"other")
    recording = Recording(track_no=1, path="s3://music/a.mp3", file_sha256="0" * 64)
    with pytest.raises(IngestError, match="content has changed"), at_hand(recording):
        pass


def test_an_address_of_no_known_kind_is_a_failure() -> None:
    [found] = score_recordings(
        [Recording(track_no=5, path="gopher://old/1.mp3")], load("default"), **GRID
    )
    assert isinstance(found, Failure)
    assert found.reason == "unreadable"
