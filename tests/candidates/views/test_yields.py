"""A round's page tells what rounds have found, once people have answered."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pytest
from django.core.cache import cache
from django.test import Client

from candidates.actions.recalibrate import recalibrate
from candidates.models import SamplingRound
from consonance.catalog.models import FrozenTableRow
from consonance.people.models import Role
from consonance.tables.schemas import LABELS
from consonance.tables.store import TableStore
from tests.factories import MembershipFactory, drawn_round

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]


@pytest.fixture
def browser() -> Client:
    cache.clear()
    client = Client()
    client.force_login(MembershipFactory(role=Role.CURATOR).person)
    return client


def answered(drawn: SamplingRound, positives: int, settings: Any) -> None:
    rows = list(drawn.candidates.select_related("target").order_by("pk"))
    there = [place < positives for place in range(len(rows))]
    columns: dict[str, list[Any]] = {field.name: [None] * len(rows) for field in LABELS} | {
        "clip_id": [str(row.clip_id) for row in rows],
        "class_name": [row.target.name for row in rows],
        "decision": ["present" if yes else "absent" for yes in there],
        "posterior_crowd": [0.9 if yes else 0.1 for yes in there],
        "n_yes": [2 * yes for yes in there],
        "n_no": [2 * (not yes) for yes in there],
        "n_unsure": [0] * len(rows),
        "stop_reason": ["maximum"] * len(rows),
    }
    table = TableStore(settings.TABLES_ROOT).freeze(
        pa.table(columns, schema=LABELS),
        "labels",
        {"campaign": {"id": "c"}, "parameters": {"present_from": 0.8, "absent_to": 0.2}},
    )
    FrozenTableRow.keep(table, drawn.score_set.collection)


def said(browser: Client, drawn: SamplingRound) -> str:
    response = browser.get(drawn.get_absolute_url())
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_before_any_answer_there_is_nothing_to_tell(browser: Client) -> None:
    assert "What rounds have found" not in said(browser, drawn_round(clips=4))


def test_each_round_has_its_positives_per_hundred_with_an_interval(
    browser: Client, settings: Any
) -> None:
    drawn = drawn_round(clips=10)
    other = drawn_round(clips=3, score_set=drawn.score_set)
    answered(drawn, 8, settings)
    assert "Positives per hundred" not in said(browser, drawn), "no page fits anything"
    recalibrate(score_set=drawn.score_set)
    told = said(browser, drawn)
    assert "Positives per hundred questions" in told
    # Wilson's interval of 8 in 10.
    assert "80 49 to 94; 8 of 10" in told
    assert f"Round {other.number}" in told
    assert "none of its 3 candidates has a label yet" in told
    page = browser.get(drawn.get_absolute_url()).content.decode()
    assert other.get_absolute_url() in page, "the other round is linked"
