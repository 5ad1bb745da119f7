from __future__ import annotations

import pytest

from annotation.actions.plant_gold import plant_gold
from annotation.gold.balance import balance_of, items_of
from tests.factories import (
    CampaignFactory,
    CandidateFactory,
    ClassFactory,
    ClipFactory,
    GoldAnswerFactory,
    QuestionFactory,
    RatingFactory,
    SamplingRoundFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory()


def known(campaign, truth="present", answers=(), tail="", **fields):
    """Make a question whose answer is known, and let people answer it."""
    question = QuestionFactory(campaign=campaign, **fields)
    gold = GoldAnswerFactory(question=question, truth=truth)
    for answer in answers:
        RatingFactory(question=question, answer=answer)
    if tail:
        drawn = SamplingRoundFactory(score_set__collection=campaign.collection)
        campaign.rounds.add(drawn)
        CandidateFactory(round=drawn, clip=question.clip, target=question.target, tail=tail)
    return gold


def test_what_most_people_fail_on_comes_first_then_what_contradicts_itself(campaign):
    easy = known(campaign, answers=["yes"] * 4)
    hard = known(campaign, answers=["yes", "yes", "no"])
    wrong = known(campaign, "absent", answers=["yes", "yes", "yes", "unsure"])
    both = known(campaign)
    GoldAnswerFactory(clip=both.clip, target=both.target, truth="absent")
    items = items_of(campaign)
    assert [item.gold for item in items] == [wrong, both, hard, easy]
    first = items[0]
    assert (first.right, first.wrong, first.unsure) == (0, 3, 1)
    assert (first.is_suspect, first.accuracy) == (True, 0)
    assert items[1].is_contradicted
    assert items[3].accuracy == 1


def test_two_who_are_wrong_make_no_item_suspect(campaign):
    known(campaign, answers=["no", "no"])
    assert not items_of(campaign)[0].is_suspect


def test_only_answers_that_stand_and_first_ones_count(campaign):
    gold = known(campaign)
    question = campaign.questions.get()
    RatingFactory(question=question, answer="no", is_withdrawn=True)
    RatingFactory(question=question, answer="no", occasion=1)
    RatingFactory(question=question, answer="yes")
    [item] = items_of(campaign)
    assert (item.gold, item.right, item.wrong) == (gold, 1, 0)


def test_answers_in_other_campaigns_of_the_collection_count_too(campaign):
    gold = known(campaign)
    other = CampaignFactory(collection=campaign.collection)
    question = QuestionFactory(campaign=other, clip=gold.clip, target=gold.target)
    RatingFactory(question=question, answer="yes")
    assert items_of(campaign)[0].right == 1


@pytest.mark.parametrize(
    ("truth", "tail", "difficulty"),
    [
        ("present", "high", "clear"), ("present", "low", "near_miss"),
        ("absent", "low", "clear"), ("absent", "high", "near_miss"),
        ("present", "any", ""), ("absent", "", ""),
    ],
)  # fmt: skip
def test_the_detector_tells_what_is_clear_and_what_only_seems_so(campaign, truth, tail, difficulty):
    known(campaign, truth, tail=tail)
    assert items_of(campaign)[0].difficulty == difficulty


def test_each_class_is_counted_and_told_what_it_lacks(campaign):
    banjo, flute = ClassFactory(position=1), ClassFactory(position=2)
    for truth in ("present", "present", "present", "absent"):
        known(campaign, truth, target=banjo)
    QuestionFactory(campaign=campaign, target=flute)
    elsewhere = ClassFactory(position=3)
    clip = ClipFactory(track__collection=campaign.collection)
    GoldAnswerFactory(clip=clip, target=elsewhere)
    rows = balance_of(campaign, items_of(campaign))
    assert [(row.target, row.present, row.absent) for row in rows] == [
        (banjo, 3, 1), (flute, 0, 0),
    ]  # fmt: skip
    assert [row.missing for row in rows] == [
        ["2 more absent"], ["none yet: set some present and some absent"],
    ]  # fmt: skip


def test_a_class_without_near_misses_says_so(campaign):
    banjo = ClassFactory()
    for truth, tail in (("present", "high"), ("absent", "low"), ("absent", "low")):
        known(campaign, truth, target=banjo, tail=tail)
    [row] = balance_of(campaign, items_of(campaign))
    assert (row.clear, row.near_miss) == (3, 0)
    assert row.missing == ["3 more near misses"]


def test_what_is_retired_or_withdrawn_is_not_listed(campaign, django_assert_max_num_queries):
    for _ in range(6):
        known(campaign, answers=["yes"])
    gone = known(campaign)
    gone.retired_at = gone.created_at
    gone.save()
    withdrawn = known(campaign)
    withdrawn.clip.is_withdrawn = True
    withdrawn.clip.save()
    plant_gold(campaign=campaign)
    with django_assert_max_num_queries(4):
        assert len(items_of(campaign)) == 6
