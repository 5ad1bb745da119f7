"""`./consonance import_taxonomy`: take in a taxonomy's file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from consonance.catalog.actions.import_taxonomy import import_taxonomy
from consonance.jobs.command import Command as BaseCommand
from consonance.taxonomies.checking import notes_of
from consonance.taxonomies.counting import counted
from consonance.taxonomies.file import read_file


class Command(BaseCommand):
    """Check a taxonomy's file and store it as a draft, or published."""

    help = (
        "Check a taxonomy's file and store it as a draft that curators can edit, or published, so "
        "that archives can be scored by it. Every problem is told with its place. The same file is "
        "stored once; a published version is never changed by another file."
    )
    example = "import_taxonomy my-taxonomy.json --publish"

    def add_arguments(self, parser: CommandParser) -> None:
        """Say which file, and what becomes of it."""
        parser.add_argument("file", type=Path, metavar="FILE", help="JSON; see docs/taxonomies.md")
        parser.add_argument("--publish", action="store_true", help="publish it, not a draft")
        parser.add_argument(
            "--replace", action="store_true", help="a draft of the same version gives way to it"
        )

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Store the file's taxonomy."""
        definition = read_file(options["file"])
        row, outcome = import_taxonomy(
            definition=definition, publish=options["publish"], replace=options["replace"]
        )
        counts = counted(definition)
        without = [name for name, mids in counts.items() if not mids]
        state = "published" if row.is_published else "a draft"
        told = {"new": "Stored", "same": "Was there already:", "replaced": "Replaced the draft of"}
        summary = f"{told[outcome]} {row}, {len(counts)} classes, {state}."
        if without:
            summary += f" No detector, uniform sampling: {', '.join(without)}."
        return {
            "taxonomy": str(row.pk),
            "name": row.name,
            "version": row.version,
            "outcome": outcome,
            "is_published": row.is_published,
            "classes": list(counts),
            "no_detector": without,
            "notes": notes_of(definition),
            "summary": summary,
        }
