from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.actions.finish_welcome import finish_welcome
from annotation.actions.screen_headphones import begin_headphones, screen_headphones
from annotation.models import Workload
from annotation.welcome.due import step_due
from annotation.welcome.tries import open_try, rests_until, trials_of
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import AuditEntry
from tests.annotation.conftest import claim_one, give
from tests.factories import CampaignFactory, QuestionFactory, annotator, researcher

pytestmark = pytest.mark.django_db


def answers_to(campaign, person, right, number=1):
    """Return answers to a try of which so many are right."""
    quiet = [place for place, _ in trials_of(campaign, person, number)]
    return quiet[:right] + [(place + 1) % 3 for place in quiet[right:]]


def screen(campaign, person, right, number=1):
    answers = answers_to(campaign, person, right, number)
    return screen_headphones(campaign=campaign, person=person, number=number, answers=answers)


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
    result = screen(campaign, ana, right)
    assert (result.right, result.has_passed) == (right, passes)
    work = Workload.objects.get(person=ana)
    assert (work.headphones_at is not None) == passes
    assert work.headphone_tries == 1
    assert step_due(campaign, ana) == ("" if passes else "headphones")
    assert AuditEntry.objects.filter(action="screen_headphones").count() == 1


def test_a_passed_test_stays_passed_and_every_try_is_counted():
    campaign, ana = CampaignFactory(checks_headphones=True), annotator()
    for number, right in enumerate((2, 6), start=1):
        assert begin_headphones(campaign=campaign, person=ana) == number
        screen(campaign, ana, right, number)
    work = Workload.objects.get(person=ana)
    assert work.headphone_tries == 2
    assert work.headphones_at is not None
    assert open_try(work) is rests_until(work) is None
    with pytest.raises(StateError, match="have passed"):
        begin_headphones(campaign=campaign, person=ana)


@pytest.mark.parametrize("answers", [[], [0] * 5, [0, 0, 0, 0, 0, 3], [0, 0, 0, 0, 0, -1]])
def test_a_try_that_is_no_try_changes_nothing(answers):
    campaign, ana = CampaignFactory(checks_headphones=True), annotator()
    begin_headphones(campaign=campaign, person=ana)
    with pytest.raises(ParameterError):
        screen_headphones(campaign=campaign, person=ana, number=1, answers=answers)
    assert open_try(Workload.objects.get()) == 1


def test_only_annotators_are_welcomed_and_screened():
    campaign, stranger = CampaignFactory(), researcher()
    with pytest.raises(NotAllowedError):
        finish_welcome(campaign=campaign, person=stranger)
    with pytest.raises(NotAllowedError):
        begin_headphones(campaign=campaign, person=stranger)
    with pytest.raises(NotAllowedError):
        screen_headphones(campaign=campaign, person=stranger, number=1, answers=[0] * 6)


def test_a_try_is_counted_when_it_begins_and_judged_once():
    campaign, ana = CampaignFactory(checks_headphones=True), annotator()
    with pytest.raises(StateError, match="judged already"):
        screen(campaign, ana, 6)  # nothing was begun
    begin_headphones(campaign=campaign, person=ana)
    assert Workload.objects.get(person=ana).headphone_tries == 1
    with pytest.raises(StateError, match="judged already"):
        screen(campaign, ana, 6, number=2)
    screen(campaign, ana, 0)
    with pytest.raises(StateError, match="judged already"):
        screen(campaign, ana, 6)
    assert Workload.objects.get(person=ana).headphones_at is None


def test_a_try_left_off_goes_on_and_plays_the_same():
    campaign, ana = CampaignFactory(checks_headphones=True), annotator()
    first = begin_headphones(campaign=campaign, person=ana)
    heard = trials_of(campaign, ana, first)
    assert begin_headphones(campaign=campaign, person=ana) == first
    assert trials_of(campaign, ana, first) == heard
    assert Workload.objects.get(person=ana).headphone_tries == 1
    assert AuditEntry.objects.filter(action="begin_headphones").count() == 1


def test_every_try_person_and_installation_hears_another_order(settings):
    campaign, ana, ben = CampaignFactory(), annotator(), annotator()
    drawn = {tuple(trials_of(campaign, ana, number)) for number in range(1, 21)}
    assert len(drawn) > 15  # of 720
    theirs = [trials_of(campaign, ben, number) for number in range(1, 21)]
    assert theirs != [trials_of(campaign, ana, number) for number in range(1, 21)]
    settings.SECRET_KEY = "another"
    assert theirs != [trials_of(campaign, ben, number) for number in range(1, 21)]


def test_after_three_tries_comes_a_break_that_grows_with_each():
    campaign, ana = CampaignFactory(checks_headphones=True), annotator()

    def fail(minutes_later=0):
        earlier = timezone.now() - timedelta(minutes=minutes_later)
        AuditEntry.objects.update(at=earlier)
        number = begin_headphones(campaign=campaign, person=ana)
        screen(campaign, ana, 0, number)
        return number

    assert [fail(), fail(), fail()] == [1, 2, 3]
    for minutes in (0, 29):
        with pytest.raises(StateError, match="take a break"):
            fail(minutes)
    # Elsewhere, and for others, nothing is to wait for.
    assert begin_headphones(campaign=campaign, person=annotator()) == 1
    assert begin_headphones(campaign=CampaignFactory(), person=ana) == 1
    assert fail(31) == 4
    with pytest.raises(StateError, match="take a break"):
        fail(39)
    assert fail(41) == 5


def test_nobody_waits_who_has_one_open():
    campaign, ana = CampaignFactory(checks_headphones=True), annotator()
    for number in (1, 2):
        begin_headphones(campaign=campaign, person=ana)
        screen(campaign, ana, 0, number)
    assert begin_headphones(campaign=campaign, person=ana) == 3
    assert rests_until(Workload.objects.get(person=ana)) is None
    assert begin_headphones(campaign=campaign, person=ana) == 3


def test_tries_of_an_older_version_had_no_number():
    campaign, ana = CampaignFactory(checks_headphones=True), annotator()
    begin_headphones(campaign=campaign, person=ana)
    screen(campaign, ana, 0)
    entry = AuditEntry.objects.get(action="screen_headphones")
    detail = {name: value for name, value in entry.detail.items() if name != "number"}
    AuditEntry.objects.filter(pk=entry.pk).update(detail=detail)
    assert open_try(Workload.objects.get()) is None
    assert begin_headphones(campaign=campaign, person=ana) == 2
