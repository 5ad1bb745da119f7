from __future__ import annotations

import pytest
from django.core.cache import cache
from django.utils import timezone

from annotation.actions.claim_questions import MAX_CLAIM, claim_questions
from annotation.allocation.classes import STAYS_SECONDS, classes_by_need
from annotation.models import Assignment, ClassTally, Question, Workload
from annotation.presenting.end_card import class_progress
from consonance.errors import ParameterError
from tests.annotation.conftest import assert_places_add_up, give, let_run_out
from tests.factories import CampaignFactory, ClassFactory, QuestionFactory, annotator

pytestmark = pytest.mark.django_db


def campaign_of(*, classes=2, each=6, **fields):
    """Make a campaign that asks about several classes; return it and them."""
    campaign = CampaignFactory(repeat_share=0, gold_share=0, **fields)
    targets = [ClassFactory(name=name) for name in ("banjo", "cello", "flute", "harp")[:classes]]
    for target in targets:
        QuestionFactory.create_batch(each, campaign=campaign, target=target)
    return campaign, targets


def told(campaign, target, *, decided, positives):
    ClassTally.objects.update_or_create(
        campaign=campaign,
        target=target,
        defaults={"decided": decided, "positives": positives, "counted_at": timezone.now()},
    )


def claim(campaign, person, count=3, **fields):
    return claim_questions(campaign=campaign, person=person, count=count, **fields)


def classes_in(found):
    return {lease.question.target_id for lease in found.assignments}


def test_a_claim_hands_out_one_class_however_much_is_asked_for():
    campaign, _ = campaign_of(each=4)
    found = claim(campaign, annotator(), MAX_CLAIM)
    assert len(found.assignments) == 4
    assert classes_in(found) == {found.stand.target.pk}
    assert found.mode == "class"


def test_the_class_furthest_from_its_quota_comes_first():
    campaign, (banjo, cello) = campaign_of(quota_positives=10, quota_labels=20)
    told(campaign, banjo, decided=18, positives=5)  # half of its positives
    told(campaign, cello, decided=8, positives=9)  # two fifths of its labels
    found = claim(campaign, annotator())
    assert classes_in(found) == {cello.pk}
    assert (found.stand.decided, found.stand.positives) == (8, 9)


def test_how_far_a_class_is_is_told_late_so_that_no_answer_shows_by_its_effect():
    campaign, (banjo, cello) = campaign_of(quota_positives=10, quota_labels=20)
    for target in (banjo, cello):
        told(campaign, target, decided=8, positives=5)
    ana = annotator()
    stand = claim(campaign, ana, 1, class_name="banjo").stand
    assert (stand.decided, stand.positives) == (8, 5)
    told(campaign, banjo, decided=20, positives=10)
    told(campaign, cello, decided=9, positives=6)
    stand = claim(campaign, ana, 1, class_name="banjo").stand
    assert (stand.decided, stand.positives) == (8, 5)
    assert class_progress(campaign, banjo).decided == 8
    assert class_progress(campaign, None).positives == 10
    # What is asked follows from how it is: banjo has met its quotas.
    first = classes_by_need(campaign, ana)[0]
    assert (first.target, first.decided) == (cello, 9)
    cache.delete(f"annotation.tallies:{campaign.pk}")  # ten minutes later
    assert class_progress(campaign, banjo).decided == 20
    stand = claim(campaign, ana, 1, class_name="banjo").stand
    assert (stand.decided, stand.positives) == (20, 10)


def test_a_class_with_labels_enough_but_few_positives_is_not_done():
    campaign, (banjo, cello) = campaign_of(quota_positives=10, quota_labels=20)
    told(campaign, banjo, decided=400, positives=1)
    told(campaign, cello, decided=4, positives=2)
    assert classes_in(claim(campaign, annotator())) == {banjo.pk}


def test_the_class_in_turn_lasts_while_it_has_questions():
    campaign, (banjo, cello) = campaign_of(each=4, quota_positives=10, quota_labels=20)
    told(campaign, cello, decided=1, positives=1)
    ana, order = annotator(), []
    told(campaign, banjo, decided=0, positives=0)
    for _ in range(4):
        [lease] = claim(campaign, ana, 1).assignments
        order.append(lease.question.target_id)
        give(ana, lease)
        # Now the other is further from its quota, and still waits for its turn.
        told(campaign, banjo, decided=9, positives=9)
    assert set(order) == {banjo.pk}
    assert classes_in(claim(campaign, ana, 1)) == {cello.pk}
    assert Workload.objects.get(person=ana).target == cello


def test_a_class_in_turn_that_meets_its_quota_gives_way_a_moment_later():
    campaign, (banjo, cello) = campaign_of(quota_positives=2, quota_labels=4)
    ana = annotator()
    told(campaign, cello, decided=1, positives=1)
    [lease] = claim(campaign, ana, 1).assignments
    assert lease.question.target_id == banjo.pk
    give(ana, lease)
    told(campaign, banjo, decided=4, positives=2)
    # Not at once: else the switch would tell that this answer counted.
    assert classes_in(claim(campaign, ana, 1)) == {banjo.pk}
    key = f"annotation.quota_met:{campaign.pk}:{banjo.pk}"
    cache.set(key, cache.get(key) - STAYS_SECONDS)
    Assignment.objects.filter(state="leased").delete()
    assert classes_in(claim(campaign, ana, 1)) == {cello.pk}
    # Whoever comes new never begins with it, and each stays for a time of their own.
    cache.delete(key)
    for person in (annotator() for _ in range(10)):
        assert classes_by_need(campaign, person, None)[0].target == cello
    crowd = [annotator() for _ in range(30)]
    cache.set(key, timezone.now().timestamp() - STAYS_SECONDS / 2)
    first = [classes_by_need(campaign, person, banjo.pk)[0].target for person in crowd]
    assert {one.pk for one in first} == {banjo.pk, cello.pk}


def test_when_all_have_met_their_quotas_the_least_satisfied_is_asked_on():
    campaign, (banjo, cello, flute) = campaign_of(classes=3, quota_positives=2, quota_labels=4)
    for target, decided in ((banjo, 12), (cello, 6), (flute, 9)):
        told(campaign, target, decided=decided, positives=decided)
    ana = annotator()
    assert classes_in(claim(campaign, ana, 1)) == {cello.pk}
    order = [stand.target for stand in classes_by_need(campaign, ana, None)]
    assert order == [cello, flute, banjo]
    # And whoever is at a class stays there.
    order = [stand.target for stand in classes_by_need(campaign, ana, flute.pk)]
    assert order == [flute, cello, banjo]


def test_a_quota_of_nothing_is_met():
    campaign, (banjo, cello) = campaign_of(quota_positives=0, quota_labels=10)
    told(campaign, banjo, decided=5, positives=0)
    told(campaign, cello, decided=4, positives=4)
    assert classes_in(claim(campaign, annotator())) == {cello.pk}


def test_a_crowd_that_begins_together_spreads_over_the_classes():
    campaign, _ = campaign_of(classes=4)
    firsts = {classes_by_need(campaign, annotator())[0].target.pk for _ in range(40)}
    assert len(firsts) == 4


def test_a_person_may_choose_the_class():
    campaign, (banjo, cello) = campaign_of()
    for target in (cello, banjo):
        ana = annotator()
        assert classes_in(claim(campaign, ana, class_name=target.name)) == {target.pk}


def test_what_is_chosen_is_kept_to_when_it_is_used_up():
    campaign, (banjo, _) = campaign_of(each=2)
    ana = annotator()
    for lease in claim(campaign, ana, 5, class_name="banjo").assignments:
        assert lease.question.target == banjo
        give(ana, lease)
    found = claim(campaign, ana, 5, class_name="banjo")
    assert (found.assignments, found.reason) == ([], "nothing_left")
    assert claim(campaign, ana, 1).assignments


def test_a_class_that_is_not_asked_about_is_refused_with_those_that_are():
    campaign, _ = campaign_of()
    with pytest.raises(ParameterError, match=r"'tuba'.*banjo, cello"):
        claim(campaign, annotator(), class_name="tuba")


def test_what_waits_in_hand_of_another_class_stays_there():
    campaign, (_, cello) = campaign_of()
    ana = annotator()
    held = {lease.pk for lease in claim(campaign, ana, 2, class_name="banjo").assignments}
    found = claim(campaign, ana, 2, class_name="cello")
    assert classes_in(found) == {cello.pk}
    back = claim(campaign, ana, 2, class_name="banjo").assignments
    assert {lease.pk for lease in back} == held
    assert_places_add_up(campaign)


def test_begun_questions_of_the_class_come_before_new_ones_and_nearly_done_before_begun():
    campaign, (banjo, cello) = campaign_of()
    Question.objects.filter(target=cello).update(answered=2, free=1)
    once, twice = Question.objects.filter(target=banjo).order_by("-priority")[:2]
    Question.objects.filter(pk=once.pk).update(answered=1, free=2)
    Question.objects.filter(pk=twice.pk).update(answered=2, free=1)
    found = claim(campaign, annotator(), 3, class_name="banjo").assignments
    assert [lease.question_id for lease in found[:2]] == [twice.pk, once.pk]
    assert found[2].question.answered == 0


def test_whoever_answered_all_that_is_begun_gets_what_is_new(monkeypatch):
    monkeypatch.setattr("annotation.allocation.queues.HEAD", 3)
    monkeypatch.setattr("annotation.allocation.queues.STRIDE", 4)
    campaign = CampaignFactory(repeat_share=0, gold_share=0)
    QuestionFactory.create_batch(40, campaign=campaign)
    ana, ben = annotator(), annotator()
    for _ in range(20):
        [lease] = claim(campaign, ana, 1).assignments
        assert lease.question.answered == 0
        give(ana, lease)
    # Somebody else is given what she began, and she finds what he began behind all of hers.
    for _ in range(5):
        [lease] = claim(campaign, ben, 1).assignments
        assert lease.question.answered == 1
        give(ben, lease)
    last = Question.objects.filter(answered=0).last()
    Question.objects.filter(pk=last.pk).update(answered=1, free=2)
    got = set()
    for _ in range(8):  # a few windows further it is found
        [lease] = claim(campaign, ana, 1).assignments
        got.add(lease.question_id)
        give(ana, lease)
    assert last.pk in got


def test_nothing_left_is_said_only_after_everything_was_looked_at(monkeypatch):
    monkeypatch.setattr("annotation.allocation.queues.HEAD", 2)
    monkeypatch.setattr("annotation.allocation.queues.STRIDE", 2)
    campaign = CampaignFactory(repeat_share=0, gold_share=0)
    questions = QuestionFactory.create_batch(12, campaign=campaign, answered=1, free=2)
    ana = annotator()
    for question in questions[:-1]:
        Assignment.objects.create(
            question=question, person=ana, state="skipped",
            leased_at=timezone.now(), lease_until=timezone.now(),
        )  # fmt: skip
    [lease] = claim(campaign, ana, 3).assignments
    assert lease.question_id == questions[-1].pk
    assert claim(campaign, ana, 3, holding=[lease.pk]).reason == "nothing_left"


def test_a_place_that_comes_back_is_found_behind_where_the_reading_got_to():
    campaign = CampaignFactory(repeat_share=0, gold_share=0, min_ratings=1, max_ratings=1)
    QuestionFactory.create_batch(6, campaign=campaign)
    ana, ben = annotator(), annotator()
    first = claim(campaign, ben, 1).assignments
    for _ in range(5):
        give(ana, claim(campaign, ana, 1).assignments[0])
    assert claim(campaign, ana, 1).reason == "nothing_left"
    let_run_out(*first)
    assert claim(campaign, ana, 1).assignments[0].question_id == first[0].question_id
