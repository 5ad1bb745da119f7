"""Kinds of long work of this room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from consonance.jobs.registry import register

if TYPE_CHECKING:
    from consonance.jobs.context import JobContext

AGGREGATE = "annotation.aggregate"


@register(AGGREGATE, label="Aggregate ratings")
def aggregate(
    context: JobContext, *, campaign: str, settings: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Make a consensus run of a campaign.

    Parameters
    ----------
    context
        The running job.
    campaign
        Its id.
    settings
        Fields of `annotation.aggregation.settings.RunSettings` that differ from the defaults.
    """
    # Here and not above: the web process must not load the numeric cores.
    from annotation.actions.aggregate_ratings import STEPS, aggregate_ratings
    from annotation.aggregation.settings import RunSettings
    from annotation.models import Campaign
    from consonance.errors import ParameterError

    asked = Campaign.objects.select_related("collection").filter(pk=UUID(campaign)).first()
    if asked is None:
        raise ParameterError(f"There is no campaign {campaign}.")

    def tell(step: int, message: str) -> None:
        context.progress(step, STEPS, unit="steps", message=message)

    done = aggregate_ratings(campaign=asked, settings=RunSettings(**(settings or {})), tell=tell)
    run, labels = done.run, done.run.report["labels"]
    if done.run.report["consensus"]["shortage"]:
        context.log(f"People could not be judged: {done.run.report['consensus']['shortage']}.")
    for table in (run.ratings, run.labels, run.skills):
        context.wrote(table.open().path)
    told = (
        f"{labels['present']} present, {labels['absent']} absent, {labels['undecided']} undecided"
    )
    if not done.is_new:
        told += "; nothing has changed since"
    return {
        "summary": f"Run {run.number} of {asked.name}: {told}.",
        "run": str(run.pk),
        "number": run.number,
        "is_new": done.is_new,
        "method": run.method,
        "ratings": run.report["ratings"],
        "labels": labels,
        "tables": {
            "ratings": run.ratings.sha256,
            "labels": run.labels.sha256,
            "skills": run.skills.sha256,
        },
    }
