"""The claim's query walks an index in order: no scan, no sort, whatever the number of questions."""

from __future__ import annotations

import uuid
from datetime import date

import pytest
from django.db import connection
from django.utils import timezone

from annotation.listing.ratings import RatingChoice, ratings_of
from annotation.models import Assignment, Question
from tests.factories import CampaignFactory, ClassFactory, GuidelineFactory, annotator

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's query plan"),
]


def test_a_begun_clips_questions_are_read_off_an_index():
    campaign, ana = CampaignFactory(), annotator()
    found = (
        Question.objects.of(campaign).not_gold().open().filter(clip__in=[ID])
        .not_asked_of(ana).suitable_for(ana)
    )  # fmt: skip
    plan = found.explain()
    assert "(clip_id=?" in plan or "question_of_clip_class_once" in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan


def test_leases_that_ran_out_are_read_off_an_index():
    plan = Assignment.objects.run_out(timezone.now()).order_by("lease_until")[:10].explain()
    assert "assignment_leased" in plan
    assert "TEMP B-TREE" not in plan


ID = uuid.UUID(int=7)


@pytest.mark.parametrize(
    ("choice", "index"),
    [
        (RatingChoice(), "rating_by_time"),
        (RatingChoice(answer="unsure"), "rating_by_time"),
        (RatingChoice(class_name="banjo"), "rating_by_time"),
        (RatingChoice(day=date(2026, 3, 1)), "rating_by_time"),
        (RatingChoice(fast=True, class_name="banjo"), "rating_by_time"),
        (RatingChoice(repeat=True), "rating_by_time"),
        (RatingChoice(undone=True), "rating_by_time"),
        (RatingChoice(late=True), "rating_by_time"),
        (RatingChoice(person=ID), "rating_by_person"),
        (RatingChoice(person=ID, gold=True), "rating_by_person"),
        (RatingChoice(question=ID), "rating_by_question"),
    ],
)
def test_lists_of_ratings_are_read_off_an_index_in_its_order(choice, index):
    campaign = CampaignFactory()
    if choice.class_name:
        GuidelineFactory(campaign=campaign, target=ClassFactory(name=choice.class_name))
    found = ratings_of(campaign, choice).order_by("-created_at", "-pk")
    for query in (found, found.filter(created_at__lte=timezone.now())):
        plan = query.values_list("created_at", "pk")[:51].explain()
        first = plan.splitlines()[0]
        assert index in first, plan
        # What came at one moment is sorted by id; nothing else is.
        assert "TEMP B-TREE FOR ORDER BY" not in plan
        assert "SCAN U0" not in plan


def test_ratings_of_a_pair_or_on_gold_start_from_those():
    campaign = CampaignFactory()
    pair = ratings_of(campaign, RatingChoice(pair=(ID, uuid.UUID(int=8))))
    plan = pair.order_by("-created_at", "-pk")[:51].explain()
    assert "(person_id=?" in plan.splitlines()[0]
    gold = ratings_of(campaign, RatingChoice(gold=True)).order_by("-created_at", "-pk")[:51]
    plan = gold.explain()
    assert "(question_id=?" in plan.splitlines()[0] or "rating_by_time" in plan.splitlines()[0]
    assert "SCAN V" not in plan
