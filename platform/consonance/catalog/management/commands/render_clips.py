"""`./consonance render_clips`: make what people hear of clips that were cut without it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from consonance.catalog.selection import collection_named
from consonance.catalog.tasks import RENDER_CLIPS
from consonance.errors import ParameterError
from consonance.jobs.command import Command as BaseCommand


class Command(BaseCommand):
    """Render clips for playback: levelled MP3s beside the Ogg files."""

    help = (
        "Make the levelled rendition that people hear of every clip that has none, measure its "
        "loudness, and decode the clip's own file again: one that is silent or damaged is "
        "withdrawn, one that was lost is made again. New clips need no such call; pages play the "
        "Ogg files meanwhile. Safe to stop and to run again."
    )
    example = "render_clips --collection my-archive"

    def add_arguments(self, parser: CommandParser) -> None:
        """Say which clips."""
        parser.add_argument(
            "--collection", default="", metavar="SLUG", help="only its clips (default: all)"
        )
        parser.add_argument(
            "--again", action="store_true", help="render also clips that have a rendition"
        )
        parser.add_argument(
            "--processes", type=int, default=2, metavar="N", help="clips rendered at a time (2)"
        )

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Render in this process, with a progress bar."""
        if not 1 <= options["processes"] <= 64:
            raise ParameterError(f"--processes must lie in 1 to 64, not {options['processes']}.")
        if options["collection"]:
            collection_named(options["collection"])
        return self.run_job(
            kind=RENDER_CLIPS,
            title=f"Render {options['collection'] or 'all'} clips"[:200],
            arguments={
                "collection": options["collection"],
                "again": options["again"],
                "processes": options["processes"],
            },
        )
