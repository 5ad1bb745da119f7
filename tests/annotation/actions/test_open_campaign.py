from __future__ import annotations

import pytest

from annotation.actions.open_campaign import open_campaign
from annotation.models import Campaign, GuidelineVersion, Question
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import AuditEntry
from consonance.people.models import Role
from tests.factories import (
    CandidateFactory,
    CollectionFactory,
    SamplingRoundFactory,
    annotator,
    curator,
    drawn_round,
    person_with,
)

pytestmark = pytest.mark.django_db


def test_every_candidate_becomes_one_open_question():
    drawn = drawn_round(clips=4, classes=3)
    campaign = open_campaign(rounds=[drawn], name="First", min_ratings=2, max_ratings=4)
    questions = Question.objects.of(campaign)
    assert questions.count() == 12
    for question in questions:
        assert (question.state, question.task_kind) == ("open", "presence")
        assert (question.free, question.wanted, question.answered) == (2, 2, 0)
        assert question.log_odds == 0.0


def test_each_class_gets_a_guideline_that_names_it():
    campaign = open_campaign(rounds=[drawn_round(clips=1, classes=3)], name="First")
    guidelines = GuidelineVersion.objects.filter(campaign=campaign)
    assert guidelines.count() == 3
    assert all("a banjo" in guideline.text and guideline.version == 1 for guideline in guidelines)


def test_a_candidate_drawn_by_two_rounds_is_asked_about_once():
    first = drawn_round(clips=2)
    second = SamplingRoundFactory(score_set=first.score_set)
    again = first.candidates.first()
    CandidateFactory(round=second, clip=again.clip, target=again.target)
    campaign = open_campaign(rounds=[first, second], name="Both")
    assert Question.objects.of(campaign).count() == 2
    assert campaign.rounds.count() == 2


def test_the_same_seed_gives_the_same_order_and_another_seed_another():
    drawn = drawn_round(clips=12)

    def order(name: str, seed: int) -> list:
        campaign = open_campaign(rounds=[drawn], name=name, seed=seed)
        return list(Question.objects.of(campaign).by_priority().values_list("clip", flat=True))

    assert order("a", 7) == order("b", 7)
    assert order("c", 8) != order("a2", 7)


def test_a_withdrawn_clip_is_not_asked_about():
    drawn = drawn_round(clips=2)
    clip = drawn.candidates.first().clip
    clip.is_withdrawn = True
    clip.save()
    campaign = open_campaign(rounds=[drawn], name="First")
    assert Question.objects.of(campaign).count() == 1


def test_opening_is_written_in_the_audit_trail():
    ada = curator()
    campaign = open_campaign(rounds=[drawn_round(clips=3)], name="First", seed=5, actor=ada)
    entry = AuditEntry.objects.get(action="open_campaign")
    assert entry.object_id == str(campaign.pk)
    assert entry.actor == ada
    assert entry.detail["questions"] == 3
    assert entry.detail["seed"] == 5


def test_a_curator_of_the_collection_may_open_one():
    drawn = drawn_round(clips=1)
    ada = person_with(Role.CURATOR, place=drawn.score_set.collection)
    assert open_campaign(rounds=[drawn], name="First", actor=ada).created_by == ada


def test_an_annotator_or_a_curator_of_elsewhere_may_not():
    drawn = drawn_round(clips=1)
    for person in (annotator(), person_with(Role.CURATOR, place=CollectionFactory())):
        with pytest.raises(NotAllowedError):
            open_campaign(rounds=[drawn], name="First", actor=person)
    assert not Campaign.objects.exists()


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"min_ratings": 0}, "0 to 5"),
        ({"min_ratings": 6}, "6 to 5"),
        ({"max_ratings": 51}, "50"),
        ({"stop_posterior": 0.5}, "0.5"),
        ({"stop_posterior": 1.01}, "1.01"),
        ({"stop_posterior": float("nan")}, "nan"),
        ({"seed": -1}, "-1"),
    ],
)
def test_numbers_out_of_range_are_refused_with_the_number(numbers, says):
    drawn = drawn_round(clips=1)
    with pytest.raises(ParameterError, match=says):
        open_campaign(**{"rounds": [drawn], "name": "First", **numbers})
    assert not Campaign.objects.exists()


def test_rounds_of_two_collections_are_refused():
    with pytest.raises(ParameterError, match="one collection"):
        open_campaign(rounds=[drawn_round(clips=1), drawn_round(clips=1)], name="Both")


def test_no_round_an_undrawn_round_and_an_empty_one_are_refused():
    with pytest.raises(ParameterError, match="at least one"):
        open_campaign(rounds=[], name="None")
    with pytest.raises(StateError, match="being drawn"):
        open_campaign(rounds=[SamplingRoundFactory(state="drawing")], name="Early")
    with pytest.raises(StateError, match="nothing to ask"):
        open_campaign(rounds=[SamplingRoundFactory()], name="Empty")


def test_a_name_is_used_once_in_a_collection():
    drawn = drawn_round(clips=1)
    open_campaign(rounds=[drawn], name="First")
    with pytest.raises(StateError, match="'First'"):
        open_campaign(rounds=[drawn], name="First")
