"""Whole and partial downloads of a built release: resumed, counted, verified, from disk and S3."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest
from django.core.management import call_command
from django.test import Client
from moto import mock_aws

from consonance.catalog.actions.withdraw_clip import withdraw_clip
from consonance.catalog.models import Clip
from consonance.jobs.context import JobContext
from consonance.jobs.models import Job
from consonance.jobs.runner import run
from consonance.web.environment import media_storage
from splits.actions.build_release import build_release
from splits.models import DownloadCount, Release
from splits.release import load, verify_release
from splits.serving import answers
from splits.serving.selection import Selection
from tests.factories import ReleaseFactory, put_on_disk
from tests.splits.serving.unpacking import body, unpacked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]
API = "/api/v1/releases/attic-simulated/1.0.0"


@pytest.fixture
def release(archive: Any, context: JobContext) -> Release:
    """Return a release of ten clips, half of them labelled present for each class."""
    from splits.recipes import ReleaseRecipe

    recipe = ReleaseRecipe(
        name="attic-simulated", version="1.0.0", title="The Attic", min_positives=3, min_labels=8,
        seed=3,
    )  # fmt: skip
    build_release(labels=archive.labels(), recipe=recipe, context=context)
    made: Release = Release.objects.get()
    return made


def get(release: Release, query: str = "", **headers: str) -> Any:
    return Client().get(f"{release.get_absolute_url()}download{query}", headers=headers)


def counted() -> dict[str, int]:
    return dict(DownloadCount.objects.values_list("part", "count"))


class TestWhole:
    def test_it_is_the_tree_with_its_length_and_hash_known_beforehand(
        self, release: Release, tmp_path: Path
    ) -> None:
        answer = get(release)
        content = body(answer)
        assert answer["Content-Length"] == str(len(content)) == str(release.archive_bytes)
        assert hashlib.sha256(content).hexdigest() == release.archive_sha256
        assert answer["Content-Type"] == "application/x-tar"
        assert answer["Accept-Ranges"] == "bytes"
        assert 'filename="attic-simulated-1.0.0.tar"' in answer["Content-Disposition"]
        folder = unpacked(content, tmp_path)
        assert verify_release(folder).ok
        assert sorted(path.name for path in folder.iterdir()) == sorted(
            path.name for path in release.folder.iterdir()
        )

    def test_any_part_may_be_asked_for_and_the_parts_make_the_whole(self, release: Release) -> None:
        whole = body(get(release))
        tag = get(release)["ETag"]
        size, place, parts = len(whole), 0, []
        for step in (1, 511, 512, 70_001, size):
            last = min(place + step, size) - 1
            answer = get(release, range=f"bytes={place}-{last}", if_range=tag)
            assert answer.status_code == 206
            assert answer["Content-Range"] == f"bytes {place}-{last}/{size}"
            assert answer["Content-Length"] == str(last + 1 - place)
            parts.append(body(answer))
            place = last + 1
        assert b"".join(parts) == whole
        assert body(get(release, range="bytes=-600")) == whole[-600:]
        assert get(release, range=f"bytes={size}-").status_code == 416

    def test_of_another_content_it_starts_again(self, release: Release) -> None:
        answer = get(release, range="bytes=100-", if_range='"another"')
        assert answer.status_code == 200

    def test_what_somebody_has_already_is_not_sent_again(self, release: Release) -> None:
        tag = get(release)["ETag"]
        assert get(release, if_none_match=tag).status_code == 304
        assert get(release, if_match='"another"').status_code == 412
        assert not tag.startswith("W/")
        assert counted() == {"all": 1}

    def test_its_size_can_be_asked_for_and_nothing_posted(self, release: Release) -> None:
        address = f"{release.get_absolute_url()}download"
        head = Client().head(address)
        assert (head.status_code, head.content) == (200, b"")
        assert head["Content-Length"] == str(release.archive_bytes)
        assert Client().post(address).status_code == 405

    def test_it_is_counted_once_however_often_it_is_resumed(self, release: Release) -> None:
        Client().head(f"{release.get_absolute_url()}download")
        assert counted() == {}
        get(release)
        get(release, range="bytes=0-99")
        get(release, range="bytes=100-")
        get(release, range="bytes=100-", if_range='"another"')  # begins again
        get(release, range="bytes=99999999999-")
        get(release, "?what=labels")
        assert counted() == {"all": 3, "labels": 1}
        release.refresh_from_db()
        assert release.downloads == 4
        told = Client().get(f"{API}/downloads").json()["results"]
        assert {(row["part"], row["count"]) for row in told} == {("all", 3), ("labels", 1)}

    def test_without_its_files_it_is_not_found_and_not_counted(self) -> None:
        made = ReleaseFactory()
        assert get(made).status_code == 404
        assert counted() == {}
        page = Client().get(made.get_absolute_url()).content.decode()
        assert "Its files are not here" in page

    def test_no_file_is_opened_for_what_is_not_read(
        self, release: Release, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened: list[str] = []
        real = answers.places.open_at

        def watched(of: Release, name: str, offset: int) -> Any:
            opened.append(name)
            return real(of, name, offset)

        monkeypatch.setattr(answers.places, "open_at", watched)
        body(get(release, range="bytes=-100"))
        assert opened == []
        body(get(release, range="bytes=600-700"))
        assert len(opened) <= 1


class TestParts:
    def part(self, release: Release, query: str, tmp_path: Path) -> Path:
        answer = get(release, query)
        assert answer.status_code == 200, answer.content
        content = body(answer)
        assert answer["Content-Length"] == str(len(content))
        return unpacked(content, tmp_path / "part")

    def told(self, folder: Path) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((folder / "part.json").read_bytes())
        return found

    def test_labels_only_open_in_the_loader_and_pass_the_verifier(
        self, release: Release, tmp_path: Path
    ) -> None:
        folder = self.part(release, "?what=labels", tmp_path)
        assert not (folder / "audio").exists()
        assert load(folder).y.shape == (10, 2)
        done = subprocess.run(
            [sys.executable, folder / "verify.py", folder], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout
        assert "part" in done.stdout
        assert self.told(folder)["of"]["manifest_sha256"] == release.manifest_sha256

    def test_metadata_only_has_credit_and_no_label(self, release: Release, tmp_path: Path) -> None:
        folder = self.part(release, "?what=metadata", tmp_path)
        names = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
        assert "attic-simulated-metadata.csv" in names
        assert "ATTRIBUTION.csv" in names
        assert not any("label" in name and name.endswith(".csv") for name in names)
        assert "attic-simulated.npz" not in names
        report = verify_release(folder)
        assert report.ok, report.problems

    @pytest.mark.parametrize(
        ("query", "wanted"),
        [
            ("?partition=test", lambda row: row.partition == "test"),
            ("?class=banjo&partition=train", lambda row: row.partition == "train"),
            ("?class=banjo&class=organ", lambda row: True),
            ("?licence=CC-BY-4.0", lambda row: True),
        ],
    )
    def test_clips_of_a_kind_come_with_all_their_tables(
        self, release: Release, tmp_path: Path, query: str, wanted: Callable[[Any], bool]
    ) -> None:
        folder = self.part(release, query, tmp_path)
        keys = {path.stem for path in folder.rglob("*.ogg")}
        assert keys == {row.sample_key for row in release.clips.all() if wanted(row)}
        assert load(folder).y.shape == (10, 2)
        report = verify_release(folder)
        assert report.ok, report.problems
        assert self.told(folder)["selection"]["what"] == "clips"

    def test_a_class_is_that_of_a_label_present_or_absent(self, release: Release) -> None:
        row = release.clips.first()
        row.present, row.absent = [], ["organ"]
        row.save()
        keys = Selection(classes=("organ",)).keys(release)
        assert row.sample_key in keys
        assert row.sample_key not in Selection(classes=("banjo",)).keys(release)

    def test_the_licence_is_the_one_that_was_published(self, release: Release) -> None:
        row = release.clips.select_related("clip__track").first()
        row.clip.track.licence_spdx = "CC-BY-SA-4.0"
        row.clip.track.save()
        assert len(Selection(licences=("CC-BY-4.0",)).keys(release)) == 10

    def test_parts_of_a_version_make_the_whole_when_unpacked_over_each_other(
        self, release: Release, tmp_path: Path
    ) -> None:
        for query in ("?partition=train", "?partition=validation", "?partition=test"):
            unpacked(body(get(release, query)), tmp_path / "all")
        folder = tmp_path / "all" / release.folder.name
        (folder / "part.json").unlink()
        report = verify_release(folder)
        missing = {problem["path"].split("/")[0] for problem in report.problems}
        assert missing <= {"audio-parquet"}  # the same sound once more, in the whole only

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("?what=everything", "There is no part"),
            ("?class=banjo%00x", "NUL"),
            ("?class=kazoo", "has no class"),
            ("?licence=mine", "has no licence"),
            ("?partition=dev", "has no partition"),
            ("?what=labels&class=banjo", "same files for all clips"),
            ("?clas=banjo", "There is no parameter"),
        ],
    )
    def test_what_there_is_not_is_refused_in_a_sentence(
        self, release: Release, query: str, words: str
    ) -> None:
        answer = get(release, query)
        assert answer.status_code == 400
        if words != "NUL":
            assert words in answer.content.decode()
        assert counted() == {}

    def test_the_same_part_has_the_same_bytes_however_it_is_asked_for(
        self, release: Release
    ) -> None:
        one, other = (
            get(release, "?class=banjo&class=organ"),
            get(release, "?class=organ&class=banjo"),
        )
        assert one["ETag"] == other["ETag"]
        assert body(one) == body(other)
        assert set(counted()) == {"clips of several kinds"}

    def test_combinations_are_counted_under_one_name_lest_anybody_fills_the_table(
        self, release: Release
    ) -> None:
        for query in ("?class=banjo", "?class=organ", "?class=banjo&class=organ",
                      "?class=banjo&partition=test", "?partition=test&partition=train",
                      "?licence=CC-BY-4.0&class=organ"):  # fmt: skip
            assert get(release, query).status_code == 200
        assert counted() == {"class=banjo": 1, "class=organ": 1, "clips of several kinds": 4}


class TestWithdrawn:
    @pytest.fixture
    def gone(self, release: Release) -> str:
        row = release.clips.order_by("sample_key").first()
        Clip.objects.filter(pk=row.clip_id).update(is_withdrawn=True)
        key: str = row.sample_key
        return key

    def test_its_sound_is_left_out_and_the_verifier_says_withdrawn_not_missing(
        self, release: Release, gone: str, tmp_path: Path
    ) -> None:
        folder = unpacked(body(get(release)), tmp_path)
        assert gone not in {path.stem for path in folder.rglob("*.ogg")}
        report = verify_release(folder)
        assert report.ok, report.problems
        assert report.withdrawn == [gone]

    def test_a_download_begun_before_does_not_go_on_with_other_bytes(
        self, release: Release
    ) -> None:
        before = get(release)["ETag"]
        row = release.clips.first()
        Clip.objects.filter(pk=row.clip_id).update(is_withdrawn=True)
        answer = get(release, range="bytes=1000-", if_range=before)
        assert answer.status_code == 200
        assert answer["ETag"] != before

    def test_its_file_is_gone_by_every_way(self, release: Release, gone: str) -> None:
        path = f"audio/{gone[:3]}/{gone}.ogg"
        assert Client().get(f"{release.get_absolute_url()}files/{path}").status_code == 410
        assert Client().get(f"{API}/files/{path}").status_code == 410
        row = release.clips.get(sample_key=gone)
        assert Client().get(f"/media/clips/{row.clip_id}/audio").status_code == 410
        folder = body(get(release, f"?partition={row.partition}"))
        with tarfile.open(fileobj=io.BytesIO(folder)) as tar:
            assert not any(name.endswith(f"{gone}.ogg") for name in tar.getnames())


class TestFiles:
    def test_one_file_comes_by_itself_in_parts_too(self, release: Release) -> None:
        address = f"{release.get_absolute_url()}files/parquet/labels.parquet"
        whole = (release.folder / "parquet/labels.parquet").read_bytes()
        answer = Client().get(address)
        assert body(answer) == whole
        assert answer["ETag"] == f'"{hashlib.sha256(whole).hexdigest()}"'
        assert answer["Content-Disposition"].startswith("attachment")
        part = Client().get(address, headers={"range": "bytes=10-19"})
        assert (part.status_code, body(part)) == (206, whole[10:20])
        assert counted() == {"one file": 1}

    @pytest.mark.parametrize(
        "path", ["../../db.sqlite3", "nothing.csv", "audio", "", "..%2f..%2fsettings", "part.json"]
    )
    def test_nothing_but_what_the_manifest_names_is_sent(self, release: Release, path: str) -> None:
        (release.folder.parent / "secret").write_text("x")
        assert Client().get(f"{release.get_absolute_url()}files/{path}").status_code == 404

    def test_a_link_that_somebody_put_there_is_not_followed(
        self, release: Release, tmp_path: Path
    ) -> None:
        path = release.folder / "README.md"
        path.unlink()
        path.symlink_to("/etc/hostname")
        with pytest.raises(FileNotFoundError):
            body(Client().get(f"{release.get_absolute_url()}files/README.md"))

    def test_the_front_server_is_handed_whole_files(self, release: Release, settings: Any) -> None:
        address = f"{release.get_absolute_url()}files/README.md"
        settings.RELEASES_ACCEL_PREFIX = "/internal/"
        answer = Client().get(address)
        assert answer["X-Accel-Redirect"] == "/internal/attic-simulated-1.0.0/README.md"
        assert answer.content == b""
        settings.RELEASES_ACCEL_PREFIX = ""
        settings.RELEASES_SENDFILE = True
        assert Client().get(address)["X-Sendfile"] == str(release.folder / "README.md")

    def test_they_are_listed_page_by_page_with_hash_and_address(self, release: Release) -> None:
        found, address = [], f"{API}/files?page_size=7"
        while address:
            page = Client().get(address).json()
            assert len(page["results"]) <= 7
            found += page["results"]
            address = page["next"]
        assert [row["name"] for row in found] == sorted(
            path.relative_to(release.folder).as_posix()
            for path in release.folder.rglob("*") if path.is_file()
        )  # fmt: skip
        row = next(row for row in found if row["name"] == "clips.csv")
        content = body(Client().get(row["url"]))
        assert (len(content), hashlib.sha256(content).hexdigest()) == (row["bytes"], row["sha256"])
        part = Client().get(f"{API}/files?what=metadata&page_size=500").json()["results"]
        assert len(part) < len(found)

    def test_the_api_sends_the_same_bytes(self, release: Release) -> None:
        assert body(Client().get(f"{API}/download?what=labels")) == body(
            get(release, "?what=labels")
        )
        refused = Client().get(f"{API}/download?class=kazoo")
        assert refused.status_code == 400
        assert refused["Content-Type"] == "application/problem+json"
        # Whoever asks a program for bytes says so.
        assert (
            Client().get(f"{API}/download", headers={"accept": "application/x-tar"}).status_code
            == 200
        )


class TestBucket:
    @pytest.fixture
    def bucket(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> Iterator[Any]:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "testing")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        with mock_aws():
            client = boto3.client("s3")
            client.create_bucket(Bucket="sets")
            settings.STORAGES = {
                **settings.STORAGES,
                "releases": media_storage("s3://sets/published", tmp_path),
            }
            yield client

    def test_what_was_stored_there_is_served_from_there_byte_for_byte(
        self, release: Release, bucket: Any, capsys: Any
    ) -> None:
        whole = body(get(release))
        call_command("store_release", "attic-simulated", "1.0.0", "--remove", "--json")
        told = json.loads(capsys.readouterr().out)
        assert not release.folder.exists()
        listed = bucket.list_objects_v2(Bucket="sets")["Contents"]
        assert told["files"] == len(listed)
        assert listed[0]["Key"].startswith("published/attic-simulated-1.0.0/")
        answer = get(release)
        assert answer["Content-Length"] == str(len(whole))
        assert body(answer) == whole
        part = get(release, range="bytes=70000-90000", if_range=answer["ETag"])
        assert (part.status_code, body(part)) == (206, whole[70000:90001])
        assert b"attic" in body(get(release, "?what=metadata"))
        one = Client().get(
            f"{release.get_absolute_url()}files/clips.csv", headers={"range": "bytes=5-"}
        )
        assert body(one).startswith(b"e_key")

    def test_what_lies_there_alone_is_served_without_the_sound_of_a_withdrawn_clip(
        self, release: Release, bucket: Any, tmp_path: Path
    ) -> None:
        call_command("store_release", "attic-simulated", "1.0.0", "--remove", "--json")
        row = release.clips.order_by("sample_key").first()
        withdraw_clip(clip_id=row.clip_id, reason="takedown")
        run(Job.objects.get(kind="splits.withhold").pk, reraise=True)
        folder = unpacked(body(get(release)), tmp_path)
        shards = [pq.read_table(path) for path in (folder / "audio-parquet").iterdir()]
        held = {line["sample_key"]: line["audio"] for one in shards for line in one.to_pylist()}
        assert len(held) == 10
        assert [key for key, sound in held.items() if sound is None] == [row.sample_key]
        report = verify_release(folder)
        assert report.ok, report.problems
        assert report.withdrawn == [row.sample_key]
        assert not release.folder.exists()

    def test_storing_twice_stores_once_and_a_changed_copy_is_refused(
        self, release: Release, bucket: Any, capsys: Any
    ) -> None:
        call_command("store_release", "attic-simulated", "1.0.0", "--json")
        first = json.loads(capsys.readouterr().out)
        call_command("store_release", "attic-simulated", "1.0.0", "--json")
        again = json.loads(capsys.readouterr().out)
        assert first["uploaded"] == first["files"] > 20
        assert again["uploaded"] == 0
        (release.folder / "README.md").write_text("something else")
        from django.core.management.base import CommandError

        bucket.delete_object(Bucket="sets", Key="published/attic-simulated-1.0.0/README.md")
        with pytest.raises(CommandError, match=r"README\.md"):
            call_command("store_release", "attic-simulated", "1.0.0")


def test_a_tree_that_lost_a_file_ends_the_download_and_says_nothing_false() -> None:
    release = put_on_disk(ReleaseFactory(), {"data.bin": bytes(5000)})
    (release.folder / "data.bin").write_bytes(bytes(100))
    answer = get(release)
    content = body(answer)
    assert len(content) < int(answer["Content-Length"])
