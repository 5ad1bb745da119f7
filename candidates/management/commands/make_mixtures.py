"""Mix labelled recordings, to measure detectors on more than one instrument at a time."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from consonance.errors import ParameterError
from consonance.jobs.command import Command as BaseCommand


class Command(BaseCommand):
    """`./consonance make_mixtures`."""

    help = (
        "Mix two to four labelled recordings at a time into a folder of FLAC files with labels. A "
        "mixture's stems come from one fold of the recordings, each of another class and source: "
        "who learnt from the other folds has heard none of them. The same seed on the same "
        "recordings makes the same mixtures."
    )
    example = "make_mixtures --clips clips --out mixtures --seed 7"
    needs_database = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--clips", type=Path, required=True, metavar="DIR", help="labels.csv")
        parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
        parser.add_argument("--number", type=int, default=240, help="(240)")
        parser.add_argument("--stems", type=int, nargs=2, default=(2, 4), metavar=("MIN", "MAX"))
        parser.add_argument("--duration", type=float, default=10.0, help="in seconds (10)")
        parser.add_argument("--folds", type=int, default=5, help="(5)")
        parser.add_argument("--fold", type=int, help="stems of this fold only, from 0")
        parser.add_argument("--seed", type=int, default=20261123)

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Plan, mix, write."""
        from candidates.detector import mixture_files
        from candidates.detector.clips import folds, read_clips
        from candidates.detector.mixtures import MixtureRecipe, plan

        if options["duration"] <= 0 or options["folds"] < 2:
            raise ParameterError("Mixtures last, and there are 2 folds or more.")
        clips = [clip for clip in read_clips(options["clips"]) if clip.is_complete and clip.classes]
        fold = folds(clips, n=options["folds"])
        if options["fold"] is not None:
            if not 0 <= options["fold"] < options["folds"]:
                raise ParameterError(f"The folds are 0 to {options['folds'] - 1}.")
            chosen = fold == options["fold"]
            clips = [clip for clip, is_in in zip(clips, chosen, strict=True) if is_in]
            fold = fold[chosen]
        recipe = MixtureRecipe(
            number=options["number"],
            stems=tuple(options["stems"]),
            duration_s=options["duration"],
            seed=options["seed"],
        )
        planned = plan(clips, fold, recipe)

        def told(done: int) -> None:
            if done % max(1, len(planned) // 10) == 0:
                sys.stderr.write(f"  Mixed {done}/{len(planned)}\n")

        written = mixture_files.write(options["out"], planned, clips, recipe, on_mixture=told)
        return {
            "folder": str(options["out"]),
            "mixtures": len(planned),
            "clips": len(clips),
            "clips_sha256": written["clips_sha256"],
            "classes": written["classes"],
            "summary": f"Wrote {len(planned)} mixtures of {len(clips)} recordings to "
            f"{options['out']}.",
        }
