"""When a stored report is behind the answers, and what replacing it does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.actions.refresh_report import refresh_report
from annotation.models import ConsistencyReport, PersonReport, Question, Rating
from annotation.reporting.storing import LEAST_AGE, is_stale, live_report
from consonance.errors import NotAllowedError
from tests.annotation.aggregation.crowds import crowd
from tests.factories import (
    CampaignFactory,
    GoldAnswerFactory,
    MeasureFactory,
    RatingFactory,
    admin,
    curator,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tables(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"


def aged(campaign, **age) -> ConsistencyReport:
    """Make a report of some time ago, of answers before it."""
    at = timezone.now() - timedelta(**(age or {"hours": 1}))
    Rating.objects.update(created_at=at - timedelta(hours=1))
    report = refresh_report(campaign=campaign)
    ConsistencyReport.objects.filter(pk=report.pk).update(cutoff=at, computed_at=at)
    return report


def test_a_campaign_with_answers_and_no_report_is_behind():
    campaign = crowd(present=1, absent=1)
    assert live_report(campaign) is None
    assert is_stale(campaign)
    assert not is_stale(CampaignFactory())


def test_a_report_of_everything_is_not_behind():
    campaign = crowd(present=1, absent=1)
    aged(campaign)
    assert not is_stale(campaign)


def test_an_answer_since_makes_it_stale_but_not_within_a_minute():
    campaign = crowd(present=1, absent=1)
    report = aged(campaign)
    RatingFactory(question=Question.objects.first())
    assert is_stale(campaign)
    ConsistencyReport.objects.filter(pk=report.pk).update(computed_at=timezone.now())
    assert not is_stale(campaign)
    ConsistencyReport.objects.filter(pk=report.pk).update(
        computed_at=timezone.now() - LEAST_AGE - timedelta(seconds=1)
    )
    assert is_stale(campaign)


def test_an_answer_elsewhere_does_not():
    campaign = crowd(present=1, absent=1)
    aged(campaign)
    RatingFactory()
    assert not is_stale(campaign)


@pytest.mark.parametrize("what", ["undo", "exclude", "lift", "gold", "retire", "version"])
def test_whatever_else_changes_it_makes_it_stale(what):
    campaign = crowd(present=1, absent=1)
    now = timezone.now()
    measure = MeasureFactory(campaign=campaign, kind="exclude")
    gold = GoldAnswerFactory(question=Question.objects.first())
    type(measure).objects.update(created_at=now - timedelta(days=3))
    type(gold).objects.update(created_at=now - timedelta(days=3))
    report = aged(campaign)
    assert not is_stale(campaign)
    if what == "undo":
        first = Rating.objects.first()
        Rating.objects.filter(pk=first.pk).update(is_withdrawn=True, withdrawn_at=now)
    elif what == "exclude":
        MeasureFactory(campaign=campaign, kind="exclude")
    elif what == "lift":
        type(measure).objects.update(lifted_at=now)
    elif what == "gold":
        GoldAnswerFactory(question=Question.objects.last(), collection=campaign.collection)
    elif what == "retire":
        type(gold).objects.update(retired_at=now)
    else:
        ConsistencyReport.objects.filter(pk=report.pk).update(data={"version": 1})
    assert is_stale(campaign)


def test_refreshing_replaces_the_live_report_and_its_people():
    campaign = crowd(present=2, absent=2, good=2, spammers=1)
    first = refresh_report(campaign=campaign)
    assert (first.ratings, first.people.count()) == (12, 3)
    RatingFactory(question=Question.objects.first())
    second = refresh_report(campaign=campaign)
    assert second.pk == first.pk
    assert (second.ratings, second.people.count()) == (13, 4)
    assert PersonReport.objects.count() == 4
    assert second.cutoff > first.cutoff


def test_only_an_admin_may_refresh():
    campaign = crowd(present=1, absent=1)
    with pytest.raises(NotAllowedError):
        refresh_report(campaign=campaign, actor=curator())
    assert refresh_report(campaign=campaign, actor=admin()).ratings == 10
