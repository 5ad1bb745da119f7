"""`./consonance test`: its command line, its closing words, and what CI refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from launcher.console import Refusal
from launcher.stages import NAMES, Result, Skip, parse, read_skips, skips_told, table

ROOT = Path(__file__).resolve().parents[2]

A_SUITE = """
import pytest

def test_passes():
    pass

@pytest.mark.redis
def test_needs_redis():
    pytest.skip("no Redis: redis-server is not installed")

@pytest.mark.skip(reason="only on Mondays")
def test_on_mondays():
    pass

@pytest.mark.xfail(reason="known")
def test_known_to_fail():
    assert False
"""


def run_the_suite(folder: Path, *, ci: bool, suite: str = A_SUITE) -> tuple[int, str, list[Skip]]:
    (folder / "test_suite.py").write_text(suite)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = redis\n")
    report = folder / "skips.json"
    ended = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-p", "tests.plugins.skips", "-p", "no:django",
            "-p", "no:cacheprovider", f"--skips-report={report}",
        ],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CI": "true" if ci else ""},
    )  # fmt: skip
    return ended.returncode, ended.stdout, read_skips(report)


def test_all_stages_run_and_the_rest_goes_to_pytest() -> None:
    assert parse(["-k", "dawid", "tests/annotation"]) == (
        list(NAMES),
        ["-k", "dawid", "tests/annotation"],
    )


def test_stages_can_be_chosen_and_keep_their_order() -> None:
    assert parse(["--only", "pytest,ruff", "-x"]) == (["ruff", "pytest"], ["-x"])
    assert parse(["--only=mypy"]) == (["mypy"], [])


@pytest.mark.parametrize("words", [["--only"], ["--only", "black"], ["--only=ruff,"]])
def test_a_stage_that_is_not_there_is_refused(words: list[str]) -> None:
    with pytest.raises(Refusal, match="Known: ruff, imports, mypy, pytest"):
        parse(words)


def test_the_table_names_what_failed() -> None:
    lines = table([Result("ruff", True, 1.25), Result("mypy", False, 60.0)])
    assert lines[-1] == "failed: mypy, 61 s in all"
    assert any(line.startswith("mypy") and "FAILED" in line for line in lines)


def test_the_table_of_a_good_run_says_so() -> None:
    assert table([Result("ruff", True, 2.0)])[-1] == "all passed, 2 s in all"


def test_skips_are_grouped_and_one_command_adds_what_is_missing() -> None:
    skips = [
        Skip("t::a", "no Redis", "redis"),
        Skip("t::b", "no Redis", "redis"),
        Skip("t::c", "no Chromium", "browser"),
        Skip("t::d", "no real data at x", "realdata"),
    ]
    lines = skips_told(skips)
    assert "Skipped: 4 tests" in lines
    assert any(line.split(maxsplit=1) == ["2", "no Redis"] for line in lines)
    assert "To run them too: sudo apt-get install chromium redis-server" in lines
    assert any("CONSONANCE_TEST_DATA" in line for line in lines)


def test_no_skip_no_word_about_it() -> None:
    assert skips_told([]) == []


def test_off_ci_a_skip_is_reported_and_accepted(tmp_path: Path) -> None:
    code, output, skips = run_the_suite(tmp_path, ci=False)
    assert code == 0, output
    assert {(skip.test, skip.need) for skip in skips} == {
        ("test_suite.py::test_needs_redis", "redis"),
        ("test_suite.py::test_on_mondays", ""),
    }
    assert skips[0].reason == "no Redis: redis-server is not installed"


def test_on_ci_a_skip_for_want_of_a_service_fails_the_run(tmp_path: Path) -> None:
    code, output, _ = run_the_suite(tmp_path, ci=True)
    assert code == 1
    assert "redis: test_suite.py::test_needs_redis: no Redis" in output
    assert "on_mondays" not in output.split("not tested on CI")[1]


def test_on_ci_any_other_skip_is_accepted(tmp_path: Path) -> None:
    suite = "import pytest\ndef test_a(): pytest.skip('only on Mondays')\ndef test_b(): pass\n"
    code, output, _ = run_the_suite(tmp_path, ci=True, suite=suite)
    assert code == 0, output


def test_a_report_that_was_never_written_is_no_skips(tmp_path: Path) -> None:
    assert read_skips(tmp_path / "none.json") == []
    (tmp_path / "half.json").write_text(json.dumps([])[:1])
    assert read_skips(tmp_path / "half.json") == []


def test_ci_hands_on_to_the_test_command_with_ci_set(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "run").write_bytes((ROOT / ".ci" / "run").read_bytes())
    (tmp_path / "consonance").write_text('#!/bin/sh\necho "$CI" "$@"\n')
    (tmp_path / "consonance").chmod(0o755)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("chromium", "initdb", "redis-server", "apt-get"):
        (programs / name).write_text("#!/bin/sh\nexit 1\n")
        (programs / name).chmod(0o755)
    ended = subprocess.run(
        ["bash", tmp_path / ".ci" / "run", "-x"],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "CI": ""},
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, "true test -x\n"), ended.stderr
