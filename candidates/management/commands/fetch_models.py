"""Fetch detector weights by verified checksum."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from consonance.errors import ParameterError
from consonance.jobs.command import Command as BaseCommand


class Command(BaseCommand):
    """`./consonance fetch_models`."""

    help = (
        "List the published detector weights we know by hash, say which are at hand, and fetch "
        "those you name. A file whose hash differs is never kept."
    )
    example = "fetch_models mn04_as_mAP_432.pt"
    needs_database = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("files", nargs="*", metavar="FILE", help="fetch these (none: list)")
        parser.add_argument(
            "--models", type=Path, metavar="DIR", help="where to (the user's cache)"
        )

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """List or fetch."""
        from candidates.detector import weights

        known = {line.file: line for line in weights.manifest()}
        unknown = [name for name in options["files"] if name not in known]
        if unknown:
            raise ParameterError(
                f"Not in the list of known weights: {', '.join(unknown)}. "
                f"Known are: {', '.join(known)}."
            )
        folder = options["models"] or weights.cache_folder()
        fetched = {}
        for name in options["files"]:
            self.stderr.write(f"Fetching {name} ({known[name].bytes / 1e6:.1f} MB) …")
            fetched[name] = str(weights.fetch(name, folder))
        files: list[dict[str, Any]] = []
        for line in known.values():
            place = weights.locate(line.file, options["models"])
            files.append(
                {
                    "file": line.file,
                    "bytes": line.bytes,
                    "sha256": line.sha256,
                    "licence": line.licence,
                    "path": str(place) if place else None,
                    "fetchable": line.url is not None,
                }
            )
        lines = [
            f"{entry['file']:<28} {entry['bytes'] / 1e6:5.1f} MB  {entry['licence']:<11} "
            + (entry["path"] or ("not here; can be fetched" if entry["fetchable"] else "not here"))
            for entry in files
        ]
        return {"files": files, "fetched": fetched, "summary": "\n".join(lines)}
