"""The lock files hold what pyproject.toml pins."""

from __future__ import annotations

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
FILES = ("base.lock", "test.lock", "torch.txt", "no-deps.txt")


def locked() -> dict[str, str]:
    pins: dict[str, str] = {}
    for name in FILES:
        for line in (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                package, _, version = line.partition("==")
                assert version, f"{name}: {line!r} is not pinned"
                assert package not in pins, f"{package} is pinned twice"
                pins[package] = version
    return pins


def declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    texts = list(project["project"]["dependencies"])
    for extra, requirements in project["project"]["optional-dependencies"].items():
        if extra != "s3":  # for those who store on S3; the launcher does not install it
            texts += requirements
    texts += project["dependency-groups"]["test"]
    return [Requirement(text) for text in texts]


def test_what_pyproject_asks_for_is_locked_in_a_version_it_accepts() -> None:
    pins = locked()
    wrong = [
        f"{requirement} is locked as {pins.get(canonicalize_name(requirement.name))}"
        for requirement in declared()
        if canonicalize_name(requirement.name) not in pins
        or not requirement.specifier.contains(pins[canonicalize_name(requirement.name)])
    ]
    assert wrong == []


def test_torch_is_not_among_the_packages_that_pip_may_replace() -> None:
    base = (ROOT / "requirements" / "base.lock").read_text(encoding="utf-8")
    assert not any(line.startswith("torch==") for line in base.splitlines())
