"""Write base.lock and test.lock from what is installed in the environment that runs this.

To move a version: change it in pyproject.toml, install it into .venv, run the tests, then
`.venv/bin/python requirements/write_locks.py`. Every package goes into base.lock that the project
or its extras reach through their requirements, and into test.lock what only the tests reach.
torch stands in torch.txt alone, because the launcher looks for a wheel without CUDA first.
"""

from __future__ import annotations

import importlib.metadata as metadata
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FOLDER = Path(__file__).resolve().parent
EXTRAS = ("web", "models", "dedup", "demo", "postgres")
#: Installed without what they ask for, or by a rule of their own (torch.txt, no-deps.txt).
APART = ("torch", "tinysoundfont")
HEADER = "# Written by requirements/write_locks.py; do not edit. Installed by ./consonance.\n"


def closure(requirements: Iterable[str]) -> dict[str, str]:
    """Return everything the requirements reach, as name to installed version.

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        Something is asked for that is not installed here.
    """
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        distribution = metadata.distribution(name)
        found[name] = distribution.version
        for wanted in ("", *requirement.extras):
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                waiting += [(Requirement(text), wanted) for text in distribution.requires or ()]
    return found


def text_of(packages: dict[str, str]) -> str:
    """Return a lock file's content, in alphabetical order."""
    lines = [f"{name}=={version}\n" for name, version in sorted(packages.items())]
    return HEADER + "".join(lines)


def main() -> None:
    """Write both files beside this one."""
    project = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = list(project["project"]["dependencies"])
    for extra in EXTRAS:
        wanted += project["project"]["optional-dependencies"][extra]
    base = closure(wanted)
    tests = closure(project["dependency-groups"]["test"])
    for name in APART:
        base.pop(name, None)
    only_tests = {name: version for name, version in tests.items() if name not in base}
    (FOLDER / "base.lock").write_text(text_of(base), encoding="utf-8")
    (FOLDER / "test.lock").write_text(text_of(only_tests), encoding="utf-8")
    sys.stderr.write(f"base.lock: {len(base)} packages, test.lock: {len(only_tests)} more\n")


if __name__ == "__main__":
    main()
