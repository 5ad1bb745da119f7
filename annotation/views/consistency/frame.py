"""What all consistency pages share: campaign, report, tabs, how fresh it is, what is running."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from annotation.campaigns.reached import campaign_of, latest_report
from annotation.models import (
    Campaign,
    ConsensusRun,
    ConsistencyReport,
    GoldAnswer,
    Measure,
    Question,
    Rating,
)
from annotation.presenting.links import page_url
from annotation.reporting.shape import REPORT_VERSION, ReportData
from annotation.tasks import AGGREGATE, REPORT
from consonance.jobs.models import Job, JobState
from consonance.people.access import roles
from consonance.people.models import Role

#: Key, words, name of the address, and who may look.
TABS: Final = (
    ("overview", "Overview", "consistency_campaign", Role.ADMIN),
    ("classes", "Classes", "consistency_classes", Role.ADMIN),
    ("people", "People", "consistency_people", Role.ADMIN),
    ("pairs", "Pairs", "consistency_pairs", Role.ADMIN),
    ("clips", "Clips", "consistency_clips", Role.CURATOR),
    ("runs", "Runs", "consistency_runs", Role.ADMIN),
)  # fmt: skip
#: Answers since a report are counted up to here: more is "more".
SINCE_LIMIT: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """How far a report lies behind what people have answered.

    Attributes
    ----------
    cutoff
        Ratings up to here are in the report; None without a report.
    answers
        Given or taken back since, at most `SINCE_LIMIT`.
    measures
        People left out of consensus or let in again since.
    gold
        Gold answers set or retired since.
    job
        What is being computed now.
    failed
        The last computation, if it failed and nothing succeeded since.
    is_outdated
        Whether an older version of Consonance wrote the report.
    """

    cutoff: datetime | None
    answers: int
    measures: int
    gold: int
    job: Job | None
    failed: Job | None
    is_outdated: bool

    @property
    def is_stale(self) -> bool:
        """Whether computing again would tell something new."""
        return self.cutoff is None or bool(
            self.answers or self.measures or self.gold or self.is_outdated
        )

    @property
    def is_more(self) -> bool:
        """Whether more answers came than were counted."""
        return self.answers >= SINCE_LIMIT


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A campaign and the report that a page is about.

    Attributes
    ----------
    campaign
        With its collection.
    run
        The run that is asked for or whose report is shown; None where the live report is.
    report
        None where nothing has been computed yet.
    data
        The report's content; None without one, or where an older version of Consonance wrote it.
    context
        For the template `annotation/consistency/layout.html`: campaign, run, report, data, tabs,
        fresh, may_refresh, is_outdated, has_ratings, run_query, latest_url (without the run).
    """

    campaign: Campaign
    run: ConsensusRun | None
    report: ConsistencyReport | None
    data: ReportData | None
    context: dict[str, Any]

    @property
    def run_number(self) -> int | None:
        """The number to keep in addresses: that of a run that was asked for by `?run=`."""
        return cast("int | None", self.context["run_query"])

    def url(self, name: str, *arguments: Any, **query: Any) -> str:
        """Return the address of a page of this campaign, about the same run."""
        return page_url(name, self.campaign.pk, *arguments, run=self.run_number, **query)

    def latest_url(self, name: str, *arguments: Any, **query: Any) -> str:
        """Return the address of a page of this campaign, about the latest report."""
        return page_url(name, self.campaign.pk, *arguments, **query)


def frame(
    request: HttpRequest,
    campaign_id: UUID,
    *,
    tab: str,
    role: Role = Role.ADMIN,
    run_number: int | None = None,
) -> Frame:
    """Return what a consistency page starts from.

    `?run=N` asks for the report of a run; without it the live one is shown, or the newest run's
    when there is no live one.

    Parameters
    ----------
    request
        Who asks, and for which run.
    campaign_id
        Whose report.
    tab
        A key of `TABS`; empty for pages beside them.
    role
        Who may look.
    run_number
        The run that the address itself names; it goes before `?run=`.

    Raises
    ------
    Http404
        If there is no such campaign or run.
    NotAllowedError
        If the person lacks the role.
    """
    campaign = campaign_of(request, campaign_id, role)
    held = roles(request.user, *campaign.places)
    asked = request.GET.get("run", "") if run_number is None else str(run_number)
    run, report = _asked(campaign, asked) if asked else _latest(campaign)
    fresh = freshness(campaign, report)
    stored = report.data if report is not None else None
    data = None if fresh.is_outdated else cast("ReportData | None", stored)
    run_query = run.number if run is not None and asked else None
    context: dict[str, Any] = {
        "campaign": campaign,
        "run": run,
        "report": report,
        "data": data,
        "is_outdated": fresh.is_outdated,
        "run_query": run_query,
        "latest_url": request.path
        if run_number is None
        else page_url("consistency_campaign", campaign.pk),
        "tabs": _tabs(campaign, tab, held, run_query),
        "tab": tab,
        "fresh": fresh,
        "may_refresh": Role.ADMIN in held,
        "has_ratings": report is not None or _has_ratings(campaign),
    }
    return Frame(campaign=campaign, run=run, report=report, data=data, context=context)


def freshness(campaign: Campaign, report: ConsistencyReport | None) -> Freshness:
    """Return how far a report lies behind, and what is being done about it."""
    jobs = Job.objects.filter(
        kind__in=(REPORT, AGGREGATE), arguments__campaign=str(campaign.pk)
    ).recent()
    last = jobs.first()
    is_newer = last is not None and (report is None or last.created_at > report.computed_at)
    since = report.cutoff if report is not None else None
    return Freshness(
        cutoff=since,
        answers=_answers_since(campaign, since) if since is not None else 0,
        measures=_measures_since(campaign, since) if since is not None else 0,
        gold=_gold_since(campaign, since) if since is not None else 0,
        job=last if last is not None and not last.is_final else None,
        failed=last if last is not None and is_newer and last.state == JobState.FAILED else None,
        is_outdated=report is not None and report.data.get("version") != REPORT_VERSION,
    )


def _answers_since(campaign: Campaign, since: datetime) -> int:
    # Both sides have an index of their own, by time; joined to questions, SQLite would rather look
    # up every question of the campaign.
    here = Question.objects.filter(pk=OuterRef("question_id"), campaign=campaign)
    of = Rating.objects.filter(Exists(here)).order_by()
    given = of.filter(created_at__gt=since, is_withdrawn=False)
    taken_back = of.filter(withdrawn_at__gt=since, created_at__lte=since)
    number = given[:SINCE_LIMIT].count() + taken_back[:SINCE_LIMIT].count()
    return min(SINCE_LIMIT, number)


def _measures_since(campaign: Campaign, since: datetime) -> int:
    moved = Q(created_at__gt=since) | Q(lifted_at__gt=since)
    return Measure.objects.filter(moved, campaign=campaign, kind=Measure.Kind.EXCLUDE).count()


def _gold_since(campaign: Campaign, since: datetime) -> int:
    moved = Q(created_at__gt=since) | Q(retired_at__gt=since)
    return GoldAnswer.objects.filter(moved, collection=campaign.collection_id).count()


def _has_ratings(campaign: Campaign) -> bool:
    return campaign.questions.filter(answered__gt=0).exists()


def _asked(campaign: Campaign, number: str) -> tuple[ConsensusRun, ConsistencyReport | None]:
    run: ConsensusRun = get_object_or_404(
        campaign.runs.select_related("consistency"),
        number=int(number) if number.isdecimal() and len(number) < 10 else 0,
    )
    return run, getattr(run, "consistency", None)


def _latest(campaign: Campaign) -> tuple[ConsensusRun | None, ConsistencyReport | None]:
    report = latest_report(campaign)
    return (report.run if report is not None else None), report


def _tabs(
    campaign: Campaign, active: str, held: set[Role], run_number: int | None
) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "url": page_url(name, campaign.pk, run=None if key == "runs" else run_number),
            "active": key == active,
        }
        for key, label, name, role in TABS
        if role in held
    ]
