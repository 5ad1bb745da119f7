from __future__ import annotations

import pytest

from annotation.actions.extend_campaign import extend_campaign
from annotation.actions.open_campaign import open_campaign
from annotation.models import Campaign, GuidelineVersion, Question
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import AuditEntry
from consonance.people.models import Role
from tests.annotation.conftest import assert_places_add_up, claim_one, give, let_run_out
from tests.factories import (
    CampaignFactory,
    CandidateFactory,
    QuestionFactory,
    SamplingRoundFactory,
    annotator,
    curator,
    drawn_round,
    person_with,
)

pytestmark = pytest.mark.django_db


def extend(campaign, **wish):
    return extend_campaign(campaign_id=campaign.pk, **wish)


def test_a_further_round_adds_only_what_is_not_asked_about():
    first = drawn_round(clips=3)
    campaign = open_campaign(rounds=[first], name="First", audit_share=0)
    before = set(Question.objects.of(campaign).values_list("pk", "priority"))
    second = drawn_round(clips=2, score_set=first.score_set)
    again = first.candidates.first()
    CandidateFactory(round=second, clip=again.clip, target=again.target)
    added = extend(campaign, rounds=[second])
    assert (added.questions, added.raised) == (2, 0)
    questions = set(Question.objects.of(campaign).values_list("pk", "priority"))
    assert before < questions
    last = max(priority for _, priority in before)
    assert sorted(priority for _, priority in questions - before) == [last + 1, last + 2]
    assert set(campaign.rounds.all()) == {first, second}
    assert_places_add_up(campaign)


def test_a_new_class_gets_a_guideline_and_known_ones_keep_theirs():
    first = drawn_round(clips=1)
    campaign = open_campaign(rounds=[first], name="First")
    extend(campaign, rounds=[drawn_round(clips=1, score_set=first.score_set)])
    versions = GuidelineVersion.objects.filter(campaign=campaign).values_list("version", flat=True)
    assert list(versions) == [1, 1]


def test_new_questions_give_their_part_to_the_audit_slice():
    first = drawn_round(clips=1)
    campaign = open_campaign(rounds=[first], name="First", audit_share=0)
    Campaign.objects.update(audit_share=0.5)
    extend(campaign, rounds=[drawn_round(clips=10, score_set=first.score_set)])
    audited = Question.objects.of(campaign).filter(is_audit=True)
    assert {(row.wanted, row.free) for row in audited} == {(5, 5)}
    assert audited.count() == 5


def test_open_questions_are_asked_of_more_people_whatever_is_given_and_leased():
    campaign = CampaignFactory(min_ratings=2, max_ratings=3)
    questions = QuestionFactory.create_batch(4, campaign=campaign)
    ada, ben, cleo = annotator(), annotator(), annotator()
    give(ada, claim_one(campaign, ada))
    claim_one(campaign, ben)
    let_run_out(claim_one(campaign, cleo))
    added = extend(campaign, min_ratings=4, max_ratings=6)
    assert added.raised == 4
    for question in questions:
        question.refresh_from_db()
        assert question.wanted == 4
    campaign.refresh_from_db()
    assert_places_add_up(campaign)


def test_audited_questions_go_to_the_new_maximum_and_settled_ones_stay():
    campaign = CampaignFactory(min_ratings=2, max_ratings=3)
    audited = QuestionFactory(campaign=campaign, is_audit=True, wanted=3, free=3)
    grown = QuestionFactory(campaign=campaign, wanted=3, free=1, answered=2)
    settled = [
        QuestionFactory(campaign=campaign, state=state, answered=2, free=0)
        for state in ("decided", "disputed", "set_aside", "adjudicated")
    ]
    extend(campaign, min_ratings=3, max_ratings=5)
    for question in (audited, grown, *settled):
        question.refresh_from_db()
    assert (audited.wanted, audited.free) == (5, 5)
    assert (grown.wanted, grown.free) == (3, 1)
    assert {(one.wanted, one.free) for one in settled} == {(2, 0)}


def test_gold_questions_are_nobodys_to_raise():
    campaign = CampaignFactory(min_ratings=2)
    gold = QuestionFactory(campaign=campaign, is_gold=True, wanted=1, free=1)
    extend(campaign, min_ratings=3)
    gold.refresh_from_db()
    assert (gold.wanted, gold.free) == (1, 1)


def test_extending_is_audited():
    campaign, ada = CampaignFactory(), curator()
    QuestionFactory(campaign=campaign)
    extend(campaign, min_ratings=4, actor=ada)
    entry = AuditEntry.objects.get(action="extend_campaign")
    assert entry.actor == ada
    assert entry.detail["before"] == {"min_ratings": 3, "max_ratings": 5}
    assert entry.detail["after"] == {"min_ratings": 4, "max_ratings": 5}
    assert entry.detail["raised"] == 1


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({}, "what to add"),
        ({"min_ratings": 3, "max_ratings": 5}, "what to add"),
        ({"min_ratings": 2}, "only be raised"),
        ({"min_ratings": 0}, "only be raised"),
        ({"max_ratings": 4}, "only be raised"),
        ({"min_ratings": 6}, "6 to 5"),
        ({"max_ratings": 51}, "50"),
    ],
)
def test_numbers_that_fall_or_do_not_fit_are_refused(wish, says):
    campaign = CampaignFactory()
    question = QuestionFactory(campaign=campaign)
    with pytest.raises(ParameterError, match=says):
        extend(campaign, **wish)
    question.refresh_from_db()
    assert (question.wanted, question.free) == (3, 3)


def test_closed_campaigns_foreign_undrawn_and_known_rounds_are_refused():
    drawn = drawn_round(clips=1)
    campaign = open_campaign(rounds=[drawn], name="First")
    with pytest.raises(StateError, match="nothing that is not asked"):
        extend(campaign, rounds=[drawn])
    with pytest.raises(ParameterError, match="are of"):
        extend(campaign, rounds=[drawn_round(clips=1)])
    with pytest.raises(StateError, match="being drawn"):
        extend(campaign, rounds=[SamplingRoundFactory(score_set=drawn.score_set, state="drawing")])
    Campaign.objects.update(state="closed")
    with pytest.raises(StateError, match="closed"):
        extend(campaign, min_ratings=4)


def test_only_curators_extend():
    campaign = CampaignFactory()
    for person in (annotator(), person_with(Role.CURATOR, place=CampaignFactory())):
        with pytest.raises(NotAllowedError):
            extend(campaign, min_ratings=4, actor=person)
