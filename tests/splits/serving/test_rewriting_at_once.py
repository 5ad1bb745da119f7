"""Two workers rewrite the shards of one release at the same time."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import connection

from consonance.catalog.models import Clip
from splits.models import Release
from splits.serving.withheld import rewrite_shards, withheld
from tests.factories import ReleaseClipFactory, ReleaseFactory, put_on_disk
from tests.splits.serving.slow_storage import SlowStorage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("house")]
SHARD = "audio-parquet/train-00000-of-00001.parquet"


@pytest.fixture
def release(tmp_path: Path, settings: Any) -> Release:
    """Return a release of three clips, which lies in a bucket that answers late."""
    made: Release = ReleaseFactory(name="attic")
    keys = [ReleaseClipFactory(release=made).sample_key for _ in range(3)]
    shard = pa.table({
        "sample_key": keys,
        "audio": [{"bytes": key.encode(), "path": f"{key}.ogg"} for key in keys],
    })  # fmt: skip
    sink = pa.BufferOutputStream()
    pq.write_table(shard, sink)
    put_on_disk(made, {SHARD: sink.getvalue().to_pybytes()})
    (tmp_path / "bucket").mkdir()
    made.folder.rename(tmp_path / "bucket" / made.folder.name)
    settings.STORAGES = {
        **settings.STORAGES,
        "releases": {
            "BACKEND": "tests.splits.serving.slow_storage.SlowStorage",
            "OPTIONS": {"location": str(tmp_path / "bucket")},
        },
    }
    SlowStorage.waits.clear()
    SlowStorage.may_go.clear()
    return made


def start(release: Release, told: list[Any]) -> threading.Thread:
    def work() -> None:
        try:
            told.append(rewrite_shards(Release.objects.get(pk=release.pk)))
        except BaseException as error:  # noqa: BLE001
            told.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_the_slower_one_knows_what_the_faster_one_knew_and_leaves_its_files(
    release: Release, tmp_path: Path
) -> None:
    first, second, third = release.clips.order_by("sample_key")
    told: list[Any] = []
    Clip.objects.filter(pk=first.clip_id).update(is_withdrawn=True)
    slow = start(release, told)
    assert SlowStorage.waits.wait(30)
    Clip.objects.filter(pk=second.clip_id).update(is_withdrawn=True)
    fast = start(release, told)
    fast.join(1.5)  # alone it would be done by now
    SlowStorage.may_go.set()
    for thread in (slow, fast):
        thread.join(30)
        assert not thread.is_alive()
    assert told == [[SHARD], [SHARD]]
    folder = tmp_path / "releases" / ".withheld" / release.folder.name
    index = json.loads((folder / "index.json").read_text())
    assert index["keys"] == [first.sample_key, second.sample_key]
    served = withheld(release).instead[SHARD]
    content = served.path.read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (served.bytes, served.sha256)
    heard = {row["sample_key"] for row in pq.read_table(served.path).to_pylist() if row["audio"]}
    assert heard == {third.sample_key}
    assert {path.name for path in folder.iterdir()} == {"index.json", ".lock", served.path.name}


def test_a_clip_that_was_found_once_is_not_sought_in_the_bucket_again(
    release: Release, tmp_path: Path
) -> None:
    SlowStorage.may_go.set()
    first = release.clips.order_by("sample_key").first()
    assert first is not None
    Clip.objects.filter(pk=first.clip_id).update(is_withdrawn=True)
    assert rewrite_shards(release) == [SHARD]
    (tmp_path / "bucket" / release.folder.name / SHARD).unlink()
    assert rewrite_shards(release) == [SHARD]
    Clip.objects.filter(pk=first.clip_id).update(is_withdrawn=False)
    assert rewrite_shards(release) == []
    folder = tmp_path / "releases" / ".withheld" / release.folder.name
    assert {path.name for path in folder.iterdir()} == {"index.json", ".lock"}
    (tmp_path / "bucket" / release.folder.name / SHARD).write_bytes(b"no shard")
    Clip.objects.filter(pk=first.clip_id).update(is_withdrawn=True)
    with pytest.raises(pa.ArrowInvalid):
        rewrite_shards(release)
    # Nothing is left of a copy, however often a job tries, and the shard stays held back.
    assert SHARD in withheld(release).names
    assert {path.name for path in folder.iterdir()} == {"index.json", ".lock"}
