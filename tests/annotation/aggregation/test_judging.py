"""What the methods make of ratings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.aggregation.collected import collect
from annotation.aggregation.judging import ABSENT, PRESENT, UNDECIDED, decide, engine_of, judge
from annotation.aggregation.settings import METHODS, RunSettings
from annotation.aggregation.tables import labels_table, skills_table
from annotation.consensus import NotEnoughData
from annotation.models import Rating
from consonance.tables.schemas import conform
from tests.annotation.aggregation.crowds import crowd
from tests.factories import CampaignFactory, CandidateFactory, QuestionFactory, RatingFactory


@pytest.fixture(autouse=True)
def _tables(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"


@given(st.floats(0, 1), st.integers(0, 3))
def test_a_decision_needs_an_answer_and_a_posterior_beyond_the_threshold(posterior, definite):
    settings = RunSettings(present_from=0.8, absent_to=0.2)
    [found] = decide(np.array([posterior]), np.array([definite]), settings)
    if definite == 0 or 0.2 < posterior < 0.8:
        assert found == UNDECIDED
    else:
        assert found == (PRESENT if posterior >= 0.8 else ABSENT)


def test_people_are_judged_by_an_engine_whatever_decides():
    assert [engine_of(RunSettings(method=method)) for method in METHODS] == [
        "dawid_skene", "one_coin", "dawid_skene",
    ]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("answer", ["yes", "no", "unsure", None])
def test_whatever_people_say_is_finite_and_fits_the_tables(method, answer):
    campaign = crowd(present=3, absent=3, classes=2)
    if answer is not None:
        Rating.objects.update(answer=answer)
    collected = collect(campaign)
    judgement = judge(collected, RunSettings(method=method))
    for values in (judgement.posterior, judgement.crowd.trust_, judgement.confusion):
        assert np.isfinite(values).all()
        assert (values >= 0).all()
        assert (values <= 1).all()
    assert judgement.confusion.sum(axis=2) == pytest.approx(1)
    assert conform(labels_table(collected, judgement), "labels").num_rows == 12
    assert conform(skills_table(collected, judgement), "skills").num_rows == 5
    if answer == "unsure":
        assert isinstance(judgement.crowd.shortage_, NotEnoughData)
        assert (judgement.decision == UNDECIDED).all()


@pytest.mark.django_db
def test_nothing_at_all_is_judged_without_a_number_that_is_none():
    collected = collect(CampaignFactory())
    judgement = judge(collected, RunSettings())
    assert len(judgement.posterior) == 0
    assert isinstance(judgement.crowd.shortage_, NotEnoughData)
    assert labels_table(collected, judgement).num_rows == 0
    assert skills_table(collected, judgement).num_rows == 0


@pytest.mark.django_db
@pytest.mark.parametrize("likelihood", [0.0, 1.0, 0.5])
def test_a_detector_that_is_always_or_never_sure_breaks_nothing(likelihood):
    campaign = crowd(present=4, absent=4)
    for question in campaign.questions.all():
        candidate = CandidateFactory(
            clip=question.clip, target=question.target, likelihood=likelihood
        )
        campaign.rounds.add(candidate.round)
    judgement = judge(collect(campaign), RunSettings())
    assert judgement.uses_prior
    assert np.isfinite(judgement.with_detector).all()


@pytest.mark.django_db
def test_with_too_little_to_judge_people_there_is_no_second_posterior():
    campaign = CampaignFactory()
    question = QuestionFactory(campaign=campaign)
    RatingFactory(question=question)
    candidate = CandidateFactory(clip=question.clip, target=question.target)
    campaign.rounds.add(candidate.round)
    judgement = judge(collect(campaign), RunSettings())
    assert not judgement.uses_prior
    assert np.isnan(judgement.with_detector).all()
