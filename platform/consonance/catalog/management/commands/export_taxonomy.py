"""`./consonance export_taxonomy`: write a taxonomy's file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from consonance.catalog.models import Taxonomy
from consonance.catalog.taxonomies import definition_of, published
from consonance.errors import ParameterError
from consonance.jobs.command import Command as BaseCommand
from consonance.taxonomies.file import as_data, written


class Command(BaseCommand):
    """Print a taxonomy as `import_taxonomy` reads it, or write it to a file."""

    help = (
        "Print a taxonomy as import_taxonomy reads it: the newest published version, or "
        "NAME@VERSION, which may be a draft. The same taxonomy gives the same bytes."
    )
    example = "export_taxonomy my-taxonomy@2 --to my-taxonomy.json"

    def add_arguments(self, parser: CommandParser) -> None:
        """Say which, and where to."""
        parser.add_argument("name", metavar="NAME", help="NAME or NAME@VERSION")
        parser.add_argument("--to", type=Path, metavar="FILE", help="write it there, not to stdout")

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Write the taxonomy."""
        name, _, version = options["name"].partition("@")
        draft = Taxonomy.objects.filter(name=name, version=version, is_published=False).first()
        row = draft or published(options["name"])
        definition = definition_of(row)
        text = written(definition)
        path: Path | None = options["to"]
        if path is None:
            return {**as_data(definition), "summary": text.rstrip("\n")}
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ParameterError(f"{path} cannot be written: {error.strerror}.") from error
        return {"file": str(path), "summary": f"Wrote {row} to {path}."}
