"""`./consonance complete_test_set`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from annotation.campaigns.rules import CampaignRules
from consonance.errors import ParameterError
from consonance.jobs.command import Command as BaseCommand
from consonance.web.completing import open_for, plan_for, told
from splits.models import Release


class Command(BaseCommand):
    """Open the campaign that makes a release's test set exhaustive."""

    help = "Ask every class of every test clip of a release that has no label yet."
    example = "complete_test_set my-set-1.0.0 --dry-run"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        usual = CampaignRules()
        parser.add_argument("release", help="NAME-VERSION, or NAME for its newest version")
        parser.add_argument("--name", default="", help="the campaign's name")
        parser.add_argument(
            "--min-ratings", type=int, default=usual.min_ratings,
            help=f"answers a question gets at least ({usual.min_ratings})",
        )  # fmt: skip
        parser.add_argument(
            "--max-ratings", type=int, default=usual.max_ratings,
            help=f"answers a question gets at most ({usual.max_ratings})",
        )  # fmt: skip
        parser.add_argument(
            "--dry-run", action="store_true", help="say what it takes and open nothing"
        )

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Open the campaign, or return the one that is open already."""
        rules = {key: options[key] for key in ("min_ratings", "max_ratings")}
        plan = plan_for(_release(options["release"]), **rules)
        campaign = plan.opened
        forecast = " ".join(told(plan))
        if options["dry_run"]:
            summary = forecast
        elif campaign is not None:
            summary = f"“{campaign}” was open already."
        else:
            campaign = open_for(plan, name=options["name"])
            summary = f"“{campaign}” is open. {forecast}"
        low, high = plan.effort.answers
        return {
            "summary": summary,
            "campaign": None if campaign is None else str(campaign.pk),
            "questions": plan.effort.questions,
            "clips": plan.effort.clips,
            "answers_at_least": low,
            "answers_at_most": high,
            "hours": [round(hours, 2) for hours in plan.effort.hours],
            "missing": plan.missing.by_class,
        }


def _release(text: str) -> Release:
    name, _, version = text.rpartition("-")
    releases = Release.objects.select_related("collection")
    found = releases.filter(name=name, version=version).first()
    found = found or releases.filter(name=text).order_by("-published_at").first()
    if found is None:
        raise ParameterError(
            f"There is no release {text!r}. Give NAME-VERSION, as in my-set-1.0.0."
        )
    return found
