"""`./consonance set_gold`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from annotation.actions.import_gold import import_gold
from annotation.gold.file import read_gold
from annotation.models import GoldAnswer
from consonance.catalog.models import Collection
from consonance.errors import ParameterError
from consonance.jobs.command import Command as BaseCommand


class Command(BaseCommand):
    """Take over gold from a file."""

    help = (
        "Take over what is known of clips: a CSV file with the columns clip (sample key), class,"
        " truth (present or absent) and, if you like, explanation."
    )
    example = "set_gold --collection my-archive --file gold.csv"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--collection", metavar="SLUG", required=True, help="a collection")
        parser.add_argument("--file", type=Path, metavar="FILE", required=True, help="a CSV file")
        default = GoldAnswer.Source.IMPORTED.value
        parser.add_argument(
            "--source", choices=GoldAnswer.Source.values, default=default,
            help=f"where the knowledge comes from ({default})",
        )  # fmt: skip
        parser.add_argument(
            "--quiz", action="store_true", help="the clips are clear enough to teach with"
        )

        parser.add_argument(
            "--replace", action="store_true",
            help="the file is all of it: retire earlier gold of this source that it does not name",
        )  # fmt: skip
        parser.add_argument(
            "--dry-run", action="store_true", help="tell what would change, and store nothing"
        )

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Read the whole file, then store all of it or nothing."""
        slug = options["collection"]
        collection = Collection.objects.filter(slug=slug).first()
        if collection is None:
            raise ParameterError(f"There is no collection {slug!r}.")
        gold = read_gold(options["file"], collection, is_quiz=options["quiz"])
        is_dry = options["dry_run"]
        done = import_gold(
            collection=collection,
            gold=gold,
            source=options["source"],
            replace=options["replace"],
            dry_run=is_dry,
        )
        told = (
            f"Gold of {collection}{', if it were stored' if is_dry else ''}: {done.added} added,"
            f" {done.replaced} replaced, {done.unchanged} known already"
        )
        told += f", {done.retired} retired." if options["replace"] else "."
        if done.contradicting:
            told += (
                f" {done.contradicting} contradict what somebody else knows, and count for nothing"
                " until one of the two is retired."
            )
        return {
            "summary": told,
            "lines": len(gold),
            "added": done.added,
            "replaced": done.replaced,
            "unchanged": done.unchanged,
            "retired": done.retired,
            "stored": not is_dry,
            "contradicting": done.contradicting,
        }
