"""Pages that begin after a row: every row once, in order, forwards and back."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from annotation.models import Participant, PersonReport
from consonance.errors import ParameterError
from consonance.ledger.keyset import Order, page_of
from tests.annotation.reporting_data import live_report, thin_data
from tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def report():
    """Return a report with 60 people: many of equal value, some without any."""
    report = live_report(CampaignFactory(), thin_data())
    rng = random.Random(7)
    PersonReport.objects.bulk_create(
        PersonReport(
            report=report,
            rater=f"r{place:04d}",
            ratings=rng.choice([1, 2, 2, 3]),
            trust=rng.choice([None, 0.1 + 0.2, 0.5, 0.5, 1 / 3]),
            unsure_share=0,
        )
        for place in range(60)
    )
    return report


def request_for(address: str) -> Request:
    return Request(APIRequestFactory().get(address))


def walk(rows: Any, order: Order, size: int, *, direction: str = "next", start: str = "/x?run=3"):
    """Follow links in one direction and yield each page's rows."""
    address: str | None = start
    while address is not None:
        found, links = page_of(rows, order=order, size=size, request=request_for(address))
        yield [row.pk for row in found], links
        address = links[direction]


@pytest.mark.parametrize("name", ["trust", "-trust", "ratings", "-ratings", "rater", "-rater"])
@pytest.mark.parametrize("size", [1, 7, 60, 100])
def test_every_row_comes_once_and_in_order_whichever_way_one_walks(report, name, size):
    order = Order.of(name)
    rows = report.people.all()
    pages = list(walk(rows, order, size))
    walked = [pk for page, _ in pages for pk in page]
    assert sorted(walked) == sorted(rows.values_list("pk", flat=True))
    values = [getattr(row, order.field) for row in (rows.get(pk=pk) for pk in walked)]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=order.is_descending)
    assert values == known + [None] * (len(values) - len(known))
    # And back from the last page, through `previous`.
    back = [pages[-1][0]]
    if pages[-1][1]["previous"]:
        start = pages[-1][1]["previous"]
        back += [page for page, _ in walk(rows, order, size, direction="previous", start=start)]
    assert [pk for page in reversed(back) for pk in page] == walked


def test_a_row_that_comes_or_goes_shifts_no_page(report):
    order, rows = Order.of("rater"), report.people.all()
    first, links = page_of(rows, order=order, size=10, request=request_for("/x"))
    PersonReport.objects.create(report=report, rater="r0000a", ratings=1, unsure_share=0)
    first[3].delete()
    second, _ = page_of(rows, order=order, size=10, request=request_for(links["next"]))
    assert [row.rater for row in second] == [f"r{place:04d}" for place in range(10, 20)]


def test_links_keep_the_other_parameters(report):
    _, links = page_of(
        report.people.all(), order=Order.of("rater"), size=5, request=request_for("/x?run=3&a=b")
    )
    assert "run=3" in links["next"]
    assert "a=b" in links["next"]
    assert links["previous"] is None


def token(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x", "%%%", "a" * 500, "bm90IGpzb24", token(), token(1, 2), token({"a": 1}),
        token(False, "trust", "abc", 1), token(False, "trust", 0.5, "1"),
        token(False, "trust", 0.5, True), token(False, "trust", 0.5, 2**70),
        token("no", "trust", 0.5, 1), token(False, "trust", [0.5], 1),
    ],
)  # fmt: skip
def test_a_made_up_cursor_is_refused(report, cursor):
    with pytest.raises(ParameterError, match="not one of ours"):
        page_of(
            report.people.all(),
            order=Order.of("trust"),
            size=5,
            request=request_for(f"/x?cursor={cursor}"),
        )


def test_a_cursor_of_another_order_is_refused(report):
    with pytest.raises(ParameterError, match="belongs to the order '-trust', not 'trust'"):
        page_of(
            report.people.all(),
            order=Order.of("trust"),
            size=5,
            request=request_for(f"/x?cursor={token(False, '-trust', 0.5, 1)}"),
        )


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_cursor_outside_of_the_calendar_is_refused(moment):
    cursor = token(False, "-joined_at", moment, "5cf5ad0a-4f4f-4a54-a5fb-9f7e3ea38f39")
    with pytest.raises(ParameterError, match="not one of ours"):
        page_of(
            Participant.objects.all(),
            order=Order(field="joined_at", tie="id", is_descending=True),
            size=5,
            request=request_for(f"/x?cursor={cursor}"),
        )
