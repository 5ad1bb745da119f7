from __future__ import annotations

import uuid

import pytest

from annotation.actions.claim_questions import claim_questions
from annotation.actions.skip_question import skip_question
from annotation.models import Skip
from consonance.errors import NotAllowedError, ParameterError
from consonance.errors import StateError as NotNow
from tests.annotation.conftest import assert_places_add_up, claim_one, give, let_run_out
from tests.factories import AssignmentFactory, CampaignFactory, QuestionFactory, annotator

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory(repeat_share=0)


def test_a_skipped_question_goes_to_somebody_else_and_never_back(campaign):
    QuestionFactory(campaign=campaign, wanted=1)
    ana, ben = annotator(), annotator()
    lease = claim_one(campaign, ana)
    assert skip_question(person=ana, assignment=lease.pk, reason="unpleasant") == "skipped"
    assert_places_add_up(campaign)
    assert claim_questions(campaign=campaign, person=ana, count=1).assignments == []
    assert claim_one(campaign, ben).question_id == lease.question_id
    assert Skip.objects.get().reason == "unpleasant"


def test_skipping_twice_is_skipping_once(campaign):
    QuestionFactory(campaign=campaign)
    ana = annotator()
    lease = claim_one(campaign, ana)
    skip_question(person=ana, assignment=lease.pk, reason="class")
    assert skip_question(person=ana, assignment=lease.pk, reason="other") == "already_skipped"
    assert Skip.objects.get().reason == "class"
    assert_places_add_up(campaign)


def test_a_lease_that_ran_out_gives_its_place_back_once(campaign):
    QuestionFactory(campaign=campaign)
    ana, ben = annotator(), annotator()
    lease = claim_one(campaign, ana)
    let_run_out(lease)
    claim_questions(campaign=campaign, person=ben, count=1)  # gives it back
    assert skip_question(person=ana, assignment=lease.pk, reason="class") == "skipped"
    assert_places_add_up(campaign)


def test_a_repeat_holds_no_place_and_gives_none_back(campaign):
    question, ana = QuestionFactory(campaign=campaign), annotator()
    lease = AssignmentFactory(question=question, person=ana, occasion=1)
    skip_question(person=ana, assignment=lease.pk, reason="playback")
    assert_places_add_up(campaign)


def test_what_is_not_in_hand_or_answered_is_refused(campaign):
    QuestionFactory(campaign=campaign)
    ana, ben = annotator(), annotator()
    lease = claim_one(campaign, ana)
    for person, assignment in ((ben, lease.pk), (ana, uuid.uuid4())):
        with pytest.raises(ParameterError, match="not in your hands"):
            skip_question(person=person, assignment=assignment, reason="class")
    with pytest.raises(ParameterError, match="no reason"):
        skip_question(person=ana, assignment=lease.pk, reason="bored")
    give(ana, lease)
    with pytest.raises(NotNow, match="answered"):
        skip_question(person=ana, assignment=lease.pk, reason="class")
    assert not Skip.objects.exists()
    assert_places_add_up(campaign)


def test_who_no_longer_takes_part_is_told(campaign):
    QuestionFactory(campaign=campaign)
    ana = annotator()
    lease = claim_one(campaign, ana)
    ana.memberships.all().delete()
    with pytest.raises(NotAllowedError):
        skip_question(person=type(ana).objects.get(pk=ana.pk), assignment=lease.pk, reason="class")
