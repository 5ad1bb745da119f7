"""Draw a sampling round."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from candidates.models import ScoreSet
from candidates.recipes import RoundRecipe
from consonance.catalog.selection import collection_named
from consonance.errors import StateError
from consonance.jobs.command import Command as BaseCommand


class Command(BaseCommand):
    """`./consonance draw_round`."""

    help = (
        "Draw candidates from both tails of every class's likelihoods and cut their clips. The "
        "same recipe on the same scores is the same round, and is drawn once."
    )
    example = "draw_round --collection my-archive --per-class 100 --seed 7"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--collection", required=True, metavar="SLUG", help="what to draw from")
        parser.add_argument("--per-class", type=int, default=100, help="candidates a class (100)")
        parser.add_argument("--low", type=float, default=0.1, help="lower quantile (0.1)")
        parser.add_argument("--high", type=float, default=0.9, help="upper quantile (0.9)")
        parser.add_argument(
            "--share-high", type=float, default=0.5, help="share from the upper tail (0.5)"
        )
        parser.add_argument("--max-per-track", type=int, default=1, help="over all classes (1)")
        parser.add_argument(
            "--classes", default="", metavar="A,B", help="only these (all that the detector covers)"
        )
        parser.add_argument(
            "--licences",
            choices=["open", "all"],
            default="open",
            help="open: only tracks whose licence lets clips be cut and passed on (open)",
        )
        parser.add_argument(
            "--explicit", action="store_true", help="draw tracks marked as explicit, too"
        )
        parser.add_argument("--seed", type=int, default=0, help="(0)")
        parser.add_argument("--processes", type=int, default=2, help="that cut clips (2)")

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Draw the round."""
        collection = collection_named(options["collection"])
        score_set = ScoreSet.objects.filter(collection=collection, is_complete=True).first()
        if score_set is None:
            raise StateError(
                f"“{collection}” has no complete scores. Run ./consonance score --collection "
                f"{collection.slug} first."
            )
        classes = tuple(name.strip() for name in options["classes"].split(",") if name.strip())
        recipe = RoundRecipe(
            classes=classes,
            **{
                name: options[name]
                for name in (
                    "per_class", "low", "high", "share_high", "max_per_track", "licences",
                    "explicit", "seed",
                )
            },
        )  # fmt: skip
        return self.run_job(
            kind="candidates.draw_round",
            title=f"Draw a round from {collection.name}",
            arguments={
                "score_set": str(score_set.pk),
                "recipe": {**asdict(recipe), "classes": list(classes)},
                "processes": options["processes"],
            },
        )
