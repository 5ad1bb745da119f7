"""What answers weigh: by the class, the person, a stranger; and nothing for who is left out."""

from __future__ import annotations

import pytest
from django.utils import timezone

from annotation.allocation.deciding import SILENT, UNKNOWN
from annotation.allocation.skills import CrowdWeights, PersonWeights
from annotation.models import Measure
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    ConsensusRunFactory,
    MeasureFactory,
    SkillSnapshotFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory()


def of_person(campaign, person, target):
    return PersonWeights(person).of(campaign, target.pk)


def of_crowd(run, person, target):
    crowd = CrowdWeights(run)
    crowd.look_up({person.pk})
    return crowd.of(person.pk, target.pk)


def test_a_class_speaks_before_the_person_and_the_person_before_a_stranger(campaign):
    run, person = ConsensusRunFactory(campaign=campaign), UserFactory()
    known, other = ClassFactory(), ClassFactory()
    SkillSnapshotFactory(run=run, person=person, target=known, weight_yes=3.0)
    SkillSnapshotFactory(run=run, person=person, weight_yes=2.0)
    for lookup in (
        lambda who, target: of_person(campaign, who, target),
        lambda who, target: of_crowd(run, who, target),
    ):
        assert lookup(person, known).yes == 3.0
        assert lookup(person, other).yes == 2.0
        assert lookup(UserFactory(), known) == UNKNOWN


def test_whoever_is_left_out_weighs_nothing_until_let_in_again(campaign):
    run, person, target = ConsensusRunFactory(campaign=campaign), UserFactory(), ClassFactory()
    SkillSnapshotFactory(run=run, person=person, weight_yes=2.0)
    measure = MeasureFactory(campaign=campaign, person=person, kind=Measure.Kind.EXCLUDE)
    assert of_person(campaign, person, target) == of_crowd(run, person, target) == SILENT
    measure.lifted_at = timezone.now()
    measure.save()
    assert of_person(campaign, person, target).yes == of_crowd(run, person, target).yes == 2.0


def test_being_left_out_or_paused_elsewhere_changes_nothing_here(campaign):
    run, person, target = ConsensusRunFactory(campaign=campaign), UserFactory(), ClassFactory()
    SkillSnapshotFactory(run=run, person=person, weight_yes=2.0)
    beside = CampaignFactory(collection=campaign.collection)
    MeasureFactory(campaign=beside, person=person, kind=Measure.Kind.EXCLUDE)
    MeasureFactory(campaign=campaign, person=person, kind=Measure.Kind.PAUSE)
    assert of_person(campaign, person, target).yes == of_crowd(run, person, target).yes == 2.0


def test_who_a_run_did_not_judge_keeps_what_the_latest_other_said(campaign):
    person, target = UserFactory(), ClassFactory()
    beside = CampaignFactory(collection=campaign.collection)
    for weight in (1.0, 2.5):
        other = ConsensusRunFactory(campaign=beside)
        SkillSnapshotFactory(run=other, person=person, weight_yes=weight)
    SkillSnapshotFactory(run=ConsensusRunFactory(), person=person, weight_yes=9.0)  # elsewhere
    run = ConsensusRunFactory(campaign=campaign)
    SkillSnapshotFactory(run=run, weight_yes=7.0)  # somebody else
    assert of_person(campaign, person, target).yes == 2.5
    assert of_crowd(run, person, target).yes == 2.5


def test_a_crowd_is_looked_up_in_three_queries_and_skills_only_once(
    campaign, django_assert_num_queries
):
    run, target = ConsensusRunFactory(campaign=campaign), ClassFactory()
    people = [UserFactory() for _ in range(8)]
    for person in people[:4]:
        SkillSnapshotFactory(run=run, person=person)
        SkillSnapshotFactory(run=run, person=person, target=target)
    crowd = CrowdWeights(run)
    with django_assert_num_queries(3):
        crowd.look_up({person.pk for person in people})
    with django_assert_num_queries(1):
        crowd.look_up({person.pk for person in people[2:6]})
    assert [crowd.is_known(person.pk) for person in people] == [True] * 4 + [False] * 4


def test_who_is_left_out_meanwhile_is_so_at_the_next_look(campaign):
    run, person, target = ConsensusRunFactory(campaign=campaign), UserFactory(), ClassFactory()
    SkillSnapshotFactory(run=run, person=person, weight_yes=2.0)
    crowd = CrowdWeights(run)
    crowd.look_up({person.pk})
    assert crowd.of(person.pk, target.pk).yes == 2.0
    MeasureFactory(campaign=campaign, person=person, kind=Measure.Kind.EXCLUDE)
    crowd.look_up({person.pk})
    assert crowd.of(person.pk, target.pk) == SILENT


def test_people_with_little_support_or_left_out_are_not_known(campaign):
    run = ConsensusRunFactory(campaign=campaign)
    few, many, out = UserFactory(), UserFactory(), UserFactory()
    SkillSnapshotFactory(run=run, person=few, support=9)
    SkillSnapshotFactory(run=run, person=many, support=10)
    SkillSnapshotFactory(run=run, person=many, support=3, target=ClassFactory())
    SkillSnapshotFactory(run=run, person=out, support=500)
    MeasureFactory(campaign=campaign, person=out, kind=Measure.Kind.EXCLUDE)
    crowd = CrowdWeights(run)
    crowd.look_up({few.pk, many.pk, out.pk})
    assert [crowd.is_known(person.pk) for person in (few, many, out)] == [False, True, False]
