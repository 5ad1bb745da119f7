"""Clip passes: which classes a clip is asked about beside what it was drawn for."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.actions.clone_campaign import clone_campaign
from annotation.actions.edit_campaign import edit_campaign
from annotation.actions.extend_campaign import extend_campaign
from annotation.actions.move_campaign import move_campaign
from annotation.actions.open_campaign import open_campaign
from annotation.actions.pilot_campaign import pilot_campaign
from annotation.actions.write_guideline import ExampleClip, write_guideline
from annotation.allocation.deciding import UNKNOWN
from annotation.campaigns.effort import asked_beside, effort, effort_of, effort_of_rounds
from annotation.campaigns.passes import PRIOR_LIMIT, prior_of, to_ask
from annotation.campaigns.rules import CampaignRules
from annotation.models import Campaign, Question
from candidates.models import Candidate
from candidates.scoring.shards import TrackScores, write_shard
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import AuditEntry
from tests.annotation.conftest import assert_places_add_up, claim_one, give
from tests.factories import (
    CandidateFactory,
    ClassFactory,
    ClipFactory,
    SamplingRoundFactory,
    TrackFactory,
    annotator,
)

pytestmark = pytest.mark.django_db

NAMES = ("accordion", "banjo", "cello", "drums", "flute")
#: Likelihoods of each clip; 0.5 is the boundary. Each is drawn for its highest.
LIKELIHOODS = (
    (0.99, 0.45, 0.02, 0.60, 0.10),
    (0.30, 0.98, 0.52, 0.01, 0.69),
    (0.05, 0.08, 0.97, 0.90, 0.88),
)


@pytest.fixture(autouse=True)
def _scores(settings, tmp_path):
    settings.SCORES_ROOT = tmp_path / "scores"


@pytest.fixture
def drawn():
    """Draw three clips, each for one class, with the shard they were drawn from."""
    made = SamplingRoundFactory()
    score_set = made.score_set
    classes = [
        ClassFactory(taxonomy=score_set.detector.taxonomy, name=name, position=place)
        for place, name in enumerate(NAMES)
    ]
    tracks = []
    for place, row in enumerate(LIKELIHOODS):
        track = TrackFactory(collection=score_set.collection, track_no=place + 1)
        clip = ClipFactory(track=track, start_ms=3_840)
        CandidateFactory(
            round=made, clip=clip, target=classes[int(np.argmax(row))], likelihood=max(row)
        )
        tracks.append(scored(track.track_no, row))
    shard(score_set, tracks)
    return made


def scored(track_no, row):
    likelihood = np.array([[0.5] * len(row), row], dtype=np.float32)
    return TrackScores(
        track_no=track_no,
        start_ms=np.array([0, 3_840]),
        likelihood=likelihood,
        embedding=np.zeros((2, 1), np.float32),
    )


def shard(score_set, tracks, classes=NAMES):
    write_shard(
        score_set.folder / "shard-00000.parquet",
        tracks, classes=classes, embedding_dim=1, recipe={"a": 1},
    )  # fmt: skip


def asked(campaign) -> dict[int, list[str]]:
    """Return the classes that a campaign asks of each track."""
    rows = Question.objects.of(campaign).order_by("clip__track__track_no", "target__position")
    found: dict[int, list[str]] = {}
    for track, name in rows.values_list("clip__track__track_no", "target__name"):
        found.setdefault(track, []).append(name)
    return found


def open_pass(drawn, **rules):
    wish = {"name": "Pass", "asks": "clip", "clip_classes": 3, "audit_share": 0} | rules
    return open_campaign(rounds=[drawn], **wish)


def test_a_clip_is_asked_about_the_classes_the_detector_is_least_sure_of(drawn):
    campaign = open_pass(drawn)
    assert asked(campaign) == {
        1: ["accordion", "banjo", "drums"],
        2: ["banjo", "cello", "flute"],  # not accordion: 0.69 is nearer to 0.5 than 0.30 is
        3: ["cello", "drums", "flute"],
    }


def test_by_class_only_what_was_drawn_is_asked(drawn):
    campaign = open_pass(drawn, asks="class")
    assert asked(campaign) == {1: ["accordion"], 2: ["banjo"], 3: ["cello"]}
    assert set(Question.objects.of(campaign).values_list("prior_log_odds", flat=True)) == {0.0}


def test_both_ways_of_asking_share_the_same_questions(drawn):
    assert asked(open_pass(drawn, asks="both")) == asked(open_pass(drawn, name="Other"))


def test_what_is_asked_beside_is_nobodys_candidate(drawn):
    campaign = open_pass(drawn)
    assert Candidate.objects.count() == 3
    beside = asked_beside(campaign)
    assert beside.count() == 6
    pairs = set(Candidate.objects.values_list("clip", "target"))
    assert not pairs & set(beside.values_list("clip", "target"))
    assert AuditEntry.objects.get(action="open_campaign").detail["beside"] == 6


def test_questions_start_where_the_detector_says_and_its_order_is_kept(drawn):
    campaign = open_pass(drawn)
    rows = Question.objects.of(campaign).filter(clip__track__track_no=1)
    prior = {row.target.name: row.prior_log_odds for row in rows}
    assert prior["drums"] == pytest.approx(math.tanh(math.log(0.6 / 0.4)), abs=0.002)
    assert sorted(prior, key=lambda name: abs(prior[name])) == ["banjo", "drums", "accordion"]
    assert all(row.log_odds == row.prior_log_odds for row in rows)


@given(st.floats(-14, 14), st.floats(-14, 14))
def test_a_prior_keeps_order_and_sign_and_never_outweighs_a_stranger(one, other):
    assert abs(prior_of(one)) <= PRIOR_LIMIT < min(UNKNOWN.yes, -UNKNOWN.no)
    assert math.copysign(1, prior_of(one)) == math.copysign(1, one)
    if abs(one) < abs(other):
        assert abs(prior_of(one)) <= abs(prior_of(other))


def test_more_drawn_classes_than_fit_are_all_asked(drawn):
    clip = drawn.candidates.get(clip__track__track_no=1).clip
    for target in drawn.score_set.detector.taxonomy.classes.filter(name__in=["cello", "flute"]):
        CandidateFactory(round=drawn, clip=clip, target=target)
    campaign = open_pass(drawn, clip_classes=2)
    assert asked(campaign)[1] == ["accordion", "cello", "flute"]
    assert asked(campaign)[2] == ["banjo", "cello"]


def test_only_classes_that_the_round_draws_for_and_the_detector_covers_are_asked(drawn):
    drawn.recipe = drawn.recipe | {"classes": ["accordion", "banjo", "cello", "flute"]}
    drawn.save()
    detector = drawn.score_set.detector
    detector.provenance = {"uncovered": ["flute"]}
    detector.save()
    assert asked(open_pass(drawn, clip_classes=5)) == {
        number: ["accordion", "banjo", "cello"] for number in (1, 2, 3)
    }


def test_equal_likelihoods_come_in_the_taxonomys_order(drawn):
    shard(drawn.score_set, [scored(number, (0.9, 0.9, 0.9, 0.1, 0.9)) for number in (1, 2, 3)])
    assert asked(open_pass(drawn, clip_classes=2)) == {
        1: ["accordion", "banjo"], 2: ["accordion", "banjo"], 3: ["accordion", "cello"],
    }  # fmt: skip


def test_the_same_seed_makes_the_same_campaign(drawn):
    def rows(name, seed):
        campaign = open_pass(drawn, name=name, seed=seed, audit_share=0.4)
        fields = ("clip", "target", "priority", "is_audit", "prior_log_odds")
        return set(Question.objects.of(campaign).values_list(*fields))

    assert rows("a", 3) == rows("b", 3) != rows("c", 4)


def test_the_audit_slice_takes_its_part_of_drawn_ones_and_of_the_rest():
    """Two classes, 20 clips: every clip is drawn for one class and asked about the other."""
    made = SamplingRoundFactory()
    taxonomy = made.score_set.detector.taxonomy
    one, other = (ClassFactory(taxonomy=taxonomy, name=name) for name in ("banjo", "cello"))
    tracks = []
    for number in range(1, 21):
        track = TrackFactory(collection=made.score_set.collection, track_no=number)
        CandidateFactory(
            round=made, clip=ClipFactory(track=track, start_ms=3_840),
            target=one if number % 2 else other,
        )  # fmt: skip
        tracks.append(scored(number, (0.5, 0.5)))
    shard(made.score_set, tracks, classes=("banjo", "cello"))
    campaign = open_pass(made, clip_classes=2, audit_share=0.2)
    audited = Question.objects.of(campaign).filter(is_audit=True)
    beside = asked_beside(campaign)
    assert (audited.count(), audited.filter(pk__in=beside).count()) == (8, 4)


# --- scores that are gone, and bad ones ---------------------------------------------------
def test_scores_that_are_gone_leave_what_was_drawn_and_are_told(drawn):
    (drawn.score_set.folder / "shard-00000.parquet").unlink()
    campaign = open_pass(drawn)
    assert asked(campaign) == {1: ["accordion"], 2: ["banjo"], 3: ["cello"]}
    assert AuditEntry.objects.get(action="open_campaign").detail["unscored"] == [str(drawn.pk)]


def test_scores_without_an_excerpt_that_was_drawn_are_refused(drawn):
    shard(drawn.score_set, [scored(1, LIKELIHOODS[0])])
    with pytest.raises(ParameterError, match="was not scored"):
        open_pass(drawn)
    assert not Campaign.objects.exists()


def test_the_newest_rounds_detector_speaks(drawn):
    """Another detector drew the first clip again and doubts about the cello."""
    second = SamplingRoundFactory(
        score_set__collection=drawn.score_set.collection,
        score_set__detector__taxonomy=drawn.score_set.detector.taxonomy,
    )
    clip = drawn.candidates.get(clip__track__track_no=1)
    CandidateFactory(round=second, clip=clip.clip, target=clip.target)
    shard(second.score_set, [scored(1, (0.99, 0.1, 0.5, 0.1, 0.1))])
    found = to_ask([drawn, second], asks="clip", clip_classes=2)
    names = dict(drawn.score_set.detector.taxonomy.classes.values_list("pk", "name"))
    beside = {(pair[0], names[pair[1]]) for pair in found.beside}
    assert (clip.clip_id, "cello") in beside
    assert (clip.clip_id, "banjo") not in beside


# --- extend, clone, pilot -------------------------------------------------------------------
def test_a_campaign_that_goes_over_to_passes_gets_its_questions_by_extending(drawn):
    campaign = open_pass(drawn, asks="class")
    ada = annotator()
    give(ada, claim_one(campaign, ada))
    before = {row.pk: row for row in Question.objects.of(campaign)}
    move_campaign(campaign_id=campaign.pk, to=Campaign.State.PAUSED)
    edit_campaign(campaign_id=campaign.pk, asks="both", clip_classes=3)
    added = extend_campaign(campaign_id=campaign.pk, rounds=[drawn])
    assert (added.questions, added.beside) == (6, 6)
    assert asked(campaign)[1] == ["accordion", "banjo", "drums"]
    for row in Question.objects.of(campaign).filter(pk__in=before):
        assert row.prior_log_odds > 0
        assert row.log_odds - row.prior_log_odds == pytest.approx(before[row.pk].log_odds)
    with pytest.raises(StateError, match="nothing that is not asked"):
        extend_campaign(campaign_id=campaign.pk, rounds=[drawn])
    assert_places_add_up(campaign)


def test_what_a_guideline_shows_is_not_asked_when_a_campaign_grows(drawn):
    campaign = open_pass(drawn, asks="class")
    shown = drawn.candidates.get(clip__track__track_no=2).clip
    banjo = drawn.score_set.detector.taxonomy.classes.get(name="cello")
    write_guideline(
        campaign_id=campaign.pk, target=banjo, text="Bowed.",
        examples=[ExampleClip(clip_id=shown.pk, kind="positive", caption="")],
    )  # fmt: skip
    Campaign.objects.update(asks="clip", clip_classes=2)
    extend_campaign(campaign_id=campaign.pk, rounds=[drawn])
    given_away = Question.objects.of(campaign).get(clip=shown, target=banjo)
    assert given_away.state == "set_aside"
    assert Question.objects.of(campaign).filter(state="set_aside").count() == 1


def test_a_clone_asks_beside_by_its_own_rules(drawn):
    campaign = open_pass(drawn)
    clone = clone_campaign(campaign=campaign, rounds=[drawn], name="Less", clip_classes=2)
    assert (asked(clone)[1], asked(clone)[2]) == (["accordion", "banjo"], ["banjo", "cello"])


def test_a_pilot_of_passes_draws_whole_clips_with_their_priors(drawn):
    campaign = open_pass(drawn)
    pilot = pilot_campaign(campaign_id=campaign.pk, size=7, seed=1)
    found = asked(pilot)
    assert len(found) == 2
    assert all(found[track] == asked(campaign)[track] for track in found)
    fields = ("clip", "target", "prior_log_odds", "log_odds")
    own = set(Question.objects.of(campaign).values_list(*fields))
    assert set(Question.objects.of(pilot).values_list(*fields)) <= own
    assert pilot_campaign(campaign_id=campaign.pk, size=50).questions.count() == 9


# --- what it takes --------------------------------------------------------------------------
def test_effort_counts_what_is_drawn_and_beside(drawn):
    rules = {"gold_share": 0, "repeat_share": 0, "min_ratings": 2, "max_ratings": 4}
    campaign = open_pass(drawn, pay_per_hour=Decimal(12), **rules)
    found = effort_of(campaign)
    assert (found.drawn, found.beside, found.clips, found.questions) == (3, 6, 3, 9)
    assert found.answers == (18, 36)
    # Each clip is heard once a rating: 2 x (3 x 12 s + 6 x 4 s).
    assert found.hours == pytest.approx((120 / 3600, 240 / 3600))
    assert found.cost == pytest.approx((0.4, 0.8))
    bound = effort_of_rounds([drawn], CampaignRules(asks="clip", clip_classes=3, **rules))
    assert (bound.drawn, bound.beside, bound.cost) == (3, 6, None)


def test_gold_repeats_and_the_audit_slice_take_their_part():
    rules = CampaignRules(
        min_ratings=2, max_ratings=4, audit_share=0.5, gold_share=0.5, repeat_share=0.5
    )
    found = effort(drawn=100, beside=0, clips=100, rules=rules)
    assert found.answers == (900, 1200)  # 100 x 3, and 100 x 4, times 1.5 / 0.5
    assert found.hours == pytest.approx((3.0, 4.0))
