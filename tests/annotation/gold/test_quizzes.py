from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from annotation.gold import quizzes
from annotation.gold.quizzes import (
    LEAST_OF_EACH,
    PASS_SHARE,
    QUIZ_LENGTH,
    choose,
    pass_mark,
    quiz_is_possible,
    quizzed_classes,
)
from annotation.models import GoldAnswer, QuizAttempt, QuizItem
from consonance.catalog.media_access import require_hearing
from consonance.errors import NotAllowedError
from consonance.people.models import Role
from tests.annotation.golden import golden
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    ClipFactory,
    GoldAnswerFactory,
    QuestionFactory,
    annotator,
    person_with,
)

pytestmark = pytest.mark.django_db


def truths(gold):
    return sorted(one.truth for one in gold)


def test_a_quiz_is_half_present_and_half_absent():
    campaign = golden(present=9, absent=9)
    gold = choose(campaign, annotator())
    assert truths(gold) == ["absent"] * 4 + ["present"] * 4
    assert len({one.pk for one in gold}) == QUIZ_LENGTH


def test_with_less_gold_it_is_shorter():
    assert (
        truths(choose(golden(present=2, absent=2), annotator())) == ["absent"] * 2 + ["present"] * 2
    )


@pytest.mark.parametrize(("present", "absent"), [(9, 0), (0, 9), (9, 1), (1, 1), (0, 0)])
def test_with_too_little_gold_of_either_truth_there_is_none(present, absent):
    campaign = golden(present=present, absent=absent)
    assert choose(campaign, annotator()) == []
    assert not quiz_is_possible(campaign)


@given(rarer=st.integers(0, 30), more=st.integers(0, 30))
def test_whoever_always_says_the_same_never_passes(rarer, more):
    few, many = quizzes._sizes(rarer, rarer + more)
    asked = few + many
    assert asked <= QUIZ_LENGTH
    assert few <= many
    if rarer < LEAST_OF_EACH:
        assert asked == 0
    else:
        assert max(few, many) < pass_mark(asked)
        assert few >= min(rarer, QUIZ_LENGTH // 2)


@given(st.integers(1, 50))
def test_the_pass_mark_is_the_least_number_that_reaches_the_share(number):
    assert pass_mark(number) / number >= PASS_SHARE
    assert (pass_mark(number) - 1) / number < PASS_SHARE


def test_what_comes_follows_from_the_installations_secret_and_nothing_public(settings):
    campaign, ana = golden(present=12, absent=12), annotator()
    here = [one.pk for one in choose(campaign, ana)]
    assert [one.pk for one in choose(campaign, ana)] == here
    settings.SECRET_KEY = "another"
    assert [one.pk for one in choose(campaign, ana)] != here


def test_classes_with_enough_gold_have_a_quiz_and_others_none():
    banjo, cello, hidden = (ClassFactory() for _ in range(3))
    campaign = golden(present=2, absent=2, target=banjo)
    golden(campaign=campaign, present=5, absent=1, target=cello)
    golden(campaign=campaign, present=2, absent=2, target=hidden)
    assert quizzed_classes(campaign) == {banjo.pk, hidden.pk}
    one = GoldAnswer.objects.filter(target=hidden).first().clip.track
    one.is_explicit = True  # not for everybody
    one.save()
    assert quizzed_classes(campaign) == {banjo.pk}
    for target in (banjo, cello, hidden):
        assert quiz_is_possible(campaign, target.pk) == (target == banjo)


def test_what_was_marked_for_quizzes_comes_first():
    campaign = golden(present=4, absent=4)
    target = campaign.guidelines.get().target
    for _ in range(10):
        clip = ClipFactory(track__collection=campaign.collection)
        GoldAnswerFactory(clip=clip, target=target, truth="present")
    assert all(one.is_quiz for one in choose(campaign, annotator()))


def test_other_gold_does_where_none_was_marked():
    campaign = golden(quiz=False)
    assert quiz_is_possible(campaign)
    assert len(choose(campaign, annotator())) == QUIZ_LENGTH


def test_the_next_attempt_asks_other_gold_as_far_as_there_is():
    campaign, ana = golden(present=6, absent=6), annotator()
    first = choose(campaign, ana)
    attempt = QuizAttempt.objects.create(campaign=campaign, person=ana, finished_at=timezone.now())
    QuizItem.objects.bulk_create(
        QuizItem(attempt=attempt, place=place, gold=gold) for place, gold in enumerate(first)
    )
    second = choose(campaign, ana)
    assert len(second) == QUIZ_LENGTH
    assert len({one.pk for one in second} - {one.pk for one in first}) == 4


def test_no_earlier_attempt_is_repeated_and_what_it_told_is_asked_in_no_campaign():
    campaign, ana = golden(present=12, absent=12), annotator()
    had = set()
    for _ in range(3):
        asked = choose(campaign, ana)
        assert not had & {one.pk for one in asked}
        had |= {one.pk for one in asked}
        attempt = QuizAttempt.objects.create(
            campaign=campaign, person=ana, finished_at=timezone.now()
        )
        for place, gold in enumerate(asked):
            QuizItem.objects.create(attempt=attempt, place=place, gold=gold)
    other = CampaignFactory(collection=campaign.collection)
    question = QuestionFactory(campaign=other, clip=asked[0].clip, target=asked[0].target)
    assert quizzes.taught_questions(other, ana) == [question.pk]
    assert quizzes.taught_questions(other, annotator()) == []


def test_the_order_is_one_persons_and_one_attempts_and_the_same_each_time():
    campaign, ana = golden(present=8, absent=8), annotator()
    assert choose(campaign, ana) == choose(campaign, ana)
    assert choose(campaign, ana) != choose(campaign, annotator())


def test_gold_that_is_retired_contradicted_elsewhere_or_not_asked_about_is_left_out():
    campaign = golden(present=3, absent=3)
    target = campaign.guidelines.get().target
    known = set(campaign.collection.gold.all())

    def more(**fields):
        clip = fields.pop("clip", None) or ClipFactory(track__collection=campaign.collection)
        return GoldAnswerFactory(**{"clip": clip, "target": target, "is_quiz": True, **fields})

    more(retired_at=timezone.now())
    argued = more(truth="present")
    more(clip=argued.clip, truth="absent")
    more(target=ClassFactory())
    more(clip=ClipFactory())  # another collection's
    more(clip=ClipFactory(track__collection=campaign.collection, is_withdrawn=True))
    assert set(choose(campaign, annotator())) == known


def test_a_contradiction_that_was_retired_contradicts_nothing():
    campaign = golden(present=2, absent=2)
    gold = campaign.collection.gold.filter(truth="present").first()
    GoldAnswerFactory(clip=gold.clip, target=gold.target, truth="absent", retired_at=timezone.now())
    assert quiz_is_possible(campaign)


def test_two_who_know_the_same_make_one_item():
    campaign = golden(present=2, absent=2)
    for gold in list(campaign.collection.gold.all()):
        GoldAnswerFactory(clip=gold.clip, target=gold.target, truth=gold.truth)
    assert len(choose(campaign, annotator())) == 4
    campaign = golden(present=1, absent=2)
    gold = campaign.collection.gold.get(truth="present")
    GoldAnswerFactory(clip=gold.clip, target=gold.target, truth="present")
    assert not quiz_is_possible(campaign)


def test_explicit_clips_are_for_those_who_agreed():
    campaign = golden(present=3, absent=3)
    for gold in campaign.collection.gold.all():
        gold.clip.track.is_explicit = True
        gold.clip.track.save()
    assert not quiz_is_possible(campaign)  # not for everybody
    assert choose(campaign, annotator()) == []
    assert len(choose(campaign, annotator(accepts_explicit=True))) == 6


# --- hearing -------------------------------------------------------------------------------
def test_a_quiz_clip_may_be_heard_while_the_quiz_lasts_and_its_end_is_read():
    campaign = golden()
    ana = person_with(Role.ANNOTATOR, place=campaign)
    gold = campaign.collection.gold.first()
    with pytest.raises(NotAllowedError):
        require_hearing(gold.clip, ana)
    attempt = QuizAttempt.objects.create(campaign=campaign, person=ana)
    QuizItem.objects.create(attempt=attempt, place=1, gold=gold)
    require_hearing(gold.clip, ana)
    with pytest.raises(NotAllowedError):  # not those of the collection that are not in it
        require_hearing(campaign.collection.gold.last().clip, ana)
    with pytest.raises(NotAllowedError):  # and nobody else
        require_hearing(gold.clip, person_with(Role.ANNOTATOR, place=campaign))
    attempt.finished_at = timezone.now()
    attempt.save()
    require_hearing(gold.clip, ana)
    attempt.finished_at -= quizzes.READING_TIME + timedelta(seconds=1)
    attempt.save()
    with pytest.raises(NotAllowedError):
        require_hearing(gold.clip, ana)
