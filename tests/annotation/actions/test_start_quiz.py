from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.actions.start_quiz import start_quiz
from annotation.gold.quiz_breaks import breaks
from annotation.models import QuizAttempt
from consonance.errors import NotAllowedError, StateError
from consonance.ledger.models import AuditEntry
from tests.annotation.golden import golden
from tests.factories import MeasureFactory, annotator, researcher

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return annotator()


@pytest.fixture
def campaign(ana):
    campaign = golden()
    MeasureFactory(campaign=campaign, person=ana, kind="requiz")
    return campaign


def test_a_quiz_asks_its_clips_in_places_from_one(campaign, ana):
    attempt = start_quiz(campaign=campaign, person=ana)
    assert [item.place for item in attempt.items.all()] == list(range(1, 9))
    assert {item.answer for item in attempt.items.all()} == {""}
    assert AuditEntry.objects.get(action="start_quiz").actor == ana


def test_beginning_twice_goes_on_with_what_was_begun(campaign, ana):
    first = start_quiz(campaign=campaign, person=ana)
    assert start_quiz(campaign=campaign, person=ana) == first
    assert QuizAttempt.objects.count() == 1


def test_what_was_begun_goes_on_though_the_measure_was_lifted(campaign, ana):
    first = start_quiz(campaign=campaign, person=ana)
    ana.measures.update(lifted_at=timezone.now())
    assert start_quiz(campaign=campaign, person=ana) == first


def test_who_was_not_asked_learns_nothing_of_gold(campaign):
    with pytest.raises(StateError, match="Nobody asked you"):
        start_quiz(campaign=campaign, person=annotator())
    assert not QuizAttempt.objects.exists()


def test_too_little_gold_is_said_kindly(ana):
    campaign = golden(present=1)
    MeasureFactory(campaign=campaign, person=ana, kind="requiz")
    with pytest.raises(StateError, match="not enough clips"):
        start_quiz(campaign=campaign, person=ana)


def test_a_closed_campaign_has_no_quiz(campaign, ana):
    campaign.state = "closed"
    with pytest.raises(StateError, match="closed"):
        start_quiz(campaign=campaign, person=ana)


def test_only_annotators_take_it(campaign):
    stranger = researcher()
    MeasureFactory(campaign=campaign, person=stranger, kind="requiz")
    with pytest.raises(NotAllowedError):
        start_quiz(campaign=campaign, person=stranger)


def test_after_a_failed_attempt_comes_a_break_and_after_three_the_next_day(campaign, ana):
    noon = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    for number in range(3):
        failed = noon + timedelta(minutes=20 * number)
        QuizAttempt.objects.create(
            campaign=campaign, person=ana, finished_at=failed, has_passed=False
        )
        soon = breaks(campaign, ana, failed + timedelta(minutes=8, seconds=30))[None]
        if number < 2:
            assert soon.until == failed + timedelta(minutes=10)
            assert "in 2 min" in soon.told
            assert breaks(campaign, ana, failed + timedelta(minutes=10)) == {}
    rest = breaks(campaign, ana, noon + timedelta(hours=11))[None]
    assert "3 times today" in rest.told
    assert rest.until == noon + timedelta(hours=12)
    assert breaks(campaign, ana, noon + timedelta(hours=13)) == {}
    assert breaks(campaign, annotator(), noon) == {}
    QuizAttempt.objects.update(finished_at=timezone.now())
    with pytest.raises(StateError, match="tomorrow"):
        start_quiz(campaign=campaign, person=ana)


def test_what_was_open_when_it_was_asked_for_ends_not_passed(ana):
    campaign = golden()
    campaign.requires_quiz = True
    target = campaign.guidelines.get().target
    first = start_quiz(campaign=campaign, person=ana, target=target)
    assert start_quiz(campaign=campaign, person=ana, target=target) == first
    MeasureFactory(campaign=campaign, person=ana, kind="requiz")
    second = start_quiz(campaign=campaign, person=ana, target=target)
    assert second != first
    assert second.target is None
    first.refresh_from_db()
    assert first.has_passed is False
    assert first.finished_at is not None
    assert AuditEntry.objects.get(action="end_quiz").actor == ana
    assert start_quiz(campaign=campaign, person=ana) == second
