"""`./consonance test`: every check of the project, one after the other, all the way to the end."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher.console import Refusal, say, show
from launcher.environment import Environment
from launcher.process import child_environment, run_in_view, run_telling

USAGE = """\
usage: ./consonance test [--only STAGE[,STAGE...]] [arguments for pytest]

Stages, in order: ruff, imports, mypy, pytest. All run, also after one fails; the table at the end
says which did. Every other argument goes to pytest:

  ./consonance test                              everything that can be tested here
  ./consonance test --only pytest tests/splits   one folder
  ./consonance test --only ruff,mypy             no tests

Tests that need PostgreSQL, Redis, Chromium or real recordings are skipped where these are missing,
and listed at the end. Where CI=true is set, such a skip fails the run.
"""

NAMES = ("ruff", "imports", "mypy", "pytest")
CHECKED_FOLDERS = ("platform/consonance", "candidates", "annotation", "splits", "launcher")
PACKAGES = {
    "postgresql": "postgresql",
    "redis": "redis-server",
    "browser": "chromium",
}
NO_TESTS_COLLECTED = 5  # pytest's own exit status


@dataclass(frozen=True)
class Result:
    """How one stage went."""

    name: str
    passed: bool
    seconds: float


@dataclass(frozen=True)
class Skip:
    """A test that did not run.

    Parameters
    ----------
    test
        Its id.
    reason
        What it said.
    need
        "postgresql", "redis", "browser", "realdata", or "" where nothing is missing.
    """

    test: str
    reason: str
    need: str


def parse(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Divide the command line into stages to run and arguments for pytest.

    Raises
    ------
    Refusal
        A stage is asked for that does not exist.
    """
    stages: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--only":
            stages += next(waiting, "").split(",")
        elif argument.startswith("--only="):
            stages += argument.removeprefix("--only=").split(",")
        else:
            rest.append(argument)
    unknown = [name for name in stages if name not in NAMES]
    if unknown:
        raise Refusal(f"there is no stage called {unknown[0]!r}. Known: {', '.join(NAMES)}.")
    return [name for name in NAMES if name in stages] or list(NAMES), rest


def run(environment: Environment, arguments: Sequence[str]) -> int:
    """Install what the tests need, run the stages, and tell how it went.

    Returns
    -------
    int
        0 when all stages passed, else 1.
    """
    if "--help" in arguments or "-h" in arguments:
        show(USAGE)
        return 0
    names, for_pytest = parse(arguments)
    environment.prepare(with_tests=True)
    variables = child_environment(environment.root)
    results: list[Result] = []
    skips: list[Skip] = []
    for name in names:
        if name == "pytest":
            result, skips = _run_pytest(environment, for_pytest, variables)
        else:
            result = _run_check(environment, name, variables)
        results.append(result)
    if not is_ci():
        for line in skips_told(skips):
            say(line)
    for line in table(results):
        say(line)
    return 0 if all(result.passed for result in results) else 1


def is_ci() -> bool:
    """Say whether a continuous-integration service runs us."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def table(results: Sequence[Result]) -> list[str]:
    """Return the closing table, one line a stage."""
    lines = ["", "stage     result     seconds"]
    lines += [
        f"{result.name:<9} {'passed' if result.passed else 'FAILED':<8} {result.seconds:9.1f}"
        for result in results
    ]
    failed = [result.name for result in results if not result.passed]
    total = sum(result.seconds for result in results)
    verdict = f"failed: {', '.join(failed)}" if failed else "all passed"
    return [*lines, f"{verdict}, {total:.0f} s in all"]


def skips_told(skips: Sequence[Skip]) -> list[str]:
    """Return what was skipped, why, and the one command that adds it."""
    if not skips:
        return []
    by_reason: dict[str, list[Skip]] = {}
    for skip in skips:
        by_reason.setdefault(skip.reason, []).append(skip)
    lines = ["", f"Skipped: {len(skips)} tests"]
    lines += [f"  {len(group):4d}  {reason}" for reason, group in sorted(by_reason.items())]
    needs = {skip.need for skip in skips}
    packages = [package for need, package in sorted(PACKAGES.items()) if need in needs]
    if packages:
        lines.append(f"To run them too: sudo apt-get install {' '.join(packages)}")
    if "realdata" in needs:
        lines.append("With real data: CONSONANCE_TEST_DATA=FOLDER ./consonance test")
    return lines


def read_skips(path: Path) -> list[Skip]:
    """Read what tests/plugins/skips.py wrote; nothing when pytest did not come so far."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [Skip(test=row["test"], reason=row["reason"], need=row["need"]) for row in rows]


def _run_check(environment: Environment, name: str, variables: Mapping[str, str]) -> Result:
    python: list[str | os.PathLike[str]] = [environment.python]
    command = {
        "ruff": [*python, "-m", "ruff", "check", "."],
        "imports": [*python, "-c", "import sys, importlinter.cli as c; c.lint_imports_command()"],
        "mypy": [*python, "-m", "mypy", *CHECKED_FOLDERS],
    }[name]
    doing = {
        "ruff": "ruff: style and errors",
        "imports": "lint-imports: who may import whom",
        "mypy": "mypy: types (the first time takes a minute or two)",
    }[name]
    outcome = run_telling(command, doing=doing, environment=variables, directory=environment.root)
    if outcome.code != 0:
        say(outcome.output)
    return Result(name, outcome.code == 0, outcome.seconds)


def _parallel(arguments: Sequence[str]) -> list[str]:
    """Return options that run files side by side, unless the caller asks for something narrow.

    A file stays whole: its tests share what is slow to make (a browser, a finished demo).
    """
    if any(not word.startswith("-") or word.startswith(("-n", "--pdb")) for word in arguments):
        return []
    return ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "loadfile"]


def _run_pytest(
    environment: Environment, arguments: Sequence[str], variables: Mapping[str, str]
) -> tuple[Result, list[Skip]]:
    say("pytest: the tests ...")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="consonance-test-") as folder:
        report = Path(folder) / "skips.json"
        plugin = ["-p", "tests.plugins.skips", f"--skips-report={report}"]
        code = run_in_view(
            [environment.python, "-m", "pytest", *plugin, *_parallel(arguments), *arguments],
            environment=variables,
            directory=environment.root,
        )
        skips = read_skips(report)
    if code == NO_TESTS_COLLECTED:
        say("pytest found no test that fits the arguments")
    return Result("pytest", code == 0, time.monotonic() - begun), skips
