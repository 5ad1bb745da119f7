"""`build_release` and `verify_release` in a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from consonance.jobs.models import Job
from splits.models import Release
from tests.splits.conftest import Archive, flip_a_byte

ROOT = Path(__file__).resolve().parents[3]
CONTRACT = ("--min-positives", "3", "--min-labels", "8", "--seed", "3")
NAMED = ("--name", "attic-simulated", "--version", "1.0.0")


def run(command: str, *words: str, **options: Any) -> str:
    out = StringIO()
    call_command(command, *words, stdout=out, **options)
    return out.getvalue()


def refused(command: str, *words: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        run(command, *words)
    return caught.value


@pytest.mark.django_db
class TestBuild:
    def test_it_takes_the_newest_labels_and_tells_where_the_release_lies(
        self, archive: Archive
    ) -> None:
        archive.labels(decisions=lambda clip, column: "undecided")
        labels = archive.labels()
        told = json.loads(
            run(
                "build_release",
                "--collection",
                archive.collection.slug,
                *NAMED,
                *CONTRACT,
                "--json",
            )
        )
        release = Release.objects.get()
        assert release.labels == labels
        assert told["folder"] == str(release.folder)
        assert told["manifest_sha256"] == release.manifest_sha256
        assert Job.objects.get(pk=told["job"]).state == "done"
        assert verified(release.folder)["ok"] is True

    def test_it_takes_the_labels_that_are_named(self, archive: Archive) -> None:
        labels = archive.labels()
        archive.labels(decisions=lambda clip, column: "undecided")
        run(
            "build_release", "--collection", archive.collection.slug, *NAMED, *CONTRACT,
            "--labels", labels.sha256[:12],
        )  # fmt: skip
        assert Release.objects.get().labels == labels

    def test_a_broken_contract_ends_with_7_and_the_list(self, archive: Archive) -> None:
        archive.labels()
        error = refused("build_release", "--collection", archive.collection.slug, *NAMED)
        assert error.returncode == 7
        assert "banjo has 5 of 500 positives: 495 more needed." in str(error)
        job = Job.objects.get()
        assert job.state == "failed"
        assert "banjo has 5 of 500" in job.error

    @pytest.mark.parametrize(
        ("words", "code", "sentence"),
        [
            (("--shares", "train=0.5,test=0.3"), 2, "add up to 0.8"),
            (("--shares", "train=0.6,test=0.6"), 2, "nearest possible plan is train=0.5,test=0.5"),
            (("--shares", "train:0.6,test:0.4"), 2, "write train=0.6"),
            (("--shares", "train=most,test=0.4"), 2, "write train=0.6"),
            (("--min-positives", "0"), 2, "at least 1 positive"),
            (("--name", "The Attic"), 2, "lower-case words"),
            (("--version", "1"), 2, "MAJOR.MINOR.PATCH"),
            (("--labels", "ffff"), 3, "no such labels"),
            (("--collection", "cellar"), 2, "No collection is called 'cellar'"),
        ],
    )
    def test_bad_input_is_told_in_a_sentence(
        self, archive: Archive, words: tuple[str, str], code: int, sentence: str
    ) -> None:
        archive.labels()
        error = refused(
            "build_release", "--collection", archive.collection.slug, *NAMED, *CONTRACT, *words
        )
        assert error.returncode == code, error
        assert sentence in str(error)
        assert not Release.objects.exists()


def verified(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(run("verify_release", str(folder), "--json"))
    return told


@pytest.mark.django_db
class TestVerify:
    @pytest.fixture
    def folder(self, archive: Archive) -> Path:
        archive.labels()
        run("build_release", "--collection", archive.collection.slug, *NAMED, *CONTRACT)
        return Path(Release.objects.get().folder)

    def test_every_byte_counts(self, folder: Path) -> None:
        assert "is whole and keeps its contract" in run("verify_release", str(folder))
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        assert len(files) > 20
        for path in files:
            flip_a_byte(path, path.stat().st_size // 2)
            error = refused("verify_release", str(folder))
            assert error.returncode == 7, path
            assert "is not what its manifest says" in str(error)
            assert path.name in str(error) or "manifest" in path.name
            flip_a_byte(path, path.stat().st_size // 2)
        assert verified(folder)["problems"] == []

    def test_in_a_shell_it_exits_with_7_and_says_which_file(
        self, folder: Path, tmp_path: Path
    ) -> None:
        name = next(folder.rglob("*.ogg"))
        flip_a_byte(name, 9_000)
        done = subprocess.run(
            [sys.executable, "manage.py", "verify_release", str(folder)],
            cwd=ROOT, capture_output=True, text=True, check=False,
            env={**os.environ, "CONSONANCE_DATA": str(tmp_path / "data")},
        )  # fmt: skip
        assert done.returncode == 7
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        assert f"{name.name} was altered: its SHA-256 differs." in done.stderr
        assert not done.stderr.startswith("CommandError")

    def test_so_does_the_script_inside_the_release(self, folder: Path) -> None:
        script = [sys.executable, "-I", "-S", str(folder / "verify.py"), str(folder)]
        assert subprocess.run(script, capture_output=True, check=False).returncode == 0
        flip_a_byte(next(folder.rglob("*.ogg")), 9_000)
        assert subprocess.run(script, capture_output=True, check=False).returncode != 0


def test_what_is_no_folder_cannot_be_verified(tmp_path: Path) -> None:
    error = refused("verify_release", str(tmp_path / "nothing"))
    assert error.returncode == 2
    assert "is no folder" in str(error)
    error = refused("verify_release", str(tmp_path))
    assert error.returncode == 7
    assert "This is no release" in str(error)


@pytest.mark.parametrize("command", ["build_release", "verify_release"])
def test_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        call_command(command, "--help")
    assert caught.value.code == 0
    assert f"Example: ./consonance {command}" in " ".join(capsys.readouterr().out.split())
