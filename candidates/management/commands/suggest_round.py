"""Suggest the next round from what people have answered."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from candidates.models import ScoreSet
from consonance.catalog.selection import collection_named
from consonance.errors import StateError
from consonance.jobs.command import Command as BaseCommand


class Command(BaseCommand):
    """`./consonance suggest_round`."""

    help = (
        "Calibrate the detector by the crowd's labels of earlier rounds, and say which classes to "
        "ask about next, how often, and from which parts of their likelihoods: the tails for the "
        "quotas, the uncertain for the detector, all alike for coverage."
    )
    example = "suggest_round --collection my-archive --questions 2000 --draw"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--collection", required=True, metavar="SLUG", help="what to draw from")
        parser.add_argument(
            "--questions", type=int, default=2000, help="of the round, all classes together (2000)"
        )
        parser.add_argument(
            "--positives", type=int, default=500, help="wanted of each class, in the end (500)"
        )
        parser.add_argument(
            "--labels", type=int, default=1500, help="wanted of each class, in the end (1500)"
        )
        parser.add_argument(
            "--uncertain", type=float, default=0.25, help="share of the hardest to foretell (0.25)"
        )
        parser.add_argument(
            "--coverage", type=float, default=0.2, help="share drawn from all alike (0.2)"
        )
        parser.add_argument("--seed", type=int, default=0, help="of the draw (0)")
        parser.add_argument("--draw", action="store_true", help="draw the suggested round at once")

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Suggest, and draw if asked to."""
        collection = collection_named(options["collection"])
        score_set = ScoreSet.objects.filter(collection=collection, is_complete=True).first()
        if score_set is None:
            raise StateError(
                f"“{collection}” has no complete scores. Run ./consonance score --collection "
                f"{collection.slug} first."
            )
        aim = ("positives", "labels", "questions", "uncertain", "coverage")
        suggested = self.run_job(
            kind="candidates.suggest_round",
            title=f"Suggest the next round of {collection.name}",
            arguments={
                "score_set": str(score_set.pk),
                "aim": {name: options[name] for name in aim},
                "seed": options["seed"],
            },
        )
        if not options["draw"] or suggested["recipe"] is None:
            return suggested
        drawn = self.run_job(
            kind="candidates.draw_round",
            title=f"Draw a round from {collection.name}",
            arguments={"score_set": str(score_set.pk), "recipe": suggested["recipe"]},
        )
        return {
            **suggested,
            "drawn": drawn,
            "summary": f"{suggested['summary']} {drawn['summary']}",
        }
