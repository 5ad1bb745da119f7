"""Clips in an S3 bucket: the same code under another setting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from moto import mock_aws

from consonance.catalog.actions.cut_clips import cut_clips
from consonance.catalog.actions.render_clips import render_clips
from consonance.web.environment import media_storage
from tests.consonance.catalog.stored_clips import forget_rendition
from tests.factories import ClipFactory, CollectionFactory, TrackFactory, annotator

SOUND = bytes(range(256)) * 64

pytestmark = pytest.mark.django_db


@pytest.fixture
def bucket(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """Put the media store into a bucket, as `CONSONANCE_MEDIA=s3://music/demo` does."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="music")
        settings.STORAGES = {
            **settings.STORAGES,
            "default": media_storage("s3://music/demo", tmp_path),
        }
        yield client


def test_a_clip_is_kept_under_the_prefix_and_served_in_parts(bucket: Any) -> None:
    clip = ClipFactory(audio_bytes=len(SOUND))
    default_storage.save(clip.audio_name, ContentFile(SOUND))
    keys = [entry["Key"] for entry in bucket.list_objects_v2(Bucket="music")["Contents"]]
    assert keys == [f"demo/{clip.audio_name}"]
    listener = Client()
    listener.force_login(annotator())
    address = reverse("media:clip_audio", args=[clip.pk])
    whole = listener.get(address)
    assert whole.status_code == 200
    assert b"".join(whole.streaming_content) == SOUND
    part = listener.get(address, headers={"Range": "bytes=100-299"})
    assert part.status_code == 206
    assert part["Content-Range"] == f"bytes 100-299/{len(SOUND)}"
    assert b"".join(part.streaming_content) == SOUND[100:300]


def test_clips_are_cut_into_a_bucket_and_rendered_from_it(
    bucket: Any, archive: Callable[..., Path]
) -> None:
    root = archive("1.wav", seconds=3)
    track = TrackFactory(
        collection=CollectionFactory(root=str(root)), path="1.wav", duration_ms=3_000
    )
    cut = cut_clips(excerpts=[(track, 0)], duration_ms=2_000, processes=1).clips[track.pk, 0]
    forget_rendition(cut)
    track.file.unlink()
    assert render_clips(clips=[cut.pk], processes=1).rendered == {cut.pk}
    cut.refresh_from_db()
    listener = Client()
    listener.force_login(annotator())
    heard = listener.get(
        reverse("media:clip_playback", args=[cut.pk]), headers={"Range": "bytes=-100"}
    )
    stored = bucket.get_object(Bucket="music", Key=f"demo/{cut.playback_name}")["Body"].read()
    assert heard.status_code == 206
    assert b"".join(heard.streaming_content) == stored[-100:]
    assert len(stored) == cut.playback_bytes


def test_a_clip_that_the_bucket_lost_is_not_found(bucket: Any) -> None:
    clip = ClipFactory()
    listener = Client()
    listener.force_login(annotator())
    assert listener.get(reverse("media:clip_audio", args=[clip.pk])).status_code == 404
