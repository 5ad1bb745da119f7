"""The words of the launcher, and what it says to wrong ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from launcher import bench
from launcher.main import main
from launcher.process import source_path

ROOT = Path(__file__).resolve().parents[2]


def a_checkout_with_benchmarks(folder: Path) -> Path:
    (folder / "benchmarks").mkdir()
    for name in ("consensus.py", "stopping.py", "_shared.py"):
        (folder / "benchmarks" / name).touch()
    return folder


def test_without_a_word_it_explains_itself_and_installs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], root=tmp_path) == 0
    assert "usage: ./consonance WORD" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("word", ["test", "bench"])
def test_its_own_words_explain_themselves_and_install_nothing(
    word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word, "--help"], root=tmp_path) == 0
    assert f"usage: ./consonance {word}" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_benchmark_lists_the_known_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = a_checkout_with_benchmarks(tmp_path)
    assert main(["bench", "speed"], root=root) == 2
    said = capsys.readouterr().err
    assert said == (
        "consonance: there is no benchmark called 'speed'. Known: consensus, stopping.\n"
    )


def test_a_benchmark_without_a_name_lists_them_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench"], root=a_checkout_with_benchmarks(tmp_path)) == 2
    assert "one of: consensus, stopping." in capsys.readouterr().err


def test_a_benchmark_cannot_be_named_by_a_path(tmp_path: Path) -> None:
    assert main(["bench", "../manage"], root=a_checkout_with_benchmarks(tmp_path)) == 2


def test_a_known_benchmark_is_found(tmp_path: Path) -> None:
    root = a_checkout_with_benchmarks(tmp_path)
    assert bench.locate(root, "stopping") == root / "benchmarks" / "stopping.py"


def test_an_unknown_stage_lists_the_known_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test", "--only", "pylint"], root=tmp_path) == 2
    assert "Known: ruff, imports, mypy, pytest." in capsys.readouterr().err


def test_platform_and_root_come_first_on_the_path_and_what_was_set_stays(tmp_path: Path) -> None:
    before = os.pathsep.join(["/theirs", str(tmp_path)])
    parts = source_path(tmp_path, before).split(os.pathsep)
    assert parts == [str(tmp_path / "platform"), str(tmp_path), "/theirs"]


def test_a_word_is_handed_to_manage_py_with_its_arguments_and_exit_status(tmp_path: Path) -> None:
    # A checkout of its own, whose manage.py tells what it was given.
    for name in ("consonance", "launcher"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "manage.py").write_text(
        "import os, sys\nprint(sys.argv[1:], os.environ['PYTHONPATH'].split(os.pathsep)[0])\n"
        "sys.exit(7)\n"
    )
    program = (
        "import sys; from pathlib import Path; from launcher.main import main\n"
        f"sys.exit(main(['score', '--json', 'a b'], root=Path({str(tmp_path)!r})))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CONSONANCE_VENV": str(tmp_path / "venv")},
        check=False,
    )
    assert ended.returncode == 7, ended.stderr
    assert ended.stdout == f"['score', '--json', 'a b'] {tmp_path / 'platform'}\n"
