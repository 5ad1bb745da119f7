"""Make the map of a collection's embeddings."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from candidates.models import ScoreSet
from candidates.scoring.embedding_map import MOST
from consonance.catalog.selection import collection_named
from consonance.errors import StateError
from consonance.jobs.command import Command as BaseCommand


class Command(BaseCommand):
    """`./consonance map_embeddings`."""

    help = (
        "Lay a sample of a collection's excerpts and all its rounds onto a plane by their "
        "embeddings (principal components), for the map among the rounds' pages."
    )
    example = "map_embeddings --collection my-archive"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--collection", required=True, metavar="SLUG", help="what to map")
        parser.add_argument(
            "--sample", type=int, default=MOST, help=f"excerpts at most, up to {MOST} ({MOST})"
        )
        parser.add_argument("--seed", type=int, default=0, help="of the sample (0)")

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Make the map."""
        collection = collection_named(options["collection"])
        score_set = ScoreSet.objects.filter(collection=collection, is_complete=True).first()
        if score_set is None:
            raise StateError(
                f"“{collection}” has no complete scores. Run ./consonance score --collection "
                f"{collection.slug} first."
            )
        return self.run_job(
            kind="candidates.map_embeddings",
            title=f"Map {collection.name}",
            arguments={
                "score_set": str(score_set.pk),
                "most": options["sample"],
                "seed": options["seed"],
            },
        )
