"""Score an archive's excerpts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from consonance.catalog.selection import collection_named
from consonance.jobs.command import Command as BaseCommand


class Command(BaseCommand):
    """`./consonance score`."""

    help = (
        "Score every excerpt of a collection with the instrument detector, into Parquet shards. "
        "Shards that are there already are kept: stop it and start it again at will."
    )
    example = "score --collection my-archive --processes 2"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--collection", required=True, metavar="SLUG", help="what to score")
        parser.add_argument(
            "--detector",
            default="auto",
            metavar="NAME",
            help="mn04, yamnet, default, an .npz of train_detector, or auto: the best one whose "
            "weights are at hand (auto)",
        )
        parser.add_argument("--taxonomy", default="openmic20", metavar="NAME", help="(openmic20)")
        parser.add_argument(
            "--models",
            type=Path,
            metavar="DIR",
            help="folder of weights (CONSONANCE_MODELS, then the user's cache)",
        )
        parser.add_argument("--window-ms", type=int, default=10_000, help="(10000)")
        parser.add_argument("--hop-ms", type=int, default=3_840, help="(3840, OpenMIC's grid)")
        parser.add_argument("--processes", type=int, default=2, help="one thread each (2)")
        parser.add_argument("--shard-tracks", type=int, default=100, help="tracks a shard (100)")

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Score the collection."""
        collection = collection_named(options["collection"])
        models = options["models"]
        return self.run_job(
            kind="candidates.score",
            title=f"Score {collection.name}",
            arguments={
                "collection": str(collection.pk),
                "models_dir": str(models) if models else None,
                **{
                    name: options[name]
                    for name in (
                        "detector", "taxonomy", "window_ms", "hop_ms", "processes", "shard_tracks",
                    )
                },
            },
        )  # fmt: skip
