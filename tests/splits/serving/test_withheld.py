"""What is served of a release, in every version, once a clip of it was withdrawn."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.core.cache import cache
from django.test import Client

from consonance.catalog.actions.withdraw_clip import lift_withdrawal, withdraw_clip
from consonance.catalog.models import Clip, Withdrawal
from consonance.jobs.context import JobContext
from consonance.jobs.models import Job
from consonance.jobs.runner import claim, run
from splits.actions.build_release import build_release
from splits.models import Release
from splits.presenting.parts import parts_of
from splits.release import verify_release
from splits.serving.answers import served
from splits.serving.withheld import withheld
from tests.factories import JobFactory, ReleaseClipFactory, ReleaseFactory, put_on_disk
from tests.splits.conftest import Archive, flip_a_byte, recipe

pytestmark = pytest.mark.django_db


@pytest.fixture
def versions(archive: Archive, context: JobContext) -> list[Release]:
    """Return two versions of one release."""
    labels = archive.labels()
    for version in ("1.0.0", "1.0.1"):
        build_release(labels=labels, recipe=recipe(version=version), context=context)
    return list(Release.objects.order_by("version"))


def downloaded(release: Release, folder: Path) -> Path:
    """Fetch a release as anybody does, and unpack it."""
    response = Client().get(f"/releases/{release.name}/{release.version}/download")
    assert response.status_code == 200
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        tar.extractall(folder, filter="data")
    return folder / release.folder.name


def work() -> int:
    """Do the jobs that wait, as a worker does."""
    jobs = list(Job.objects.filter(kind="splits.withhold", state="queued"))
    for job in jobs:
        run(job.pk, reraise=True)
    return len(jobs)


def sounds(folder: Path) -> dict[str, bool]:
    """Tell of each clip in the shards whether it has its sound."""
    return {
        row["sample_key"]: row["audio"] is not None
        for path in (folder / "audio-parquet").glob("*.parquet")
        for row in pq.read_table(path).to_pylist()
    }


def test_nothing_is_withheld_at_first(versions: list[Release]) -> None:
    found = withheld(versions[0])
    assert (found.names, found.instead, found.listing) == (frozenset(), {}, b"")


def test_its_sound_leaves_every_version_at_once_and_the_verifier_says_withdrawn(
    versions: list[Release], archive: Archive, tmp_path: Path
) -> None:
    clip = archive.clips[4]
    sound = Path(archive.clips[4].audio_name).stem
    withdraw_clip(clip_id=clip.pk, reason="takedown", note="a letter of May")
    for release in versions:
        before = downloaded(release, tmp_path / f"{release.version} before")
        assert not (before / f"audio/000/{clip.sample_key}.ogg").exists()
        hashes = {hashlib.sha256(path.read_bytes()).hexdigest() for path in before.rglob("*.ogg")}
        assert sound not in hashes
        # The shard of its partition is held back until it is rewritten.
        assert clip.sample_key not in sounds(before)
        report = verify_release(before)
        assert report.ok, report.problems
        assert report.withdrawn == [clip.sample_key]
    assert work() == 2
    for release in versions:
        after = downloaded(release, tmp_path / f"{release.version} after")
        held = sounds(after)
        assert [key for key, is_there in held.items() if not is_there] == [clip.sample_key]
        assert len(held) == len(archive.clips)
        report = verify_release(after)
        assert report.ok, report.problems
        assert report.withdrawn == [clip.sample_key]
        told = json.loads((after / "withdrawn.json").read_text())
        assert [(row["sample_key"], row["reason"]) for row in told] == [
            (clip.sample_key, "takedown")
        ]
        assert "letter" not in (after / "withdrawn.json").read_text()
        assert (after / "manifest.json").read_bytes() == (
            release.folder / "manifest.json"
        ).read_bytes()


def test_what_else_is_wrong_with_such_a_download_is_still_found(
    versions: list[Release], archive: Archive, tmp_path: Path
) -> None:
    withdraw_clip(clip_id=archive.clips[4].pk, reason="licence")
    work()
    folder = downloaded(versions[0], tmp_path)
    shard = next(iter(withheld(versions[0]).instead))
    flip_a_byte(folder / shard, 50)
    next((folder / "audio").rglob("*.ogg")).unlink()
    (folder / "extra.txt").write_text("x")
    codes = sorted(problem["code"] for problem in verify_release(folder).problems)
    assert codes == ["changed", "extra", "missing"]


def test_single_files_of_it_are_gone_too(versions: list[Release], archive: Archive) -> None:
    clip = archive.clips[4]
    release = versions[0]
    address = f"/releases/{release.name}/{release.version}/files/audio/000/{clip.sample_key}.ogg"
    assert Client().get(address).status_code == 200
    withdraw_clip(clip_id=clip.pk, reason="takedown")
    assert Client().get(address).status_code in (404, 410)


def test_a_clip_that_comes_back_is_served_as_it_was_published(
    versions: list[Release], archive: Archive, tmp_path: Path
) -> None:
    first, second = archive.clips[4], archive.clips[5]
    for clip in (first, second):
        withdraw_clip(clip_id=clip.pk, reason="takedown")
    work()
    lift_withdrawal(clip_id=first.pk)
    assert verify_release(downloaded(versions[0], tmp_path / "between")).ok
    work()
    folder = downloaded(versions[0], tmp_path / "one back")
    assert [key for key, there in sounds(folder).items() if not there] == [second.sample_key]
    lift_withdrawal(clip_id=second.pk)
    work()
    whole = downloaded(versions[0], tmp_path / "whole")
    assert verify_release(whole).withdrawn == []
    assert not (whole / "withdrawn.json").exists()
    assert all(sounds(whole).values())


def test_a_release_whose_clips_are_all_there_is_left_alone(
    versions: list[Release], make_archive: Callable[..., Any]
) -> None:
    del versions
    other = make_archive(range(1))
    withdraw_clip(clip_id=other.clips[0].pk, reason="takedown")
    assert work() == 0


def test_of_a_clip_that_is_withdrawn_while_a_release_is_built_only_the_clip_is_withheld(
    archive: Archive, tmp_path: Path
) -> None:
    clip, labels = archive.clips[4], archive.labels()

    def withdraw(job: Job) -> None:
        if job.message.startswith(("Building", "Packing")) and not Withdrawal.objects.exists():
            withdraw_clip(clip_id=clip.pk, reason="takedown")

    claimed = claim(JobFactory().pk)
    assert claimed is not None
    with JobContext(*claimed, withdraw) as context:
        build_release(labels=labels, recipe=recipe(), context=context)
    assert Withdrawal.objects.get().clip == clip
    release = Release.objects.get()
    assert release.clips.filter(clip=clip).exists()
    assert work() == 1
    held = sounds(downloaded(release, tmp_path))
    assert len(held) == len(archive.clips)
    assert [key for key, is_there in held.items() if not is_there] == [clip.sample_key]
    # The run that published may have died before it said so: the next one says it.
    build_release(labels=labels, recipe=recipe(), context=context)
    assert work() == 1


def test_a_release_that_appears_while_its_clip_is_being_withdrawn_is_found_afterwards(
    django_capture_on_commit_callbacks: Callable[..., Any], house: Path
) -> None:
    row = ReleaseClipFactory()
    elsewhere = put_on_disk(ReleaseFactory(), {"audio-parquet/train-00000-of-00001.parquet": b""})
    with django_capture_on_commit_callbacks() as after:
        withdraw_clip(clip_id=row.clip_id, reason="takedown")
    ReleaseClipFactory(release=elsewhere, clip=row.clip)
    for callback in after:
        callback()
    jobs = Job.objects.filter(kind="splits.withhold")
    assert [job.arguments for job in jobs] == [{"release": str(elsewhere.pk)}]


def test_the_sizes_on_the_page_follow_withdrawals_and_are_not_taken_anew_for_each_reader(
    house: Path,
) -> None:
    cache.clear()
    row = ReleaseClipFactory()
    key = row.sample_key
    release = put_on_disk(row.release, {f"audio/{key[:3]}/{key}.ogg": bytes(50_000)})
    everything = parts_of(release)[0]["bytes"]
    assert everything > 50_000
    for facts in release.manifest["files"].values():  # a release never changes: nobody looks
        facts["bytes"] += 10_240
    assert parts_of(release)[0]["bytes"] == everything
    release.refresh_from_db()
    Clip.objects.filter(pk=row.clip_id).update(is_withdrawn=True)
    assert parts_of(release)[0]["bytes"] < everything
    Clip.objects.filter(pk=row.clip_id).update(is_withdrawn=False)
    assert parts_of(release)[0]["bytes"] == everything
    (release.folder / "manifest.json").unlink()
    assert parts_of(release) == []


def test_who_asks_for_one_file_waits_for_no_other(house: Path) -> None:
    release = put_on_disk(ReleaseFactory(), {f"audio/{n}.ogg": b"x" for n in range(20)})
    found = served(release, "audio/7.ogg")
    assert set(found.files) == {"audio/7.ogg", "manifest.json", "manifest.json.sha256"}
    assert found.files["audio/7.ogg"] == served(release).files["audio/7.ogg"]
    assert "part.json" not in served(release, "part.json").files
