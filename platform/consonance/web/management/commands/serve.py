"""Serve the web app and work on jobs, on this machine."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from consonance.jobs.command import Command as BaseCommand
from consonance.web.processes import WORKERS, supervise


class Command(BaseCommand):
    """`./consonance serve`."""

    help = "Serve the web app on this machine and work on queued jobs, until interrupted."
    example = "serve --port 8000"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--port", type=int, default=8000, help="(8000)")
        parser.add_argument(
            "--host", default="127.0.0.1", help="0.0.0.0 to let other machines in (127.0.0.1)"
        )
        parser.add_argument(
            "--workers", type=int, default=WORKERS, help=f"web processes ({WORKERS})"
        )

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Serve."""
        address = f"http://{options['host']}:{options['port']}/"
        supervise(
            host=options["host"],
            port=options["port"],
            workers=options["workers"],
            announce=f"Consonance is at {address} — Ctrl-C stops it.",
        )
        return {"address": address, "summary": "Stopped."}
