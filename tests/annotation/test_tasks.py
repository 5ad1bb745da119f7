"""The room's long work as jobs."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from annotation.models import ConsensusRun, ConsistencyReport, Question
from annotation.tasks import AGGREGATE, REPORT
from consonance.errors import ParameterError
from consonance.jobs.actions.enqueue_job import enqueue_job
from consonance.jobs.models import Job
from consonance.jobs.runner import run
from tests.annotation.aggregation.crowds import crowd
from tests.factories import MeasureFactory, RatingFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tables(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"


def queued(kind: str, **arguments: Any) -> Job:
    return enqueue_job(kind=kind, title="Test", arguments=arguments, send=False)


def done(kind: str, **arguments: Any) -> Job:
    finished = run(queued(kind, **arguments).pk, reraise=True)
    assert finished is not None
    return finished


def test_a_report_job_makes_the_live_report_and_the_next_one_refreshes_it():
    campaign = crowd(present=2, absent=2)
    first = done(REPORT, campaign=str(campaign.pk))
    assert (first.state, first.progress_done, first.progress_total) == ("done", 4, 4)
    assert first.result["ratings"] == 20
    assert first.result["summary"] == f"Report of {campaign.name}: 20 ratings by 5 people."
    RatingFactory(question=Question.objects.first())
    second = done(REPORT, campaign=str(campaign.pk))
    assert second.result["report"] == first.result["report"]
    assert second.result["raters"] == 6
    assert ConsistencyReport.objects.count() == 1


def test_an_aggregation_tells_whom_it_left_out_and_what_is_asked_again():
    campaign = crowd(present=2, absent=2, good=2, spammers=1)
    MeasureFactory(campaign=campaign, person=campaign.yes_sayers[0], kind="exclude")
    Question.objects.update(
        state="decided", stop_reason="posterior", answered=3, wanted=3, free=0, log_odds=9
    )
    result = done(AGGREGATE, campaign=str(campaign.pk)).result
    assert result["excluded"] == 1
    assert "1 person left out" in result["summary"]
    assert result["reopened"] == Question.objects.filter(state="open").count()
    assert result["is_new"]
    assert not done(AGGREGATE, campaign=str(campaign.pk)).result["is_new"]


@pytest.mark.parametrize("kind", [AGGREGATE, REPORT])
def test_a_cancelled_job_stops_and_stores_nothing(kind):
    campaign = crowd(present=2, absent=2)
    job = queued(kind, campaign=str(campaign.pk))

    def cancel(running: Job) -> None:
        Job.objects.filter(pk=running.pk).update(cancel_requested=True)

    ended = run(job.pk, listener=cancel)
    assert ended is not None
    assert ended.state == "cancelled"
    assert not ConsensusRun.objects.exists()
    assert not ConsistencyReport.objects.exists()


@pytest.mark.parametrize("kind", [AGGREGATE, REPORT])
def test_a_campaign_that_is_not_there_is_a_sentence(kind):
    with pytest.raises(ParameterError, match="There is no campaign"):
        done(kind, campaign=str(uuid.uuid4()))


def test_what_was_missing_to_judge_people_stands_in_the_log():
    campaign = RatingFactory().question.campaign
    job = done(AGGREGATE, campaign=str(campaign.pk))
    assert "not enough data" in job.events.get().text
