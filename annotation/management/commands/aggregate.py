"""`./consonance aggregate`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser

from annotation.aggregation.settings import METHODS, RunSettings
from annotation.management.choosing import campaign_by_id
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
            help=f"whose posterior decides ({default.method})",
        )  # fmt: skip
        parser.add_argument(
            "--present-from", type=float, default=default.present_from, metavar="P",
            help=f"a label is present from this posterior up ({default.present_from})",
        )  # fmt: skip
        parser.add_argument(
            "--absent-to", type=float, default=default.absent_to, metavar="P",
            help=f"a label is absent from this posterior down ({default.absent_to})",
        )  # fmt: skip

        parser.add_argument(
            "--no-detector", action="store_true",
            help="compute no second posterior with the detector's likelihoods as prior",
        )  # fmt: skip
        parser.add_argument(
            "--cutoff", metavar="TIME",
            help="only ratings up to here, as 2026-05-31T18:00+00:00 (now)",
        )  # fmt: skip

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Aggregate each campaign and return the runs."""
        changed = {name: options[name] for name in ("method", "present_from", "absent_to")}
        changed["use_detector"] = not options["no_detector"]
        RunSettings(**changed)  # wrong numbers are refused before any job is made
        arguments: dict[str, Any] = {"settings": changed}
        if options["cutoff"]:
            arguments["cutoff"] = _moment(options["cutoff"]).isoformat()
        runs = [
            self.run_job(
                kind=AGGREGATE,
                title=f"Aggregate {campaign.name}",
                arguments={"campaign": str(campaign.pk), **arguments},
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
    return [campaign_by_id(str(text))]


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ParameterError(f"{text!r} is no time. Write it as 2026-05-31T18:00+00:00.") from None
    if found.tzinfo is None:
        raise ParameterError(f"{text!r} has no time zone. Add +00:00 for UTC.")
    return found
