"""Render the Synthetic Archive."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from consonance.jobs.command import Command as BaseCommand


class Command(BaseCommand):
    """`./consonance make_demo_corpus`."""

    help = (
        "Render a small archive of synthetic music with known instruments, chords and sections, "
        "with metadata, licences, and planted duplicates and faults. The same seed gives the same "
        "bytes; a finished archive of the same recipe is kept."
    )
    example = "make_demo_corpus --folder demo-archive --seed 2018"
    needs_database = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--folder", type=Path, help="where to (synthetic-archive in the data)")
        parser.add_argument("--seed", type=int, default=2018, help="(2018)")
        parser.add_argument("--recordings", type=int, default=60, help="(60)")
        parser.add_argument("--artists", type=int, default=15, help="(15)")
        parser.add_argument("--soundfont", type=Path, help="a .sf2 file (FluidR3, or TimGM6mb)")
        parser.add_argument("--processes", type=int, default=2, help="(2)")

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Render it."""
        from consonance.demo import corpus

        summary = corpus.make(
            options["folder"] or settings.DATA / "synthetic-archive",
            seed=options["seed"],
            n_recordings=options["recordings"],
            n_artists=options["artists"],
            soundfont_path=options["soundfont"],
            progress=_Line(),
            render_processes=options["processes"],
        )
        how = "kept" if summary.reused else "rendered"
        return {
            **summary.as_json(),
            "summary": f"{summary.n_files} files, {summary.duration_ms / 60_000:.0f} min of audio "
            f"{how} in {summary.folder} with {summary.soundfont}.",
        }


class _Line:
    """Progress of the rendering: one line on a terminal, every tenth elsewhere."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()

    def __call__(self, done: int, total: int, what: str) -> None:
        if self._live:
            sys.stderr.write(f"\r\x1b[K  Rendering: {done}/{total} {what}")
            sys.stderr.write("\n" if done == total else "")
        elif done == total or done % max(1, total // 10) == 0:
            sys.stderr.write(f"  Rendering: {done}/{total}\n")
        sys.stderr.flush()
