"""The virtual environment: real ones are made here, with nothing or one small wheel in them."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest

from launcher.console import Refusal
from launcher.environment import (
    FOLDER_VARIABLE,
    STAMP,
    UNFINISHED,
    Environment,
    default_folder,
    pip_refusal,
    venv_command,
)
from launcher.process import Outcome

DiskUsage = namedtuple("DiskUsage", "total used free")


def a_checkout(folder: Path, *, base: str = "", tests: str = "") -> Path:
    (folder / "requirements").mkdir(parents=True)
    (folder / "requirements" / "base.lock").write_text(base)
    (folder / "requirements" / "test.lock").write_text(tests)
    return folder


def a_wheel(folder: Path, name: str) -> Path:
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": "ANSWER = 42\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in files.items():
            archive.writestr(member, text)
    return path


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Return an environment made from empty lock files; tests copy it before breaking it."""
    root = a_checkout(tmp_path_factory.mktemp("checkout"))
    environment = Environment(root=root, folder=root / ".venv")
    environment.prepare(with_tests=False)
    return environment


@pytest.fixture
def copied(ready: Environment, tmp_path: Path) -> Environment:
    shutil.copytree(ready.root, tmp_path / "copy", symlinks=True)
    return Environment(root=tmp_path / "copy", folder=tmp_path / "copy" / ".venv")


def test_a_new_environment_has_a_python_pip_and_a_stamp(ready: Environment) -> None:
    assert ready.is_ready(with_tests=False)
    assert json.loads((ready.folder / STAMP).read_text()).keys() == {"base.lock"}
    assert not (ready.folder / UNFINISHED).exists()
    pip = subprocess.run([ready.python, "-m", "pip", "--version"], capture_output=True, check=False)
    assert pip.returncode == 0


def test_an_unchanged_environment_is_left_alone(
    ready: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    ready.prepare(with_tests=False)
    assert capsys.readouterr().err == ""


def test_the_tests_packages_are_asked_for_only_by_the_tests(ready: Environment) -> None:
    assert ready.missing(with_tests=True) == ["test.lock"]


def test_peers_are_asked_for_only_by_benchmarks(copied: Environment) -> None:
    (copied.root / "requirements" / "peers.txt").write_text("")
    assert not copied.missing(with_tests=False)
    assert copied.missing(with_tests=False, with_peers=True) == ["peers.txt"]
    copied.prepare(with_tests=False, with_peers=True)
    assert copied.is_ready(with_tests=False, with_peers=True)


def test_a_comment_in_a_lock_file_installs_nothing_anew(copied: Environment) -> None:
    lock = copied.root / "requirements" / "base.lock"
    lock.write_text("# a word about it\n" + lock.read_text())
    assert copied.is_ready(with_tests=False)


def test_a_changed_lock_file_is_installed_into_the_same_environment(
    copied: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = a_wheel(copied.root, "one_small_thing")
    (copied.folder / "kept").touch()
    (copied.root / "requirements" / "base.lock").write_text(f"one_small_thing @ {wheel.as_uri()}\n")
    assert copied.missing(with_tests=False) == ["base.lock"]
    copied.prepare(with_tests=False)
    program = "import one_small_thing as o; print(o.ANSWER)"
    answer = subprocess.run([copied.python, "-c", program], capture_output=True, check=True)
    assert answer.stdout.strip() == b"42"
    assert (copied.folder / "kept").exists()
    assert "Installing what Consonance runs on: 1 package" in capsys.readouterr().err


def test_an_interrupted_installation_is_made_anew(
    copied: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    (copied.folder / UNFINISHED).touch()
    (copied.folder / "left over").touch()
    copied.prepare(with_tests=False)
    assert not (copied.folder / "left over").exists()
    assert copied.is_ready(with_tests=False)
    assert "interrupted" in capsys.readouterr().err


def test_an_environment_whose_python_is_gone_is_made_anew(copied: Environment) -> None:
    for python in copied.programs.glob("python*"):
        python.unlink()
    copied.prepare(with_tests=False)
    assert copied.is_ready(with_tests=False)


def test_a_folder_that_is_no_environment_is_never_removed(tmp_path: Path) -> None:
    root = a_checkout(tmp_path / "checkout")
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to_her.txt").write_text("dear")
    with pytest.raises(Refusal, match="is not a virtual environment"):
        Environment(root=root, folder=tmp_path / "letters").prepare(with_tests=False)
    assert (tmp_path / "letters" / "to_her.txt").read_text() == "dear"


def test_a_failed_download_is_one_sentence_and_the_next_start_goes_on(
    copied: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # "discard": nobody answers
    monkeypatch.setenv("PIP_RETRIES", "0")
    (copied.root / "requirements" / "base.lock").write_text("one_small_thing==1.0\n")
    with pytest.raises(Refusal, match="network or the package index does not answer") as refused:
        copied.prepare(with_tests=False)
    assert refused.value.exit_code == 2
    assert not (copied.folder / UNFINISHED).exists()
    assert copied.missing(with_tests=False) == ["base.lock"]


def test_too_little_room_is_said_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = a_checkout(tmp_path / "checkout")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: DiskUsage(10**12, 10**12, 7 * 10**8))
    with pytest.raises(Refusal, match=r"0\.7 GB free and about 3 GB are needed"):
        Environment(root=root, folder=root / ".venv").prepare(with_tests=False)
    assert not (root / ".venv").exists()


def test_a_python_without_ensurepip_names_the_debian_package() -> None:
    with pytest.raises(Refusal, match=r"no `ensurepip` module.*apt-get install python3-venv"):
        venv_command(has_ensurepip=False, has_venv=True)


def test_a_python_without_venv_says_so() -> None:
    with pytest.raises(Refusal, match="no `venv` module"):
        venv_command(has_ensurepip=False, has_venv=False)


def test_virtualenv_stands_in_for_ensurepip() -> None:
    command = venv_command(has_ensurepip=False, virtualenv="/usr/bin/virtualenv")
    assert command[0] == "/usr/bin/virtualenv"


def test_a_full_disk_is_told_from_a_missing_network() -> None:
    full = Outcome(1, "ERROR: Could not install packages: [Errno 28] No space left on device", 1.0)
    assert "disk is full" in str(pip_refusal(full, what="numpy"))


def test_any_other_failure_of_pip_is_told_in_its_last_error() -> None:
    outcome = Outcome(1, "ERROR: No matching distribution found for x==9.\nbye", 1.0)
    assert str(pip_refusal(outcome, what="x")) == (
        "pip could not install x; its last words: ERROR: No matching distribution found for x==9."
    )


def test_the_folder_can_be_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    assert default_folder(tmp_path) == tmp_path / ".venv"
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "elsewhere"))
    assert default_folder(tmp_path) == tmp_path / "elsewhere"
