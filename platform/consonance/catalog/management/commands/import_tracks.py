"""`./consonance import_tracks`: take a folder of recordings into a collection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from consonance.catalog.tasks import IMPORT_TRACKS
from consonance.errors import ParameterError
from consonance.jobs.command import Command as BaseCommand


class Command(BaseCommand):
    """Probe, decode and hash every recording of a folder, and read what its table says."""

    help = (
        "Take every recording of a folder into a collection. Each file is decoded from end to end; "
        "what is unreadable, silent, too short or cut off goes to quarantine with its reason. "
        "Reads the Free Music Archive's tracks.csv and raw_tracks.csv (found in the folder by "
        "themselves), or any CSV through a mapping file. Safe to run again: unchanged files are "
        "passed over."
    )
    example = "import_tracks --audio ~/music --collection my-archive --metadata ~/music/tracks.csv"

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what is imported, and how."""
        parser.add_argument("--audio", required=True, metavar="DIR", help="the recordings' folder")
        parser.add_argument(
            "--collection", required=True, metavar="SLUG", help="its short name in addresses"
        )
        parser.add_argument("--name", default="", help="its name on pages (default: from SLUG)")
        parser.add_argument(
            "--metadata",
            metavar="CSV",
            help="FMA's tracks.csv, or any table; “none” ignores tables in the folder",
        )
        parser.add_argument(
            "--raw", metavar="CSV", help="FMA's raw_tracks.csv: licence addresses and links"
        )
        parser.add_argument(
            "--mapping",
            metavar="FILE",
            help='JSON or TOML that says which column is what: {"track_id": "id", "title": "name"}',
        )
        parser.add_argument(
            "--synthetic", action="store_true", help="the recordings were rendered, not recorded"
        )
        parser.add_argument(
            "--processes", type=int, default=2, metavar="N", help="files decoded at a time (2)"
        )
        parser.add_argument(
            "--recheck", action="store_true", help="inspect unchanged files again as well"
        )

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Import in this process, with a progress bar."""
        if not 1 <= options["processes"] <= 64:
            raise ParameterError(f"--processes must lie in 1 to 64, not {options['processes']}.")
        ignore_tables = options["metadata"] == "none"
        return self.run_job(
            kind=IMPORT_TRACKS,
            title=f"Import {options['collection']}"[:200],
            arguments={
                "folder": _absolute(options["audio"]),
                "slug": options["collection"],
                "name": options["name"],
                "metadata": None if ignore_tables else _absolute(options["metadata"]),
                "raw": _absolute(options["raw"]),
                "mapping": _absolute(options["mapping"]),
                "look_beside": not ignore_tables,
                "synthetic": options["synthetic"],
                "processes": options["processes"],
                "recheck": options["recheck"],
            },
        )


def _absolute(path: str | None) -> str | None:
    # A worker that takes over after a crash starts in another folder.
    return str(Path(path).expanduser().absolute()) if path else None
