"""Look for duplicates among a collection's clips."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from consonance.catalog.selection import collection_named
from consonance.jobs.command import Command as BaseCommand
from splits.actions.find_duplicates import KIND


class Command(BaseCommand):
    """`./consonance find_duplicates`."""

    help = (
        "Compare a collection's clips with each other: hashes first, then fingerprints, aligned in "
        "time, with a threshold that strangers set. What was found is kept for its curators, who "
        "hear doubtful pairs on the page; releases follow their verdicts."
    )
    example = "find_duplicates --collection my-archive --recordings"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--collection", required=True, metavar="SLUG")
        parser.add_argument(
            "--recordings",
            action="store_true",
            help="compare whole recordings, too, where their files are at hand",
        )
        parser.add_argument(
            "--expected-false-edges",
            type=float,
            metavar="N",
            help="strangers taken for copies among all pairs, at most 1; sets thresholds (0.1)",
        )

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Compare them."""
        collection = collection_named(options["collection"])
        return self.run_job(
            kind=KIND,
            title=f"Find duplicates in {collection.name}"[:200],
            arguments={
                "collection": str(collection.pk),
                "recordings": options["recordings"],
                "expected_false_edges": options["expected_false_edges"],
            },
        )
