from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from annotation.actions.finish_welcome import finish_welcome
from annotation.actions.screen_headphones import begin_headphones, rests_until, screen_headphones
from annotation.models import Workload
from annotation.welcome.due import step_due
from annotation.welcome.screening import draw_trials
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import AuditEntry
from tests.annotation.conftest import claim_one, give
from tests.factories import CampaignFactory, QuestionFactory, annotator, researcher

pytestmark = pytest.mark.django_db
TRIALS = draw_trials(np.random.default_rng(7))
QUIET = [quiet for quiet, _ in TRIALS]


def answered(right):
    """Return answers of which so many are right."""
    return QUIET[:right] + [(quiet + 1) % 3 for quiet in QUIET[right:]]


def test_the_first_welcome_stays_noted():
    campaign, ana = CampaignFactory(), annotator()
    assert step_due(campaign, ana) == "welcome"
    first = finish_welcome(campaign=campaign, person=ana).welcomed_at
    assert finish_welcome(campaign=campaign, person=ana).welcomed_at == first
    assert step_due(campaign, ana) == ""


def test_whoever_has_answered_before_there_were_instructions_is_not_sent_to_them():
    campaign, ana = CampaignFactory(), annotator()
    QuestionFactory(campaign=campaign)
    give(ana, claim_one(campaign, ana))
    assert Workload.objects.get(person=ana).welcomed_at is None
    assert step_due(campaign, ana) == ""


def test_simulated_people_are_neither_welcomed_nor_screened():
    campaign = CampaignFactory(checks_headphones=True)
    assert step_due(campaign, annotator(is_simulated=True)) == ""


@pytest.mark.parametrize(("right", "passes"), [(6, True), (5, True), (4, False), (0, False)])
def test_five_of_six_pass_the_headphone_test(right, passes):
    campaign, ana = CampaignFactory(checks_headphones=True), annotator()
    finish_welcome(campaign=campaign, person=ana)
    assert step_due(campaign, ana) == "headphones"
    begin_headphones(campaign=campaign, person=ana)
    result = screen_headphones(
        campaign=campaign, person=ana, trials=TRIALS, answers=answered(right)
    )
    assert (result.right, result.has_passed) == (right, passes)
    work = Workload.objects.get(person=ana)
    assert (work.headphones_at is not None) == passes
    assert work.headphone_tries == 1
    assert step_due(campaign, ana) == ("" if passes else "headphones")
    assert AuditEntry.objects.filter(action="screen_headphones").count() == 1


def test_a_passed_test_stays_passed_and_every_try_is_counted():
    campaign, ana = CampaignFactory(checks_headphones=True), annotator()
    for right in (2, 6, 1):
        begin_headphones(campaign=campaign, person=ana)
        screen_headphones(campaign=campaign, person=ana, trials=TRIALS, answers=answered(right))
    work = Workload.objects.get(person=ana)
    assert work.headphone_tries == 3
    assert work.headphones_at is not None


@pytest.mark.parametrize("answers", [[], QUIET[:5], [*QUIET[:5], 3], [*QUIET[:5], -1]])
def test_a_try_that_is_no_try_changes_nothing(answers):
    campaign, ana = CampaignFactory(checks_headphones=True), annotator()
    with pytest.raises(ParameterError):
        screen_headphones(campaign=campaign, person=ana, trials=TRIALS, answers=answers)
    assert not Workload.objects.exists()


def test_only_annotators_are_welcomed_and_screened():
    campaign, stranger = CampaignFactory(), researcher()
    with pytest.raises(NotAllowedError):
        finish_welcome(campaign=campaign, person=stranger)
    with pytest.raises(NotAllowedError):
        begin_headphones(campaign=campaign, person=stranger)
    with pytest.raises(NotAllowedError):
        screen_headphones(campaign=campaign, person=stranger, trials=TRIALS, answers=QUIET)


def test_a_try_is_counted_when_it_begins_and_judged_once():
    campaign, ana = CampaignFactory(checks_headphones=True), annotator()
    begin_headphones(campaign=campaign, person=ana)
    assert Workload.objects.get(person=ana).headphone_tries == 1
    screen_headphones(campaign=campaign, person=ana, trials=TRIALS, answers=answered(0))
    with pytest.raises(StateError, match="judged already"):
        screen_headphones(campaign=campaign, person=ana, trials=TRIALS, answers=QUIET)
    assert Workload.objects.get(person=ana).headphones_at is None


def test_after_three_tries_comes_a_break_that_grows_with_each():
    campaign, ana = CampaignFactory(checks_headphones=True), annotator()

    def begin(minutes_later=0):
        earlier = timezone.now() - timedelta(minutes=minutes_later)
        AuditEntry.objects.update(at=earlier)
        return begin_headphones(campaign=campaign, person=ana)

    assert [begin(), begin(), begin()] == [1, 2, 3]  # left off: they are tries all the same
    for minutes in (0, 29):
        with pytest.raises(StateError, match="take a break"):
            begin(minutes)
    # Elsewhere, and for others, nothing is to wait for.
    assert begin_headphones(campaign=campaign, person=annotator()) == 1
    assert begin_headphones(campaign=CampaignFactory(), person=ana) == 1
    assert begin(31) == 4
    with pytest.raises(StateError, match="take a break"):
        begin(39)
    assert begin(41) == 5


def test_nobody_waits_who_has_passed():
    campaign, ana = CampaignFactory(checks_headphones=True), annotator()
    for _ in range(3):
        begin_headphones(campaign=campaign, person=ana)
    screen_headphones(campaign=campaign, person=ana, trials=TRIALS, answers=QUIET)
    assert rests_until(Workload.objects.get(person=ana)) is None
