"""What simulated people go by."""

from __future__ import annotations

from uuid import uuid4

import pytest

from consonance.demo import corpus
from consonance.demo.corpus import truth
from consonance.demo.oracle import TailOracle, TruthOracle
from tests.factories import (
    CampaignFactory,
    CandidateFactory,
    ClassFactory,
    ClipFactory,
    GoldAnswerFactory,
    QuestionFactory,
    drawn_round,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> corpus.CorpusSummary:
    """Return a corpus of three recordings."""
    folder = tmp_path_factory.mktemp("synthetic") / "corpus"
    return corpus.make(folder, seed=7, n_recordings=3, n_artists=2, render_processes=1)


def test_without_truth_they_echo_the_tail_and_the_provenance_says_so() -> None:
    drawn = drawn_round(clips=1)
    campaign = CampaignFactory(collection=drawn.score_set.collection)
    campaign.rounds.add(drawn)
    high = drawn.candidates.get()
    low = CandidateFactory(round=drawn, target=high.target, tail="low")
    oracle = TailOracle(campaign)
    assert oracle.hear(high.clip_id, high.target.name).present
    assert not oracle.hear(low.clip_id, low.target.name).present
    assert oracle.hear(low.clip_id, low.target.name).sample_key == low.clip.sample_key
    assert "say nothing about the recordings" in oracle.basis


def test_what_a_curator_said_is_heard_also_where_the_detector_says_otherwise() -> None:
    drawn = drawn_round(clips=1)
    campaign = CampaignFactory(collection=drawn.score_set.collection)
    campaign.rounds.add(drawn)
    high = drawn.candidates.get()
    QuestionFactory(campaign=campaign, clip=high.clip, target=high.target)
    taught = ClipFactory(track__collection=campaign.collection)
    GoldAnswerFactory(clip=high.clip, target=high.target, truth="absent")
    GoldAnswerFactory(clip=taught, target=high.target, truth="present")
    oracle = TailOracle(campaign)
    assert not oracle.hear(high.clip_id, high.target.name).present
    assert oracle.hear(taught.pk, high.target.name).present


def test_they_hear_nothing_of_what_was_not_drawn() -> None:
    campaign = CampaignFactory()
    with pytest.raises(KeyError):
        TailOracle(campaign).hear(uuid4(), "banjo")


@pytest.mark.slow
def test_with_truth_they_hear_what_was_rendered(small: corpus.CorpusSummary) -> None:
    table = truth.load(small.folder)
    track_no = int(table["track_no"].iloc[0])
    names = sorted(set(table["class_name"]))
    campaign = CampaignFactory()
    clip = ClipFactory(track__collection=campaign.collection, track__track_no=track_no)
    for name in names:
        QuestionFactory(campaign=campaign, clip=clip, target=ClassFactory(name=name))
    elsewhere = ClipFactory(track=clip.track, start_ms=5_000)
    one = campaign.guidelines.first().target
    GoldAnswerFactory(clip=elsewhere, target=one, truth="present")
    oracle = TruthOracle(campaign, small.folder)
    known = truth.presence(table, track_no, 5_000, 10_000, classes=[one.name])
    assert oracle.hear(elsewhere.pk, one.name).present == known[one.name]
    present = truth.presence(table, track_no, 0, 10_000, classes=names)
    hard = truth.difficulty(table, track_no, 0, 10_000, classes=names)
    for name in names:
        heard = oracle.hear(clip.pk, name)
        assert (heard.present, heard.difficulty) == (present[name], hard[name])
        assert heard.sample_key == f"{track_no:06d}_0"
    assert any(present.values())
    assert "known truth" in oracle.basis
