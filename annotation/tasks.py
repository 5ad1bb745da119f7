"""Kinds of long work of this room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from consonance.jobs.registry import register

if TYPE_CHECKING:
    from annotation.models import Campaign
    from consonance.jobs.context import JobContext

AGGREGATE = "annotation.aggregate"
REPORT = "annotation.report"


@register(AGGREGATE, label="Aggregate ratings")
def aggregate(
    context: JobContext,
    *,
    campaign: str,
    settings: dict[str, Any] | None = None,
    cutoff: str | None = None,
) -> dict[str, Any]:
    """Make a consensus run of a campaign, with its report, and weigh open questions anew.

    Parameters
    ----------
    context
        The running job.
    campaign
        Its id.
    settings
        Fields of `annotation.aggregation.settings.RunSettings` that differ from the defaults.
    cutoff
        As of when ratings count, in ISO 8601; as of the start by default.
    """
    # Here and not above: the web process must not load the numeric cores.
    from datetime import datetime

    from annotation.actions.aggregate_ratings import STEPS, aggregate_ratings
    from annotation.actions.refit_questions import refit_questions
    from annotation.aggregation.settings import RunSettings

    asked = _campaign(campaign)
    done = aggregate_ratings(
        campaign=asked,
        settings=RunSettings(**(settings or {})),
        cutoff=None if cutoff is None else datetime.fromisoformat(cutoff),
        tell=_teller(context, STEPS + 1),
    )
    run, summary = done.run, done.run.summary
    if summary["consensus"]["shortage"]:
        context.log(f"People could not be judged: {summary['consensus']['shortage']}.")
    for table in (run.ratings, run.labels, run.skills):
        context.wrote(table.open().path)
    # Also where nothing is new: a worker may have been killed between the run and this.
    context.progress(STEPS, STEPS + 1, unit="steps", message="Weighing answers anew")
    refitted = refit_questions(run=run, check=context.check)
    context.progress(STEPS + 1, STEPS + 1, unit="steps", message="Done")
    labels = summary["labels"]
    told = (
        f"{labels['present']} present, {labels['absent']} absent, {labels['undecided']} undecided"
    )
    if run.exclusions:
        told += f"; {_people(len(run.exclusions))} left out"
    if refitted.reopened:
        told += f"; {_questions(refitted.reopened)} asked again"
    if not done.is_new:
        told += "; nothing has changed since"
    return {
        "summary": f"Run {run.number} of {asked.name}: {told}.",
        "run": str(run.pk),
        "number": run.number,
        "is_new": done.is_new,
        "method": run.method,
        "cutoff": run.cutoff.isoformat() if run.cutoff else None,
        "ratings": summary["ratings"],
        "excluded": len(run.exclusions),
        "labels": labels,
        "decided": refitted.decided,
        "reopened": refitted.reopened,
        "tables": {
            "ratings": run.ratings.sha256,
            "labels": run.labels.sha256,
            "skills": run.skills.sha256,
        },
    }


@register(REPORT, label="Refresh a consistency report")
def report(context: JobContext, *, campaign: str) -> dict[str, Any]:
    """Bring a campaign's live report up to date.

    Parameters
    ----------
    context
        The running job.
    campaign
        Its id.
    """
    from annotation.actions.refresh_report import STEPS, refresh_report

    asked = _campaign(campaign)
    made = refresh_report(campaign=asked, tell=_teller(context, STEPS))
    counts = made.data["counts"]
    return {
        "summary": (
            f"Report of {asked.name}: {counts['ratings']:,} ratings by {_people(counts['raters'])}."
        ),
        "report": str(made.pk),
        "ratings": counts["ratings"],
        "raters": counts["raters"],
        "cutoff": made.cutoff.isoformat(),
    }


def _campaign(pk: str) -> Campaign:
    from annotation.models import Campaign
    from consonance.errors import ParameterError

    asked = Campaign.objects.select_related("collection").filter(pk=UUID(pk)).first()
    if asked is None:
        raise ParameterError(f"There is no campaign {pk}.")
    return asked


def _teller(context: JobContext, steps: int) -> Any:
    def tell(step: int, message: str) -> None:
        context.check()  # progress asks only now and then
        context.progress(step, steps, unit="steps", message=message)

    return tell


def _people(number: int) -> str:
    return f"{number:,} {'person' if number == 1 else 'people'}"


def _questions(number: int) -> str:
    return f"{number:,} question{'' if number == 1 else 's'}"
