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
            help="mn04, yamnet, default, the name of one made here (or NAME@VERSION), an .npz with "
            "its card, or auto: the best one whose weights are at hand (auto)",
        )
        parser.add_argument(
            "--taxonomy",
            default="openmic20",
            metavar="NAME",
            help="its newest published version, or NAME@VERSION (openmic20)",
        )
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
        parser.add_argument(
            "--audio",
            default="",
            metavar="DIR",
            help="folder or address (s3://bucket/archive) that the recordings lie under, when it "
            "is not where they were imported from",
        )
        parser.add_argument(
            "--workers", action="store_true", help="let the queue's workers help, a shard at a time"
        )
        parser.add_argument(
            "--forecast",
            action="store_true",
            help="time some recordings, say how long all will take and how large, and stop",
        )

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Score the collection."""
        collection = collection_named(options["collection"])
        models = options["models"]
        arguments = {
            "collection": str(collection.pk),
            "models_dir": str(models) if models else None,
            **{
                name: options[name]
                for name in ("detector", "taxonomy", "audio", "window_ms", "hop_ms", "processes")
            },
        }
        if options["forecast"]:
            return self.run_job(
                kind="candidates.forecast_scores",
                title=f"Forecast the cost of scoring {collection.name}",
                arguments=arguments,
            )
        return self.run_job(
            kind="candidates.score",
            title=f"Score {collection.name}",
            arguments={
                **arguments,
                "shard_tracks": options["shard_tracks"],
                "fan_out": options["workers"],
            },
        )
