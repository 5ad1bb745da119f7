"""`./consonance compare_runs`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from annotation.aggregation.comparing import DECISIONS, Comparison, compare_runs
from annotation.management.choosing import campaign_by_id, run_of
from consonance.jobs.command import Command as BaseCommand

_LISTED = 20


class Command(BaseCommand):
    """Compare two consensus runs."""

    help = "Compare two consensus runs of a campaign label by label."
    example = "compare_runs --campaign 3f0c… 1 2"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--campaign", metavar="ID", required=True, help="a campaign's id")
        parser.add_argument("first", type=int, metavar="FIRST", help="number of a run")
        parser.add_argument("second", type=int, metavar="SECOND", help="number of another")
        parser.add_argument(
            "--changes", type=int, default=_LISTED, metavar="N",
            help=f"how many changed labels to list, those that moved most first ({_LISTED})",
        )  # fmt: skip

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Compare and return what differs."""
        campaign = campaign_by_id(options["campaign"])
        first, second = (run_of(campaign, options[name]) for name in ("first", "second"))
        found = compare_runs(first, second)
        changes = found.changes()[: max(0, options["changes"])]
        return {
            "summary": "\n".join(_told(first.number, second.number, found, changes)),
            "first": first.number,
            "second": second.number,
            "labels": found.labels,
            "changed": found.changed,
            "only_first": found.only_first,
            "only_second": found.only_second,
            "decisions": list(DECISIONS),
            "matrix": found.matrix,
            "classes": found.classes,
            "parameters": found.parameters,
            "exclusions": found.exclusions,
            "changes": changes,
        }


def _told(first: int, second: int, found: Comparison, changes: list[Any]) -> list[str]:
    lines = [
        f"Of {found.labels:,} labels that runs {first} and {second} both have, {found.changed:,}"
        f" changed. Only in run {first}: {found.only_first:,}; only in run {second}:"
        f" {found.only_second:,}."
    ]
    lines += [
        f"  {before} -> {after}: {count:,}"
        for before, row in zip(DECISIONS, found.matrix, strict=True)
        for after, count in zip(DECISIONS, row, strict=True)
        if before != after and count
    ]
    lines += [f"  {row['name']}: {row['first']} -> {row['second']}" for row in found.parameters]
    for name, number in (("first", first), ("second", second)):
        lines += [
            f"  left out of run {number} only: {row['rater']} ({row['reason']})"
            for row in found.exclusions[name]
        ]
    lines += [
        f"  {row['sample_key']} {row['class_name']}: {row['first']} {row['first_posterior']:.3f}"
        f" -> {row['second']} {row['second_posterior']:.3f}"
        for row in changes
    ]
    return lines
