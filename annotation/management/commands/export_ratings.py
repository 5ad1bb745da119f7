"""`./consonance export_ratings`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandParser
from django.utils import timezone

from annotation.api.exporting.streaming import written
from annotation.api.exporting.tables import RATING_COLUMNS, Chunk, rating_chunks
from annotation.management.choosing import campaign_by_id
from consonance.errors import ParameterError
from consonance.jobs.command import Command as BaseCommand

_FORMS: Final = ("ndjson", "csv")


class Command(BaseCommand):
    """Write a campaign's ratings to a file."""

    help = "Write all ratings of a campaign to a file, by pseudonym, as JSON lines or as CSV."
    example = "export_ratings --campaign ID --to ratings.csv.gz"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--campaign", metavar="ID", required=True, help="a campaign's id")
        parser.add_argument(
            "--to", metavar="FILE", type=Path, required=True,
            help="ends with .ndjson or .csv, and .gz behind it to pack it; replaced if it is there",
        )  # fmt: skip

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Write the file and tell what is in it."""
        campaign = campaign_by_id(options["campaign"])
        target: Path = options["to"]
        form, packed = _form_of(target)
        if not target.resolve().parent.is_dir():
            raise ParameterError(f"There is no folder {target.resolve().parent}.")
        cutoff = timezone.now()
        count = 0

        def counted() -> Iterator[Chunk]:
            nonlocal count
            for rows in rating_chunks(campaign, cutoff=cutoff):
                count += len(rows)
                yield rows

        partial = target.with_name(f"{target.name}.part")
        try:
            with partial.open("wb") as file:
                for piece in written(RATING_COLUMNS, counted(), form=form, packed=packed):
                    file.write(piece)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return {
            "summary": f"{count:,} ratings of {campaign.name} are in {target}.",
            "ratings": count,
            "file": str(target),
            "bytes": target.stat().st_size,
            "cutoff": cutoff.isoformat(),
        }


def _form_of(target: Path) -> tuple[str, bool]:
    packed = target.suffix == ".gz"
    form = (target.with_suffix("") if packed else target).suffix.removeprefix(".")
    if form not in _FORMS:
        raise ParameterError(
            f"{target.name!r} tells no format. Let it end with .ndjson or .csv, or .gz behind it."
        )
    return form, packed
