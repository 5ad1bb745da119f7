"""What every command of ours shares: `--json`, progress on stderr, one sentence on failure."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from consonance.errors import ConsonanceError
from consonance.jobs.actions.enqueue_job import enqueue_job
from consonance.jobs.database import prepare_database
from consonance.jobs.models import Job
from consonance.jobs.runner import run

_BAR_WIDTH = 24


class Command(BaseCommand):
    """Base of our commands; subclasses implement `execute_step` and return a result.

    The result is a dict with JSON values; `summary` is the sentence for people. Results go to
    stdout, progress to stderr, and errors end the program with their own exit code.
    """

    requires_system_checks: list[str] = []
    #: Django's options for its own developers still work, but would bury ours under `--help`.
    suppressed_base_arguments = {
        "--version",
        "--verbosity",
        "--settings",
        "--pythonpath",
        "--traceback",
        "--no-color",
        "--force-color",
    }
    #: An example shown under `--help`.
    example = ""
    #: False for commands that work on files alone or see to the database themselves.
    needs_database = True

    def run_from_argv(self, argv: list[str]) -> None:
        """Run from a terminal: a refusal is its sentence, without a class name before it."""
        try:
            super().run_from_argv([*argv, "--traceback"])  # Django then leaves errors to us
        except CommandError as error:
            self.stderr.write(str(error))
            sys.exit(error.returncode)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Add the example and `--json` to Django's parser."""
        if self.example:
            kwargs.setdefault("epilog", f"Example: ./consonance {self.example}")
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.prog = f"./consonance {subcommand}"
        parser.add_argument(
            "--json", action="store_true", help="print the result as one JSON object"
        )
        # Only told here: `consonance.web.cli` takes it out of the words before settings are read.
        parser.add_argument(
            "--data", metavar="DIR", help="the data folder, instead of CONSONANCE_DATA's"
        )
        return parser

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Do the command's work and return its result."""
        raise CommandError("This command does nothing.")  # pragma: no cover - abstract

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the step and print its result."""
        try:
            if self.needs_database:
                prepare_database()
            result = self.execute_step(**options)
        except ConsonanceError as error:
            raise CommandError(str(error), returncode=error.exit_code) from error
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False, sort_keys=True, default=str))
        else:
            self.stdout.write(str(result.get("summary", "Done.")))

    def run_job(self, *, kind: str, title: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Do a job's work in this process, with a progress bar, and return its result."""
        job = enqueue_job(kind=kind, title=title, arguments=arguments, send=False)
        bar = ProgressBar(title)
        try:
            finished = run(job.pk, listener=bar, reraise=True)
        finally:
            bar.close()
        return {**(finished.result if finished else {}), "job": str(job.pk)}


class ProgressBar:
    """A progress line on stderr: share, count, speed, time left; plain where no terminal is."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._begun = time.monotonic()
        self._first: int | None = None
        self._shown = 0.0
        self._live = sys.stderr.isatty()

    def __call__(self, job: Job) -> None:
        """Show the job's progress."""
        now = time.monotonic()
        if self._first is None:
            self._first, self._begun = job.progress_done, now
        last = job.progress_done == job.progress_total
        if now - self._shown < (0.2 if self._live else 5.0) and not last:
            return
        self._shown = now
        sys.stderr.write(("\r\x1b[K" if self._live else "") + self._line(job, now))
        sys.stderr.write("" if self._live else "\n")
        sys.stderr.flush()

    def _line(self, job: Job, now: float) -> str:
        done, total, unit = job.progress_done, job.progress_total, job.progress_unit
        speed = (done - (self._first or 0)) / max(now - self._begun, 1e-9)
        parts = [f"  {self._title}:"]
        if total:
            filled = round(_BAR_WIDTH * min(1.0, done / total))
            parts.append("█" * filled + "░" * (_BAR_WIDTH - filled))
            parts.append(f"{done}/{total} {unit}".rstrip())
        else:
            parts.append(f"{done} {unit}".rstrip())
        if speed > 0:
            parts.append(f"· {speed:.1f}/s")
            if total and done < total:
                parts.append(f"· {duration((total - done) / speed)} left")
        return " ".join(parts)

    def close(self) -> None:
        """End the line."""
        if self._live and self._shown:
            sys.stderr.write("\n")


def duration(seconds: float) -> str:
    """Return a duration as a person says it: `45 s`, `3 min`, `2 h 10 min`."""
    seconds = round(seconds)
    if seconds < 90:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
