"""What was skipped, and for want of what: written for the launcher, and refused on CI.

`./consonance test` loads it (`-p tests.plugins.skips`) and closes with the list. Where CI=true is
set, a test skipped for want of a service, a browser or real data fails the run: there, everything
is installed, so such a skip means that something is silently not being tested.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

NEEDS = ("postgresql", "redis", "browser", "realdata")


@dataclass(frozen=True)
class Skip:
    """A test that did not run, its reason, and which of `NEEDS` was missing ("" for none)."""

    test: str
    reason: str
    need: str


class SkipWatch:
    """Collects skips while the tests run."""

    def __init__(self, report: Path | None, *, strict: bool) -> None:
        self.report = report
        self.strict = strict
        self.skips: list[Skip] = []

    @property
    def unmet(self) -> list[Skip]:
        """The skips that CI does not accept."""
        return [skip for skip in self.skips if skip.need]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            need = next((need for need in NEEDS if need in report.keywords), "")
            self.skips.append(Skip(report.nodeid, _reason(report.longrepr), need))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.skips.append(Skip(report.nodeid, _reason(report.longrepr), ""))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workerinput"):
            return  # the controller hears of every worker's skips
        if self.report is not None:
            rows = [asdict(skip) for skip in self.skips]
            self.report.write_text(json.dumps(rows), encoding="utf-8")
        if self.strict and self.unmet and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not (self.strict and self.unmet):
            return
        terminalreporter.section("not tested on CI", red=True)
        for skip in self.unmet:
            terminalreporter.write_line(f"{skip.need}: {skip.test}: {skip.reason}")


def _reason(longrepr: object) -> str:
    text = str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)
    return text.removeprefix("Skipped: ")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--skips-report", type=Path, help="write what was skipped here, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    strict = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
    watch = SkipWatch(config.getoption("--skips-report"), strict=strict)
    config.pluginmanager.register(watch, "consonance-skip-watch")
