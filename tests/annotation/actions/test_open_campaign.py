from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.actions.open_campaign import open_campaign
from annotation.campaigns.drawing import audit_slice
from annotation.campaigns.rules import CampaignRules
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
    campaign = open_campaign(
        rounds=[drawn], name="First", min_ratings=2, max_ratings=4, audit_share=0
    )
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
        ({"audit_share": -0.1}, "-0.1"),
        ({"audit_share": 1.1}, "1.1"),
        ({"audit_share": float("nan")}, "nan"),
        ({"repeat_share": 0.6}, "0.6"),
        ({"quota_positives": -1}, "-1"),
        ({"quota_labels": 2**31}, "Labels"),
        ({"quota_positives": 10, "quota_labels": 9}, "do not fit"),
        ({"pay_per_hour": Decimal("-1")}, "-1"),
        ({"pay_per_hour": Decimal("NaN")}, "NaN"),
        ({"pay_per_hour": Decimal(1_000_000)}, "1000000"),
        ({"pay_currency": "eur"}, "eur"),
        ({"pay_currency": "EURO"}, "EURO"),
        ({"seed": -1}, "-1"),
        ({"description": "x" * 4_001}, "4001"),
        ({"asks": "songs"}, "songs"),
        ({"joining": "all"}, "members, invited or anybody"),
        ({"languages": ["en", "English"]}, "English"),
        ({"languages": ["en"] * 21}, "20"),
        ({"gold_share": 0.51}, "0.51"),
        ({"gold_share": float("nan")}, "nan"),
        ({"trust_floor": 1.1}, "1.1"),
        ({"lease_seconds": 5}, "30"),
        ({"min_heard_ms": 60_000}, "60000"),
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


# --- the audit slice, repeats, quotas, pay -------------------------------------------------
def test_the_audit_slice_is_asked_in_full_from_the_start():
    drawn = drawn_round(clips=10, classes=2)
    campaign = open_campaign(
        rounds=[drawn], name="First", min_ratings=2, max_ratings=6, audit_share=0.3
    )
    audited = Question.objects.of(campaign).filter(is_audit=True)
    assert audited.count() == 6
    assert {(row.wanted, row.free) for row in audited} == {(6, 6)}
    others = Question.objects.of(campaign).filter(is_audit=False)
    assert {(row.wanted, row.free) for row in others} == {(2, 2)}
    assert AuditEntry.objects.get(action="open_campaign").detail["audited"] == 6


def test_every_class_gives_its_part_to_the_audit_slice():
    drawn = drawn_round(clips=10, classes=3)
    campaign = open_campaign(rounds=[drawn], name="First", audit_share=0.2)
    audited = Question.objects.of(campaign).filter(is_audit=True)
    for target in {row.target_id for row in Question.objects.of(campaign)}:
        assert audited.filter(target=target).count() == 2


def test_the_same_seed_audits_the_same_questions():
    drawn = drawn_round(clips=20)

    def audited(name: str, seed: int) -> set:
        campaign = open_campaign(rounds=[drawn], name=name, seed=seed, audit_share=0.3)
        return set(campaign.questions.filter(is_audit=True).values_list("clip", flat=True))

    assert audited("a", 1) == audited("b", 1)
    assert audited("c", 2) != audited("a2", 1)


@given(
    st.lists(st.integers(0, 4), max_size=60),
    st.floats(0, 1),
    st.integers(0, 2**32 - 1),
)
def test_a_slice_has_its_size_and_every_group_its_part(groups, share, seed):
    group = np.array(groups, dtype=np.int64)
    drawn = audit_slice(group, share, np.random.default_rng(seed))
    assert drawn.shape == group.shape
    assert abs(int(drawn.sum()) - len(group) * share) < 1 + 1e-9
    for one in set(groups):
        rows = group == one
        assert abs(int(drawn[rows].sum()) - int(rows.sum()) * share) < 1 + 1e-9


def test_every_row_has_the_same_chance_to_be_audited():
    group = np.array([0] * 7 + [1] * 3 + [2])
    rng = np.random.default_rng(5)
    times = np.mean([audit_slice(group, 0.25, rng) for _ in range(4_000)], axis=0)
    assert times == pytest.approx(np.full(11, 0.25), abs=0.03)


def test_what_a_campaign_wants_and_pays_is_kept():
    rules = {
        "repeat_share": 0.1, "quota_positives": 20, "quota_labels": 60,
        "pay_per_hour": Decimal("14.50"), "pay_currency": "USD", "description": "Banjos, please.",
        "asks": "both", "joining": "invited", "languages": ["en", "pt-BR"], "gold_share": 0.2,
        "trust_floor": 0.6, "requires_quiz": True, "checks_headphones": True,
        "min_heard_ms": 1_000, "lease_seconds": 120,
    }  # fmt: skip
    campaign = open_campaign(rounds=[drawn_round(clips=1)], name="First", **rules)
    campaign.refresh_from_db()
    assert {name: getattr(campaign, name) for name in rules} == rules


def test_the_defaults_are_those_of_the_model():
    campaign = Campaign()
    for name, value in asdict(CampaignRules()).items():
        assert getattr(campaign, name) == value, name
