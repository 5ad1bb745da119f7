"""The first file of all: it must be readable by an old Python, and find a newer one."""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "consonance"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("consonance_script", str(SCRIPT))
    spec = importlib.util.spec_from_loader("consonance_script", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def a_program(folder: Path, name: str, *, exit_code: int) -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\nexit {exit_code}\n")
    path.chmod(0o755)
    return str(path)


def test_python_3_6_can_read_the_first_file() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 6))
    futures = [
        node.names[0].name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
    ]
    assert futures == []  # `annotations` came with 3.7


def test_a_python_that_does_not_start_is_passed_over(script: ModuleType, tmp_path: Path) -> None:
    # As pyenv's shims do: on the PATH by name, but of a version that is not active.
    broken = a_program(tmp_path, "python3.13", exit_code=127)
    found = {"python3.13": broken, "python3.11": sys.executable}
    assert script.newer_python(found.get) == sys.executable


def test_a_file_that_is_no_program_is_passed_over(script: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "python3.12").write_text("not a program")
    assert script.newer_python({"python3.12": str(tmp_path / "python3.12")}.get) is None


def test_without_a_newer_python_it_says_what_to_install(
    script: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.start_over_with_a_newer_python(lambda name: None) == 2
    said = capsys.readouterr().err
    assert "3.11 or newer is needed" in said
    assert "apt-get install" in said
    assert said.count("\n") == 1
