from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.actions.clone_campaign import clone_campaign
from annotation.actions.open_campaign import open_campaign
from annotation.actions.pilot_campaign import pilot_campaign
from annotation.actions.write_guideline import ExampleClip, write_guideline
from annotation.campaigns.drawing import stratified
from annotation.campaigns.guidelines import current_guidelines
from annotation.campaigns.rules import rules_of
from annotation.models import Campaign, Question
from candidates.models import Candidate
from consonance.catalog.models import TaxonomyClass
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import AuditEntry
from consonance.people.models import Role
from tests.factories import (
    CampaignFactory,
    CandidateFactory,
    annotator,
    curator,
    drawn_round,
    person_with,
)

pytestmark = pytest.mark.django_db

RULES = {
    "description": "Hear.", "asks": "both", "joining": "invited", "languages": ["de"],
    "min_ratings": 2, "gold_share": 0.2, "requires_quiz": True, "seed": 4, "audit_share": 0.1,
}  # fmt: skip


@pytest.fixture
def drawn():
    return drawn_round(clips=3)


@pytest.fixture
def campaign(drawn):
    return open_campaign(rounds=[drawn], name="First", **RULES)


# --- clone ---------------------------------------------------------------------------------
def test_a_clone_has_the_settings_and_the_newest_guidelines_over_other_rounds(campaign, drawn):
    target = TaxonomyClass.objects.get()
    example = drawn.candidates.first().clip
    write_guideline(
        campaign_id=campaign.pk, target=target, text="Steel strings.", question="Banjo?",
        examples=[ExampleClip(clip_id=example.pk, kind="positive", caption="A solo")],
        takes_out=True,
    )  # fmt: skip
    other = drawn_round(clips=2, score_set=drawn.score_set)
    for candidate in other.candidates.all():
        candidate.target = target
        candidate.save()
    CandidateFactory(round=other, clip=example, target=target)
    ada = curator()
    clone = clone_campaign(campaign=campaign, rounds=[other], name="Second", actor=ada)
    assert clone.cloned_from == campaign
    assert rules_of(clone) == rules_of(campaign)
    assert list(clone.rounds.all()) == [other]
    [guideline] = current_guidelines(clone).values()
    assert (guideline.version, guideline.question, guideline.text) == (
        1, "Banjo?", "Steel strings.",
    )  # fmt: skip
    assert [(row.clip, row.caption) for row in guideline.examples.all()] == [(example, "A solo")]
    states = Counter(Question.objects.of(clone).values_list("state", flat=True))
    assert states == {"open": 2, "set_aside": 1}
    assert AuditEntry.objects.get(action="clone_campaign").detail["set_aside"] == 1


def test_a_clone_may_differ_in_rules_and_a_closed_campaign_may_be_cloned(campaign, drawn):
    Campaign.objects.update(state="closed")
    clone = clone_campaign(campaign=campaign, rounds=[drawn], name="Second", min_ratings=4)
    assert (clone.state, clone.min_ratings) == ("open", 4)


def test_a_clone_that_cannot_be_opened_leaves_nothing(campaign, drawn):
    with pytest.raises(StateError, match="'First'"):
        clone_campaign(campaign=campaign, rounds=[drawn], name="First")
    with pytest.raises(ParameterError, match="at least one"):
        clone_campaign(campaign=campaign, rounds=[], name="Second")
    for person in (annotator(), person_with(Role.CURATOR, place=campaign)):
        with pytest.raises(NotAllowedError):
            clone_campaign(campaign=campaign, rounds=[drawn], name="Second", actor=person)
    assert Campaign.objects.count() == 1


# --- pilot ---------------------------------------------------------------------------------
def test_a_pilot_asks_a_few_questions_by_the_same_rules(campaign):
    pilot = pilot_campaign(campaign_id=campaign.pk, size=2, seed=9, actor=curator())
    assert pilot.pilot_of == campaign
    assert pilot.name == "First (pilot)"
    assert rules_of(pilot) == rules_of(campaign) | {"seed": 9}
    assert Question.objects.of(pilot).count() == 2
    own = set(Question.objects.of(campaign).values_list("clip", "target"))
    assert set(Question.objects.of(pilot).values_list("clip", "target")) <= own
    assert Question.objects.of(campaign).count() == 3
    assert AuditEntry.objects.get(action="pilot_campaign").detail["questions"] == 2
    assert pilot_campaign(campaign_id=campaign.pk).name == "First (pilot 2)"


def test_a_pilot_is_drawn_over_classes_and_tails():
    drawn = drawn_round(clips=20, classes=2)
    for place, candidate in enumerate(drawn.candidates.order_by("target", "clip__track__track_no")):
        candidate.tail = Candidate.Tail.LOW if place % 4 == 0 else Candidate.Tail.HIGH
        candidate.save()
    campaign = open_campaign(rounds=[drawn], name="First")
    pilot = pilot_campaign(campaign_id=campaign.pk, size=8)
    tails = {
        (row.clip_id, row.target_id): row.tail for row in Candidate.objects.filter(round=drawn)
    }
    counts = Counter(
        (target, tails[clip, target])
        for clip, target in Question.objects.of(pilot).values_list("clip", "target")
    )
    assert sorted(counts.values()) == [1, 1, 3, 3]


def test_the_same_seed_draws_the_same_pilot(campaign):
    def clips(seed):
        pilot = pilot_campaign(campaign_id=campaign.pk, size=1, seed=seed)
        return list(Question.objects.of(pilot).values_list("clip", flat=True))

    assert clips(1) == clips(1)
    assert len({tuple(clips(seed)) for seed in range(12)}) > 1


def test_guidelines_and_people_of_the_campaign_are_the_pilots(campaign):
    write_guideline(campaign_id=campaign.pk, target=TaxonomyClass.objects.get(), text="Steel.")
    ada = person_with(Role.CURATOR, place=campaign)
    pilot = pilot_campaign(campaign_id=campaign.pk, actor=ada)
    assert [row.text for row in current_guidelines(pilot).values()] == ["Steel."]
    assert Campaign.objects.answerable_by(ada).filter(pk=pilot.pk).exists()


def test_pilots_of_pilots_of_closed_and_of_empty_campaigns_are_refused(campaign):
    pilot = pilot_campaign(campaign_id=campaign.pk)
    with pytest.raises(StateError, match="a pilot already"):
        pilot_campaign(campaign_id=pilot.pk)
    with pytest.raises(StateError, match="asks nothing"):
        pilot_campaign(campaign_id=CampaignFactory().pk)
    for size in (0, 1_001):
        with pytest.raises(ParameterError, match=str(size)):
            pilot_campaign(campaign_id=campaign.pk, size=size)
    with pytest.raises(ParameterError, match="Seed"):
        pilot_campaign(campaign_id=campaign.pk, seed=-1)
    with pytest.raises(NotAllowedError):
        pilot_campaign(campaign_id=campaign.pk, actor=annotator())
    Campaign.objects.update(state="closed")
    with pytest.raises(StateError, match="closed"):
        pilot_campaign(campaign_id=campaign.pk)


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=80), st.integers(1, 90), st.integers(0, 2**32)
)
def test_a_stratified_draw_has_its_size_no_row_twice_and_each_group_its_part(groups, size, seed):
    group = np.array(groups)
    drawn = stratified(group, size, np.random.default_rng(seed))
    assert len(drawn) == len(set(drawn.tolist())) == min(size, len(groups))
    assert drawn.min() >= 0
    assert drawn.max() < len(groups)
    for one in set(groups):
        expected = len(drawn) * groups.count(one) / len(groups)
        assert abs(int((group[drawn] == one).sum()) - expected) < 1 + 1e-9
