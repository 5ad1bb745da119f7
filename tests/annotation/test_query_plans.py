"""The claim's query walks an index in order: no scan, no sort, whatever the number of questions."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from annotation.models import Assignment, Question
from tests.factories import CampaignFactory, annotator

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's query plan"),
]


def test_the_next_questions_are_read_off_an_index():
    campaign, ana = CampaignFactory(), annotator()
    found = (
        Question.objects.of(campaign)
        .open()
        .not_asked_of(ana)
        .suitable_for(ana)
        .select_related("clip__track", "track", "target")
        .by_priority()[:10]
    )
    plan = found.explain()
    first = plan.splitlines()[0]
    assert "annotation_question" in first
    assert "INDEX" in first
    assert "(campaign_id=?" in first
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan


def test_leases_that_ran_out_are_read_off_an_index():
    plan = Assignment.objects.run_out(timezone.now()).order_by("lease_until")[:10].explain()
    assert "assignment_leased" in plan
    assert "TEMP B-TREE" not in plan
