"""Bring a campaign's live consistency report up to date."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from annotation.aggregation.collected import collect
from annotation.aggregation.judging import judge
from annotation.aggregation.settings import RunSettings
from annotation.models import Campaign, ConsistencyReport
from annotation.reporting.composing import compose
from annotation.reporting.storing import store_report
from consonance.people.access import require
from consonance.people.models import Role

#: Called with what is being done, before it is done; may raise to stop.
Tell = Callable[[int, str], None]
STEPS: Final = 4


def refresh_report(
    *,
    campaign: Campaign,
    settings: RunSettings | None = None,
    actor: Any = None,
    tell: Tell = lambda step, message: None,
) -> ConsistencyReport:
    """Compute a campaign's live report from its answers as of now, and replace the former one.

    Only answers since the last reading are read from the database. A campaign without answers
    gets a report, too: it says so. Done twice it is done once.

    Parameters
    ----------
    campaign
        Whose.
    settings
        Thresholds; those of the latest run, or the defaults, where they are not given.
    actor
        An admin; None for the command line and for jobs that were allowed when they were queued.
    tell
        Is told each step.

    Raises
    ------
    NotAllowedError
        If the actor is no admin here.
    """
    if actor is not None:
        require(actor, Role.ADMIN, *campaign.places)
    settings = settings or _latest_settings(campaign)
    tell(0, "Reading what is new")
    collected = collect(campaign)
    tell(1, "Weighing people and answers")
    judgement = judge(collected, settings)
    tell(2, "Judging classes and people")
    composed = compose(
        campaign,
        collected,
        judgement,
        settings,
        check=lambda: tell(2, "Judging classes and people"),
    )
    tell(3, "Storing the report")
    report = store_report(composed, campaign=campaign, run=None, cutoff=collected.cutoff)
    tell(STEPS, "Done")
    return report


def _latest_settings(campaign: Campaign) -> RunSettings:
    run = campaign.runs.order_by("-number").first()
    if run is None:
        return RunSettings()
    known = RunSettings().as_dict()
    return RunSettings(**{name: run.parameters.get(name, known[name]) for name in known})
