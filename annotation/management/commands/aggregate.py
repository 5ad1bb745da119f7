"""`./consonance aggregate`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from annotation.aggregation.settings import METHODS, RunSettings
from annotation.models import Campaign
from annotation.tasks import AGGREGATE
from consonance.errors import ParameterError, StateError
from consonance.jobs.command import Command as BaseCommand


class Command(BaseCommand):
    """Aggregate ratings into labels."""

    help = "Aggregate a campaign's ratings into labels, and freeze ratings, labels and skills."
    example = "aggregate --collection my-archive --method dawid_skene"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--campaign", metavar="ID", help="a campaign's id")
        where.add_argument(
            "--collection", metavar="SLUG", help="a collection: every campaign of it with ratings"
        )
        default = RunSettings()
        parser.add_argument(
            "--method", choices=METHODS, default=default.method,
            help=f"whose posterior decides; both are computed ({default.method})",
        )  # fmt: skip
        parser.add_argument(
            "--present-from", type=float, default=default.present_from, metavar="P",
            help=f"a label is present from this posterior up ({default.present_from})",
        )  # fmt: skip
        parser.add_argument(
            "--absent-to", type=float, default=default.absent_to, metavar="P",
            help=f"a label is absent from this posterior down ({default.absent_to})",
        )  # fmt: skip

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Aggregate each campaign and return the runs."""
        changed = {name: options[name] for name in ("method", "present_from", "absent_to")}
        RunSettings(**changed)  # wrong numbers are refused before any job is made
        runs = [
            self.run_job(
                kind=AGGREGATE,
                title=f"Aggregate {campaign.name}",
                arguments={"campaign": str(campaign.pk), "settings": changed},
            )
            for campaign in _campaigns(options["campaign"], options["collection"])
        ]
        return {"summary": "\n".join(run["summary"] for run in runs), "runs": runs}


def _campaigns(text: str | None, slug: str | None) -> list[Campaign]:
    if slug:
        found = Campaign.objects.filter(collection__slug=slug, questions__ratings__isnull=False)
        campaigns = list(found.distinct().order_by("created_at"))
        if not campaigns:
            raise StateError(f"No campaign of the collection {slug!r} has ratings yet.")
        return campaigns
    try:
        return [Campaign.objects.get(pk=UUID(str(text)))]
    except (ValueError, Campaign.DoesNotExist):
        raise ParameterError(f"There is no campaign {text!r}.") from None
