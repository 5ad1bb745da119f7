from __future__ import annotations

from itertools import groupby

import pytest
from django.utils import timezone

from annotation.actions.claim_questions import MAX_IN_HAND, claim_questions
from annotation.actions.plant_gold import PLACES
from annotation.models import ClassTally, Question, QuizAttempt
from consonance.errors import ParameterError
from tests.annotation.conftest import assert_counters_are_right, assert_places_add_up, give
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    ClipFactory,
    GoldAnswerFactory,
    QuestionFactory,
    annotator,
)

pytestmark = pytest.mark.django_db


def passing(*, clips=5, classes=6, asks="clip", **fields):
    """Make a campaign that asks about several classes of each clip, the later the surer."""
    fields = {"gold_share": 0, "repeat_share": 0, "clip_classes": 4} | fields
    campaign = CampaignFactory(asks=asks, **fields)
    targets = [ClassFactory() for _ in range(classes)]
    for _ in range(clips):
        clip = ClipFactory(track__collection=campaign.collection)
        for sure, target in enumerate(targets):
            QuestionFactory(
                campaign=campaign, clip=clip, target=target,
                prior_log_odds=(-1) ** sure * (0.1 + sure), log_odds=(-1) ** sure * (0.1 + sure),
            )  # fmt: skip
    return campaign


def claim(campaign, person, count=1, **fields):
    return claim_questions(campaign=campaign, person=person, count=count, **fields)


def passes_in(leases):
    return [
        [lease.question for lease in of_clip]
        for _, of_clip in groupby(leases, key=lambda lease: lease.question.clip_id)
    ]


def test_a_clip_comes_with_the_classes_the_detector_is_least_sure_of():
    campaign = passing()
    found = claim(campaign, annotator())
    [clip_pass] = passes_in(found.assignments)
    assert [abs(question.prior_log_odds) for question in clip_pass] == [0.1, 1.1, 2.1, 3.1]
    assert (found.mode, found.stand) == ("clip", None)


def test_a_clip_is_never_split_over_claims():
    campaign, ana = passing(clips=8, classes=4), annotator()
    for count in (1, 2, 5, 3):
        leases = claim(campaign, ana, count).assignments
        clip_passes = passes_in(leases)
        assert len({questions[0].clip_id for questions in clip_passes}) == len(clip_passes)
        assert all(len(questions) == 4 for questions in clip_passes)
        assert count <= len(leases) < count + 4
        for lease in leases:
            give(ana, lease)
    assert_places_add_up(campaign)


def test_a_reloaded_page_gets_its_clips_whole():
    campaign, ana = passing(), annotator()
    first = claim(campaign, ana, 5).assignments
    assert [lease.pk for lease in claim(campaign, ana, 1).assignments] == [
        lease.pk for lease in first[:4]
    ]
    assert [lease.pk for lease in claim(campaign, ana, 5).assignments] == [
        lease.pk for lease in first
    ]


def test_a_clip_in_hand_brings_no_more_of_its_questions_meanwhile():
    campaign, ana = passing(clips=2), annotator()
    held = claim(campaign, ana, 1).assignments
    more = claim(campaign, ana, 4, holding=[lease.pk for lease in held]).assignments
    assert {lease.question.clip_id for lease in held} & {
        lease.question.clip_id for lease in more
    } == set()


def test_in_the_end_everything_was_asked():
    campaign, ana = passing(clips=3, classes=5, clip_classes=2), annotator()
    came = []
    while leases := claim(campaign, ana).assignments:
        assert len(leases) <= 2
        for lease in leases:
            give(ana, lease)
        came += [lease.question_id for lease in leases]
    assert len(set(came)) == len(came) == 15
    assert claim(campaign, ana).reason == "nothing_left"


def test_begun_clips_come_first():
    campaign = passing()
    question = Question.objects.order_by("-priority").first()
    Question.objects.filter(pk=question.pk).update(answered=2, free=1)
    assert claim(campaign, annotator()).assignments[0].question.clip_id == question.clip_id


def test_nobody_has_too_many_in_hand():
    campaign, ana, held = passing(clips=20), annotator(), []
    while leases := claim(campaign, ana, 20, holding=held).assignments:
        held += [lease.pk for lease in leases]
    assert len(held) == MAX_IN_HAND


def test_gold_comes_as_a_clip_of_its_own_among_what_else_is_asked_of_it():
    campaign = passing(clips=12, classes=3, gold_share=0.4, clip_classes=3)
    targets = list(Question.objects.order_by("pk").values_list("target", flat=True).distinct())
    for target in set(targets):
        for truth in ("present", "absent"):
            clip = ClipFactory(track__collection=campaign.collection)
            gold = Question.objects.create(
                campaign=campaign, clip=clip, target_id=target, is_gold=True,
                wanted=PLACES, free=PLACES, priority=0,
            )  # fmt: skip
            GoldAnswerFactory(
                clip=clip, target=gold.target, collection=campaign.collection, truth=truth
            )
            for other in set(targets) - {target}:
                Question.objects.create(
                    campaign=campaign, clip=clip, target_id=other, wanted=3, free=3,
                    prior_log_odds=0.5, log_odds=0.5, priority=900,
                )  # fmt: skip
    ana, sizes, places = annotator(), set(), set()
    for _ in range(40):
        leases = claim(campaign, ana).assignments
        if not leases:
            break
        for questions in passes_in(leases):
            gold = [place for place, one in enumerate(questions) if one.is_gold]
            if gold:
                sizes.add(len(questions))
                places.update(gold)
            assert len(questions) <= 3
        for lease in leases:
            give(ana, lease)
    assert 3 in sizes
    assert len(places) > 1  # not always the first, nor the last
    assert_counters_are_right(campaign)


def plant_beside(campaign, target, others, *, truth="present"):
    """Plant gold of a class on a clip about which other classes are asked too."""
    clip = ClipFactory(track__collection=campaign.collection)
    gold = QuestionFactory(
        campaign=campaign, clip=clip, target=target, is_gold=True, wanted=PLACES, free=PLACES
    )
    GoldAnswerFactory(question=gold, truth=truth)
    for other in others:
        QuestionFactory(campaign=campaign, clip=clip, target=other, priority=9_000)
    return gold


def test_what_comes_beside_gold_skips_no_quiz():
    campaign = CampaignFactory(
        asks="clip", clip_classes=3, gold_share=0.5, repeat_share=0, requires_quiz=True
    )
    known, passed, due = (ClassFactory() for _ in range(3))
    QuestionFactory.create_batch(20, campaign=campaign, target=known)
    for truth in ("present", "absent"):
        for _ in range(3):
            # The class whose quiz is due is what the detector is least sure of.
            plant_beside(campaign, known, [due, passed], truth=truth)
            GoldAnswerFactory(
                question=QuestionFactory(campaign=campaign, target=due, is_gold=True),
                truth=truth,
            )
    Question.objects.filter(target=passed).update(prior_log_odds=2)
    for target in (passed, due):  # so that the known class is in turn
        ClassTally.objects.create(
            campaign=campaign, target=target,
            decided=10_000, positives=10_000, counted_at=timezone.now(),
        )  # fmt: skip
    ana = annotator()
    for target in (known, passed):
        QuizAttempt.objects.create(
            campaign=campaign, person=ana, target=target,
            has_passed=True, finished_at=timezone.now(),
        )  # fmt: skip
    came = []
    for _ in range(8):
        leases = claim(campaign, ana).assignments
        for lease in leases:
            give(ana, lease)
        came += [lease.question for lease in leases]
    assert any(question.is_gold for question in came)
    assert {question.target for question in came} == {known, passed}


def test_where_no_whole_clip_fits_the_hands_are_full_and_no_clip_is_split():
    campaign, ana, held = passing(clips=20, clip_classes=3, classes=3), annotator(), []
    while (found := claim(campaign, ana, 20, holding=held)).assignments:
        assert all(len(questions) == 3 for questions in passes_in(found.assignments))
        held += [lease.pk for lease in found.assignments]
    assert (len(held), found.reason) == (39, "hands_full")


# --- modes -----------------------------------------------------------------------------------
def test_a_campaign_that_asks_both_lets_the_person_choose():
    campaign = passing(asks="both")
    by_clip = claim(campaign, annotator(), mode="clip").assignments
    assert len({lease.question.target_id for lease in by_clip}) == 4
    by_class = claim(campaign, annotator(), 3, mode="class").assignments
    assert len({lease.question.target_id for lease in by_class}) == 1
    assert claim(campaign, annotator()).mode == "class"


@pytest.mark.parametrize(
    ("asks", "mode", "told"),
    [
        ("class", "clip", "one class at a time"),
        ("clip", "class", "one clip at a time"),
        ("both", "song", "'song' is no mode"),
    ],
)
def test_a_mode_that_does_not_fit_is_refused_with_a_sentence(asks, mode, told):
    campaign = passing(clips=1, asks=asks)
    with pytest.raises(ParameterError, match=told):
        claim(campaign, annotator(), mode=mode)


def test_a_class_cannot_be_chosen_for_clips():
    campaign = passing(clips=1)
    with pytest.raises(ParameterError, match="not for clips"):
        claim(campaign, annotator(), class_name="banjo")
