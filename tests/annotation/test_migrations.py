"""What a migration fills in from rows that were there before it."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps

from annotation.models import Rating, Workload
from tests.factories import AssignmentFactory, QuestionFactory, RatingFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_counters_are_filled_from_the_answers_that_are_in_force():
    ana, ordinary, gold = UserFactory(), QuestionFactory(), QuestionFactory(is_gold=True)
    gold.campaign = ordinary.campaign
    gold.save()
    for question in (ordinary, gold):
        RatingFactory(question=question, person=ana)
    again = QuestionFactory(campaign=ordinary.campaign)
    RatingFactory(question=again, person=ana, is_withdrawn=True)
    RatingFactory(question=ordinary, person=ana, occasion=1)
    AssignmentFactory(question=again, person=UserFactory())

    import_module("annotation.migrations.0006_counted").fill(apps, None)

    [row] = Workload.objects.all()
    assert (row.campaign, row.person) == (ordinary.campaign, ana)
    assert (row.answered, row.answered_gold) == (3, 2)
    assert set(Rating.objects.values_list("campaign", flat=True)) == {ordinary.campaign_id}
