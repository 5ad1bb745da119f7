from __future__ import annotations

import pytest
from django.utils import timezone

from annotation.actions.lift_measure import lift_measure
from annotation.actions.take_measure import MAX_PEOPLE, MAX_REASON, take_measure, take_measures
from annotation.gold.quizzes import LEAST_OF_EACH
from annotation.models import Assignment, Campaign, GoldAnswer, Measure, Question, Rating
from annotation.people.measures import (
    by_person,
    in_force,
    is_excluded,
    is_paused,
    must_requiz,
    standing,
    standings,
)
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import AuditEntry
from consonance.people.models import Role
from tests.annotation.conftest import assert_places_add_up, claim_one, give
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    ClipFactory,
    QuestionFactory,
    RatingFactory,
    UserFactory,
    admin,
    annotator,
    person_with,
)

pytestmark = pytest.mark.django_db
Kind = Measure.Kind


@pytest.fixture
def campaign():
    return CampaignFactory(name="First listening")


def with_quiz(campaign: Campaign) -> Campaign:
    """Add just enough gold for a quiz."""
    question = QuestionFactory(campaign=campaign)
    for truth in ("present", "absent") * LEAST_OF_EACH:
        GoldAnswer.objects.create(
            collection=campaign.collection,
            clip=ClipFactory(track__collection=campaign.collection, track__is_explicit=False),
            target=question.target,
            truth=truth,
        )
    return campaign


def take(campaign, person, kind=Kind.PAUSE, reason="Too fast to have heard it.", **fields):
    return take_measure(campaign=campaign, person=person, kind=kind, reason=reason, **fields)


# --- what holds --------------------------------------------------------------------------------
def test_a_measure_holds_from_when_it_is_taken_until_it_is_lifted(campaign):
    ana, root = annotator(), admin()
    measure = take(campaign, ana, rule="too_fast", actor=root)
    assert (measure.created_by, measure.rule) == (root, "too_fast")
    assert is_paused(ana, campaign)
    assert not must_requiz(ana, campaign)
    assert not is_excluded(ana, campaign)
    lift_measure(measure_id=measure.pk, reason="She has listened since.", actor=root)
    assert not is_paused(ana, campaign)
    measure.refresh_from_db()
    assert (measure.lifted_by, measure.lift_reason) == (root, "She has listened since.")


def test_each_kind_holds_by_itself_and_in_its_own_campaign_only(campaign):
    ana, other = annotator(), CampaignFactory()
    with_quiz(campaign)
    for kind in Kind:
        take(campaign, ana, kind)
    assert is_paused(ana, campaign)
    assert must_requiz(ana, campaign)
    assert is_excluded(ana, campaign)
    assert not in_force(other).exists()
    assert not in_force(campaign, person=annotator()).exists()
    assert set(by_person(campaign, [ana.pk])[ana.pk]) == set(Kind.values)


def test_a_lifted_measure_can_be_taken_again_and_both_stay_written(campaign):
    ana = annotator()
    lift_measure(measure_id=take(campaign, ana).pk, reason="A mistake.")
    take(campaign, ana)
    assert Measure.objects.count() == 2
    assert in_force(campaign).count() == 1


def test_taking_what_holds_already_is_refused_with_since_when_by_whom_and_why(campaign):
    ana = annotator(username="ana")
    first = take(campaign, ana, reason="It was asked for.", actor=admin(username="root"))
    with pytest.raises(StateError) as refusal:
        take(campaign, ana)
    told = str(refusal.value)
    assert "ana is paused already" in told
    assert f"{first.created_at:%Y-%m-%d %H:%M} UTC by root: It was asked for." in told
    assert Measure.objects.count() == 1


def test_lifting_twice_is_refused(campaign):
    measure = take(campaign, annotator(username="ana"))
    lift_measure(measure_id=measure.pk, reason="Enough.", actor=admin(username="root"))
    with pytest.raises(StateError, match=r"was lifted for ana before, at .* UTC by root"):
        lift_measure(measure_id=measure.pk, reason="Enough.")


# --- who may -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("role", "place", "may"),
    [
        (role, place, role is Role.ADMIN and place != "foreign")
        for role in Role
        for place in ("everywhere", "collection", "campaign", "foreign")
    ],
)
def test_only_admins_of_the_campaign_take_and_lift(campaign, role, place, may):
    ana = annotator()
    where = {"collection": campaign.collection, "campaign": campaign, "foreign": CampaignFactory()}
    actor = person_with(role, place=where.get(place))
    if may:
        lift_measure(measure_id=take(campaign, ana, actor=actor).pk, reason="Enough.", actor=actor)
        return
    with pytest.raises(NotAllowedError, match="admin"):
        take(campaign, ana, actor=actor)
    assert not Measure.objects.exists()
    measure = take(campaign, ana)
    with pytest.raises(NotAllowedError, match="admin"):
        lift_measure(measure_id=measure.pk, reason="Enough.", actor=actor)
    assert is_paused(ana, campaign)


def test_one_may_leave_oneself_out_with_a_reason_and_the_audit_says_that_it_was_oneself(campaign):
    root = admin()
    take(campaign, root, Kind.EXCLUDE, "My answers were trials.", actor=root)
    assert AuditEntry.objects.get().detail["on_self"] is True
    with pytest.raises(ParameterError, match="reason is empty"):
        take(campaign, root, Kind.PAUSE, "  ", actor=root)


def test_whoever_neither_answers_nor_has_answered_is_no_matter_of_the_campaign(campaign):
    stranger = UserFactory(username="stranger")
    with pytest.raises(ParameterError, match="stranger neither answers in First listening"):
        take(campaign, stranger)
    RatingFactory(question__campaign=campaign, person=stranger)
    assert take(campaign, stranger).person == stranger


# --- what is refused ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"reason": ""}, "reason is empty"),
        ({"reason": " \n\t\x00 "}, "reason is empty"),
        ({"reason": "x" * (MAX_REASON + 1)}, "501 characters, at most 500 fit"),
        ({"kind": "banish"}, "No measure is called 'banish'. Use pause, requiz, exclude"),
        ({"rule": "Too fast; DROP TABLE"}, "is no code of a flag"),
        ({"rule": "x" * 65}, "is no code of a flag"),
    ],
)
def test_what_is_ill_formed_is_refused_with_a_sentence(campaign, fields, told):
    with pytest.raises(ParameterError, match=told):
        take(campaign, annotator(), **fields)
    assert not Measure.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_reason_is_one_line_and_keeps_its_signs(campaign):
    measure = take(campaign, annotator(), reason='  <b>"too"\r\n fast</b>\x00 – naïve 🪕 ')
    assert measure.reason == '<b>"too" fast</b> – naïve 🪕'
    assert take(campaign, annotator(), reason="x" * MAX_REASON).reason == "x" * MAX_REASON


def test_a_quiz_is_not_asked_for_where_there_is_none(campaign):
    ana = annotator()
    QuestionFactory(campaign=campaign)
    with pytest.raises(StateError, match="First listening has too little gold for a quiz"):
        take(campaign, ana, Kind.REQUIZ)
    with_quiz(campaign)
    assert take(campaign, ana, Kind.REQUIZ).kind == Kind.REQUIZ
    GoldAnswer.objects.update(retired_at=timezone.now())
    with pytest.raises(StateError, match="too little gold"):
        take(campaign, annotator(), Kind.REQUIZ)


# --- what is in hand ---------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [Kind.PAUSE, Kind.REQUIZ])
def test_whoever_is_stopped_gives_back_what_is_in_hand(campaign, kind):
    ana, ben = annotator(), annotator()
    with_quiz(campaign)
    for _ in range(3):
        QuestionFactory(campaign=campaign)
    leases = [claim_one(campaign, ana) for _ in range(1)]
    others = claim_one(campaign, ben)
    take(campaign, ana, kind)
    for lease in leases:
        lease.refresh_from_db()
        assert lease.state == Assignment.State.EXPIRED
    others.refresh_from_db()
    assert others.state == Assignment.State.LEASED
    assert_places_add_up(campaign)
    assert AuditEntry.objects.get(action=f"{kind}_person").detail["returned"] == 1


def test_leases_elsewhere_and_leases_answered_stay_as_they_are(campaign):
    ana, other = annotator(), CampaignFactory()
    QuestionFactory(campaign=campaign)
    QuestionFactory(campaign=other)
    give(ana, claim_one(campaign, ana))
    elsewhere = claim_one(other, ana)
    take(campaign, ana)
    elsewhere.refresh_from_db()
    assert elsewhere.state == Assignment.State.LEASED
    assert Assignment.objects.of(campaign).get().state == Assignment.State.ANSWERED
    assert_places_add_up(campaign)


def test_a_planted_repeat_in_hand_gives_no_place_back_because_it_took_none(campaign):
    ana = annotator()
    question = QuestionFactory(campaign=campaign, free=2, wanted=3, answered=1)
    AssignmentFactory(question=question, person=ana, occasion=1)
    take(campaign, ana)
    question.refresh_from_db()
    assert question.free == 2
    assert Assignment.objects.get().state == Assignment.State.EXPIRED


def test_leaving_out_keeps_what_is_in_hand_and_every_answer(campaign):
    ana = annotator()
    QuestionFactory(campaign=campaign)
    QuestionFactory(campaign=campaign)
    give(ana, claim_one(campaign, ana))
    lease = claim_one(campaign, ana)
    before = list(Rating.objects.values()), list(Question.objects.values())
    take(campaign, ana, Kind.EXCLUDE)
    lease.refresh_from_db()
    assert lease.state == Assignment.State.LEASED
    assert (list(Rating.objects.values()), list(Question.objects.values())) == before


# --- several people at once --------------------------------------------------------------------
def test_several_are_left_out_in_one_go_and_who_was_already_is_left_as_is(campaign):
    ana, ben, cleo = (annotator() for _ in range(3))
    first = take(campaign, ana, Kind.EXCLUDE, "Before.")
    new = take_measures(
        campaign=campaign,
        people=[ana, ben, cleo, ben],
        kind=Kind.EXCLUDE,
        reason="They answer as one.",
        rule="pair",
    )
    assert {row.person for row in new} == {ben, cleo}
    first.refresh_from_db()
    assert first.reason == "Before."
    assert AuditEntry.objects.filter(action="exclude_person").count() == 3


def test_if_one_of_several_cannot_be_nobody_is(campaign):
    with pytest.raises(ParameterError, match="neither answers"):
        take_measures(
            campaign=campaign,
            people=[annotator(), UserFactory()],
            kind=Kind.EXCLUDE,
            reason="They answer as one.",
        )
    assert not Measure.objects.exists()
    assert not AuditEntry.objects.exists()


def test_several_of_whom_all_are_left_out_already_are_refused(campaign):
    ana = annotator()
    take(campaign, ana, Kind.EXCLUDE)
    with pytest.raises(StateError, match="is left out of consensus already"):
        take_measures(campaign=campaign, people=[ana], kind=Kind.EXCLUDE, reason="Again.")


@pytest.mark.parametrize("number", [0, MAX_PEOPLE + 1])
def test_nobody_and_too_many_are_refused(campaign, number):
    with pytest.raises(ParameterError, match=f"1 to {MAX_PEOPLE} people, not {number}"):
        take_measures(
            campaign=campaign, people=[None] * number, kind=Kind.PAUSE, reason="Everybody."
        )


# --- audit -------------------------------------------------------------------------------------
def test_each_measure_and_each_end_of_one_is_written_down(campaign):
    root, ana = admin(), annotator()
    with_quiz(campaign)
    for kind in Kind:
        lift_measure(
            measure_id=take(campaign, ana, kind, actor=root, rule="drift").pk,
            reason="Undone.",
            actor=root,
        )
    entries = AuditEntry.objects.order_by("at")
    assert [row.action for row in entries] == [
        "pause_person", "resume_person", "requiz_person", "end_requiz",
        "exclude_person", "readmit_person",
    ]  # fmt: skip
    for row in entries:
        assert row.actor == root
        assert (row.detail["person"], row.detail["campaign"]) == (str(ana.pk), str(campaign.pk))
        assert row.detail["reason"]


# --- how one stands ----------------------------------------------------------------------------
def test_a_person_s_standing_names_what_holds_and_whether_questions_come(campaign):
    ana, other = annotator(), CampaignFactory()
    assert standing(ana, campaign).may_answer
    assert standing(ana, campaign).measures == []
    excluded = take(campaign, ana, Kind.EXCLUDE)
    assert standing(ana, campaign).may_answer  # only not counted
    paused = take(campaign, ana)
    found = standings(ana, [campaign.pk, other.pk])
    assert found[campaign.pk].measures == [paused, excluded]
    assert not found[campaign.pk].may_answer
    assert found[other.pk].measures == []


def test_how_somebody_stands_in_many_campaigns_takes_two_queries(django_assert_num_queries):
    ana = annotator()
    campaigns = [CampaignFactory() for _ in range(5)]
    for campaign in campaigns:
        take(campaign, ana)
    with django_assert_num_queries(2):
        found = standings(ana, [campaign.pk for campaign in campaigns])
    assert not any(row.may_answer for row in found.values())
