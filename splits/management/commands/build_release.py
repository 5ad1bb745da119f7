"""Build a release."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from consonance.catalog.models import FrozenTableRow
from consonance.catalog.selection import collection_named
from consonance.errors import ParameterError, StateError
from consonance.jobs.command import Command as BaseCommand
from splits.recipes import DUPLICATE_POLICIES, ENGINES, ReleaseRecipe


class Command(BaseCommand):
    """`./consonance build_release`."""

    help = (
        "Build a release from a collection's newest labels (or those you name): find duplicates, "
        "split by artist, write the OpenMIC-2018 tree, verify it and publish it. A release that "
        "would break its contract is refused with the list of what is missing."
    )
    example = "build_release --collection my-archive --name my-set --version 1.0.0"

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Let the release's --version take the place of Django's own."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--collection", required=True, metavar="SLUG")
        parser.add_argument("--labels", metavar="HASH", help="labels table (the newest)")
        parser.add_argument("--name", required=True, help="lower-case words joined by hyphens")
        parser.add_argument("--version", required=True, help="MAJOR.MINOR.PATCH")
        parser.add_argument("--title", default="", help="for people (the name)")
        parser.add_argument("--description", default="", help="a paragraph for people")
        parser.add_argument("--creator", action="append", default=[], help="to cite; repeatable")
        parser.add_argument("--homepage", default="", help="public address of the release's page")
        parser.add_argument("--min-positives", type=int, default=500, help="a class (500)")
        parser.add_argument("--min-labels", type=int, default=1500, help="a class (1500)")
        parser.add_argument(
            "--shares",
            default="train=0.6,validation=0.15,test=0.25",
            help="partitions and their shares (train=0.6,validation=0.15,test=0.25)",
        )
        parser.add_argument(
            "--duplicates",
            choices=DUPLICATE_POLICIES,
            default="keep_one",
            help="what to do with verified copies (keep_one)",
        )
        parser.add_argument(
            "--any-licence",
            action="store_true",
            help="take clips of any or no licence: for use inside the house only",
        )
        parser.add_argument(
            "--leave-out",
            action="append",
            default=[],
            metavar="CLASS",
            help="do without this class, for instance one too rare for the contract; repeatable",
        )
        parser.add_argument(
            "--engine",
            choices=ENGINES,
            default="consonance",
            help="which splitter divides the clips (consonance)",
        )
        parser.add_argument(
            "--whole-albums",
            action="store_true",
            help="never divide an album either; one of several artists ties them together",
        )
        parser.add_argument(
            "--split-anew",
            action="store_true",
            help="divide all clips again; else those of the last version keep their partition",
        )
        parser.add_argument("--seed", type=int, default=0, help="of the split (0)")

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Build it."""
        collection = collection_named(options["collection"])
        tables = FrozenTableRow.objects.filter(kind="labels", collection=collection)
        if options["labels"]:
            tables = tables.filter(sha256__startswith=options["labels"])
        labels = tables.first()
        if labels is None:
            raise StateError(
                f"“{collection}” has no such labels. Run ./consonance aggregate --collection "
                f"{collection.slug} first."
            )
        recipe = ReleaseRecipe(
            name=options["name"],
            version=options["version"],
            title=options["title"] or options["name"],
            description=options["description"],
            creators=tuple(options["creator"]),
            homepage=options["homepage"],
            min_positives=options["min_positives"],
            min_labels=options["min_labels"],
            shares=_shares(options["shares"]),
            duplicates=options["duplicates"],
            any_licence=options["any_licence"],
            leave_out=tuple(options["leave_out"]),
            seed=options["seed"],
            engine=options["engine"],
            whole_albums=options["whole_albums"],
            split_anew=options["split_anew"],
        )
        return self.run_job(
            kind="splits.build_release",
            title=f"Build {recipe.name} {recipe.version}",
            arguments={"labels": labels.sha256, "recipe": recipe.as_json()},
        )


def _shares(text: str) -> dict[str, float]:
    shares = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        try:
            shares[name.strip()] = float(value)
        except ValueError:
            equals = ""
        if not equals or not name.strip():
            raise ParameterError(f"--shares {text!r}: write train=0.6,validation=0.15,test=0.25.")
    return shares
