"""The house's rules that no linter holds."""

from __future__ import annotations

import platform
import re
import sysconfig
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("platform", "candidates", "annotation", "splits")


def _modules() -> list[Path]:
    return [
        path
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def test_platform_is_a_source_root_and_never_a_package() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists()
    assert Path(platform.__file__).parent == Path(sysconfig.get_path("stdlib"))


def test_nothing_in_the_source_root_is_named_after_a_standard_module() -> None:
    import sys

    names = {path.stem for path in (ROOT / "platform").iterdir()}
    assert not names & sys.stdlib_module_names


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_one_room_with_one_purpose(path: Path) -> None:
    assert path.stem not in {"utils", "helpers", "misc", "common"}
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 500, "split it: seldom over 400 lines"
    assert "import pickle" not in text
    assert "allow_pickle=True" not in text


def test_every_declared_dependency_is_locked_to_the_same_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = [*project["project"]["dependencies"]]
    for extra in project["project"]["optional-dependencies"].values():
        declared += extra
    declared += project["dependency-groups"]["test"]
    locked = {}
    for lock in (ROOT / "requirements").glob("*"):
        for line in lock.read_text(encoding="utf-8").splitlines():
            match = re.match(r"([\w.-]+)(?:\[[^\]]*\])?==([\w.+]+)", line)
            if match:
                locked[_canonical(match[1])] = match[2].split("+")[0]
    for requirement in declared:
        match = re.match(r"([\w.-]+)(?:\[[^\]]*\])?==([\w.]+)", requirement)
        assert match, f"{requirement}: pin it with =="
        name = _canonical(match[1])
        assert locked.get(name) == match[2], f"{name} is locked to {locked.get(name)}"


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
