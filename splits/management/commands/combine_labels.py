"""`./consonance combine_labels`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from consonance.catalog.models import FrozenTableRow
from consonance.errors import ParameterError
from consonance.jobs.command import Command as BaseCommand
from splits.actions.combine_labels import combine_labels


class Command(BaseCommand):
    """Combine labels of several runs."""

    help = "Put labels of several consensus runs of a collection into one table to release."
    example = "combine_labels 5f0c… 91ab…"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "labels", nargs="+", metavar="HASH",
            help="labels tables by the beginning of their hashes, the leading one first",
        )  # fmt: skip

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Combine the tables and return the new one's hash."""
        made = combine_labels(sources=[_table(text) for text in options["labels"]])
        return {
            "summary": f"{made.rows} labels in {made.sha256}. Build a release of them with"
            f" ./consonance build_release --labels {made.sha256[:12]} …",
            "labels": made.sha256,
            "rows": made.rows,
            "combines": made.facts["combines"],
        }


def _table(text: str) -> FrozenTableRow:
    found = list(FrozenTableRow.objects.filter(kind="labels", sha256__startswith=text)[:2])
    if len(text) < 6 or len(found) != 1:
        raise ParameterError(
            f"{text!r} names {'several tables' if len(found) > 1 else 'no table'} of labels: give"
            " the first six signs of a hash or more."
        )
    return found[0]
