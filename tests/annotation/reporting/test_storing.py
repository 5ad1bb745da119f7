"""What refreshing a report replaces, and who may."""

from __future__ import annotations

import pytest

from annotation.actions.refresh_report import refresh_report
from annotation.models import PersonReport, Question
from consonance.errors import NotAllowedError
from tests.annotation.aggregation.crowds import crowd
from tests.factories import RatingFactory, admin, curator

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tables(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"


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
