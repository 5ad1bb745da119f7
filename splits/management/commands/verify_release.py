"""Verify a release folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from consonance.errors import ParameterError, ReleaseError
from consonance.jobs.command import Command as BaseCommand


class Command(BaseCommand):
    """`./consonance verify_release`."""

    help = (
        "Check a release folder against its manifest: every file's hash, no file missing or "
        "extra, labels, partitions, groups and contract. The same check ships in the release as "
        "verify.py and needs nothing but Python."
    )
    example = "verify_release data/releases/my-set-1.0.0"
    needs_database = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("folder", type=Path, metavar="DIR")

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Verify it."""
        from splits.release import verify_release

        folder = options["folder"]
        if not folder.is_dir():
            raise ParameterError(f"{folder} is no folder.")
        report = verify_release(folder)
        if not report.ok:
            if options["json"]:
                self.stdout.write(json.dumps(report.as_json(), sort_keys=True))
            lines = "\n".join(f"- {problem['message']}" for problem in report.problems[:20])
            more = len(report.problems) - 20
            raise ReleaseError(
                f"{folder} is not what its manifest says.\n{lines}"
                + (f"\n- and {more} more" if more > 0 else "")
            )
        return {**report.as_json(), "summary": f"{folder} is whole and keeps its contract."}
